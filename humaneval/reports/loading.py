"""A study's material from the database: columns, in a fixed few queries, a chunk of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Count, Max, Min, TextField
from django.db.models.functions import Cast

from humaneval.rating.models import Course, RuleSet, Session
from humaneval.rating.reading import no_search_for_garbage, read_vote_columns
from humaneval.rating.vote_columns import Ints
from humaneval.reports.diagnostics import diagnostics_of, picture_key, wanted_pictures
from humaneval.reports.exemplars import wanted_samples
from humaneval.reports.facts import study_facts
from humaneval.reports.findings.scores import PictureRef
from humaneval.reports.material import (
    Exemplar,
    LatentFacts,
    Material,
    PairColumns,
    RuleSetFacts,
    SessionColumns,
    TrialColumns,
)
from humaneval.reports.payment import postings_of
from humaneval.reports.pictures import thumbnails
from humaneval.reports.scores import latest_scores, missing_scores
from humaneval.samples.models import Prompt, Sample
from humaneval.studies.archived import is_archive
from humaneval.studies.models import Study, Trial
from humaneval.studies.strata import DEVICES, device_class

CHUNK = 20_000

DESIGN_FIELDS = (
    "trial_count", "votes_per_trial", "assignments_per_session", "repeats_per_session", "gold_per_block",
    "gold_count", "unique_samples", "unique_prompts", "raters_at_most", "sessions_per_rater", "strata",
    "adaptive", "stop_rule", "stop_goal", "title", "instructions", "consent_text", "recipe", "design_digest",
)  # fmt: skip
_DATES = ("created_at", "opened_at", "closed_at")


def load_material(study: Study) -> Material:
    """Return all that a report of this study is made from, as it stands now."""
    records = load_records(study)
    facts, latents = records["study"], records["latents"]
    scores = latest_scores(study, facts.conditions)
    votes, trials = read_vote_columns(study), _trials(study)
    exemplars = _exemplars(wanted_samples(votes, trials, facts.conditions, facts.analysis))
    pictured = [
        *(one.ref.key for one in exemplars),
        *wanted_pictures(diagnostics_of(scores, latents, facts.conditions)),
    ]
    return Material(
        **records,
        votes=votes,
        trials=trials,
        sessions=_sessions(study),
        pairs=_pairs(study),
        scores=tuple(scores),
        exemplars=exemplars,
        pictures=thumbnails(pictured),
        missing_scores=tuple(missing_scores(study, [one.row for one in scores])),
    )


def _exemplars(samples: list[int]) -> tuple[Exemplar, ...]:
    """Return these samples by name. One query."""
    rows = Sample.objects.filter(pk__in=samples).order_by("pk")
    return tuple(
        Exemplar(pk, PictureRef(picture_key(sample_set, name), name))
        for pk, sample_set, name in rows.values_list("pk", "sample_set__name", "name")
    )


def load_records(study: Study) -> dict[str, Any]:
    """Return those parts of the material that a few rows hold, by name; no vote, trial or score is read."""
    return {
        "study": study_facts(study),
        "settings": dict(study.settings),
        "design": _design(study),
        "rule_sets": _rule_sets(study),
        "latents": _latents(study),
        "payment": {"postings": postings_of(study)},
    }


def _design(study: Study) -> dict[str, Any]:
    return {
        **{name: getattr(study, name) for name in DESIGN_FIELDS},
        **{name: _moment(getattr(study, name)) for name in _DATES},
        "stopping": _stopping(study),
        "archive": _archive(study),
    }


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _stopping(study: Study) -> dict[str, str]:
    """Return why the stopping rule asks for no more votes ("" if it does not), and since when."""
    course = Course.objects.filter(study=study).first() if study.stop_rule else None
    if course is None:
        return {"enough": "", "since": ""}
    return {"enough": course.enough, "since": _moment(course.enough_since)}


def _archive(study: Study) -> dict[str, Any]:
    """Return what is an archive's: the trials or not, how many sittings, and when their work was sent in.

    A sitting without a consent is one; its assignments' leases end when the archive says that they were sent.
    One query.
    """
    found = Session.objects.filter(study=study, consent_hash="").aggregate(
        sittings=Count("pk", distinct=True),
        first=Min("assignments__lease_until"),
        last=Max("assignments__lease_until"),
    )
    return {
        "trials": is_archive(study),
        "sittings": found["sittings"],
        "first": _moment(found["first"]),
        "last": _moment(found["last"]),
    }


def _latents(study: Study) -> tuple[LatentFacts, ...]:
    rows = study.conditions.filter(sample_set__latent_use__isnull=False).select_related(
        "sample_set__latent_use"
    )
    found = ((one.pk, one.sample_set.latent_use) for one in rows)
    return tuple(
        LatentFacts(condition, use.variance, use.kl, use.threshold, use.kl_threshold)
        for condition, use in found
    )


def _rule_sets(study: Study) -> tuple[RuleSetFacts, ...]:
    rows = RuleSet.objects.filter(study=study).order_by("version")
    return tuple(
        RuleSetFacts(one.version, one.name, one.rules, one.before_launch, one.declared_at.isoformat())
        for one in rows
    )


def _pairs(study: Study) -> PairColumns:
    rows = list(study.duplicatepairs.order_by("id").values_list("first_id", "second_id", "batch"))
    return PairColumns(*np.array(rows, dtype=np.int64).reshape(-1, 3).T)


_TRIAL = ("id", "number", "condition_id", "other_id", "prompt_id")
_TRIAL_TEXTS = ("slots", "lineup", "expected")
"""JSON that is read as text, since Django's own way takes several times as long."""


@no_search_for_garbage()
def _trials(study: Study) -> TrialColumns:
    """Return the trials by id. Two queries."""
    texts = {f"{name}_text": Cast(name, TextField()) for name in _TRIAL_TEXTS}
    fields = (*_TRIAL, *texts)
    trials = Trial.objects.filter(study=study).order_by("id").annotate(**texts)
    rows = trials.values_list(*fields).iterator(chunk_size=CHUNK)
    columns = list(zip(*rows, strict=True)) or [()] * len(fields)
    number, condition, other, prompt = (whole(column) for column in columns[1:5])
    slots, lineup = (list(map(json.loads, column)) for column in columns[5:7])
    expected = columns[7]
    category, categories = _categories(study, prompt)
    keys = [tuple(map(tuple, slot)) for slot in slots]
    return TrialColumns(
        id=whole(columns[0]),
        number=number,
        condition=condition,
        other=other,
        prompt=prompt,
        category=category,
        categories=categories,
        item=coded([key[0] for key in keys]),
        unit=coded(keys),
        samples=filled([[slot[0] if len(slot) == 1 else 0 for slot in key] for key in keys]),
        lineup=filled(lineup),
        is_gold=np.array([one not in (None, "null") for one in expected], dtype=bool),
    )


def _categories(study: Study, prompt: Ints) -> tuple[Ints, tuple[str, ...]]:
    """Return each trial's category as a place among the names. One query."""
    named = dict(Prompt.objects.filter(pk__in=study.trials.values("prompt")).values_list("id", "category"))
    names = ("", *sorted({name for name in named.values() if name}))
    place = {pk: names.index(name) for pk, name in named.items()}
    ids, rows = np.unique(prompt, return_inverse=True)
    return whole([place.get(pk, 0) for pk in ids.tolist()])[rows], names


def _sessions(study: Study) -> SessionColumns:
    """Return the sessions by id. One query."""
    fields = ("pk", "rater_id", "stratum", "rater__panel", "device", "rater__simulated")
    rows = Session.objects.filter(study=study).order_by("pk").values_list(*fields)
    columns = list(zip(*rows.iterator(chunk_size=CHUNK), strict=True)) or [()] * len(fields)
    strata, panels = ("", *sorted(set(columns[2]) - {""})), tuple(sorted(set(columns[3])))
    return SessionColumns(
        id=whole(columns[0]),
        rater=whole(columns[1]),
        stratum=whole([strata.index(name) for name in columns[2]]),
        strata=strata,
        panel=whole([panels.index(name) for name in columns[3]]),
        panels=panels,
        device=whole([DEVICES.index(device_class(one)) if one else -1 for one in columns[4]]),
        simulated=np.array(columns[5], dtype=bool),
    )


def whole(values: Sequence[int | None]) -> Ints:
    """Return whole numbers as a column, 0 for None."""
    return np.array([value or 0 for value in values], dtype=np.int64)


def coded(values: Sequence[Hashable]) -> Ints:
    """Return values as numbers from 0, given in the order in which they first come."""
    codes: dict[Hashable, int] = {}
    return np.array([codes.setdefault(value, len(codes)) for value in values], dtype=np.int64)


def filled(rows: Sequence[Sequence[int]]) -> Ints:
    """Return lists of numbers as rows of one width, filled up with 0."""
    width = max(map(len, rows), default=0)
    return np.array([[*row, *[0] * (width - len(row))] for row in rows], dtype=np.int64).reshape(
        len(rows), width
    )
