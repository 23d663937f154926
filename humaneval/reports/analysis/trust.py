"""Which score to go by for this data: said in words, with the caveats, and never more than the data bear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from humaneval.reports.analysis.correlations import FEW_SYSTEMS, LEAST_SYSTEMS, is_settled
from humaneval.reports.findings.together import Ceiling, MetricComparison, Trust
from humaneval.reports.numbers import counted, listed, p_words, plain
from humaneval.reports.results import Coefficient, Correlation, QuestionFacts
from humaneval.stats import adjust_pvalues

SETTLES = 0.05
HIGH_ENOUGH = 0.5
MOST_NAMED = 4


def whom_to_trust(
    question: QuestionFacts,
    correlations: Sequence[Correlation],
    comparisons: Sequence[MetricComparison],
    ceiling: Ceiling | None,
) -> Trust | None:
    """Return the verdict on a question's scores; ``None`` where nothing was scored.

    A score leads if its rank correlation has the right sign, chance alone rarely gives as much (5%, after
    Holm over all scores tried), its interval, which counts the noise in votes and scores too, leaves out the
    wrong sign, and no other is shown to be better.
    """
    mine = [one for one in correlations if one.question == question.key]
    directed = [one for one in mine if one.expected_sign is not None and one.systems >= LEAST_SYSTEMS]
    if not mine:
        return None
    settled = _settled(directed)
    leaders = _leaders(settled, [one for one in comparisons if one.question == question.key])
    return Trust(
        question=question.key,
        answer=_answer(mine, directed, leaders),
        leaders=[one.title for one in leaders],
        caveats=list(_caveats(mine, directed, leaders, ceiling)),
    )


def _settled(directed: Sequence[Correlation]) -> list[Correlation]:
    """Return the scores that go with people surely enough, Holm-adjusted over those tried, the best first."""
    known = [(one, _spearman(one)) for one in directed]
    tested = [(one, rho.pvalue) for one, rho in known if rho is not None and rho.pvalue is not None]
    holm = adjust_pvalues([pvalue for _, pvalue in tested])
    likely = [one for (one, _), p in zip(tested, holm, strict=True) if p < SETTLES]
    good = [one for one in likely if one.as_expected is True and _lower_end(one) > 0]
    return sorted(good, key=lambda one: -_aligned(one))


def _leaders(settled: Sequence[Correlation], comparisons: Sequence[MetricComparison]) -> list[Correlation]:
    """Return the best score and those that are not shown to be worse than it."""
    if not settled:
        return []
    best = settled[0]
    worse = {
        one.second if one.first == best.title else one.first
        for one in comparisons
        if best.title in (one.first, one.second) and one.adjusted < SETTLES
    }
    return [one for one in settled if one.title not in worse]


def _spearman(one: Correlation) -> Coefficient | None:
    return next(
        (each for each in one.coefficients if each.name == "spearman" and each.estimate is not None), None
    )


def _aligned(one: Correlation) -> float:
    rho = _spearman(one)
    return -2.0 if rho is None else (rho.estimate or 0.0) * (one.expected_sign or 1)


def _answer(
    mine: Sequence[Correlation], directed: Sequence[Correlation], leaders: Sequence[Correlation]
) -> str:
    systems = max((one.systems for one in mine), default=0)
    if not directed:
        return (
            f"With {counted(systems, 'system')} nothing can be said about which score to trust: that needs "
            "at least "
            f"{LEAST_SYSTEMS} with votes and scores."
        )
    if not leaders:
        return _nobody(directed)
    rho = _spearman(leaders[0])
    said = f"Spearman {plain(rho.estimate if rho else None, 2)} {_bracket(rho)}"
    if len(leaders) == 1:
        return (
            f"Of these scores, {leaders[0].title} is the one to go by here: {said} over "
            f"{leaders[0].systems} systems."
        )
    named = listed([one.title for one in leaders[:MOST_NAMED]])
    more = f" (and {len(leaders) - MOST_NAMED} more)" if len(leaders) > MOST_NAMED else ""
    return (
        f"{named}{more} all go with people here, and these systems do not tell which goes best "
        f"(highest: {leaders[0].title}, {said})."
    )


def _nobody(directed: Sequence[Correlation]) -> str:
    best = max(directed, key=_aligned)
    rho = _spearman(best)
    if rho is None or rho.estimate is None:
        return "No score varies enough over these systems to be compared with people."
    if _aligned(best) <= 0:
        return _none_with(directed, best, rho)
    if rho.pvalue is not None and rho.pvalue < SETTLES and _lower_end(best) <= 0:
        return (
            f"No score is shown to follow people on this question. The closest is {best.title} (Spearman "
            f"{plain(rho.estimate, 2)} {_bracket(rho)}), but with the noise in votes and scores its "
            f"correlation over {best.systems} systems may be none. Go by the people."
        )
    tried = f" once it is counted that {len(directed)} scores were tried" if len(directed) > 1 else ""
    return (
        f"No score is shown to follow people on this question. The closest is {best.title} (Spearman "
        f"{plain(rho.estimate, 2)} {_bracket(rho)}, {p_words(rho.pvalue)} by itself), which over "
        f"{best.systems} systems "
        f"may be chance{tried}. Go by the people."
    )


def _none_with(directed: Sequence[Correlation], best: Correlation, rho: Coefficient) -> str:
    """Return the sentence where not even the best of the scores has a correlation of the right sign."""
    better = "higher" if (best.expected_sign or 1) > 0 else "lower"
    which = "the only one tried" if len(directed) == 1 else f"the nearest of {len(directed)} tried"
    return (
        "No score follows people on this question: none has the right sign. "
        f"{best.title}, {which}, should have {better} values for what people like more, and has Spearman "
        f"{plain(rho.estimate, 2)} {_bracket(rho)} over {best.systems} systems. Go by the people."
    )


def _bracket(one: Coefficient | None) -> str:
    if one is None or one.low is None or one.high is None:
        return "(no interval)"
    return f"[{plain(one.low, 2)}, {plain(one.high, 2)}]"


def _caveats(
    mine: Sequence[Correlation],
    directed: Sequence[Correlation],
    leaders: Sequence[Correlation],
    ceiling: Ceiling | None,
) -> Iterator[str]:
    systems = max((one.systems for one in mine), default=0)
    if directed and systems < FEW_SYSTEMS:
        yield (
            f"{systems} systems are few: what holds for them may fail for the next model. Intervals in "
            "brackets are "
            "about systems like these."
        )
    weak = [one for one in leaders if _lower_end(one) < HIGH_ENOUGH]
    if weak:
        yield (
            "Even for the best, systems like these may correlate far less than these did "
            f"(the interval of {weak[0].title} begins at {plain(_lower_end(weak[0]), 2)})."
        )
    apart = [one.title for one in directed if leaders and one.conditions != leaders[0].conditions]
    if apart:
        yield (
            f"Tests of one score against another need the same systems: {listed(apart)} "
            f"{'is' if len(apart) == 1 else 'are'} known of others than {leaders[0].title}, and not tested "
            "against it."
        )
    against = [one.title for one in directed if one.as_expected is False and _is_settled(one)]
    if against:
        yield f"{listed(against)} went against people: by it the model that people like less looks better."
    if len(directed) > 1 and leaders:
        yield (
            f"{len(directed)} scores were tried on the same votes; the best of many looks better than it is "
            "(p-values are adjusted for it, correlations are not)."
        )
    if ceiling is not None and ceiling.ceiling < 0.9:
        yield ceiling.words
    if any(one.simulated for one in mine):
        yield "Votes here are simulated: this says nothing about people."
    yield "It holds for this question, these images and this way of asking, and for no other."


def _lower_end(one: Correlation) -> float:
    """Return the end of Spearman's interval nearest to the wrong sign, turned so that more is better."""
    rho = _spearman(one)
    if rho is None or rho.low is None or rho.high is None:
        return -1.0
    return rho.low if (one.expected_sign or 1) > 0 else -rho.high


def _is_settled(one: Correlation) -> bool:
    rho = _spearman(one)
    return rho is not None and is_settled(rho)
