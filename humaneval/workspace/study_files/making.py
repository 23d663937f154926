"""From a study file to a draft, by the same services that the admin and the API use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from humaneval.protocols.base import QuestionSpec
from humaneval.rating.exclusions import declare_rules
from humaneval.recruitment.models import LinkSettings, Posting
from humaneval.samples.models import SampleSet
from humaneval.studies.authoring import ConditionInput, StudyFields, create_study
from humaneval.studies.gold_tables import import_gold
from humaneval.studies.models import Study
from humaneval.studies.pairs import import_pairs
from humaneval.workspace.study_files.located import Located, Path, StudyFileError, load
from humaneval.workspace.study_files.parts import check_panel, exact, fields_of, wrong_parts
from humaneval.workspace.study_files.placing import FIELD_PLACES, Wrong, placed
from humaneval.workspace.study_files.shapes import sections_of, wrong_shapes

BringIn = Callable[[str, str, str, str], SampleSet]
"""Imports what is not there: takes a set's name, its kind, where its images lie, and where their prompts
(empty: beside the images, if anywhere); returns the set."""

LookUp = Callable[[str], str]
"""Returns why nothing can be imported from a place that a file names; empty where something may."""


def make_study(
    text: str,
    *,
    slug: str | None = None,
    owner: User | None = None,
    bring_in: BringIn | None = None,
    look_up: LookUp = lambda origin: "",
    sets: QuerySet[SampleSet] | None = None,
) -> Study:
    """Make a draft from a study file and return it; ``slug`` goes before the file's own.

    ``sets`` are those to choose from, by default all. Those that are not there are brought in where the file
    says from where and ``bring_in`` is given, once nothing else is wrong with the file and ``look_up`` finds
    something at each place.
    Raises StudyFileError with sentences that name line and key; then no study is stored.
    """
    known = SampleSet.objects.all() if sets is None else sets
    maker = _Maker(load(text), known, bring_in, look_up)
    maker.check(slug)
    chosen = maker.sets()
    with transaction.atomic():
        return maker.make(chosen, slug, owner)


class _Maker:
    def __init__(
        self, document: Located, known: QuerySet[SampleSet], bring_in: BringIn | None, look_up: LookUp
    ) -> None:
        self.document, self.known, self.bring_in, self.look_up = document, known, bring_in, look_up
        self.given: Mapping[str, Any] = {}
        self.there: Mapping[str, SampleSet] = {}

    def check(self, slug: str | None) -> None:
        """Raise StudyFileError with all that is wrong with sections of the file, each by itself, by line.

        A section that has not the shape that it must have is looked into no further.
        """
        wrong = wrong_shapes(self.document)
        given = sections_of(self.document, without={path[0] for path, _reason in wrong if path})
        names = [row["set"] for row in given.get("sample_sets", ())]
        self.there = {one.slug: one for one in self.known.filter(slug__in=names)}
        wrong += [*self.wrong_sets(given), *wrong_parts(given, slug)]
        if wrong:
            wrong.sort(key=lambda one: self.document.line(one[0]))
            raise StudyFileError([self.document.problem(*one) for one in wrong])
        self.given = given

    def sets(self) -> list[SampleSet]:
        """Return the sets that the file names, in order, those that are not there brought in."""
        return [
            self.there.get(row["set"]) or self._bring(number, row)
            for number, row in enumerate(self.given["sample_sets"])
        ]

    def wrong_sets(self, given: Mapping[str, Any]) -> list[Wrong]:
        """Return what is wrong with the sets that a file names: with none of them something is done yet."""
        found: list[Wrong] = []
        for number, row in enumerate(given.get("sample_sets", ())):
            place: Path = ("sample_sets", number)
            there = self.there.get(row["set"])
            if there is None and not (self.bring_in and {"import", "kind"} <= row.keys()):
                found.append(((*place, "set"), self._missing(row)))
            elif there is None:
                found += [
                    ((*place, key), reason)
                    for key in ("import", "prompts")
                    if key in row and (reason := self.look_up(row[key]))
                ]
            elif row.get("kind", there.kind) != there.kind:
                found.append(((*place, "kind"), f"the set is {there.kind}, not {row['kind']}."))
        return found

    def _missing(self, row: Mapping[str, Any]) -> str:
        known = ", ".join(self.known.values_list("slug", flat=True)[:20]) or "none yet"
        how = " or say with “import” and “kind” where its images lie" if self.bring_in else ""
        return f"there is no sample set “{row['set']}”: import it first{how} (there are {known})."

    def _bring(self, number: int, row: Mapping[str, Any]) -> SampleSet:
        assert self.bring_in is not None  # noqa: S101 - wrong_sets() has found it otherwise
        with self._located({}, ("sample_sets", number, "import")):
            return self.bring_in(row["set"], row["kind"], row["import"], row.get("prompts", ""))

    def make(self, sets: list[SampleSet], slug: str | None, owner: User | None) -> Study:
        """Make the study and all that belongs to it."""
        given = self.given
        fields = fields_of(given)
        if slug is not None:
            fields["slug"] = slug
        conditions = [
            ConditionInput(one, row.get("label", ""))
            for one, row in zip(sets, given["sample_sets"], strict=True)
        ]
        with self._located({**FIELD_PLACES, "conditions": ("sample_sets",), "sample_set": ("sample_sets",)}):
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
                posting = Posting(study=study, created_by=owner, **exact(row))
                posting.full_clean()
                check_panel(row["panel"])
                posting.save()

    @contextmanager
    def _located(self, places: Mapping[str, Path], under: Path = ()) -> Iterator[None]:
        """Turn a service's refusal into one that names line and key."""
        try:
            yield
        except ValidationError as error:
            problems = [self.document.problem(*one) for one in placed(error, places, under)]
            raise StudyFileError(problems) from error
