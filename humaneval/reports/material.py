"""All that a report is made from, as plain data: :class:`Material` in, a report out, and nothing else read.

:func:`humaneval.reports.loading.load_material` reads it from the database, a bundle's from its files, and
votes from elsewhere are put into the same form; :func:`humaneval.reports.report.build_report` is pure from
there on. Whatever a new section of the report needs of a study belongs in here (and in the bundle).

Votes are columns (:class:`humaneval.rating.vote_columns.VoteColumns`), one row a vote. Their trials and
sessions are columns too: ``material.trials.rows(material.votes.trial)`` and
``material.sessions.rows(material.votes.session)`` give the row of each vote's trial and session, so that
``material.trials.category[rows]`` is each vote's prompt category. The answers that estimates rest on are a
:class:`humaneval.reports.votes.VoteTable`, whose ``vote`` column is the row in ``material.votes``.

Ids are those of the database that the votes are from; they name things and mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from humaneval.rating.vote_columns import Bools, Ints, VoteColumns
from humaneval.reports.findings.scores import PictureRef
from humaneval.reports.results import MissingScore, ScoreRow, StudyFacts


def rows_of(ids: Ints, wanted: Ints) -> Ints:
    """Return the place of each wanted id in ascending ``ids``. Raises KeyError where one is not there."""
    place = np.searchsorted(ids, wanted)
    if len(wanted) and (not len(ids) or (ids[np.minimum(place, len(ids) - 1)] != wanted).any()):
        raise KeyError("A vote's trial or session is missing.")
    return place


@dataclass(frozen=True, eq=False)
class TrialColumns:
    """All trials of a study, one row each, by ascending ``id``; at most S slots.

    ``other`` and ``prompt`` are 0 where there is none. ``category`` indexes ``categories``, of which the
    first is empty: none. ``item`` codes the samples in slot 0 (what an estimate is about), ``unit`` those
    in all slots (what raters must share to agree or not); both are below 0, and each of its own, where a file
    of votes names none. ``samples`` (T x S) is the sample in each slot
    that holds just one, else 0. ``lineup`` (T x S) is the condition in each slot where they may be more
    than two, else 0.
    """

    id: Ints
    number: Ints
    condition: Ints
    other: Ints
    prompt: Ints
    category: Ints
    categories: tuple[str, ...]
    item: Ints
    unit: Ints
    samples: Ints
    lineup: Ints
    is_gold: Bools

    def __len__(self) -> int:
        return len(self.id)

    def rows(self, ids: Ints) -> Ints:
        """Return the row of each trial."""
        return rows_of(self.id, ids)


@dataclass(frozen=True, eq=False)
class SessionColumns:
    """All sessions of a study, one row each, by ascending ``id``.

    ``stratum`` and ``panel`` index the names beside them (empty strings stand for none); ``device`` indexes
    :data:`humaneval.studies.strata.DEVICES` and is -1 where a browser told nothing.
    """

    id: Ints
    rater: Ints
    stratum: Ints
    strata: tuple[str, ...]
    panel: Ints
    panels: tuple[str, ...]
    device: Ints
    simulated: Bools

    def __len__(self) -> int:
        return len(self.id)

    def rows(self, ids: Ints) -> Ints:
        """Return the row of each session."""
        return rows_of(self.id, ids)


@dataclass(frozen=True, eq=False)
class PairColumns:
    """Pairs of samples that lie near each other in one batch of a condition."""

    first: Ints
    second: Ints
    batch: Ints


@dataclass(frozen=True)
class RuleSetFacts:
    """One version of the study's exclusion rules: each rule's settings by its name."""

    version: int
    name: str
    rules: Mapping[str, Mapping[str, float]]
    before_launch: bool
    declared_at: str = ""


@dataclass(frozen=True, eq=False)
class SampleScore:
    """A score's values by sample (N): ``sample`` are ids as in the trials; NaN where one has none."""

    condition: int
    metric: str
    name: str
    run: int
    sample: Ints
    value: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScoreFacts:
    """A score as the report shows it, with what its metric told besides and what it was computed with."""

    row: ScoreRow
    details: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    samples: tuple[SampleScore, ...] = ()


@dataclass(frozen=True)
class LatentFacts:
    """How much of a condition's latent space is in use: by dimension, variance of means and divergence."""

    condition: int
    variance: list[float]
    kl: list[float]
    threshold: float
    kl_threshold: float


@dataclass(frozen=True)
class Exemplar:
    """A sample that the report shows beside the votes, by its id in the trials."""

    sample: int
    ref: PictureRef


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that a report is made from.

    ``settings`` are the protocol's; ``design`` is whatever else was decided about the study, by the name of
    the field in :class:`humaneval.studies.models.Study` (votes of a trial, strata, stopping rule, dates,
    ...). ``exemplars`` name the samples shown beside the votes (:mod:`humaneval.reports.exemplars`);
    ``pictures`` are thumbnails (WebP, base64) of those and of the samples that diagnostics show, by
    :func:`humaneval.reports.diagnostics.picture_key`; ``payment`` is what raters were paid, as
    :mod:`humaneval.reports.payment` has it.
    """

    study: StudyFacts
    settings: Mapping[str, Any]
    votes: VoteColumns
    trials: TrialColumns
    sessions: SessionColumns
    design: Mapping[str, Any] = field(default_factory=dict)
    """Of votes from elsewhere only ``source``, the file that they were read from, and ``scores``, that of
    scores where there is one.

    ``stopping`` is why the stopping rule asks for no more votes (``enough``, "" if it does not) and since
    when; ``archive`` says whether the trials come from an archive, how many sittings do, and when these were
    sent in. Bundles from before these were kept have neither.
    """
    rule_sets: tuple[RuleSetFacts, ...] = ()
    pairs: PairColumns = field(
        default_factory=lambda: PairColumns(*(np.zeros(0, dtype=np.int64) for _ in range(3)))
    )
    scores: tuple[ScoreFacts, ...] = ()
    missing_scores: tuple[MissingScore, ...] = ()
    latents: tuple[LatentFacts, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)
    payment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_from_elsewhere(self) -> bool:
        """Whether the votes were gathered by another tool and read from its file."""
        return "source" in self.design
