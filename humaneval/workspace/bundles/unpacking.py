"""From a bundle to a report's material, without a database: every table is checked as it is read."""

from __future__ import annotations

import base64
import io
import typing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from humaneval.protocols import registry
from humaneval.rating.vote_columns import NO_ANSWER, OUTCOMES, Bools, Ints, Smalls, VoteColumns
from humaneval.reports.loading import coded, filled, whole
from humaneval.reports.material import (
    Material,
    PairColumns,
    SampleScore,
    ScoreFacts,
    SessionColumns,
    TrialColumns,
)
from humaneval.reports.results import StudyFacts
from humaneval.studies.strata import DEVICES
from humaneval.workspace.bundles import layout
from humaneval.workspace.bundles.archive import Bundle, BundleRefused
from humaneval.workspace.bundles.records import from_plain

_WRONG = (ValueError, KeyError, TypeError, IndexError, OverflowError, AttributeError, RecursionError)


def material_of(bundle: Bundle) -> Material:
    """Return what a bundle's report is made from. Raises :class:`BundleRefused` where it makes no sense."""
    records = _records(bundle)
    study: StudyFacts = records["study"]
    with _told(layout.MATERIAL):
        protocol = registry.get(study.protocol)
        questions = tuple(one.key for one in study.questions)
    trials, expected = _trials(bundle, questions)
    sessions, screened_out = _sessions(bundle)
    with _told(layout.VOTES):
        votes = _votes(bundle, questions, (trials, expected), (sessions, screened_out), protocol.names_slots)
    return Material(
        **records,
        votes=votes,
        trials=trials,
        sessions=sessions,
        pairs=_pairs(bundle),
        scores=_scores(bundle),
    )


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Say of which file it is that cannot be what it should be."""
    try:
        yield
    except BundleRefused:
        raise
    except _WRONG as error:
        raise BundleRefused(f"{name} does not hold what it should: {error}.") from error


def _records(bundle: Bundle) -> dict[str, Any]:
    """Return those parts of the material that are no tables."""
    hints = typing.get_type_hints(Material)
    with _told(layout.MATERIAL):
        given = bundle.json(layout.MATERIAL)["material"]
        names = [
            one.name for one in fields(Material) if one.name not in layout.COLUMNAR and one.name in given
        ]
        records = {name: from_plain(hints[name], given[name]) for name in names}
        return {**records, "pictures": _pictures(bundle, records.get("pictures", {}))}


def _pictures(bundle: Bundle, given: Mapping[str, str]) -> dict[str, str]:
    """Return pictures by key, as the report holds them; bundles from before they were files hold them so."""
    return {
        key: base64.b64encode(bundle.read(value)).decode() if value.startswith(layout.THUMBNAILS) else value
        for key, value in given.items()
    }


def _table(bundle: Bundle, name: str, kinds: dict[str, Any]) -> pd.DataFrame:
    """Return the columns of a table that are asked for, as those types, and nothing read into its text.

    Numbers are read by Python, whose floats come back as they were written.
    """
    as_text = {column: str if kind is float else kind for column, kind in kinds.items()}
    with _told(name):
        table = pd.read_csv(
            io.BytesIO(bundle.read(name)),
            usecols=list(kinds),
            dtype=as_text,
            keep_default_na=False,
            na_values={column: [""] for column, kind in as_text.items() if kind not in (str, bool)},
        )
        for column in (one for one, kind in kinds.items() if kind is float):
            cells = table[column].astype(object).tolist()
            table[column] = np.array([float(cell) if cell else np.nan for cell in cells])
        return table


def _text(column: pd.Series[Any]) -> list[str]:
    """Return a column's text without the apostrophes that keep spreadsheets from running it."""
    return [one[1:] if one.startswith("'") else one for one in column.astype(object).tolist()]


def _answers(table: pd.DataFrame, prefix: str, questions: Sequence[str]) -> Smalls:
    columns = [table[prefix + key].fillna(NO_ANSWER).to_numpy(dtype=np.int16) for key in questions]
    return np.stack(columns, axis=1) if columns else np.zeros((len(table), 0), dtype=np.int16)


def _trials(bundle: Bundle, questions: Sequence[str]) -> tuple[TrialColumns, Smalls]:
    plain = ("trial", "number", "condition", "other", "prompt")
    table = _table(
        bundle,
        layout.TRIALS,
        {
            **dict.fromkeys(plain, np.int64),
            **dict.fromkeys(("category", "slots", "lineup"), str),
            "gold": bool,
            **{f"expected.{key}": "Int16" for key in questions},
        },
    )
    with _told(layout.TRIALS):
        ids, number, condition, other, prompt = (table[name].to_numpy() for name in plain)
        _check_ascending(ids)
        slots = table["slots"].astype(object).tolist()
        named = _text(table["category"])
        names = ("", *sorted(set(named) - {""}))
        place = {name: code for code, name in enumerate(names)}
        trials = TrialColumns(
            id=ids,
            number=number,
            condition=condition,
            other=other,
            prompt=prompt,
            category=whole([place[name] for name in named]),
            categories=names,
            item=coded([one.split(" | ", 1)[0] for one in slots]),
            unit=coded(slots),
            samples=filled([_lone_samples(one) for one in slots]),
            lineup=filled([list(map(int, one.split())) for one in table["lineup"].astype(object)]),
            is_gold=table["gold"].to_numpy(),
        )
        return trials, _answers(table, "expected.", questions)


def _lone_samples(slots: str) -> list[int]:
    """Return the sample of each slot that holds just one, else 0."""
    return [0 if "+" in slot else int(slot) for slot in slots.split(" | ")]


def _check_ascending(ids: Ints) -> None:
    if (np.diff(ids) <= 0).any():
        raise ValueError("its rows are not in ascending order, each once")


def _sessions(bundle: Bundle) -> tuple[SessionColumns, Bools]:
    text = ("rater", "panel", "stratum", "device")
    table = _table(
        bundle,
        layout.SESSIONS,
        {"session": np.int64, **dict.fromkeys(text, str), "simulated": bool, "screened_out": bool},
    )
    with _told(layout.SESSIONS):
        ids = table["session"].to_numpy()
        _check_ascending(ids)
        strata, panels = _text(table["stratum"]), _text(table["panel"])
        stratum_names, panel_names = ("", *sorted(set(strata) - {""})), tuple(sorted(set(panels)))
        sessions = SessionColumns(
            id=ids,
            rater=_raters(table["rater"]),
            stratum=whole([stratum_names.index(one) for one in strata]),
            strata=stratum_names,
            panel=whole([panel_names.index(one) for one in panels]),
            panels=panel_names,
            device=whole([DEVICES.index(one) if one else -1 for one in table["device"].astype(object)]),
            simulated=table["simulated"].to_numpy(),
        )
        return sessions, table["screened_out"].to_numpy()


def _raters(column: pd.Series[Any]) -> Ints:
    """Return the numbers of pseudonyms such as r12."""
    return np.array([int(one.removeprefix("r")) for one in column.astype(object)], dtype=np.int64)


def _votes(
    bundle: Bundle,
    questions: tuple[str, ...],
    trials: tuple[TrialColumns, Smalls],
    sessions: tuple[SessionColumns, Bools],
    names_slots: bool,
) -> VoteColumns:
    table = _table(bundle, layout.VOTES, _vote_kinds(questions))
    columns = {name: table[name].to_numpy() for name in ("vote", "session", "trial", "position")}
    _check_ascending(columns["vote"])
    trial, sitting = trials[0].rows(columns["trial"]), sessions[0].rows(columns["session"])
    return VoteColumns(
        questions=questions,
        names_slots=names_slots,
        **columns,
        rater=_raters(table["rater"]),
        handed_at=_microseconds(table["handed_at"]),
        received_at=_microseconds(table["received_at"]),
        response_ms=table["response_ms"].to_numpy(),
        outcome=_outcomes(table["outcome"]),
        answers=_answers(table, "answer.", questions),
        expected=trials[1][trial],
        order=_orders(table["order"]),
        is_repeat=table["repeat"].to_numpy(),
        is_gold=trials[0].is_gold[trial],
        late=table["late"].to_numpy(),
        spoilt=table["spoilt"].to_numpy(),
        simulated=sessions[0].simulated[sitting],
        screened_out=sessions[1][sitting],
        block=table["block"].fillna(-1).to_numpy(dtype=np.int64),
        frames=table["frames"].fillna(0).to_numpy(dtype=np.int64),
        frame_ms=table["frame_ms"].fillna(0.0).to_numpy(),
    )


def _vote_kinds(questions: Sequence[str]) -> dict[str, Any]:
    return {
        **dict.fromkeys(("vote", "session", "trial", "position"), np.int64),
        **dict.fromkeys(("rater", "handed_at", "received_at", "outcome", "order"), str),
        **dict.fromkeys(("repeat", "late", "spoilt"), bool),
        **dict.fromkeys(("response_ms", "frame_ms"), float),
        **dict.fromkeys(("block", "frames"), "Int64"),
        **{f"answer.{key}": "Int16" for key in questions},
    }


def _microseconds(column: pd.Series[Any]) -> Ints:
    moments = pd.to_datetime(column, format="ISO8601", utc=True).dt.as_unit("us")
    return np.asarray(moments.astype("int64"), dtype=np.int64)


def _outcomes(column: pd.Series[Any]) -> Smalls:
    codes, texts = pd.factorize(column)
    if unknown := set(map(str, texts)) - set(OUTCOMES):
        raise ValueError(f"outcome “{min(unknown)}” is none of {', '.join(OUTCOMES)}")
    return np.array([OUTCOMES.index(str(text)) for text in texts], dtype=np.int16)[codes]


def _orders(column: pd.Series[Any]) -> Smalls:
    """Return places as rows of one width; of a million votes there are only a few different orders."""
    codes, texts = pd.factorize(column)
    rows = [[int(slot) for slot in str(text).split()] for text in texts]
    width = max(map(len, rows), default=0)
    padded = np.array([[*row, *[-1] * (width - len(row))] for row in rows], dtype=np.int16)
    return padded.reshape(len(rows), width)[codes]


def _pairs(bundle: Bundle) -> PairColumns:
    names = ("first", "second", "batch")
    table = _table(bundle, layout.PAIRS, dict.fromkeys(names, np.int64))
    return PairColumns(*(table[name].to_numpy() for name in names))


def _scores(bundle: Bundle) -> tuple[ScoreFacts, ...]:
    with _told(layout.SCORES):
        scores = [from_plain(ScoreFacts, {**one, "samples": []}) for one in bundle.json(layout.SCORES)]
    kinds = {"score": np.int64, "name": str, "sample": np.int64, "value": float}
    table = _table(bundle, layout.SAMPLE_SCORES, kinds)
    with _told(layout.SAMPLE_SCORES):
        found: dict[int, list[SampleScore]] = {}
        for (place, name), rows in table.groupby(["score", "name"], sort=False):
            score = int(str(place))
            found.setdefault(score, []).append(_by_sample(scores[score].row, str(name), rows))
    return tuple(
        ScoreFacts(one.row, one.details, one.settings, one.versions, one.seed, tuple(found.get(place, ())))
        for place, one in enumerate(scores)
    )


def _by_sample(row: Any, name: str, rows: pd.DataFrame) -> SampleScore:
    return SampleScore(
        condition=row.condition,
        metric=row.metric,
        name=name.removeprefix("'"),
        run=row.run,
        sample=rows["sample"].to_numpy(),
        value=rows["value"].to_numpy(),
    )
