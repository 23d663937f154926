"""Records about people: how sure an order is, where it differs, how raters behaved, what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field

from humaneval.reports.findings.scores import PictureRef


@dataclass(frozen=True)
class ShownSamples:
    """Some samples of one condition, the first ones that raters were asked about."""

    condition: int
    label: str
    kind: str
    samples: list[PictureRef]


@dataclass(frozen=True)
class JudgedPair:
    """Two samples of a condition that ``same`` of ``asked`` votes called the same image."""

    condition: int
    same: int
    asked: int
    samples: list[PictureRef]


@dataclass(frozen=True)
class GroupEstimate:
    """One condition's headline estimate among the votes of one group; its interval is clustered as usual."""

    condition: int
    label: str
    kind: str
    estimate: float | None
    low: float | None
    high: float | None
    votes: int
    raters: int
    items: int | None
    design_effect: float | None
    note: str = ""


@dataclass(frozen=True)
class Group:
    """One prompt category or rater stratum; ``name`` is empty for votes that belong to none."""

    name: str
    votes: int
    raters: int
    estimates: list[GroupEstimate]


@dataclass(frozen=True)
class Breakdown:
    """One question's headline estimates by group. ``by`` is ``category``, ``stratum`` or ``panel``.

    ``pvalue`` tests that the differences between conditions are the same in all groups; ``words`` say what it
    means.
    """

    question: str
    by: str
    title: str
    measure_label: str
    unit: str
    groups: list[Group]
    pvalue: float | None
    method: str
    words: str
    simulated: bool


@dataclass(frozen=True)
class ResponseTimes:
    """How long the counted votes about one condition took, in milliseconds; condition 0 is all of them.

    ``mean`` is the geometric mean, its interval clustered by rater.
    """

    condition: int
    label: str
    kind: str
    votes: int
    raters: int
    p5: float
    p25: float
    median: float
    p75: float
    p95: float
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Effect:
    """One test of how raters behaved: whether place, practice, tiredness or haste moved their answers.

    ``null`` is the value of no effect; ``adjusted`` the p-value after Holm over all effects of the report.
    """

    question: str
    name: str
    title: str
    estimate: float | None
    null: float
    low: float | None
    high: float | None
    unit: str
    pvalue: float | None
    adjusted: float | None
    method: str
    votes: int
    raters: int
    words: str
    simulated: bool


@dataclass(frozen=True)
class Influence:
    """What the first place of one question by one ``measure`` rests on.

    ``votes_to_change`` is ``None`` where half of the votes do not do, and where the place is shared: there is
    no lead (0) to lose. ``minimal`` says that no fewer can change it, without which it is an upper bound.
    """

    question: str
    winner: str
    runner_up: str
    lead: float
    unit: str
    votes: int
    votes_to_change: int | None
    raters: int
    raters_who_change: list[str]
    least_lead: float | None
    words: str
    simulated: bool
    measure: str = ""
    minimal: bool = False


@dataclass(frozen=True)
class ExcludedRater:
    """One rater of whom a set of rules leaves votes out: how many each rule leaves out, of how many."""

    rater: str
    votes: int
    left_out: int
    by_rule: dict[str, int] = field(default_factory=dict)
