"""Teams, who is in them, their keys to the API, and the log of who did what."""

from humaneval.teams.models.audit import AuditEntry
from humaneval.teams.models.teams import DEFAULT_TEAM, Membership, Team
from humaneval.teams.models.tokens import ApiToken, TokenTerms

__all__ = ["DEFAULT_TEAM", "ApiToken", "AuditEntry", "Membership", "Team", "TokenTerms"]
