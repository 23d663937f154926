"""How a study's link recruits: whose ids it takes, who is invited, where its raters go at the end."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from humaneval.studies.models import Study

DEFAULT_PERSON_PARAMETER = "rater"
CODE, PERSON = "{code}", "{person}"
"""What is replaced in a return address: the code, and the panel's own id of the person."""

KEPT_PARAMETER = re.compile(r"[A-Za-z0-9_.-]{1,60}")


class LinkSettings(models.Model):
    """What a study's link takes from whoever shares it, and where its raters go at the end.

    Any panel that sends an id in the link and takes a completion code works with it: CloudResearch
    Connect, SONA and the like. A study without such settings has the defaults: ids in ``rater``, and the
    code on the last page.
    """

    team_path = "study__team"

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="link_settings")
    person_parameter = models.CharField(
        max_length=60,
        default=DEFAULT_PERSON_PARAMETER,
        help_text=_("Query parameter of the link in which the panel sends the rater's id."),
    )
    kept_parameters = models.CharField(
        max_length=300,
        blank=True,
        help_text=_(
            "Other query parameters to keep with the session, with commas between: projectId,batch. "
            "Empty: all of them."
        ),
    )
    invited_only = models.BooleanField(
        default=False, help_text=_("Only those who hold an invitation may begin.")
    )
    return_url = models.URLField(
        max_length=500,
        blank=True,
        help_text=_(
            "Where raters go at the end; {code} becomes the completion code, {person} the id that their "
            "panel sent (kept as ciphertext until then). Empty: nowhere."
        ),
    )
    quota_full_code = models.CharField(
        max_length=40,
        blank=True,
        help_text=_("Code for those who find that nothing is left to rate. Empty: the completion code."),
    )
    screened_out_code = models.CharField(
        max_length=40,
        blank=True,
        help_text=_(
            "Code for those whose device does not do, who do not understand the instructions, or to whom no "
            "image could be shown. Empty: none, or the completion code for who came to the end."
        ),
    )

    class Meta:
        verbose_name = _("link settings")
        verbose_name_plural = _("link settings")

    def __str__(self) -> str:
        return f"link of study {self.study_id}"

    def clean(self) -> None:
        """Raise ValidationError for what nobody could follow: unknown placeholders, odd parameters."""
        unknown = [name for name in re.findall(r"\{[^}]*\}?", self.return_url) if name not in {CODE, PERSON}]
        if unknown:
            text = _("“%(name)s” means nothing here: only {code} and {person} are replaced.")
            raise ValidationError({"return_url": text % {"name": unknown[0]}})
        odd = [name for name in self.kept_names() if not KEPT_PARAMETER.fullmatch(name)]
        if odd:
            text = _("“%(name)s” is no name of a query parameter.")
            raise ValidationError({"kept_parameters": text % {"name": odd[0]}})

    def kept_names(self) -> list[str]:
        """Return the names in ``kept_parameters``."""
        return [name.strip() for name in self.kept_parameters.split(",") if name.strip()]


class Invitation(models.Model):
    """One person's own link into a study: whoever opens it, however often, is one rater.

    The link's secret is derived, not stored, so the list with links can be written again at any time.
    """

    team_path = "study__team"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="invitations", db_index=False)
    number = models.PositiveIntegerField(help_text=_("From 1 within its study."))
    sealed_name = models.TextField(help_text=_("Who is invited, as ciphertext."))
    name_hash = models.CharField(max_length=64, help_text=_("Keyed hash: the same name is invited once."))
    session = models.OneToOneField(
        "rating.Session", null=True, blank=True, on_delete=models.SET_NULL, related_name="invitation"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["study", "number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="invitation_number_once_a_study"),
            models.UniqueConstraint(fields=["study", "name_hash"], name="invitation_name_once_a_study"),
        ]

    def __str__(self) -> str:
        return f"invitation {self.number} to study {self.study_id}"
