"""App configuration: here what a lower app defines meets what an upper app brings."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Configuration."""

    name = "humaneval.config"
    verbose_name = "Configuration"

    def ready(self) -> None:
        """Make known a server's checks, who counts votes and payments, and panels in the order asked."""
        import humaneval.config.checks  # noqa: F401 (it registers them)
        from humaneval.rating import panels
        from humaneval.rating.live_page import standing as count_votes
        from humaneval.recruitment import ledger, recruiters
        from humaneval.recruitment.link.panel import LinkPanel
        from humaneval.recruitment.mturk.panel import MTurkPanel
        from humaneval.recruitment.mturk.recruiter import MTurkRecruiter
        from humaneval.recruitment.prolific.panel import ProlificPanel
        from humaneval.recruitment.prolific.recruiter import ProlificRecruiter
        from humaneval.reports import payment
        from humaneval.studies import standing

        standing.register(count_votes)
        payment.register(ledger.payments_of)
        for panel in (MTurkPanel(), ProlificPanel(), LinkPanel()):
            panels.register(panel)
        for recruiter in (ProlificRecruiter(), MTurkRecruiter()):
            recruiters.register(recruiter)
