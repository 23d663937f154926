"""Who is in a team: each coming, going and change of role is written into the audit log."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from humaneval.teams.audit import record_action
from humaneval.teams.models import Membership, Team


def join(*, team: Team, user: User, role: str, by: User | None = None) -> Membership:
    """Make a person a member, or give a member another role; return the membership.

    Members may sign in to the admin, which Django calls staff.
    """
    with transaction.atomic():
        found = Membership.objects.select_for_update().filter(team=team, user=user).first()
        before = found.role if found else ""
        member = found or Membership(team=team, user=user)
        member.role = role
        member.full_clean()
        member.save()
        if not user.is_staff:
            User.objects.filter(pk=user.pk).update(is_staff=True)
            user.is_staff = True
        if before != role:
            _record("join team" if not before else "change role", member, by, role=role, before=before)
    return member


def leave(*, membership: Membership, by: User | None = None) -> None:
    """Take a person out of a team."""
    with transaction.atomic():
        _record("leave team", membership, by, before=membership.role)
        membership.delete()


def _record(action: str, membership: Membership, by: User | None, **detail: str) -> None:
    person = membership.user.get_username()
    record_action(action=action, subject=membership.team, user=by, person=person, **detail)
