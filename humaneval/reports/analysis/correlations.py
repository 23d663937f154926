"""Do automated scores go with what people said? Correlations over the generated conditions, with words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from humaneval.reports.analysis.accuracy import order_accuracy
from humaneval.reports.analysis.adapters import attempt
from humaneval.reports.analysis.standing import DRAWS, Standing
from humaneval.reports.numbers import counted, plain
from humaneval.reports.results import (
    Coefficient,
    Correlation,
    Estimate,
    FeatureSpace,
    ScoreRow,
    StudyFacts,
    finite,
)
from humaneval.stats import StatsError, correlation, uncertain_correlation

Kind = Literal["pearson", "spearman", "kendall"]
TITLES: dict[str, str] = {"pearson": "Pearson", "spearman": "Spearman", "kendall": "Kendall"}
LEAST_SYSTEMS = 3
FEW_SYSTEMS = 10
SETTLES = 0.05


@dataclass(frozen=True, eq=False)
class Pairing:
    """One human estimate and one automated score for each system that has both.

    ``better`` is +1 where a higher score is better, -1 where a lower one is, None where neither is;
    ``human_better`` is the same of the human estimate. ``score_error`` is not a number where none is known.
    """

    conditions: list[int]
    labels: list[str]
    human: NDArray[np.float64]
    score: NDArray[np.float64]
    better: int | None
    human_better: int
    human_error: NDArray[np.float64]
    score_error: NDArray[np.float64]

    @property
    def expected_sign(self) -> int | None:
        """The sign of the correlation that one expects."""
        return None if self.better is None else self.better * self.human_better

    def draws(self, standing: Standing | None) -> NDArray[np.float64]:
        """Return draws of the human estimates (draws, systems): joint ones, or independent ones without."""
        if standing is not None and set(self.conditions) <= set(standing.conditions):
            return standing.columns(self.conditions)
        noise = np.random.default_rng(0).standard_normal((DRAWS, len(self.human)))
        return np.asarray(self.human + self.human_error * noise)


def correlate(
    study: StudyFacts,
    estimates: Sequence[Estimate],
    scores: Sequence[ScoreRow],
    standings: Mapping[str, Standing] | None = None,
) -> list[Correlation]:
    """Return one record for each question and each metric (in each feature space) of generated conditions.

    Within a question, the scores that order systems most as people do come first. ``standings`` hold the
    joint distribution of each question's estimates.
    """
    headline = [one for one in estimates if one.headline and one.kind == "generated"]
    found = [
        _correlate_one(
            study,
            [one for one in headline if one.question == question.key],
            rows,
            (standings or {}).get(question.key),
        )
        for question in study.questions
        for rows in _by_metric(scores)
        if {row.condition for row in rows} & _estimated(headline, question.key)
    ]
    order = {question.key: place for place, question in enumerate(study.questions)}
    return sorted(found, key=lambda one: (order[one.question], -_alignment(one), one.label, one.space))


def _estimated(headline: Sequence[Estimate], question: str) -> set[int]:
    """Return the conditions that have an estimate for a question."""
    return {one.condition for one in headline if one.question == question and one.estimate is not None}


def _alignment(one: Correlation) -> float:
    """Return Spearman's rho in the expected direction (its size where none is expected), -2 without one."""
    rho = next((each.estimate for each in one.coefficients if each.name == "spearman"), None)
    if rho is None:
        return -2.0
    return abs(rho) if one.expected_sign is None else rho * one.expected_sign


def _by_metric(scores: Iterable[ScoreRow]) -> list[list[ScoreRow]]:
    groups: dict[tuple[str, FeatureSpace], list[ScoreRow]] = {}
    for row in scores:
        groups.setdefault((row.metric, row.space), []).append(row)
    return list(groups.values())


def _correlate_one(
    study: StudyFacts, estimates: Sequence[Estimate], rows: Sequence[ScoreRow], standing: Standing | None
) -> Correlation:
    pairing = pair_up(estimates, rows, study.better)
    draws = pairing.draws(standing)
    coefficients = _coefficients(pairing, draws)
    as_expected = _as_expected(coefficients, pairing.expected_sign)
    first, human = rows[0], estimates[0]
    return Correlation(
        question=human.question,
        measure=human.measure,
        measure_label=human.measure_label,
        metric=first.metric,
        label=first.label,
        extractor=first.extractor,
        systems=len(pairing.conditions),
        conditions=pairing.conditions,
        expected_sign=pairing.expected_sign,
        as_expected=as_expected,
        coefficients=coefficients,
        words=_in_words(study, pairing, coefficients, as_expected),
        simulated=any(one.simulated for one in estimates),
        preprocessing=first.preprocessing,
        precision=first.precision,
        accuracy=order_accuracy(
            pairing.human, pairing.score, draws, np.nan_to_num(pairing.score_error), pairing.expected_sign
        ),
    )


def pair_up(estimates: Sequence[Estimate], rows: Sequence[ScoreRow], human_better: int) -> Pairing:
    """Return the systems that have both numbers."""
    score_of = {row.condition: row for row in rows}
    both = [one for one in estimates if one.estimate is not None and one.condition in score_of]
    better = rows[0].higher_is_better
    return Pairing(
        [one.condition for one in both],
        [one.label for one in both],
        np.array([one.estimate for one in both], dtype=float),
        np.array([score_of[one.condition].value for one in both], dtype=float),
        None if better is None else 1 if better else -1,
        human_better,
        np.array([one.interval.standard_error or 0.0 for one in both], dtype=float),
        np.array([score_of[one.condition].standard_error for one in both], dtype=float),  # None: NaN
    )


def _coefficients(pairing: Pairing, draws: NDArray[np.float64]) -> list[Coefficient]:
    if len(pairing.conditions) < LEAST_SYSTEMS:
        return []
    return [_coefficient(pairing, draws, kind) for kind in get_args(Kind)]


def _coefficient(pairing: Pairing, draws: NDArray[np.float64], kind: Kind) -> Coefficient:
    try:
        found = uncertain_correlation(
            pairing.human, pairing.score, human_draws=draws, score_error=pairing.score_error, kind=kind
        )
    except StatsError as error:
        return Coefficient(kind, TITLES[kind], None, None, None, None, str(error))
    return Coefficient(
        kind,
        TITLES[kind],
        finite(found.estimate),
        finite(found.like_these.low),
        finite(found.like_these.high),
        finite(found.pvalue),
        found.method,
        finite(found.these.low),
        finite(found.these.high),
        finite(found.positive),
    )


def _as_expected(coefficients: Sequence[Coefficient], sign: int | None) -> bool | None:
    """Return whether the rank correlation has the sign one expects; ``None`` where nothing can be said."""
    spearman = next((one.estimate for one in coefficients if one.name == "spearman"), None)
    if sign is None or spearman is None:
        return None
    return spearman * sign > 0


def _in_words(
    study: StudyFacts, pairing: Pairing, coefficients: Sequence[Coefficient], as_expected: bool | None
) -> str:
    systems = len(pairing.conditions)
    if systems < LEAST_SYSTEMS:
        return (
            f"Only {counted(systems, 'system')} with both numbers: a correlation needs at least "
            f"{LEAST_SYSTEMS}, and says little below {FEW_SYSTEMS}."
        )
    if all(one.estimate is None for one in coefficients):
        return coefficients[0].method
    return " ".join(
        part
        for part in (
            _about_sign(pairing, as_expected),
            _about_disagreement(study, pairing) if as_expected is False else "",
            _about_weakness(systems, coefficients),
            _about_unknown_errors(pairing),
        )
        if part
    )


def _about_sign(pairing: Pairing, as_expected: bool | None) -> str:
    if pairing.expected_sign is None:
        return "Neither high nor low values of this score are better by themselves, so no sign is expected."
    direction = "positive" if pairing.expected_sign > 0 else "negative"
    why = "higher" if (pairing.better or 1) > 0 else "lower"
    if pairing.human_better < 0:
        why = f"of people's estimate lower and of this score {why}"
    if as_expected is None:
        return f"A {direction} correlation is expected ({why} is better)."
    verdict = "as expected" if as_expected else "not as expected"
    return f"The sign is {verdict}: a {direction} correlation should show, since {why} is better."


def _about_weakness(systems: int, coefficients: Sequence[Coefficient]) -> str:
    spearman = next(one for one in coefficients if one.name == "spearman")
    said = [f"With {systems} systems this is weak evidence."] if systems < FEW_SYSTEMS else []
    if not is_settled(spearman):
        said.append(
            "Chance alone often orders so many systems as alike: these votes and scores do not settle even "
            "the sign."
        )
    elif spearman.low is not None and spearman.high is not None and spearman.low <= 0 <= spearman.high:
        said.append(
            "Chance alone would rarely order them so; yet the interval includes 0, for so few systems bound "
            "no correlation tightly."
        )
    return " ".join(said)


def _about_unknown_errors(pairing: Pairing) -> str:
    """Return that intervals are too narrow by what nobody told; nothing where every error is known."""
    unknown = int(np.isnan(pairing.score_error).sum())
    if not unknown:
        return ""
    of = "this score is" if unknown == len(pairing.conditions) else f"{counted(unknown, 'value')} of it is"
    return f"The standard error of {of} not known: the intervals leave that noise out."


def is_settled(one: Coefficient) -> bool:
    """Return whether chance alone would give so strong a coefficient less than once in twenty."""
    return one.pvalue is not None and one.pvalue < SETTLES


def _about_disagreement(study: StudyFacts, pairing: Pairing) -> str:
    """Name the system about which people and the score differ most, and what happens without it."""
    human = rankdata(-pairing.human * pairing.human_better, method="average")
    score = rankdata(-pairing.score * (pairing.better or 1), method="average")
    worst = int(np.argmax(np.abs(human - score)))
    systems = len(pairing.conditions)
    said = [
        f"They differ most about “{pairing.labels[worst]}”: place {human[worst]:g} of {systems} by people, "
        f"place {score[worst]:g} by the score."
    ]
    without = _spearman_without(pairing, worst)
    if without is not None:
        said.append(f"Without it Spearman would be {plain(without, 2)}.")
    if human[worst] < score[worst] and study.analysis != "scale":
        said.append(
            "Raters see few images at a time and cannot notice what shows only over a whole set, such as "
            "repeated images or kinds that are missing; a score over the whole set can."
        )
    return " ".join(said)


def _spearman_without(pairing: Pairing, index: int) -> float | None:
    keep = np.arange(len(pairing.conditions)) != index
    if keep.sum() < LEAST_SYSTEMS:
        return None
    result, _ = attempt(lambda: correlation(pairing.score[keep], pairing.human[keep], kind="spearman"))
    return finite(result.estimate) if result else None
