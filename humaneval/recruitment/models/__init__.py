"""What recruitment keeps: links and invitations, postings to panels, calls to them, submissions, payments."""

from humaneval.recruitment.models.intents import HALTING, Intent, IntentKind, IntentState
from humaneval.recruitment.models.ledger import LedgerEntry, LedgerKind
from humaneval.recruitment.models.links import Invitation, LinkSettings
from humaneval.recruitment.models.postings import Posting, PostingState
from humaneval.recruitment.models.submissions import Submission, SubmissionState
from humaneval.recruitment.models.webhooks import WebhookEvent

__all__ = [
    "HALTING",
    "Intent",
    "IntentKind",
    "IntentState",
    "Invitation",
    "LedgerEntry",
    "LedgerKind",
    "LinkSettings",
    "Posting",
    "PostingState",
    "Submission",
    "SubmissionState",
    "WebhookEvent",
]
