"""What a study is made of at Prolific: people's way in, their codes, whom to keep out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings

from humaneval.recruitment.models import Posting
from humaneval.recruitment.people import derived_token
from humaneval.studies.links import rater_url

PLACEHOLDERS = "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
CODE_KINDS = ("COMPLETED", "FAILED_ATTENTION_CHECK", "SCREENED_OUT", "QUOTA_FULL")


def code_for(posting: Posting, kind: str) -> str:
    """Return the completion code of a kind: the study's own for COMPLETED, else a derived one."""
    if kind == "COMPLETED":
        return posting.study.completion_code
    letters = derived_token("prolific code", str(posting.pk), kind).replace("-", "A").replace("_", "B")
    return f"{kind[0]}{letters[:9].upper()}"


def draft_of(posting: Posting, annotation: str, group: str = "") -> dict[str, Any]:
    """Return the body that makes a draft of a posting, marked by the annotation in its internal name.

    People of the participant group ``group`` do not see it, and who finishes it is added to the group.
    """
    body: dict[str, Any] = {
        "name": posting.title,
        "internal_name": f"{posting.study.slug[:60]} {annotation}",
        "description": posting.description,
        "external_study_url": f"{rater_url(posting.study)}?{PLACEHOLDERS}",
        "prolific_id_option": "url_parameters",
        "completion_codes": _completion_codes(posting, group),
        "total_available_places": posting.places,
        "estimated_completion_time": posting.minutes,
        "reward": int(posting.reward * 100),
        "device_compatibility": ["desktop", "mobile", "tablet"],
        "filters": _filters(posting, group),
    }
    if settings.PROLIFIC_PROJECT:
        body["project"] = settings.PROLIFIC_PROJECT
    return body


def _completion_codes(posting: Posting, group: str) -> list[dict[str, Any]]:
    actions: dict[str, dict[str, Any]] = {
        "COMPLETED": {"action": "MANUALLY_REVIEW"},
        "FAILED_ATTENTION_CHECK": {"action": "MANUALLY_REVIEW"},
        "SCREENED_OUT": _screen_out(posting),
        "QUOTA_FULL": {
            "action": "REQUEST_RETURN",
            "return_reason": "Everything in this study has been answered by others.",
        },
    }
    kinds = {"QUOTA_FULL": "OTHER"}
    join = [{"action": "ADD_TO_PARTICIPANT_GROUP", "participant_group": group}] if group else []
    took_part = {"COMPLETED": join, "FAILED_ATTENTION_CHECK": join}
    return [
        {
            "code": code_for(posting, kind),
            "code_type": kinds.get(kind, kind),
            "actions": [actions[kind], *took_part.get(kind, [])],
        }
        for kind in CODE_KINDS
    ]


def _screen_out(posting: Posting) -> dict[str, Any]:
    reward = posting.options.get("screen_out_reward")
    if reward is None:
        return {"action": "REQUEST_RETURN", "return_reason": "Did not meet the study's requirements."}
    cents = int(Decimal(str(reward)) * 100)
    return {"action": "FIXED_SCREEN_OUT_PAYMENT", "fixed_screen_out_reward": cents, "slots": posting.places}


def _filters(posting: Posting, group: str) -> list[dict[str, Any]]:
    """Return the filters asked for, and those that keep out who took part before."""
    filters = list(posting.options.get("filters", []))
    groups = [*posting.options.get("blocked_groups", []), *([group] if group else [])]
    if groups:
        filters.append({"filter_id": "participant_group_blocklist", "selected_values": groups})
    earlier = Posting.objects.filter(panel=posting.panel).exclude(external_id="").exclude(pk=posting.pk)
    if posting.options.get("once_a_study", True):
        earlier = earlier.filter(study=posting.study)
    known = sorted(earlier.values_list("external_id", flat=True))
    if known:
        filters.append({"filter_id": "previous_studies_blocklist", "selected_values": known})
    return filters
