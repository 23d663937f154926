"""From the database to a bundle: everything is written part by part, so that memory does not grow with it."""

from __future__ import annotations

import base64
import csv
import json
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from django.utils import timezone

from humaneval.rating.consent import consent_hash
from humaneval.rating.exclusions import reasons_against
from humaneval.rating.models import Session, SessionState, Vote
from humaneval.rating.sealing import count_unsealed, head_of
from humaneval.rating.vote_columns import NO_ANSWER, OUTCOMES, Ints, VoteColumns
from humaneval.reports.folder import report_files
from humaneval.reports.loading import load_material
from humaneval.reports.material import Material
from humaneval.reports.report import build_report
from humaneval.reports.version import code_version
from humaneval.samples.models import Prompt, Sample, Stimulus
from humaneval.studies.models import Study, Trial
from humaneval.studies.strata import device_class
from humaneval.ui.database import one_moment
from humaneval.ui.spreadsheets import protected
from humaneval.workspace.bundles import layout
from humaneval.workspace.bundles.archive import BundleWriter
from humaneval.workspace.bundles.layout import picture_files
from humaneval.workspace.bundles.records import to_plain
from humaneval.workspace.study_files.writing import write_study

CHUNK = 20_000
RESAMPLING_SEED = 0
"""The seed from which every resampling in :mod:`humaneval.stats` starts; methods' sentences repeat it."""


@dataclass(frozen=True)
class WrittenBundle:
    """A bundle on disk; ``digest`` is the SHA-256 of its manifest."""

    path: Path
    digest: str
    votes: int


def write_bundle(*, study: Study, path: Path) -> WrittenBundle:
    """Write a study's bundle, replacing the file once it is whole. Raises OSError.

    All of it is of one moment, whoever votes, comes or withdraws meanwhile.
    """
    with one_moment(), BundleWriter(path) as bundle:
        material = load_material(study)
        for name, parts in _files(study, material):
            bundle.add_parts(name, parts)
    return WrittenBundle(path, bundle.digest, len(material.votes))


def _files(study: Study, material: Material) -> Iterator[tuple[str, Iterable[bytes | str]]]:
    report = build_report(material, built_at=timezone.now().isoformat(timespec="seconds"))
    yield layout.README, [layout.readme(study.name, study.slug, report.code_version)]
    yield layout.STUDY_FILE, [write_study(study)]
    yield layout.MATERIAL, [_json(_facts(study, material))]
    yield layout.VOTES, _vote_lines(study, material.votes)
    yield layout.TRIALS, _trial_lines(study, material.votes.questions)
    yield layout.SESSIONS, _session_lines(study)
    yield layout.SAMPLES, _sample_lines(study)
    yield layout.PAIRS, _pair_lines(material)
    yield layout.EXCLUSIONS, _exclusion_lines(material)
    yield layout.SCORES, [_json([to_plain(replace(one, samples=())) for one in material.scores])]
    yield layout.SAMPLE_SCORES, _sample_score_lines(material)
    yield layout.ENVIRONMENT, [_json(_environment())]
    yield layout.SCHEMA, [_json(layout.schema())]
    for name, parts in report_files(report):
        yield layout.REPORT_FOLDER + name, parts
    yield from _thumbnails(material)


def _facts(study: Study, material: Material) -> dict[str, Any]:
    """Return what is no table: the material's records, and what only readers need."""
    records = {
        one.name: to_plain(getattr(material, one.name))
        for one in fields(material)
        if one.name not in layout.COLUMNAR
    }
    records["pictures"] = {key: name for name, key in picture_files(material.pictures).items()}
    head = head_of(study)
    return {
        "material": records,
        "seeds": {"study": study.seed, "resampling": RESAMPLING_SEED},
        "consent_sha256": consent_hash(study),
        "questions": [
            {"key": one.key, "text": one.text, "low": one.low_label, "middle": one.middle_label,
             "high": one.high_label, "points": one.points}
            for one in study.questions.all()
        ],
        "vote_chain": {
            "head": str(head),
            "seals": head.number,
            "unsealed_votes": count_unsealed(study),
        },
    }  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=str) + "\n"


def _environment() -> dict[str, Any]:
    installed = sorted({(one.name, one.version) for one in metadata.distributions()}, key=str)
    return {
        "code": code_version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": dict(installed),
    }


class _Echo:
    """A file whose ``write`` hands the text back."""

    def write(self, text: str) -> str:
        return text


def _lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield the lines of a table, thousands at a time; cells are numbers, or text made safe before."""
    writer = csv.writer(_Echo(), lineterminator="\n")
    yield writer.writerow(columns)
    source = iter(rows)
    while chunk := list(islice(source, 1000)):
        yield "".join(map(writer.writerow, chunk))


def _names(file: str, questions: Sequence[str] = ()) -> list[str]:
    """Return a table's columns, with one for each question where its notes say KEY."""
    columns = next(note.columns for note in layout.FILES if note.name == file)
    found: list[str] = []
    for one in columns:
        keys = questions if one.name.endswith("KEY") else ("",)
        found += [one.name.replace("KEY", key) if key else one.name for key in keys]
    return found


def _vote_lines(study: Study, votes: VoteColumns) -> Iterator[str]:
    return _lines(_names(layout.VOTES, votes.questions), _vote_rows(study, votes))


def _vote_rows(study: Study, votes: VoteColumns) -> Iterator[tuple[Any, ...]]:
    """Yield the votes with their timings, which are read along: votes come in order of id in both."""
    kept = (
        Vote.objects.filter(assignment__session__study=study)
        .order_by("pk")
        .values_list("pk", "timings")
        .iterator(CHUNK)
    )
    for start in range(0, len(votes), CHUNK):
        part = votes.where(np.arange(start, min(start + CHUNK, len(votes))))
        yield from zip(*_vote_cells(part, _timings(part.vote, kept)), strict=True)


def _timings(ids: Ints, kept: Iterator[tuple[int, Any]]) -> list[str]:
    """Return the timings of these votes, next in line; those that came meanwhile are passed over."""
    found = []
    for wanted in ids.tolist():
        timings: Any = {}
        for pk, given in kept:
            if pk == wanted:
                timings = given
                break
        found.append(json.dumps(timings, sort_keys=True, separators=(",", ":")) if timings else "")
    return found


def _vote_cells(votes: VoteColumns, timings: list[str]) -> list[Sequence[Any]]:
    """Return the cells of the table of votes, column by column."""
    timed = votes.block >= 0
    return [
        votes.vote.tolist(),
        votes.session.tolist(),
        [f"r{one}" for one in votes.rater.tolist()],
        votes.trial.tolist(),
        votes.position.tolist(),
        moments(votes.handed_at),
        moments(votes.received_at),
        votes.response_ms.tolist(),
        [OUTCOMES[one] for one in votes.outcome.tolist()],
        *(["" if one == NO_ANSWER else one for one in column.tolist()] for column in votes.answers.T),
        [" ".join(str(slot) for slot in row if slot >= 0) for row in votes.order.tolist()],
        votes.is_repeat.tolist(),
        votes.late.tolist(),
        votes.spoilt.tolist(),
        *(
            np.where(timed, column.astype(object), "").tolist()
            for column in (votes.block, votes.frames, votes.frame_ms)
        ),
        timings,
    ]


def moments(microseconds: Ints) -> list[str]:
    """Return microseconds since 1970 as ISO 8601 in UTC."""
    return [f"{one}Z" for one in np.datetime_as_string(microseconds.astype("datetime64[us]"))]


def _moment(given: datetime | None) -> str:
    return given.isoformat() if given else ""


def _trial_lines(study: Study, questions: Sequence[str]) -> Iterator[str]:
    prompts = Prompt.objects.filter(pk__in=study.trials.values("prompt"))
    category = dict(prompts.values_list("id", "category"))
    fields = ("id", "number", "condition_id", "other_id", "prompt_id", "slots", "lineup", "expected")
    rows = Trial.objects.filter(study=study).order_by("id").values_list(*fields).iterator(CHUNK)
    return _lines(_names(layout.TRIALS, questions), (_trial_row(row, category, questions) for row in rows))


def _trial_row(row: tuple[Any, ...], category: dict[int, str], questions: Sequence[str]) -> list[Any]:
    *plain, other, prompt, slots, lineup, expected = row
    return [
        *plain,
        other or 0,
        prompt or 0,
        protected(category.get(prompt, "")),
        " | ".join("+".join(map(str, slot)) for slot in slots),
        " ".join(map(str, lineup)),
        expected is not None,
        *((expected or {}).get(key, "") for key in questions),
    ]


def _session_lines(study: Study) -> Iterator[str]:
    fields = (
        "pk", "rater_id", "rater__panel", "stratum", "device", "rater__simulated", "state", "language",
        "consent_hash", "started_at", "finished_at",
    )  # fmt: skip
    rows = Session.objects.filter(study=study).order_by("pk").values_list(*fields).iterator(CHUNK)
    return _lines(_names(layout.SESSIONS), map(_session_row, rows))


def _session_row(row: tuple[Any, ...]) -> list[Any]:
    pk, rater, panel, stratum, device, simulated, state, language, consent, started, finished = row
    return [
        pk,
        f"r{rater}",
        protected(panel),
        protected(stratum),
        device_class(device) if device else "",
        simulated,
        state == SessionState.SCREENED_OUT,
        state,
        protected(language),
        consent,
        _moment(started),
        _moment(finished),
    ]


def _sample_lines(study: Study) -> Iterator[str]:
    shown = dict(
        Stimulus.objects.filter(recipe=study.recipe, sample__sample_set__conditions__study=study)
        .values_list("sample_id", "sha256")
        .iterator(CHUNK)
    )
    samples = Sample.objects.filter(sample_set__conditions__study=study).order_by("pk")
    fields = ("pk", "sample_set__slug", "name", "sha256", "width", "height", "prompt__text", "details")
    rows = samples.values_list(*fields).iterator(CHUNK)
    return _lines(_names(layout.SAMPLES), (_sample_row(row, shown, study.recipe) for row in rows))


def _sample_row(row: tuple[Any, ...], shown: dict[int, str], recipe: str) -> list[Any]:
    pk, sample_set, name, digest, width, height, prompt, details = row
    stimulus = shown.get(pk, "")
    return [
        pk, sample_set, protected(name), digest, width, height, stimulus, recipe if stimulus else "",
        protected(prompt or ""), json.dumps(details, sort_keys=True, ensure_ascii=False) if details else "",
    ]  # fmt: skip


def _pair_lines(material: Material) -> Iterator[str]:
    pairs = material.pairs
    columns = (pairs.first.tolist(), pairs.second.tolist(), pairs.batch.tolist())
    return _lines(_names(layout.PAIRS), zip(*columns, strict=True))


def _exclusion_lines(material: Material) -> Iterator[str]:
    rows = (
        (rule_set.version, vote, reason.rule, reason.text)
        for rule_set in material.rule_sets
        for vote, reasons in sorted(reasons_against(material.votes, rule_set.rules).items())
        for reason in reasons
    )
    return _lines(_names(layout.EXCLUSIONS), rows)


def _sample_score_lines(material: Material) -> Iterator[str]:
    rows = (
        (place, protected(by_sample.name), sample, "" if np.isnan(value) else value)
        for place, score in enumerate(material.scores)
        for by_sample in score.samples
        for sample, value in zip(by_sample.sample.tolist(), by_sample.value.tolist(), strict=True)
    )
    return _lines(_names(layout.SAMPLE_SCORES), rows)


def _thumbnails(material: Material) -> Iterator[tuple[str, list[bytes | str]]]:
    """Yield the pictures that the report shows, each a file of its own."""
    for name, key in picture_files(material.pictures).items():
        yield name, [base64.b64decode(material.pictures[key])]
