"""What is wrong with parts of a study file, each by itself: all of it is told at once, before images come in.

What rests on several parts, or on the samples, is looked at when the study is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError

from humaneval.protocols import registry
from humaneval.rating.exclusions import check_rules
from humaneval.recruitment import recruiters
from humaneval.recruitment.models import LinkSettings, Posting
from humaneval.studies.authoring import checked_settings, get_protocol
from humaneval.studies.models import Condition, Question, Study
from humaneval.studies.strata import check_votes
from humaneval.workspace.study_files.located import Path
from humaneval.workspace.study_files.placing import FIELD_PLACES, Wrong, placed
from humaneval.workspace.study_files.shapes import study_fields


def wrong_parts(given: Mapping[str, Any], slug: str | None) -> list[Wrong]:
    """Return all that is wrong with a file's sections, each of the shape that it must have or left out.

    ``slug`` is what the study is to be called in place of the file's own, if anything.
    """
    found: list[Wrong] = []
    for check in (_protocol, _pairs, _labels, _questions, _rules, _panel):
        found += check(given)
    return [*found, *_fields(given, slug)]


def fields_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the study's fields that a file gives, by their names."""
    found = {}
    for field in study_fields():
        value: Any = given
        for step in FIELD_PLACES[field]:
            value = value.get(step, _ABSENT) if value is not _ABSENT else value
        if value is not _ABSENT:
            found[field] = value
    return found


def exact(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a posting's values, amounts as the decimals that were written."""
    return {name: str(value) if isinstance(value, float) else value for name, value in row.items()}


def check_panel(name: str) -> None:
    """Raise ValidationError on ``panel`` for one that there is not."""
    try:
        recruiters.get(name)
    except LookupError as error:
        raise ValidationError({"panel": str(error)}) from error


_ABSENT = object()


@contextmanager
def _noted(found: list[Wrong], places: Mapping[str, Path], under: Path = ()) -> Iterator[None]:
    """Add to a list what is refused."""
    try:
        yield
    except ValidationError as error:
        found.extend(placed(error, places, under))


def _protocol(given: Mapping[str, Any]) -> list[Wrong]:
    found: list[Wrong] = []
    if "protocol" in given:
        with _noted(found, {}):
            checked_settings(get_protocol(given["protocol"]), given.get("settings", {}))
    return found


def _pairs(given: Mapping[str, Any]) -> list[Wrong]:
    """Return that the file wants another number of trials than its pairs make."""
    protocol = registry.PROTOCOLS.get(given.get("protocol", ""))
    pairs, trials = len(given.get("pairs", ())), given.get("trials")
    if protocol is None or not protocol.uses_pairs or not pairs or trials in (None, pairs):
        return []
    reason = f"each pair is one trial: write {pairs}, as many as there are, or leave the key out."
    return [(("trials",), reason)]


def _fields(given: Mapping[str, Any], slug: str | None) -> list[Wrong]:
    found: list[Wrong] = []
    fields = fields_of(given) | ({"slug": slug} if slug is not None else {})
    study = Study(name=given.get("name", ""), **fields)
    named = {"name"} & given.keys() | fields.keys()
    with _noted(found, FIELD_PLACES):
        study.clean_fields(exclude={field.name for field in Study._meta.concrete_fields} - named)
    if taken := fields.get("slug"):
        found += _taken(taken)
    if not found and "strata" in fields:
        with _noted(found, FIELD_PLACES):
            check_votes(study.strata, study.votes_per_trial)
    return found


def _taken(slug: str) -> list[Wrong]:
    if not Study.objects.filter(slug=slug).exists():
        return []
    reason = f"there is a study “{slug}” already: write another slug, or give one with --slug."
    return [(("slug",), reason)]


def _labels(given: Mapping[str, Any]) -> list[Wrong]:
    found: list[Wrong] = []
    for number, row in enumerate(given.get("sample_sets", ())):
        with _noted(found, {}, ("sample_sets", number)):
            Condition(label=row.get("label", "")).clean_fields(exclude=["study", "sample_set"])
    return found


def _questions(given: Mapping[str, Any]) -> list[Wrong]:
    found: list[Wrong] = []
    for number, row in enumerate(given.get("questions", ())):
        with _noted(found, {}, ("questions", number)):
            Question(**row).clean_fields(exclude=["study"])
    return found


def _rules(given: Mapping[str, Any]) -> list[Wrong]:
    found: list[Wrong] = []
    if rules := given.get("exclusions"):
        with _noted(found, {"rules": ("exclusions", "rules")}):
            check_rules(rules["rules"])
    return found


def _panel(given: Mapping[str, Any]) -> list[Wrong]:
    found: list[Wrong] = []
    panel = given.get("panel", {})
    if "link" in panel:
        with _noted(found, {}, ("panel", "link")):
            LinkSettings(**panel["link"]).full_clean(exclude=["study"])
    for number, row in enumerate(_postings(panel)):
        for check in (_check_posting, lambda row: check_panel(row["panel"])):
            with _noted(found, {}, ("panel", "postings", number)):
                check(row)
    return found


def _postings(panel: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = panel.get("postings", ())
    return rows


def _check_posting(row: Mapping[str, Any]) -> None:
    Posting(**exact(row)).full_clean(exclude=["study"])
