"""Who may do what in a team: the one table that the code, the pages, the docs and the tests share.

A permission is Django's, as ``app.codename``; ``app.*`` stands for all of an app.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("owner")
    ANALYST = "analyst", _("analyst")
    MANAGER = "manager", _("annotator-manager")
    VIEWER = "viewer", _("viewer")


PAYMENT = frozenset({"recruitment.publish_posting", "recruitment.pay_posting"})
"""What spends money. Owners may; an annotator-manager may where it is given to the person besides."""

_VIEWER = frozenset(
    {
        "samples.view_sampleset",
        "samples.view_sample",
        "samples.view_prompt",
        "samples.view_importrun",
        "samples.view_leakageaudit",
        "studies.view_study",
        "studies.view_trial",
        "studies.view_condition",
        "studies.view_question",
        "scoring.view_metricrun",
        "scoring.view_score",
        "rating.view_course",
        "rating.view_ruleset",
        "reports.view_snapshot",
        "teams.view_team",
    }
)
_ANALYST = _VIEWER | {
    "rating.view_session",
    "rating.view_rater",
    "rating.view_vote",
    "rating.view_answer",
    "rating.add_ruleset",
    "reports.add_snapshot",
    "reports.export_votes",
    "scoring.add_metricrun",
    "scoring.change_metricrun",
    "jobs.view_job",
}
_MANAGER = frozenset(
    {
        "studies.view_study",
        "studies.view_condition",
        "studies.view_question",
        "rating.view_session",
        "rating.view_rater",
        "rating.view_ruleset",
        "recruitment.view_posting",
        "recruitment.add_posting",
        "recruitment.change_posting",
        "recruitment.delete_posting",
        "recruitment.view_linksettings",
        "recruitment.add_linksettings",
        "recruitment.change_linksettings",
        "recruitment.view_invitation",
        "recruitment.add_invitation",
        "recruitment.view_submission",
        "recruitment.change_submission",
        "recruitment.view_intent",
        "recruitment.view_ledgerentry",
        "teams.view_team",
    }
)
_OWNER = frozenset(
    {
        "samples.*",
        "studies.*",
        "rating.*",
        "scoring.*",
        "recruitment.*",
        "reports.*",
        "jobs.view_job",
        "jobs.change_job",
        "teams.view_team",
        "teams.change_team",
        "teams.view_membership",
        "teams.add_membership",
        "teams.change_membership",
        "teams.delete_membership",
        "teams.view_auditentry",
    }
)

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.OWNER: _OWNER,
    Role.ANALYST: _ANALYST,
    Role.MANAGER: _MANAGER,
    Role.VIEWER: _VIEWER,
}
"""What each role may do in its team."""


def covers(permissions: frozenset[str], permission: str) -> bool:
    """Return whether a permission is among those given, by itself or with all of its app."""
    return permission in permissions or f"{permission.partition('.')[0]}.*" in permissions
