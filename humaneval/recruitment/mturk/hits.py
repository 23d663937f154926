"""What a HIT is made of: its type, its question, and who may see it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings
from django.urls import reverse

from humaneval.recruitment.models import Posting

SCHEMA = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd"
LOCALE = "00000000000000000071"
PERCENT_APPROVED = "000000000000000000L0"
NUMBER_APPROVED = "00000000000000000040"
FRAME_HEIGHT = 0
"""0 lets the frame fill the worker's window."""


def hit_type_of(posting: Posting, group: str) -> dict[str, Any]:
    """Return the parameters of CreateHITType; the same ones give the same type."""
    options = posting.options
    return {
        "Title": posting.title,
        "Description": posting.description[:2000],
        "Keywords": options.get("keywords", "images, comparison, research"),
        "Reward": f"{posting.reward:.2f}",
        "AssignmentDurationInSeconds": max(30, posting.minutes * 60 * int(options.get("time_factor", 4))),
        "AutoApprovalDelayInSeconds": int(options.get("auto_approval_days", 7)) * 86_400,
        "QualificationRequirements": requirements_of(posting, group),
    }


def lifetime(posting: Posting) -> timedelta:
    """Return how long a HIT can be found by workers: three days, or as its options say."""
    return timedelta(hours=int(posting.options.get("lifetime_hours", 72)))


def requirements_of(posting: Posting, group: str) -> list[dict[str, Any]]:
    """Return who may take part: by country, by approvals, by own rules, and not those of ``group``."""
    options = posting.options
    found: list[dict[str, Any]] = []
    if options.get("countries"):
        places = [{"Country": country} for country in options["countries"]]
        found.append({"QualificationTypeId": LOCALE, "Comparator": "In", "LocaleValues": places})
    for name, kind in (("approved_percent", PERCENT_APPROVED), ("approved_count", NUMBER_APPROVED)):
        if options.get(name):
            least = [int(options[name])]
            found.append(
                {
                    "QualificationTypeId": kind,
                    "Comparator": "GreaterThanOrEqualTo",
                    "IntegerValues": least,
                }
            )
    found += options.get("requirements", [])
    if group:
        found.append({"QualificationTypeId": group, "Comparator": "DoesNotExist"})
    guarded = {"ActionsGuarded": "DiscoverPreviewAndAccept"}
    return [{**one, **({} if "ActionsGuarded" in one else guarded)} for one in found]


def question_of(posting: Posting) -> str:
    """Return the ExternalQuestion that shows our page in MTurk's frame."""
    url = settings.PUBLIC_URL + reverse("recruitment:mturk-entrance", args=[posting.pk])
    return (
        f'<ExternalQuestion xmlns="{SCHEMA}"><ExternalURL>{escape(url)}</ExternalURL>'
        f"<FrameHeight>{FRAME_HEIGHT}</FrameHeight></ExternalQuestion>"
    )
