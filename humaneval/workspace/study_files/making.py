"""From a study file to a draft, by the same services that the admin and the API use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from humaneval.protocols.base import QuestionSpec
from humaneval.rating.exclusions import declare_rules
from humaneval.recruitment import recruiters
from humaneval.recruitment.models import LinkSettings, Posting
from humaneval.samples.models import SampleSet
from humaneval.studies.authoring import ConditionInput, StudyFields, create_study
from humaneval.studies.gold_tables import import_gold
from humaneval.studies.models import Condition, Question, Study
from humaneval.studies.pairs import import_pairs
from humaneval.workspace.study_files.located import Located, Path, StudyFileError, from_words, load
from humaneval.workspace.study_files.shapes import check, place_of, study_fields

BringIn = Callable[[str, str, str, str], SampleSet]
"""Imports what is not there: takes a set's name, its kind, where its images lie, and where their prompts
(empty: beside the images, if anywhere); returns the set."""


def make_study(
    text: str,
    *,
    slug: str | None = None,
    owner: User | None = None,
    bring_in: BringIn | None = None,
    sets: QuerySet[SampleSet] | None = None,
) -> Study:
    """Make a draft from a study file and return it; ``slug`` goes before the file's own.

    ``sets`` are those to choose from, by default all. Those that are not there are brought in where the file
    says from where and ``bring_in`` is given.
    Raises StudyFileError with sentences that name line and key; then no study is stored.
    """
    document = load(text)
    given = check(document)
    maker = _Maker(document, given, SampleSet.objects.all() if sets is None else sets)
    chosen = maker.sets(bring_in)
    with transaction.atomic():
        return maker.make(chosen, slug, owner)


class _Maker:
    def __init__(self, document: Located, given: Mapping[str, Any], known: QuerySet[SampleSet]) -> None:
        self.document, self.given, self.known = document, given, known

    def sets(self, bring_in: BringIn | None) -> list[SampleSet]:
        """Return the sets that the file names, in order."""
        rows = self.given["sample_sets"]
        there = {one.slug: one for one in self.known.filter(slug__in=[row["set"] for row in rows])}
        problems = [
            self.document.problem(("sample_sets", number, "set"), self._missing(row, bring_in))
            for number, row in enumerate(rows)
            if row["set"] not in there and not (bring_in and {"import", "kind"} <= row.keys())
        ]
        problems += [
            self.document.problem(
                ("sample_sets", number, "kind"), f"the set is {there[row['set']].kind}, not {row['kind']}."
            )
            for number, row in enumerate(rows)
            if row["set"] in there and row.get("kind", there[row["set"]].kind) != there[row["set"]].kind
        ]
        if problems:
            raise StudyFileError(problems)
        return [
            there.get(row["set"]) or self._bring(number, row, bring_in) for number, row in enumerate(rows)
        ]

    def _missing(self, row: Mapping[str, Any], bring_in: BringIn | None) -> str:
        known = ", ".join(self.known.values_list("slug", flat=True)[:20]) or "none yet"
        how = " or say with “import” and “kind” where its images lie" if bring_in else ""
        return f"there is no sample set “{row['set']}”: import it first{how} (there are {known})."

    def _bring(self, number: int, row: Mapping[str, Any], bring_in: BringIn | None) -> SampleSet:
        assert bring_in is not None  # noqa: S101 - sets() has refused the file otherwise
        with self._located({}, ("sample_sets", number, "import")):
            return bring_in(row["set"], row["kind"], row["import"], row.get("prompts", ""))

    def make(self, sets: list[SampleSet], slug: str | None, owner: User | None) -> Study:
        """Make the study and all that belongs to it."""
        given = self.given
        fields = self._fields()
        if slug is not None:
            fields["slug"] = slug
        conditions = [
            ConditionInput(one, row.get("label", ""))
            for one, row in zip(sets, given["sample_sets"], strict=True)
        ]
        self._check_parts(conditions)
        places = {field: place_of(field) for field in study_fields()}
        with self._located({**places, "conditions": ("sample_sets",), "sample_set": ("sample_sets",)}):
            study = create_study(
                name=given["name"],
                protocol=given["protocol"],
                conditions=conditions,
                questions=[QuestionSpec(**row) for row in given["questions"]]
                if "questions" in given
                else None,
                settings=given.get("settings"),
                owner=owner,
                **cast(StudyFields, fields),
            )
        self._add_tables(study)
        self._add_rules(study, owner)
        self._add_panel(study, owner)
        return study

    def _fields(self) -> dict[str, Any]:
        found = {}
        for field in study_fields():
            value: Any = self.given
            for step in place_of(field):
                value = value.get(step, _ABSENT) if value is not _ABSENT else value
            if value is not _ABSENT:
                found[field] = value
        return found

    def _check_parts(self, conditions: list[ConditionInput]) -> None:
        """Check conditions and questions one by one, so that a message names the right one."""
        for number, condition in enumerate(conditions):
            with self._located({}, ("sample_sets", number)):
                row = Condition(sample_set=condition.sample_set, label=condition.label)
                row.clean_fields(exclude=["study"])
        for number, question in enumerate(self.given.get("questions", ())):
            with self._located({}, ("questions", number)):
                Question(**question).clean_fields(exclude=["study"])

    def _add_tables(self, study: Study) -> None:
        if "pairs" in self.given:
            with self._located({"pairs": ("pairs",)}):
                import_pairs(study=study, rows=self.given["pairs"])
        if "gold" in self.given:
            with self._located({"gold": ("gold",)}):
                import_gold(study=study, rows=self.given["gold"])

    def _add_rules(self, study: Study, owner: User | None) -> None:
        if rules := self.given.get("exclusions"):
            with self._located({"rules": ("exclusions", "rules")}):
                declare_rules(
                    study=study, name=rules.get("name", "declared"), rules=rules["rules"], user=owner
                )

    def _add_panel(self, study: Study, owner: User | None) -> None:
        panel = self.given.get("panel", {})
        if "link" in panel:
            with self._located({}, ("panel", "link")):
                link = LinkSettings(study=study, **panel["link"])
                link.full_clean()
                link.save()
        for number, row in enumerate(panel.get("postings", ())):
            with self._located({}, ("panel", "postings", number)):
                posting = Posting(study=study, created_by=owner, **_exact(row))
                posting.full_clean()
                _check_panel(row["panel"])
                posting.save()

    @contextmanager
    def _located(self, places: Mapping[str, Path], under: Path = ()) -> Iterator[None]:
        """Turn a service's refusal into one that names line and key."""
        try:
            yield
        except ValidationError as error:
            raise StudyFileError(list(self._sentences(error, places, under))) from error

    def _sentences(self, error: ValidationError, places: Mapping[str, Path], under: Path) -> Iterator[str]:
        if not hasattr(error, "error_dict"):
            yield from (self.document.problem(under, text) for text in error.messages)
            return
        for field, texts in error.message_dict.items():
            path = places.get(field, (*under, field) if field != "__all__" else under)
            for text in texts:
                yield self.document.problem(*_further(path, text))


_ABSENT = object()
_ROW = re.compile(r"Row (\d+)[:.] ?")


def _further(path: Path, text: str) -> tuple[Path, str]:
    """Return the path within a section that a sentence begins with, as those on flow and rows do."""
    if row := _ROW.match(text):
        return (*path, int(row[1]) - 1), text[row.end() :]
    place, colon, reason = text.partition(": ")
    if colon and path in {("flow",), ("settings",)} and " " not in place:
        inner = from_words(place)
        return (path if inner == path else (*path, *inner)), reason
    return path, text


def _exact(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a posting's values, amounts as the decimals that were written."""
    return {name: str(value) if isinstance(value, float) else value for name, value in row.items()}


def _check_panel(name: str) -> None:
    try:
        recruiters.get(name)
    except LookupError as error:
        raise ValidationError({"panel": str(error)}) from error
