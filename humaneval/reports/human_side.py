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
from humaneval.reports.analysis.headlines import headline_of
from humaneval.reports.analysis.influence import (
    influence_of_duplicates,
    influence_of_means,
    influence_of_preferences,
    influence_of_rankings,
)
from humaneval.reports.analysis.judged_samples import Judged
from humaneval.reports.analysis.orders import (
    SHARE_ABOVE,
    agreement_on_orders,
    estimate_shares,
    judged_in_orders,
    lineups,
    outcomes_of_orders,
    put_above,
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
    pair_votes_of,
    select_votes,
)
from humaneval.stats.columns import encode


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


def hear_people(material: Material, votes: Votes) -> HumanSide:
    """Return what the votes that count say, with what bears on it."""
    found, facts = HumanSide(), material.study
    for question in facts.questions:
        answered = _answer(material, votes, question)
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
    """Return what the headline estimates would be if other votes were left out."""
    votes = select_votes(material, way.rows)
    found = (
        headline_of(material, votes.table(question.key), question) for question in material.study.questions
    )
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
    found.influence += _influence(material, table, outcomes, question, answered)
    if any(one.samples for one in material.scores):
        found.samples += _sample_levels(material, table, outcomes, question)


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
    ranks = material.study.analysis == "ranking"
    if not (votes.names_slots or ranks) or votes.order.shape[1] < 2:
        return place, np.zeros(len(table), dtype=np.int64)
    order = votes.order[table.vote]
    places = (order >= 0).sum(axis=1)
    if ranks:
        best = _put_first(material, table.value, places)
        at = order == best[:, None]
        return np.where(at.any(axis=1), at.argmax(axis=1), -1), places
    chose = (places == 2) & (table.value >= 0)
    place[chose] = votes.pressed[table.vote, table.question][chose]
    return place, places


def _put_first(material: Material, value: IntArray, places: IntArray) -> IntArray:
    """Return the slot that each order puts first."""
    protocol = registry.get(material.study.protocol)
    most = int(places.max(initial=0)) + 1
    kinds = encode(value * most + places)
    slots = [
        protocol.ordered_slots(one // most, one % most, material.settings)[0] for one in kinds.labels.tolist()
    ]
    return np.array(slots, dtype=np.int64)[kinds.codes]


def _samples(material: Material, table: VoteTable) -> IntArray:
    """Return the sample in each slot of each answer's trial (at least two columns); 0 where not just one."""
    samples = material.trials.samples[material.trials.rows(material.votes.trial[table.vote])]
    return np.pad(samples, ((0, 0), (0, max(0, 2 - samples.shape[1]))))


def _sample_levels(
    material: Material, table: VoteTable, outcomes: Outcomes | None, question: QuestionFacts
) -> list[SampleLevel]:
    samples = _samples(material, table)
    paired = (table, samples[:, 0], samples[:, 1]) if material.study.analysis == "preference" else None
    judged = _judged(material, table, outcomes, samples)
    return correlate_samples(question, material.scores, judged, paired, bool(table.simulated.any()))


def _judged(
    material: Material, table: VoteTable, outcomes: Outcomes | None, samples: IntArray
) -> Judged | None:
    """Return what answers say of single samples; None where they are about two of one set alike."""
    if material.study.analysis == "duplicates":
        return None
    if outcomes is not None:
        return Judged.of(outcomes, samples[outcomes.row, 0])
    ballots, protocol = ballots_of(material, table), registry.get(material.study.protocol)
    prompt = material.trials.prompt[material.trials.rows(material.votes.trial[table.vote])]
    return judged_in_orders(
        ballots,
        put_above(ballots, protocol, material.settings),
        samples[ballots.row],
        prompt[ballots.row],
    )


def _breakdowns(
    material: Material, table: VoteTable, outcomes: Outcomes | None, question: QuestionFacts
) -> Iterator[Breakdown]:
    trials, sessions, votes = material.trials, material.sessions, material.votes
    trial = trials.rows(votes.trial[table.vote])
    session = sessions.rows(votes.session[table.vote])
    groupings = (
        Grouping("category", trials.category[trial], trials.categories),
        Grouping("stratum", sessions.stratum[session], sessions.strata),
        Grouping("panel", sessions.panel[session], sessions.panels),
    )
    if material.study.analysis == "duplicates":
        return
    measured, told = SHARE_ABOVE if outcomes is None else "", outcomes
    for grouping in (one for one in groupings if one.several):
        if told is None:
            protocol = registry.get(material.study.protocol)
            told = outcomes_of_orders(ballots_of(material, table), protocol, material.settings)
        found = break_down(
            table, told, grouping, question, lambda mine: headline_of(material, mine, question), measured
        )
        if found is not None:
            yield found


def _influence(
    material: Material,
    table: VoteTable,
    outcomes: Outcomes | None,
    question: QuestionFacts,
    answered: Answered,
) -> list[Influence]:
    if material.study.analysis == "duplicates" and outcomes is not None:
        pairs = pair_votes_of(material, table)
        return influence_of_duplicates(
            outcomes, table, pairs, question, _generated(material), answered.ranking
        )
    found = _influence_on_first(material, table, outcomes, question, answered)
    return [found] if found else []


def _generated(material: Material) -> dict[int, str]:
    return {one.id: one.label for one in material.study.conditions if one.kind == "generated"}


def _influence_on_first(
    material: Material,
    table: VoteTable,
    outcomes: Outcomes | None,
    question: QuestionFacts,
    answered: Answered,
) -> Influence | None:
    names = {one.id: one.label for one in material.study.conditions}
    if material.study.analysis == "preference":
        return influence_of_preferences(table, question, names, answered.ranking)
    if material.study.analysis == "ranking":
        protocol = registry.get(material.study.protocol)
        ballots = ballots_of(material, table)
        return influence_of_rankings(ballots, question, names, protocol, material.settings, answered.ranking)
    headline = next((one for one in answered.estimates if one.headline), None)
    if outcomes is None or headline is None:
        return None
    return influence_of_means(outcomes, table, question, _generated(material), headline, answered.ranking)


def _answer(material: Material, votes: Votes, question: QuestionFacts) -> Answered:
    estimates, ranking, standing = _estimate(material, votes, question)
    facts = material.study
    if standing is None and facts.analysis in ("rate", "scale", "duplicates"):
        protocol = registry.get(material.study.protocol)
        outcomes = outcomes_of(votes.table(question.key), facts.analysis, protocol, facts.conditions)
        standing = standing_of_means(outcomes, estimates) if outcomes is not None else None
    if ranking is not None:
        turned = standing.turned() if standing is not None and facts.better < 0 else standing
        ranking = with_certainty(ranking, turned)
    return Answered(estimates, ranking, standing)


Estimated = tuple[list[Estimate], Ranking | None, Standing | None]


def _estimate(material: Material, votes: Votes, question: QuestionFacts) -> Estimated:
    if material.study.analysis == "ranking":
        return _rank(material, votes.table(question.key), question)
    if material.study.analysis == "duplicates":
        return _find_duplicates(material, votes.table(question.key), question)
    return _analyse(material, votes.table(question.key), question)


def _rank(material: Material, table: VoteTable, question: QuestionFacts) -> Estimated:
    facts, protocol = material.study, registry.get(material.study.protocol)
    ballots = ballots_of(material, table)
    found, fit = estimate_rankings(ballots, question, facts.conditions, protocol, material.settings)
    strengths = sorted_by_estimate(found)
    shares = estimate_shares(ballots, question, facts.conditions, protocol, material.settings)
    standing = standing_of(fit, [int(one) for one in fit.labels]) if fit is not None else None
    return [*strengths, *shares], rank_by_estimates(strengths), standing


def _find_duplicates(material: Material, table: VoteTable, question: QuestionFacts) -> Estimated:
    facts, protocol = material.study, registry.get(material.study.protocol)
    estimates = estimate_duplicates(
        table,
        pair_votes_of(material, table),
        question,
        facts.conditions,
        protocol.measure,
        protocol.value(material.settings, "batch_size"),
    )
    headline = sorted_by_estimate([one for one in estimates if one.headline], facts.better)
    others = [one for one in estimates if not one.headline]
    return [*headline, *others], rank_by_estimates(headline, facts.better), None


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
