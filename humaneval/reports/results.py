"""What a report consists of: frozen records that go to JSON and come back the same.

Numbers are finite or ``None``; a ``None`` comes with a ``note`` that says in words why there is none.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from humaneval.reports.findings.people import (
    Breakdown,
    Effect,
    ExcludedRater,
    Influence,
    JudgedPair,
    ResponseTimes,
    ShownSamples,
)
from humaneval.reports.findings.scores import Diagnostics, Provenance
from humaneval.reports.findings.together import (
    Ceiling,
    MetricComparison,
    PairwiseAccuracy,
    SampleLevel,
    Trust,
)

FORMAT = 1
"""Version of the JSON layout; raised when a key changes its meaning."""


def finite(value: float | None) -> float | None:
    """Return ``value`` as a plain float, or ``None`` where it is missing, infinite or not a number."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)


@dataclass(frozen=True)
class Interval:
    """A confidence interval: its ends in the estimate's unit, and what it takes into account."""

    low: float | None
    high: float | None
    standard_error: float | None
    method: str
    level: float = 0.95


@dataclass(frozen=True)
class QuestionFacts:
    """One question as it was asked; on scales, answers run from ``lowest`` to ``points``."""

    key: str
    text: str
    points: int
    labels: list[str]
    lowest: int = 1


@dataclass(frozen=True)
class ConditionFacts:
    """One condition: its name in the report and the sample set behind it."""

    id: int
    label: str
    kind: str
    sample_set: str


@dataclass(frozen=True)
class StudyFacts:
    """The study a report is about."""

    slug: str
    name: str
    protocol: str
    protocol_title: str
    analysis: str
    state: str
    seed: int
    questions: list[QuestionFacts]
    conditions: list[ConditionFacts]
    chance: float | None = None
    """The rate at which nobody can tell, where there is one."""

    @property
    def better(self) -> int:
        """Which way the headline is better: +1 where more is, -1 where less is (duplicates)."""
        return -1 if self.analysis == "duplicates" else 1


@dataclass(frozen=True)
class VoteCounts:
    """Votes by kind. ``counted`` are those that estimates rest on: answered, not spoilt, and not a repeat.

    ``excluded`` would count, were it not for the rules declared before launch.
    """

    total: int
    counted: int
    answered: int
    cannot_tell: int
    not_shown: int
    spoilt: int
    repeats: int
    late: int
    simulated: int
    excluded: int = 0


@dataclass(frozen=True)
class RaterCounts:
    """Raters who gave at least one vote, and the middle time they took for a counted one."""

    total: int
    simulated: int
    median_votes: float | None
    median_response_ms: float | None


@dataclass(frozen=True)
class Estimate:
    """A number about a condition from votes.

    ``measure`` names what is estimated and ``unit`` is ``share`` (0 to 1), ``points`` (of the scale) or
    ``log-strength``. ``headline`` marks the one that is charted and correlated. ``interval`` accounts for
    raters and for prompts or images where they repeat, as ``clusters`` says (their kinds, and how many of
    each; {} for none); ``naive`` does not, and is there for comparison only. ``items`` are the images judged,
    or sets of them that were judged at once (pairs, or those put in order); ``None`` where a file of votes
    names none.
    """

    condition: int
    label: str
    kind: str
    question: str
    measure: str
    measure_label: str
    unit: str
    headline: bool
    estimate: float | None
    interval: Interval
    naive: Interval
    votes: int
    raters: int
    items: int | None
    method: str
    design_effect: float | None
    simulated: bool
    distribution: list[int] = field(default_factory=list)
    note: str = ""
    clusters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Agreement:
    """How far raters who judged the same stimuli gave the same answers."""

    question: str
    coefficient: str
    level: str
    estimate: float | None
    interval: Interval
    method: str
    answers: int
    raters: int
    units: int
    words: str
    simulated: bool


@dataclass(frozen=True)
class RankEntry:
    """One condition's place; conditions with equal estimates share a rank.

    ``rank_low`` to ``rank_high`` are the ranks it may have (all conditions' intervals hold together at 95%),
    ``best`` its probability of being the first generated one; conditions of different ``tier`` surely differ.
    """

    rank: int | None
    condition: int
    label: str
    kind: str
    estimate: float | None
    low: float | None
    high: float | None
    naive_low: float | None
    naive_high: float | None
    win_rate: float | None
    votes: int
    rank_low: int | None = None
    rank_high: int | None = None
    best: float | None = None
    tier: int | None = None


@dataclass(frozen=True)
class PairCounts:
    """How two conditions fared against each other: ``share`` is wins plus half the ties, of all."""

    condition: int
    other: int
    wins: int
    ties: int
    losses: int
    share: float | None


@dataclass(frozen=True)
class Ranking:
    """Conditions from best to worst by one question."""

    question: str
    measure: str
    measure_label: str
    unit: str
    method: str
    entries: list[RankEntry]
    pairs: list[PairCounts]
    simulated: bool
    notes: list[str] = field(default_factory=list)
    certainty_method: str = ""


class FeatureSpace(NamedTuple):
    """What a score's features came from: only within one space are values comparable.

    ``preprocessing`` and ``precision`` are empty in reports from before they were kept.
    """

    extractor: str
    preprocessing: str
    precision: str

    @property
    def words(self) -> str:
        """``inception, preprocessing tf1, precision draft``."""
        named = {"preprocessing": self.preprocessing, "precision": self.precision}
        return ", ".join([self.extractor, *(f"{name} {value}" for name, value in named.items() if value)])


@dataclass(frozen=True)
class ScoreRow:
    """The latest succeeded automated score of one sample set by one metric in one feature space.

    ``error_method`` says how the standard error was got, ``settings`` are the metric's own.
    """

    condition: int
    condition_label: str
    sample_set: str
    metric: str
    label: str
    extractor: str
    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    higher_is_better: bool | None
    count_generated: int
    count_real: int
    reference: str
    run: int
    computed_at: str
    preprocessing: str = ""
    precision: str = ""
    error_method: str = ""
    warnings: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def space(self) -> FeatureSpace:
        """Where the score was computed."""
        return FeatureSpace(self.extractor, self.preprocessing, self.precision)


@dataclass(frozen=True)
class MissingScore:
    """A metric that was asked for and could not be computed, with the reason and what to do."""

    metric: str
    extractor: str
    reason: str
    remedy: str
    sample_sets: list[str]


@dataclass(frozen=True)
class Coefficient:
    """One correlation coefficient over systems.

    ``low`` to ``high`` is about systems like these: raters, items, the score's noise and the few systems all
    count. ``these_low`` to ``these_high`` is about these very systems. ``positive`` is how often the
    coefficient is above 0 when people and score are redrawn.
    """

    name: str
    title: str
    estimate: float | None
    low: float | None
    high: float | None
    pvalue: float | None
    method: str
    these_low: float | None = None
    these_high: float | None = None
    positive: float | None = None


@dataclass(frozen=True)
class Correlation:
    """How well an automated score goes with what people said, over the generated conditions.

    ``expected_sign`` is +1 where higher scores should go with higher human estimates, -1 where lower ones
    should, and ``None`` where the metric has no better direction.
    """

    question: str
    measure: str
    measure_label: str
    metric: str
    label: str
    extractor: str
    systems: int
    conditions: list[int]
    expected_sign: int | None
    as_expected: bool | None
    coefficients: list[Coefficient]
    words: str
    simulated: bool
    preprocessing: str = ""
    precision: str = ""
    accuracy: PairwiseAccuracy | None = None

    @property
    def space(self) -> FeatureSpace:
        """Where the score was computed."""
        return FeatureSpace(self.extractor, self.preprocessing, self.precision)

    @property
    def title(self) -> str:
        """The score's name, with how it was computed where that is not the usual way."""
        return f"{self.label} (draft precision)" if self.precision == "draft" else self.label


@dataclass(frozen=True)
class ExclusionSet:
    """One version of the study's exclusion rules (0: none of them), and the headline estimates under it.

    ``governs`` marks the one that the rest of the report follows, ``strict`` the one that applies every rule.
    ``left_out`` counts votes of any kind, ``by_rule`` too; one that several rules leave out counts for each
    of them. ``raters`` lose some vote, ``excluded`` names those that lose most; ``winners`` is who is first,
    by question ("a and b" where they share the place; no entry where no votes are left).
    """

    version: int
    name: str
    before_launch: bool
    governs: bool
    left_out: int
    by_rule: dict[str, int]
    estimates: list[Estimate]
    strict: bool = False
    raters: int = 0
    raters_by_rule: dict[str, int] = field(default_factory=dict)
    excluded: list[ExcludedRater] = field(default_factory=list)
    winners: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """Everything a study's votes and scores say at one vote count.

    ``answers`` says the result in a few sentences. ``pictures`` are thumbnails (WebP, base64) of the samples
    that ``shown``, ``judged`` and the diagnostics name, by key.
    """

    study: StudyFacts
    votes: VoteCounts
    raters: RaterCounts
    contains_simulated: bool
    simulated_note: str
    estimates: list[Estimate]
    agreement: list[Agreement]
    ranking: list[Ranking]
    scores: list[ScoreRow]
    missing_scores: list[MissingScore]
    correlations: list[Correlation]
    warnings: list[str]
    methods: list[str]
    built_at: str
    code_version: str
    format: int = FORMAT
    exclusions: list[ExclusionSet] = field(default_factory=list)
    breakdowns: list[Breakdown] = field(default_factory=list)
    times: list[ResponseTimes] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    influence: list[Influence] = field(default_factory=list)
    samples: list[SampleLevel] = field(default_factory=list)
    comparisons: list[MetricComparison] = field(default_factory=list)
    ceilings: list[Ceiling] = field(default_factory=list)
    trust: list[Trust] = field(default_factory=list)
    provenance: list[Provenance] = field(default_factory=list)
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    pictures: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    shown: list[ShownSamples] = field(default_factory=list)
    judged: list[JudgedPair] = field(default_factory=list)


def to_payload(report: Report) -> dict[str, Any]:
    """Return the report as plain JSON-able data."""
    return dataclasses.asdict(report)


def from_payload(payload: dict[str, Any]) -> Report:
    """Return the report that ``payload`` was made from. Raises ``TypeError`` for another layout."""
    return _read(Report, payload)


def _read(kind: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(**{name: _read(hints.get(name), part) for name, part in value.items()})
    origin = typing.get_origin(kind)
    if origin is list:
        (inner,) = typing.get_args(kind)
        return [_read(inner, part) for part in value]
    if origin is types.UnionType:
        return None if value is None else _read(typing.get_args(kind)[0], value)
    return value
