"""App configuration: here what a lower app defines meets what an upper app brings."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Configuration."""

    name = "humaneval.config"
    verbose_name = "Configuration"

    def ready(self) -> None:
        """Make known a server's checks, who counts votes and payments, who tells and advises, and panels.

        Panels are asked about an arrival in the order in which they stand here.
        """
        import humaneval.config.checks  # noqa: F401 (it registers them)
        from humaneval.jobs.standings import queues, scheduler
        from humaneval.keeping.standings import backups
        from humaneval.monitoring import standings
        from humaneval.rating import costs, panels
        from humaneval.rating.exclusions.advice import rules_advice
        from humaneval.rating.lanes import groups_met
        from humaneval.rating.live_page import standing as count_votes
        from humaneval.rating.standings import rating
        from humaneval.recruitment import ledger, publishing, recruiters
        from humaneval.recruitment.link.panel import LinkPanel
        from humaneval.recruitment.mturk.panel import MTurkPanel
        from humaneval.recruitment.mturk.recruiter import MTurkRecruiter
        from humaneval.recruitment.prolific.panel import ProlificPanel
        from humaneval.recruitment.prolific.recruiter import ProlificRecruiter
        from humaneval.recruitment.standings import panels as panel_calls
        from humaneval.reports import payment
        from humaneval.scoring.standings import metric_runs
        from humaneval.studies import advising, arrived, expectations, standing
        from humaneval.workspace.planning.pace import pace_of

        advising.register("exclusion rules", rules_advice)
        expectations.register_pace(pace_of)
        expectations.register_pay(publishing.pays_of)
        standing.register(count_votes)
        arrived.register(groups_met)
        payment.register(ledger.payments_of)
        costs.register(ledger.costs_of)
        for teller in (queues, scheduler, rating, panel_calls, metric_runs, backups):
            standings.register(teller.__name__, teller)
        for panel in (MTurkPanel(), ProlificPanel(), LinkPanel()):
            panels.register(panel)
        for recruiter in (ProlificRecruiter(), MTurkRecruiter()):
            recruiters.register(recruiter)
