"""Records about people and scores together: what each score predicts, and which may be trusted how far."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PairwiseAccuracy:
    """How often a score puts two systems into the order that people put them in.

    ``all_pairs`` weighs each pair by how sure people are of its order; ``told_apart`` counts the pairs whose
    order is sure at 95%, of which ``right`` are right; ``with_ties`` is the accuracy over all pairs where
    those not told apart are ties and the score's tie threshold is calibrated (Deutsch et al. 2023).
    """

    pairs: int
    told_apart: int
    right: int
    all_pairs: float | None
    low: float | None
    high: float | None
    with_ties: float | None
    threshold: float | None
    method: str


@dataclass(frozen=True)
class SampleCoefficient:
    """One correlation over samples: of all of them, and ``within`` conditions (whose means are taken out)."""

    name: str
    title: str
    overall: float | None
    overall_low: float | None
    overall_high: float | None
    within: float | None
    within_low: float | None
    within_high: float | None


@dataclass(frozen=True)
class SampleLevel:
    """How a score's values by sample (``name``) go with what people said of the same samples.

    ``accuracy`` is the share of preferences that the higher value predicts, where votes compare two samples.
    ``pvalue`` is that of no association: of Spearman's within conditions, or of ``accuracy`` being a half;
    ``adjusted`` is it after Holm over all rows of the question. ``within`` is what samples are compared
    within, besides conditions: ``ballot`` where people gave orders, else ``condition`` alone.
    """

    question: str
    metric: str
    label: str
    name: str
    extractor: str
    samples: int
    votes: int
    conditions: int
    coefficients: list[SampleCoefficient]
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    method: str
    words: str
    simulated: bool
    preprocessing: str = ""
    precision: str = ""
    raters: int = 0
    pvalue: float | None = None
    adjusted: float | None = None
    within: str = "condition"


@dataclass(frozen=True)
class MetricComparison:
    """Whether one score predicts people better than another over the same systems (Pearson, signs aligned).

    ``pvalue`` is Williams' (1959), ``steiger`` Steiger's (1980); ``low`` and ``high`` are Zou's (2007)
    interval of the difference, ``adjusted`` is Williams' after Holm over all comparisons of the question.
    """

    question: str
    first: str
    second: str
    systems: int
    first_correlation: float
    second_correlation: float
    difference: float
    low: float | None
    high: float | None
    pvalue: float
    steiger: float
    adjusted: float
    words: str


@dataclass(frozen=True)
class Ceiling:
    """The highest correlation that a perfect metric could show with estimates as noisy as these."""

    question: str
    ceiling: float
    reliability: float
    systems: int
    words: str


@dataclass(frozen=True)
class Trust:
    """Which score to go by for this data, said with its caveats; ``leaders`` may be several, or none."""

    question: str
    answer: str
    leaders: list[str]
    caveats: list[str] = field(default_factory=list)
