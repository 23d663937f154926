"""Invitations: a list of names in, a list of names and links out, and each link good for one rater."""

from __future__ import annotations

import csv
import hmac
import io
import secrets
from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from humaneval.rating.identity import rater_key_hash
from humaneval.rating.models import Session
from humaneval.recruitment.models import Invitation
from humaneval.recruitment.people import derived_token, seal, unseal
from humaneval.studies.links import rater_url
from humaneval.studies.models import Study
from humaneval.teams.audit import record_action

PARAMETER = "invitation"
"""Query parameter that carries an invitation: its number and a secret, 7-Jx0..."""

MOST_NAMES = 10_000
LONGEST_NAME = 200


class ListRefused(ValueError):
    """Raised for a list of names that cannot be taken; the text says which line and why."""


def read_names(text: str) -> list[str]:
    """Return the names in a list: one a line, or the first column of a CSV; blank lines do not count.

    A first line that says name, email, e-mail or id is a heading. Raises :class:`ListRefused`.
    """
    rows = [row[0].strip() for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))) if row]
    names = [name for name in rows if name]
    if names and names[0].lower() in {"name", "email", "e-mail", "id"}:
        names = names[1:]
    if not names:
        raise ListRefused(_("The list is empty: put one name or e-mail address on each line."))
    if len(names) > MOST_NAMES:
        raise ListRefused(_("The list is too long: at most %(most)s names at a time.") % {"most": MOST_NAMES})
    for number, name in enumerate(names, 1):
        if len(name) > LONGEST_NAME or "\x00" in name:
            raise ListRefused(_("Name %(number)s in the list is no name.") % {"number": number})
    return names


def invite(*, study: Study, names: Iterable[str], user: User | None = None) -> int:
    """Store invitations for those who have none yet; return how many were made."""
    wanted = {rater_key_hash("invitation", f"{study.pk}:{name}"): name for name in names}
    with transaction.atomic():
        Study.objects.select_for_update().get(pk=study.pk)
        invited = set(study.invitations.values_list("name_hash", flat=True))
        last = study.invitations.aggregate(last=Max("number"))["last"] or 0
        fresh = [(key, name) for key, name in wanted.items() if key not in invited]
        Invitation.objects.bulk_create(
            Invitation(study=study, number=last + place, name_hash=key, sealed_name=seal(name))
            for place, (key, name) in enumerate(fresh, 1)
        )
        record_action(action="invite", subject=study, user=user, count=len(fresh))
    return len(fresh)


def token_of(invitation: Invitation) -> str:
    """Return what an invitation's link carries: its number, a dash, and 22 characters."""
    secret = derived_token(
        "invitation", str(invitation.study_id), str(invitation.number), invitation.name_hash
    )
    return f"{invitation.number}-{secret}"


def find_invitation(study: Study, token: str) -> Invitation | None:
    """Return the invitation that a token is of, None for a made-up one."""
    number, _dash, _secret = token.partition("-")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        return None
    invitation = Invitation.objects.filter(study=study, number=int(number)).first()
    if invitation is None or not hmac.compare_digest(token_of(invitation).encode(), token.encode()):
        return None
    return invitation


def link_of(invitation: Invitation) -> str:
    """Return the address to send to the person invited."""
    return f"{rater_url(invitation.study)}?{urlencode({PARAMETER: token_of(invitation)})}"


def rows_of_links(study: Study) -> Iterator[tuple[str, str, str]]:
    """Return name, link and how far they are (invited, begun, completed), in the order of the lists."""
    invitations = study.invitations.exclude(sealed_name="").select_related("study", "session")
    for invitation in invitations.order_by("number").iterator(chunk_size=500):
        state = "invited" if invitation.session is None else invitation.session.state
        yield unseal(invitation.sealed_name), link_of(invitation), state.replace("active", "begun")


def forget_invitations(sessions: QuerySet[Session]) -> None:
    """Erase the names of those invited to these sessions; their links work no more."""
    for invitation in Invitation.objects.filter(session__in=sessions):
        gone = f"withdrawn {secrets.token_hex(27)}"[:64]
        Invitation.objects.filter(pk=invitation.pk).update(sealed_name="", name_hash=gone, session=None)
