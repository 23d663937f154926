"""The link as a panel: an invitation or an id in the query if there is one, a code and a way back."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from django.utils.translation import gettext as _

from humaneval.rating.models import Session, SessionState
from humaneval.rating.panels import Completion, Ending, Recognised
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

    def completion(self, session: Session, ending: Ending) -> Completion:
        """Return the code that fits how the session went, and the return address with the code in it."""
        settings = _settings_of(session.study)
        otherwise = "" if session.state == SessionState.SCREENED_OUT else session.study.completion_code
        return _way_back(settings, _own_code(settings, ending) or otherwise)

    def turned_away(self, study: Study, arrival: Mapping[str, str], ending: Ending) -> Completion | None:
        """Return the code for who gets no session; without one of its own, nothing is given away."""
        settings = _settings_of(study)
        code = _own_code(settings, ending)
        return _way_back(settings, code) if code else None


def _own_code(settings: LinkSettings, ending: Ending) -> str:
    """Return the code that the settings have for an ending, "" for none."""
    codes = {Ending.QUOTA_FULL: settings.quota_full_code, Ending.SCREENED_OUT: settings.screened_out_code}
    return codes.get(ending, "")


def _way_back(settings: LinkSettings, code: str) -> Completion:
    """Return a code and the return address with it; an address that lacks its code leads nowhere."""
    needs_code = PLACEHOLDER in settings.return_url
    url = settings.return_url.replace(PLACEHOLDER, quote(code, safe=""))
    return Completion(code, "" if needs_code and not code else url)


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
