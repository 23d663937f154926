"""What people said, question by question: estimates and their order, and everything that bears on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from humaneval.protocols import registry
from humaneval.reports.analysis.agreement import measure_agreement
from humaneval.reports.analysis.breakdowns import Grouping, break_down
from humaneval.reports.analysis.duplicates import estimate_duplicates
from humaneval.reports.analysis.effects import Measured, Sitting, in_words, measure_effects
from humaneval.reports.analysis.exposures import estimate_exposures
from humaneval.reports.analysis.influence import (
    influence_of_means,
    influence_of_preferences,
    influence_of_rankings,
)
from humaneval.reports.analysis.orders import (
    SHARE_ABOVE,
    agreement_on_orders,
    estimate_shares,
    lineups,
    outcomes_of_orders,
    quality_of_orders,
)
from humaneval.reports.analysis.outcomes import Outcomes, Quality, outcomes_of, quality_of
from humaneval.reports.analysis.preferences import estimate_preferences
from humaneval.reports.analysis.ranking import rank_by_estimates, sorted_by_estimate
from humaneval.reports.analysis.rankings import estimate_rankings
from humaneval.reports.analysis.rates import estimate_rates
from humaneval.reports.analysis.samples import correlate_samples
from humaneval.reports.analysis.scales import estimate_scales
from humaneval.reports.analysis.standing import Standing, standing_of, standing_of_means, with_certainty
from humaneval.reports.analysis.times import measure_times
from humaneval.reports.exclusions import LeftOut
from humaneval.reports.findings.people import Breakdown, Effect, Influence, ResponseTimes
from humaneval.reports.findings.together import SampleLevel
from humaneval.reports.material import Material
from humaneval.reports.results import Agreement, Estimate, QuestionFacts, Ranking
from humaneval.reports.votes import (
    IntArray,
    Votes,
    VoteTable,
    ballots_of,
    select_pair_votes,
    select_votes,
)


@dataclass
class HumanSide:
    """Everything that people said, as it is gathered question by question."""

    estimates: list[Estimate] = field(default_factory=list)
    ranking: list[Ranking] = field(default_factory=list)
    agreement: list[Agreement] = field(default_factory=list)
    standings: dict[str, Standing] = field(default_factory=dict)
    breakdowns: list[Breakdown] = field(default_factory=list)
    times: list[ResponseTimes] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    influence: list[Influence] = field(default_factory=list)
    samples: list[SampleLevel] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Answered:
    """One question's estimates, their order, and what is known of them together."""

    estimates: list[Estimate]
    ranking: Ranking | None
    standing: Standing | None


def hear_people(material: Material, votes: Votes, way: LeftOut) -> HumanSide:
    """Return what the votes that count say, with what bears on it."""
    found, facts = HumanSide(), material.study
    for question in facts.questions:
        answered = _answer(material, votes, question, way)
        found.estimates += answered.estimates
        found.estimates += estimate_exposures(votes.exposed, question, facts.conditions)
        found.ranking += [answered.ranking] if answered.ranking else []
        if answered.standing is not None:
            found.standings[question.key] = answered.standing
        table = votes.table(question.key)
        found.agreement.append(_agreement(material, table, question))
        if len(table):
            _look_closer(found, material, table, question, answered)
    found.times = measure_times(votes.counted, material.votes.response_ms, facts.conditions)
    found.effects = in_words(found.measured)
    return found


def _agreement(material: Material, table: VoteTable, question: QuestionFacts) -> Agreement:
    if material.study.analysis != "ranking":
        return measure_agreement(table, question, material.study.analysis)
    protocol = registry.get(material.study.protocol)
    return agreement_on_orders(ballots_of(material, table), question, protocol, material.settings)


def estimates_without(material: Material, way: LeftOut) -> list[Estimate]:
    """Return what the estimates would be if other votes were left out."""
    votes = select_votes(material, way.rows)
    found = (_estimate(material, votes, question, way)[0] for question in material.study.questions)
    return [one for estimates in found for one in estimates]


def _look_closer(
    found: HumanSide, material: Material, table: VoteTable, question: QuestionFacts, answered: Answered
) -> None:
    """Add groups, behaviour, influence and single samples of one question."""
    facts, protocol = material.study, registry.get(material.study.protocol)
    outcomes = outcomes_of(table, facts.analysis, protocol, facts.conditions)
    quality, sitting = _quality(material, table), _sitting(material, table)
    found.breakdowns += _breakdowns(material, table, outcomes, question)
    found.measured += measure_effects(table, sitting, quality, question)
    influence = _influence(material, table, outcomes, question, answered)
    found.influence += [influence] if influence else []
    first, second = _shown(material, table)
    paired = (table, first, second) if facts.analysis == "preference" else None
    found.samples += correlate_samples(
        question,
        material.scores,
        outcomes,
        first[outcomes.row] if outcomes is not None else first,
        paired,
        bool(table.simulated.any()),
    )


def _quality(material: Material, table: VoteTable) -> Quality | None:
    facts, protocol = material.study, registry.get(material.study.protocol)
    if facts.analysis == "ranking":
        ballots = ballots_of(material, table)
        return quality_of_orders(ballots, len(table), protocol, material.settings)
    return quality_of(table, facts.analysis, protocol, facts.conditions)


def _sitting(material: Material, table: VoteTable) -> Sitting:
    votes = material.votes
    place, places = _places_chosen(material, table)
    return Sitting(
        votes.session[table.vote],
        votes.position[table.vote],
        place,
        places,
        votes.response_ms[table.vote],
        _stimuli(material, table),
    )


def _stimuli(material: Material, table: VoteTable) -> IntArray:
    """Return a code of the conditions that each answer is about."""
    if material.study.analysis == "ranking":
        ballots = ballots_of(material, table)
        code = np.full(len(table), -1, dtype=np.int64)
        code[ballots.row] = lineups(ballots)
        return code
    return np.asarray(table.condition * (table.other.max(initial=0) + 1) + table.other)


def _places_chosen(material: Material, table: VoteTable) -> tuple[IntArray, IntArray]:
    """Return the place on screen of the one chosen, or put first, and of how many; -1 where none was."""
    votes = material.votes
    place = np.full(len(table), -1, dtype=np.int64)
    if votes.on_scale or votes.order.shape[1] < 2:
        return place, np.zeros(len(table), dtype=np.int64)
    order = votes.order[table.vote]
    places = (order >= 0).sum(axis=1)
    if material.study.analysis == "ranking":
        best = _put_first(material, table.value, places)
        at = order == best[:, None]
        return np.where(at.any(axis=1), at.argmax(axis=1), -1), places
    chose = (places == 2) & (table.value >= 0)
    place[chose] = votes.pressed[table.vote, table.question][chose]
    return place, places


def _put_first(material: Material, value: IntArray, places: IntArray) -> IntArray:
    """Return the slot that each order puts first."""
    protocol = registry.get(material.study.protocol)
    kinds, which = np.unique(np.stack([value, places], axis=1), axis=0, return_inverse=True)
    slots = [protocol.ordered_slots(one, count, material.settings)[0] for one, count in kinds.tolist()]
    return np.array(slots, dtype=np.int64)[which.ravel()]


def _shown(material: Material, table: VoteTable) -> tuple[IntArray, IntArray]:
    """Return the samples in slots 0 and 1 of each answer's trial; 0 where there is not just one."""
    samples = material.trials.samples[material.trials.rows(material.votes.trial[table.vote])]
    second = samples[:, 1] if samples.shape[1] > 1 else np.zeros(len(table), dtype=np.int64)
    return samples[:, 0], second


def _breakdowns(
    material: Material, table: VoteTable, outcomes: Outcomes | None, question: QuestionFacts
) -> Iterator[Breakdown]:
    trials, sessions, votes = material.trials, material.sessions, material.votes
    measured = ""
    if outcomes is None:
        protocol, measured = registry.get(material.study.protocol), SHARE_ABOVE
        outcomes = outcomes_of_orders(ballots_of(material, table), protocol, material.settings)
    trial = trials.rows(votes.trial[table.vote])
    session = sessions.rows(votes.session[table.vote])
    groupings = (
        Grouping("category", trials.category[trial], trials.categories),
        Grouping("stratum", sessions.stratum[session], sessions.strata),
        Grouping("panel", sessions.panel[session], sessions.panels),
    )
    for grouping in groupings:
        if material.study.analysis == "duplicates" or not len(grouping.names):
            continue
        found = break_down(
            table, outcomes, grouping, question, lambda mine: _headline(material, mine, question), measured
        )
        if found is not None:
            yield found


def _headline(material: Material, table: VoteTable, question: QuestionFacts) -> list[Estimate]:
    """Return the headline estimates of some of a question's answers."""
    analyse = _rank if material.study.analysis == "ranking" else _analyse
    return [one for one in analyse(material, table, question)[0] if one.headline]


def _influence(
    material: Material,
    table: VoteTable,
    outcomes: Outcomes | None,
    question: QuestionFacts,
    answered: Answered,
) -> Influence | None:
    generated = {one.id: one.label for one in material.study.conditions if one.kind == "generated"}
    names = {one.id: one.label for one in material.study.conditions}
    if material.study.analysis == "preference":
        return influence_of_preferences(table, question, names)
    if material.study.analysis == "ranking":
        protocol = registry.get(material.study.protocol)
        ballots = ballots_of(material, table)
        return influence_of_rankings(ballots, question, names, protocol, material.settings)
    if outcomes is None or material.study.analysis == "duplicates":
        return None
    unit = next((one.unit for one in answered.estimates if one.headline), "share")
    return influence_of_means(outcomes, table, question, generated, unit)


def _answer(material: Material, votes: Votes, question: QuestionFacts, way: LeftOut) -> Answered:
    estimates, ranking, standing = _estimate(material, votes, question, way)
    if standing is None and material.study.analysis in ("rate", "scale"):
        protocol = registry.get(material.study.protocol)
        outcomes = outcomes_of(
            votes.table(question.key), material.study.analysis, protocol, material.study.conditions
        )
        standing = standing_of_means(outcomes, estimates) if outcomes is not None else None
    if ranking is not None:
        ranking = with_certainty(ranking, standing)
    return Answered(estimates, ranking, standing)


Estimated = tuple[list[Estimate], Ranking | None, Standing | None]


def _estimate(material: Material, votes: Votes, question: QuestionFacts, way: LeftOut) -> Estimated:
    if material.study.analysis == "ranking":
        return _rank(material, votes.table(question.key), question)
    if material.study.analysis == "duplicates":
        return _find_duplicates(material, votes.table(question.key), question, way), None, None
    return _analyse(material, votes.table(question.key), question)


def _rank(material: Material, table: VoteTable, question: QuestionFacts) -> Estimated:
    facts, protocol = material.study, registry.get(material.study.protocol)
    ballots = ballots_of(material, table)
    found, fit = estimate_rankings(ballots, question, facts.conditions, protocol, material.settings)
    strengths = sorted_by_estimate(found)
    shares = estimate_shares(ballots, question, facts.conditions, protocol, material.settings)
    standing = standing_of(fit, [int(one) for one in fit.labels]) if fit is not None else None
    return [*strengths, *shares], rank_by_estimates(strengths), standing


def _find_duplicates(
    material: Material, table: VoteTable, question: QuestionFacts, way: LeftOut
) -> list[Estimate]:
    protocol = registry.get(material.study.protocol)
    return estimate_duplicates(
        table,
        select_pair_votes(material, way.rows),
        question,
        material.study.conditions,
        protocol.measure,
        protocol.value(material.settings, "batch_size"),
    )


def _analyse(material: Material, table: VoteTable, question: QuestionFacts) -> Estimated:
    facts = material.study
    protocol = registry.get(facts.protocol)
    if facts.analysis == "preference":
        result = estimate_preferences(table, question, facts.conditions, protocol.measure)
        ids = {one.label: one.id for one in facts.conditions}
        standing = (
            standing_of(result.fit, [ids[str(one)] for one in result.fit.labels]) if result.fit else None
        )
        return result.estimates, result.ranking, standing
    if facts.analysis == "scale":
        estimates = estimate_scales(table, question, facts.conditions, protocol.measure)
    else:
        estimates = estimate_rates(table, question, facts.conditions, protocol)
    headline = [one for one in estimates if one.headline]
    others = [one for one in estimates if not one.headline]
    return [*sorted_by_estimate(headline), *others], rank_by_estimates(headline), None
