"""What a study file may hold: every section and key, with its kind."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from humaneval.recruitment.models import LinkSettings, Posting
from humaneval.samples.models import SampleKind
from humaneval.studies.authoring import StudyFields
from humaneval.studies.models import Study
from humaneval.workspace.study_files.located import Located, Path, StudyFileError

VERSION: Final = 1

PLACES: Final[dict[str, Path]] = {
    "slug": ("slug",),
    "seed": ("seed",),
    "trial_count": ("trials",),
    "display_width": ("wording", "display_width"),
    "title": ("wording", "title"),
    "instructions": ("wording", "instructions"),
    "consent_text": ("wording", "consent"),
    "thanks_text": ("wording", "thanks"),
    "completion_code": ("wording", "completion_code"),
    "votes_per_trial": ("stopping", "votes_per_trial"),
    "stop_rule": ("stopping", "rule"),
    "stop_goal": ("stopping", "goal"),
    "assignments_per_session": ("quotas", "trials_per_rater"),
    "repeats_per_session": ("quotas", "repeats_per_rater"),
    "flow": ("flow",),
}
"""Where a study's field stands in the file. Fields not named here stand under ``quotas``, by their name."""

QUESTION_KEYS: Final = ("key", "text", "points", "low_label", "middle_label", "high_label")
LINK_KEYS: Final = (
    "person_parameter",
    "kept_parameters",
    "invited_only",
    "return_url",
    "quota_full_code",
    "screened_out_code",
)
POSTING_KEYS: Final = (
    "panel",
    "title",
    "description",
    "places",
    "reward",
    "currency",
    "minutes",
    "target_wage",
    "budget",
    "approves_itself",
    "options",
)

Shape = Callable[[Any, Path, list[tuple[Path, str]]], None]
"""Adds what is wrong with a value to the list, each with its path."""


def place_of(field: str) -> Path:
    """Return where a study's field stands in the file."""
    return PLACES.get(field, ("quotas", field))


def study_fields() -> tuple[str, ...]:
    """Return the fields of a study that the file may give."""
    return tuple(StudyFields.__annotations__)


def _of_type(kind: type | tuple[type, ...], words: str) -> Shape:
    def check(value: Any, path: Path, wrong: list[tuple[Path, str]]) -> None:
        is_boolean = isinstance(value, bool)
        if is_boolean != (kind is bool) or not isinstance(value, kind):
            wrong.append((path, f"must be {words}."))

    return check


TEXT = _of_type(str, "text: put it in quotes")
WHOLE = _of_type(int, "a whole number")
NUMBER = _of_type((int, float), "a number")
FLAG = _of_type(bool, "true or false")


def anything(value: Any, path: Path, wrong: list[tuple[Path, str]]) -> None:
    """Find nothing wrong: somebody else checks this part."""


def record(keys: Mapping[str, Shape], required: frozenset[str] = frozenset()) -> Shape:
    """Return the shape of an object with these keys and no others."""

    def check(value: Any, path: Path, wrong: list[tuple[Path, str]]) -> None:
        if not isinstance(value, dict):
            wrong.append((path, f"must be an object with the keys {', '.join(keys)}."))
            return
        wrong.extend((path, f"needs the key “{name}”.") for name in sorted(required - value.keys()))
        for name, inner in value.items():
            if name in keys:
                keys[name](inner, (*path, name), wrong)
            else:
                wrong.append(((*path, name), _unknown(name, keys)))

    return check


def rows(shape: Shape) -> Shape:
    """Return the shape of a list of things of one shape."""

    def check(value: Any, path: Path, wrong: list[tuple[Path, str]]) -> None:
        if not isinstance(value, list):
            wrong.append((path, "must be a list: each item begins with a dash."))
            return
        for number, item in enumerate(value):
            shape(item, (*path, number), wrong)

    return check


def free(inner: Shape) -> Shape:
    """Return the shape of an object with any keys, all its values of one shape."""

    def check(value: Any, path: Path, wrong: list[tuple[Path, str]]) -> None:
        if not isinstance(value, dict):
            wrong.append((path, "must be an object: one “key: value” a line."))
            return
        for name, item in value.items():
            inner(item, (*path, name), wrong)

    return check


def _unknown(name: str, keys: Mapping[str, Shape]) -> str:
    near = difflib.get_close_matches(name, keys, n=1)
    hint = f" Did you mean “{near[0]}”?" if near else f" There are {', '.join(keys)}."
    return f"there is no such key.{hint}"


def _of_model(model: type[models.Model], name: str) -> Shape:
    """Return the shape that a model's field takes; its own validators look at the value later."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return anything
    if isinstance(field, models.BooleanField):
        return FLAG
    if isinstance(field, models.IntegerField):
        return WHOLE
    if isinstance(field, models.FloatField | models.DecimalField):
        return NUMBER
    return anything if isinstance(field, models.JSONField) else TEXT


def _sections() -> dict[str, dict[str, Shape]]:
    found: dict[str, dict[str, Shape]] = {}
    for field in study_fields():
        section, *rest = place_of(field)
        if rest:
            found.setdefault(str(section), {})[str(rest[0])] = _of_model(Study, field)
    return found


def _kind(value: Any, path: Path, wrong: list[tuple[Path, str]]) -> None:
    if value not in SampleKind.values:
        wrong.append((path, f"must be {' or '.join(SampleKind.values)}."))


SAMPLE_SET: Final = record(
    {"set": TEXT, "label": TEXT, "kind": _kind, "import": TEXT, "prompts": TEXT}, frozenset({"set"})
)


def _sample_set(value: Any, path: Path, wrong: list[tuple[Path, str]]) -> None:
    SAMPLE_SET(value, path, wrong)
    if isinstance(value, dict) and "prompts" in value and "import" not in value:
        wrong.append(((*path, "prompts"), "needs “import” beside it: prompts come in with their images."))


def _file_shape() -> Shape:
    question = {name: WHOLE if name == "points" else TEXT for name in QUESTION_KEYS}
    link = {name: _of_model(LinkSettings, name) for name in LINK_KEYS}
    posting = {name: _of_model(Posting, name) for name in POSTING_KEYS}
    keys: dict[str, Shape] = {
        "humaneval": WHOLE,
        "name": TEXT,
        "slug": TEXT,
        "protocol": TEXT,
        "settings": free(anything),
        "seed": WHOLE,
        "sample_sets": rows(_sample_set),
        "questions": rows(record(question, frozenset({"key", "text"}))),
        "trials": WHOLE,
        **{name: record(section) for name, section in _sections().items()},
        "flow": free(anything),
        "exclusions": record({"name": TEXT, "rules": free(free(NUMBER))}, frozenset({"rules"})),
        "panel": record(
            {
                "link": record(link),
                "postings": rows(
                    record(posting, frozenset({"panel", "title", "description", "places", "reward"}))
                ),
            }
        ),
        "pairs": rows(free(anything)),
        "gold": rows(free(anything)),
    }
    return record(keys, frozenset({"humaneval", "name", "protocol", "sample_sets"}))


def wrong_shapes(document: Located) -> list[tuple[Path, str]]:
    """Return every wrong key of a document, and every value that has not the kind it must have."""
    wrong: list[tuple[Path, str]] = []
    _file_shape()(document.value, (), wrong)
    version = document.value.get("humaneval") if isinstance(document.value, dict) else None
    if isinstance(version, int) and version != VERSION:
        wrong.append((("humaneval",), f"must be {VERSION}, the version of this format."))
    return wrong


def sections_of(document: Located, *, without: Collection[str | int] = ()) -> dict[str, Any]:
    """Return a document's values by section; of one that is no object none."""
    given = document.value if isinstance(document.value, dict) else {}
    return {name: value for name, value in given.items() if name not in without}


def check(document: Located) -> dict[str, Any]:
    """Return the document's values; raises StudyFileError with every wrong key and its line."""
    if wrong := wrong_shapes(document):
        raise StudyFileError([document.problem(path, reason) for path, reason in wrong])
    return sections_of(document)
