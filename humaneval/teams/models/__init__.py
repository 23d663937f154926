"""Teams, who is in them, and the log of who did what."""

from humaneval.teams.models.audit import AuditEntry
from humaneval.teams.models.teams import DEFAULT_TEAM, Membership, Team

__all__ = ["DEFAULT_TEAM", "AuditEntry", "Membership", "Team"]
