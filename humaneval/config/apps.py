"""App configuration: here what a lower app defines meets what an upper app brings."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Configuration."""

    name = "humaneval.config"
    verbose_name = "Configuration"

    def ready(self) -> None:
        """Make the panels known to rating, in the order in which they are asked about an arrival."""
        from humaneval.rating import panels
        from humaneval.recruitment import recruiters
        from humaneval.recruitment.link.panel import LinkPanel
        from humaneval.recruitment.mturk.panel import MTurkPanel
        from humaneval.recruitment.mturk.recruiter import MTurkRecruiter
        from humaneval.recruitment.prolific.panel import ProlificPanel
        from humaneval.recruitment.prolific.recruiter import ProlificRecruiter

        for panel in (MTurkPanel(), ProlificPanel(), LinkPanel()):
            panels.register(panel)
        for recruiter in (ProlificRecruiter(), MTurkRecruiter()):
            recruiters.register(recruiter)
