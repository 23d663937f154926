"""Rankings in a report: agreement, groups, raters' behaviour, and what the first place rests on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from humaneval.protocols import registry
from humaneval.protocols.orders import code_of, order_of, share_above, shares_above
from humaneval.rating.models import Answer
from humaneval.reports.analysis.breakdowns import Grouping, interaction
from humaneval.reports.analysis.orders import outcomes_of_orders, quality_of_orders
from humaneval.reports.loading import load_material
from humaneval.reports.report import report_of
from humaneval.reports.votes import Ballots, ballots_of, select_votes
from humaneval.samples.models import Prompt
from humaneval.stats.items import named_items
from humaneval.studies.models import Study
from tests.factories import draft_study, opened
from tests.reports.studies import GivenVote, add_votes

pytestmark = pytest.mark.django_db


@pytest.fixture
def ranked() -> Study:
    """Give an open study of four sets with six prompts of each of two categories."""
    study = opened(draft_study(protocol="ranking", generated=4, samples=24, prompts=12, trial_count=24))
    prompts = Prompt.objects.order_by("pk").values_list("pk", flat=True)
    for category, some in (("cats", prompts[:6]), ("dogs", prompts[6:])):
        Prompt.objects.filter(pk__in=list(some)).update(category=category)
    return study


def test_strengths_stand_by_prompt_category(ranked):
    categories = dict(Prompt.objects.values_list("pk", "category"))
    best = {prompt: 0 if category == "cats" else 3 for prompt, category in categories.items()}
    conditions = list(ranked.conditions.values_list("pk", flat=True))
    random = np.random.default_rng(2)
    votes = []
    for rater in range(6):
        for trial in ranked.trials.order_by("number"):
            favourite = conditions[best[trial.prompt_id]]
            liking = [random.gumbel() + 2 * (one == favourite) for one in trial.lineup]
            order = np.argsort(liking)[::-1].tolist()
            votes.append(GivenVote(rater, trial.number, {"preference": code_of(order)}))
    add_votes(ranked, votes)
    report = report_of(ranked)
    (breakdown,) = (one for one in report.breakdowns if one.by == "category")
    first = {
        group.name: max(group.estimates, key=lambda one: one.estimate).condition for group in breakdown.groups
    }
    assert first == {"cats": conditions[0], "dogs": conditions[3]}
    assert all(group.votes == 72 for group in breakdown.groups)
    assert breakdown.pvalue < 0.05
    assert "depends on the prompt category" in breakdown.words
    assert breakdown.method.endswith("share of the others on the screen that a condition is put above")


@pytest.mark.parametrize(("leans", "words"), [(True, "lean to the left"), (False, "no sign of a bias")])
def test_whether_the_first_place_is_put_first_is_tested(ranked, leans, words):
    random = np.random.default_rng(4)
    votes = []
    for rater in range(8):
        for trial in ranked.trials.order_by("number"):
            shown = list(range(4))[::-1] if trial.turn else list(range(4))
            moved = leans and random.random() < 0.6
            order = shown if moved else random.permutation(4).tolist()
            votes.append(GivenVote(rater, trial.number, {"preference": code_of(order)}))
    add_votes(ranked, votes)
    effect = next(one for one in report_of(ranked).effects if one.name == "position")
    assert words in effect.words
    assert effect.votes == 8 * 24
    assert (effect.low <= 0.5 <= effect.high) is not leans


Choose = Callable[[int, int, list[int]], list[float]]
"""From rater, trial number and lineup to how much each image is liked."""


def vote(study: Study, raters: int, liking: Choose, seed: int = 1) -> None:
    """Let raters order every trial by what they like and chance."""
    random = np.random.default_rng(seed)
    votes = []
    for rater in range(raters):
        for trial in study.trials.order_by("number"):
            liked = np.array(liking(rater, trial.number, trial.lineup)) + random.gumbel(size=4)
            order = np.argsort(-liked).tolist()
            ends = study.settings.get("mode") == "best_worst"
            value = order[0] * 4 + order[-1] if ends else code_of(order)
            answers = {"preference": value}
            votes.append(GivenVote(rater, trial.number, answers, response_ms=1000 + 500 * random.random()))
    add_votes(study, votes)


def by_position(study: Study, step: float) -> Choose:
    """Return likings that put the study's conditions in their order."""
    places = {one: place for place, one in enumerate(study.conditions.values_list("pk", flat=True))}
    return lambda rater, number, lineup: [-step * places[one] for one in lineup]


def orders_by_trial(study: Study) -> dict[int, list[list[float]]]:
    """Return each trial's orders as shares above, by slot, read from the votes in the plainest way."""
    found: dict[int, list[list[float]]] = {}
    for one in Answer.objects.filter(question__study=study).select_related("vote__assignment").order_by("pk"):
        order = order_of(one.value, 4)
        found.setdefault(one.vote.assignment.trial_id, []).append(share_above(order, 4))
    return found


def test_agreement_on_orders_is_the_mean_tau_of_pairs_of_raters(ranked):
    vote(ranked, 5, by_position(ranked, 0.8))
    (found,) = report_of(ranked).agreement
    taus = [
        np.mean([scipy_stats.kendalltau(*pair).statistic for pair in combinations(orders, 2)])
        for orders in orders_by_trial(ranked).values()
    ]
    assert (found.coefficient, found.level, found.units) == ("Kendall's tau", "order", 24)
    assert found.estimate == pytest.approx(np.mean(taus))
    assert found.interval.low < found.estimate < found.interval.high
    assert "more alike than by chance" in found.words
    assert f"in the same order {50 + 50 * found.estimate:.0f}% of the time; by chance" in found.words
    assert "by chance it would be 0.20, one over the number of raters" in found.words


def test_raters_who_order_by_chance_are_not_said_to_agree(ranked):
    vote(ranked, 5, lambda rater, number, lineup: [0.0] * 4)
    (found,) = report_of(ranked).agreement
    assert found.interval.low < 0 < found.interval.high
    assert "not shown to order the same images more alike than by chance" in found.words


def test_the_page_and_the_methods_name_the_agreement_and_its_chance_level(ranked, client, admin_user):
    vote(ranked, 3, by_position(ranked, 1.0))
    report = report_of(ranked)
    methods = " ".join(report.methods)
    assert "Kendall's tau-b between raters, jackknife over raters and sets" in methods
    assert "Tau of two orders is 0 in the mean where they are given by chance" in methods
    assert "Krippendorff" not in methods
    client.force_login(admin_user)
    page = client.get(f"/studies/{ranked.slug}/report/").content.decode()
    assert "Kendall&#x27;s tau 0." in page
    assert "between two raters of the same images; 72 orders by 3 raters; 24 sets of images" in page


def test_best_and_worst_are_compared_as_orders_with_ties():
    study = opened(
        draft_study(
            protocol="ranking", generated=4, samples=8, trial_count=12, settings={"mode": "best_worst"}
        )
    )
    vote(study, 4, by_position(study, 1.0))
    report = report_of(study)
    values = Answer.objects.filter(question__study=study).values_list("vote__assignment__trial", "value")
    orders: dict[int, list[list[float]]] = {}
    for trial, value in values:
        orders.setdefault(trial, []).append(share_above(divmod(value, 4), 4))
    taus = [
        np.mean([scipy_stats.kendalltau(*pair).statistic for pair in combinations(one, 2)])
        for one in orders.values()
    ]
    assert report.agreement[0].estimate == pytest.approx(np.mean(taus))
    assert "Two raters put" not in report.agreement[0].words
    assert {one.name for one in report.effects} >= {"learning", "fatigue", "speed"}
    assert report.influence[0].winner


def test_raters_who_tire_are_found_by_their_agreement_with_the_others(ranked):
    steady = by_position(ranked, 2.5)
    vote(
        ranked,
        12,
        lambda rater, number, lineup: steady(rater, number, lineup) if number < 16 else [0.0] * 4,
    )
    found = {one.name: one for one in report_of(ranked).effects}
    assert found["fatigue"].estimate < -0.15
    assert "Raters tired: agreement with the other raters' mean order fell by 0." in found["fatigue"].words
    assert "No sign that raters learned" in found["learning"].words
    assert found["fatigue"].unit == "tau"
    assert "points" not in found["fatigue"].words


def test_an_order_is_compared_with_the_mean_of_the_others_not_with_itself(ranked):
    number = ranked.trials.order_by("number").values_list("number", flat=True)[0]
    orders = ([0, 1, 2, 3], [0, 1, 3, 2], [3, 2, 1, 0])
    add_votes(
        ranked, [GivenVote(who, number, {"preference": code_of(one)}) for who, one in enumerate(orders)]
    )
    material = load_material(ranked)
    votes = select_votes(material, np.zeros(len(material.votes), dtype=bool))
    ballots = ballots_of(material, votes.table("preference"))
    quality = quality_of_orders(ballots, 3, registry.get("ranking"), material.settings)
    above = 3 - np.argsort(orders, axis=1)
    expected = [
        scipy_stats.kendalltau(above[one], above.sum(axis=0) - above[one]).statistic for one in range(3)
    ]
    assert np.isnan(expected[1])  # the other two are each other's reverse: they have no mean order
    assert quality.value == pytest.approx(np.array(expected), nan_ok=True)


def test_what_nobody_else_put_in_order_tells_nothing_of_quality(ranked):
    trials = ranked.trials.order_by("number")
    add_votes(
        ranked,
        [GivenVote(one.number % 3, one.number, {"preference": one.number % 24}) for one in trials],
    )
    report = report_of(ranked)
    assert {one.name for one in report.effects} <= {"position", "pace"}
    assert report.agreement[0].estimate is None
    assert "by two raters" in report.agreement[0].words


def test_groups_of_raters_who_do_not_differ_are_rarely_said_to(ranked):
    """Raters differ, and that is not taken for a difference between their groups."""
    trials = list(ranked.trials.order_by("number"))
    conditions = list(ranked.conditions.values_list("pk", flat=True))
    random, low = np.random.default_rng(3), 0
    for _ in range(60):
        taste = dict(enumerate(random.normal(size=(20, 4))))
        liked = np.array(
            [[taste[who][conditions.index(one)] for one in trial.lineup] for who in taste for trial in trials]
        )
        order = np.argsort(-(liked + random.gumbel(size=liked.shape)), axis=1)
        ballots = Ballots(
            row=np.arange(len(order)),
            rater=np.repeat(np.arange(20), len(trials)),
            unit=np.tile(np.arange(len(trials)), 20),
            shared=named_items(np.tile([trial.prompt_id for trial in trials], 20), "prompt"),
            lineup=np.array([trial.lineup for _ in taste for trial in trials]),
            value=np.array([code_of(one) for one in order.tolist()]),
            simulated=np.zeros(len(order), dtype=bool),
        )
        outcomes = outcomes_of_orders(ballots, registry.get("ranking"), {})
        group = Grouping("stratum", 1 + ballots.rater % 2, ("", "one", "two"))
        pvalue, _ = interaction(outcomes, group, np.array([1, 2]))
        low += pvalue < 0.05
    assert low <= 8


def test_the_first_place_rests_on_so_many_orders(ranked):
    vote(ranked, 8, by_position(ranked, 0.25))
    report = report_of(ranked)
    (found,) = report.influence
    first, second = report.ranking[0].entries[:2]
    assert (found.winner, found.runner_up, found.votes) == (first.label, second.label, 8 * 24)
    assert found.lead == pytest.approx(first.estimate - second.estimate)
    assert 0 < found.votes_to_change < 96
    assert f"the loss of {found.votes_to_change} vote" in found.words


def test_shares_above_of_the_longest_orders_fit_the_column_that_answers_lie_in():
    orders = [[6, 5, 4, 3, 2, 1, 0], [0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 0, 1]]
    values = np.array([code_of(order) for order in orders], dtype=np.int16)
    found = shares_above(values, np.full(3, 7), order_of)
    np.testing.assert_allclose(found, [share_above(order, 7) for order in orders])


def test_shares_above_are_of_each_lineups_own_size():
    found = shares_above(np.array([code_of([2, 0, 1]), code_of([1, 3, 0, 2])]), np.array([3, 4]), order_of)
    assert found == pytest.approx(np.array([[0.5, 0, 1, np.nan], [1 / 3, 1, 0, 2 / 3]]), nan_ok=True)
    assert share_above((2, 0), 4) == [0, 0.5, 1, 0.5]


def test_a_study_without_orders_has_a_report_that_says_so(ranked):
    report = report_of(ranked)
    assert [one.estimate for one in report.estimates if one.measure == "share_above"] == [None] * 4
    assert all(one.note for one in report.estimates)
    assert report.agreement[0].estimate is None
    assert report.agreement[0].words
    assert report.influence == []
    ranked.trials.all().delete()
    assert report_of(ranked).agreement[0].estimate is None
