"""What a report's intervals were clustered by, and that it says so: never more, never less."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.protocols import registry
from humaneval.protocols.base import QuestionSpec
from humaneval.protocols.orders import code_of
from humaneval.reports.charts.estimates import describe_estimates
from humaneval.reports.latex import latex_tables
from humaneval.reports.loading import load_material
from humaneval.reports.report import report_of
from humaneval.reports.shared_items import repeats_of
from tests.factories import draft_study, opened
from tests.reports.studies import GivenVote, add_votes

pytestmark = pytest.mark.django_db


def judged(protocol: str, answer, *, raters: int = 6, **settings):
    """Return the report of an open study of which every rater judged every trial."""
    study = opened(draft_study(protocol=protocol, **settings))
    (question,) = study.questions.all()[:1]
    rng = np.random.default_rng(1)
    trials = list(study.trials.order_by("number"))
    add_votes(
        study,
        [
            GivenVote(rater, trial.number, {question.key: answer(rng)})
            for rater in range(raters)
            for trial in trials
        ],
    )
    return study, report_of(study)


def preferred(rng) -> int:
    return int(rng.integers(0, 2))


def ordered(rng) -> int:
    return code_of(rng.permutation(3).tolist())


def headline(report):
    return [one for one in report.estimates if one.headline]


def captions(report) -> str:
    return " ".join(table for name, table in latex_tables(report) if name.startswith("estimates"))


PAIRS = {"protocol": "pairwise", "answer": preferred, "generated": 3, "samples": 8, "trial_count": 24}
ORDERS = {
    "protocol": "ranking", "answer": ordered, "generated": 3, "samples": 8, "trial_count": 16,
    "settings": {"images": 3},
}  # fmt: skip


@pytest.mark.parametrize("asked", [PAIRS, ORDERS])
def test_conditions_side_by_side_on_a_prompt_are_clustered_by_prompt_and_every_place_says_so(asked):
    _study, report = judged(**asked, prompts=8)
    assert all(one.clusters == {"rater": 6, "prompt": 8} for one in headline(report))
    assert all("clustered by rater and prompt" in one.method for one in headline(report))
    assert "95\\% intervals clustered by rater and prompt." in captions(report)
    assert "intervals clustered by rater and prompt." in describe_estimates(headline(report))
    said = " ".join(report.methods)
    assert "neither are votes about one prompt" in said
    assert "6 raters and 8 prompts" in said
    others = [one for one in report.estimates if one.unit == "share"]
    assert others
    assert all("prompt" in one.clusters for one in others)


@pytest.mark.parametrize("asked", [PAIRS, ORDERS])
def test_without_prompts_each_image_is_a_cluster_whatever_stood_beside_it(asked):
    study, report = judged(**asked, prompts=0)
    shown = {sample for trial in study.trials.all() for slot in trial.slots for sample in slot}
    assert all(one.clusters == {"rater": 6, "image": len(shown)} for one in headline(report))
    assert "clustered by rater and image" in captions(report)
    assert "neither are votes that show one image" in " ".join(report.methods)


def test_images_that_one_rater_each_judged_are_not_said_to_be_clustered():
    study = opened(draft_study(protocol="pairwise", generated=2, samples=12, trial_count=12))
    rng = np.random.default_rng(3)
    add_votes(
        study,
        [GivenVote(trial % 4, trial, {"preference": int(rng.integers(0, 2))}) for trial in range(12)],
    )
    report = report_of(study)
    assert all(one.clusters == {"rater": 4} for one in headline(report))
    assert "intervals clustered by rater. Rank" in captions(report)
    said = " ".join(report.methods)
    assert "No image or prompt is known to have been judged by several raters" in said
    assert "one image" not in said


def test_four_prompts_are_too_few_to_speak_of_others_and_the_methods_say_so():
    _study, report = judged(**PAIRS, prompts=4)
    assert all("image" in one.clusters for one in headline(report))
    assert "4 prompts are too few to show how prompts differ" in " ".join(report.methods)
    _study, report = judged(**PAIRS, prompts=8)
    assert "too few to show" not in " ".join(report.methods)
    assert any(one.startswith("Only 8 prompts were judged") for one in report.warnings)


def test_several_images_of_a_prompt_are_one_cluster_on_a_scale_too():
    def points(rng) -> int:
        return int(rng.integers(1, 6))

    _study, report = judged("likert", points, generated=2, samples=24, prompts=8, trial_count=48)
    assert all(one.clusters == {"rater": 6, "prompt": 8} for one in headline(report))
    assert all(one.items == 24 for one in headline(report))


def test_the_items_of_a_ranking_are_the_image_sets_judged():
    _study, report = judged(**ORDERS, prompts=8)
    assert {one.items for one in headline(report)} == {16}


def test_gold_trials_do_not_decide_what_repeats():
    study, _report = judged(**PAIRS, prompts=8)
    gold = study.trials.order_by("number").first()
    study.trials.filter(pk=gold.pk).update(prompt=None, expected={"preference": 0})
    assert repeats_of(load_material(study)).name == "prompt"


def test_prompts_on_which_raters_lean_otherwise_make_intervals_wide():
    """On half of the prompts all prefer the first of a pair, on half the last: the prompts are the sample."""
    study = opened(draft_study(protocol="pairwise", generated=3, samples=48, prompts=6, trial_count=144))
    prompts = sorted(set(study.trials.values_list("prompt", flat=True)))
    rng = np.random.default_rng(2)
    votes = []
    for trial in study.trials.order_by("number"):
        lean = 0.9 if prompts.index(trial.prompt_id) % 2 else 0.1
        for rater in range(4):
            answer = {"preference": int(rng.random() < lean)}
            votes.append(GivenVote(rater + 4 * (trial.number % 3), trial.number, answer))
    add_votes(study, votes)
    errors = [one.interval.standard_error for one in headline(report_of(study))]
    assert sorted(errors)[1] > 0.4  # of the first and the last; the one between them never moves


PLACES = {
    "two_afc": 0, "pairwise": 0, "real_or_fake": "real", "timed_real_or_fake": "real", "likert": 2,
    "ranking": [0, 1, 2, 3], "duplicates": "same",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(registry.PROTOCOLS))
def test_an_answer_is_a_slot_just_where_the_protocol_says_so(name):
    protocol = registry.get(name)
    question = QuestionSpec(key="q", text="?")
    places = 4 if name == "ranking" else 2
    straight = protocol.decode(question, PLACES[name], list(range(places)), {})
    turned = protocol.decode(question, PLACES[name], list(range(places))[::-1], {})
    told_by_place = straight != turned and protocol.analysis != "ranking"
    assert protocol.names_slots is told_by_place


def test_same_or_different_has_no_place_on_screen():
    study = opened(draft_study(protocol="duplicates", generated=2, samples=16, trial_count=8))
    rng = np.random.default_rng(5)
    votes = [
        GivenVote(rater, trial.number, {"same": int(rng.random() < 0.3)})
        for rater in range(8)
        for trial in study.trials.all()
    ]
    add_votes(study, votes)
    report = report_of(study)
    assert not [one for one in report.effects if one.name == "position"]
    columns = load_material(study).votes
    assert (columns.pressed == columns.answers).all()


def test_only_people_are_counted_as_people():
    study = opened(draft_study(protocol="pairwise", generated=2, samples=12, trial_count=12))
    votes = [GivenVote(0, trial, {"preference": 0}) for trial in range(3)]
    votes += [GivenVote(1, trial, {"preference": 1}) for trial in range(3)]
    votes += [GivenVote(2, trial, {"preference": 1}, simulated=True) for trial in range(12)]
    add_votes(study, votes)
    said = " ".join(report_of(study).methods)
    assert "2 people took part in 2 sittings (3 votes each in the median, 3 to 3)" in said
