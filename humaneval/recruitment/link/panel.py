"""The link as a panel: an invitation or an id in the query if there is one, a code and a way back."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from django.utils.translation import gettext as _

from humaneval.rating.models import Session, SessionState, VoteOutcome
from humaneval.rating.panels import Completion, Recognised
from humaneval.rating.refusals import Refusal
from humaneval.recruitment.link.invitations import PARAMETER, find_invitation
from humaneval.recruitment.models import Invitation, LinkSettings
from humaneval.recruitment.models.links import PLACEHOLDER
from humaneval.studies.models import Study


class LinkPanel:
    """Raters who came by a study's link."""

    name = "link"

    def recognise(self, study: Study, arrival: Mapping[str, str]) -> Recognised | None:
        """Return who came with an invitation, or with an id in the study's parameter; None without either.

        Raises Refusal (``invitation_unknown``, ``invitation_needed``).
        """
        settings = _settings_of(study)
        if PARAMETER in arrival:
            return Recognised(_invited(study, arrival[PARAMETER]), _kept(settings, arrival))
        if settings.invited_only:
            raise Refusal(
                "invitation_needed", _("This study is by invitation. Please use the link you were sent.")
            )
        person = arrival.get(settings.person_parameter, "").strip()
        return Recognised(person, _kept(settings, arrival)) if person else None

    def arrived(self, session: Session, arrival: Mapping[str, str]) -> None:
        """Bind an invitation to the session that was opened with it."""
        invitation = find_invitation(session.study, arrival.get(PARAMETER, ""))
        if invitation is not None and invitation.session_id is None:
            Invitation.objects.filter(pk=invitation.pk).update(session=session)

    def completion(self, session: Session) -> Completion:
        """Return the code that fits how the session went, and the return address with the code in it."""
        settings = _settings_of(session.study)
        code = _code(session, settings)
        return Completion(code, settings.return_url.replace(PLACEHOLDER, quote(code, safe="")))


def _settings_of(study: Study) -> LinkSettings:
    """Return the study's settings, the defaults if it has none."""
    return LinkSettings.objects.filter(study=study).first() or LinkSettings(study=study)


def _invited(study: Study, token: str) -> str:
    invitation = find_invitation(study, token)
    if invitation is None:
        text = _("This invitation is not known. Please open the link exactly as it was sent to you.")
        raise Refusal("invitation_unknown", text)
    return f"invitation {invitation.pk}"


def _kept(settings: LinkSettings, arrival: Mapping[str, str]) -> dict[str, str]:
    """Return what may be stored of an arrival: never who it is."""
    names = settings.kept_names() or arrival.keys()
    private = {settings.person_parameter, PARAMETER}
    return {name: arrival[name] for name in names if name in arrival and name not in private}


def _code(session: Session, settings: LinkSettings) -> str:
    code = session.study.completion_code
    if not (settings.quota_full_code or settings.screened_out_code):
        return code
    if session.state != SessionState.COMPLETED:
        return code
    if not session.assignments.exists():
        return settings.quota_full_code or code
    answered = session.assignments.filter(vote__isnull=False).exclude(vote__outcome=VoteOutcome.NOT_SHOWN)
    return code if answered.exists() else settings.screened_out_code or code
