"""The link as a panel: an invitation or an id in the query if there is one, a code and a way back."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from django.utils.translation import gettext as _

from humaneval.rating.models import Session, SessionState
from humaneval.rating.panels import Completion, Ending, Pay, Recognised
from humaneval.rating.refusals import Refusal
from humaneval.recruitment.link.invitations import PARAMETER, find_invitation
from humaneval.recruitment.models import Invitation, LinkSettings
from humaneval.recruitment.models.links import CODE, PERSON
from humaneval.recruitment.people import Unreadable, seal, unseal
from humaneval.studies.models import Study

SEALED = "sealed_person"
"""Under this name an arrival holds the ciphertext of the panel's id, where the way back needs it."""


class LinkPanel:
    """Raters who came by a study's link."""

    name = "link"

    def recognise(self, study: Study, arrival: Mapping[str, str]) -> Recognised | None:
        """Return who came with an invitation, or with an id in the study's parameter; None without either.

        Raises Refusal (``invitation_unknown``, ``invitation_needed``).
        """
        settings = settings_of(study)
        if PARAMETER in arrival:
            return Recognised(_invited(study, arrival[PARAMETER]), _kept(settings, arrival))
        if settings.invited_only:
            raise Refusal(
                "invitation_needed", _("This study is by invitation. Please use the link you were sent.")
            )
        person = arrival.get(settings.person_parameter, "").strip()
        if not person:
            return None
        sealed = {SEALED: seal(person)} if PERSON in settings.return_url else {}
        return Recognised(person, {**_kept(settings, arrival), **sealed})

    def arrived(self, session: Session, arrival: Mapping[str, str]) -> None:
        """Bind an invitation to the session that was opened with it."""
        invitation = find_invitation(session.study, arrival.get(PARAMETER, ""))
        if invitation is not None and invitation.session_id is None:
            Invitation.objects.filter(pk=invitation.pk).update(session=session)

    def pay(self, session: Session) -> Pay | None:
        """Return None: what a link's panel pays is not known here."""
        return None

    def completion(self, session: Session, ending: Ending) -> Completion:
        """Return the code that fits how the session went, and the return address with the code in it."""
        settings = settings_of(session.study)
        otherwise = "" if session.state == SessionState.SCREENED_OUT else session.study.completion_code
        code = _own_code(settings, ending) or otherwise
        return _way_back(settings, code, _person_of(session) if PERSON in settings.return_url else "")

    def turned_away(self, study: Study, arrival: Mapping[str, str], ending: Ending) -> Completion | None:
        """Return the code for who gets no session; without one of its own, nothing is given away."""
        settings = settings_of(study)
        code = _own_code(settings, ending)
        person = arrival.get(settings.person_parameter, "").strip()
        return _way_back(settings, code, person) if code else None


def _own_code(settings: LinkSettings, ending: Ending) -> str:
    """Return the code that the settings have for an ending, "" for none."""
    codes = {Ending.QUOTA_FULL: settings.quota_full_code, Ending.SCREENED_OUT: settings.screened_out_code}
    return codes.get(ending, "")


def _way_back(settings: LinkSettings, code: str, person: str) -> Completion:
    """Return a code, and the return address with code and person in it; it leads nowhere if it lacks one."""
    url = settings.return_url
    for placeholder, value in ((CODE, code), (PERSON, person)):
        if placeholder in url and not value:
            return Completion(code)
        url = url.replace(placeholder, quote(value, safe=""))
    return Completion(code, url)


def _person_of(session: Session) -> str:
    """Return the panel's id of a session's rater, "" where it was not kept or has been erased."""
    try:
        return unseal(session.arrival.get(SEALED, ""))
    except Unreadable:
        return ""


def settings_of(study: Study) -> LinkSettings:
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
    private = {settings.person_parameter, PARAMETER, SEALED}
    return {name: arrival[name] for name in names if name in arrival and name not in private}
