"""The planner for every protocol that there is: what it asks, refuses, measures, and keeps to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from scipy.special import expit

from humaneval.protocols.orders import code_of
from humaneval.protocols.registry import PROTOCOLS
from humaneval.stats.exposure_size import log_deviation, slope_of
from humaneval.stats.modal_exposure import modal_exposure
from humaneval.studies.pairs import import_pairs
from humaneval.workspace.planning import pilots
from humaneval.workspace.planning.assumptions import ASSUMED
from humaneval.workspace.planning.forms import PlanForm
from humaneval.workspace.planning.plans import NoPlan
from humaneval.workspace.planning.starts import values_of
from tests.factories import draft_study, opened
from tests.reports.studies import GivenVote, add_votes
from tests.workspace.test_planning import CONSTANT, address, plan_for

pytestmark = pytest.mark.django_db

ENOUGH = {
    "timed_real_or_fake": {"generated": 1, "samples": 230},
    "ranking": {"generated": 4, "samples": 150},
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_has_a_plan_and_a_curve(protocol, admin_client):
    study = draft_study(
        protocol=protocol, assignments_per_session=20, **ENOUGH.get(protocol, {"samples": 150})
    )
    found = admin_client.get(f"/api/v1/studies/{study.slug}/plan/").json()
    assert found["plan"]["raters"] >= 2
    assert len(found["curve"]) > 5
    assert found["source"] == str(ASSUMED[protocol].source)


@pytest.mark.parametrize(
    ("protocol", "there", "not_there"),
    [
        ("two_afc", {"item", "conditions", "power"}, {"deviation", "reference", "rise"}),
        ("likert", {"item", "conditions", "deviation"}, {"reference", "rise"}),
        ("ranking", {"item", "conditions", "power"}, {"deviation", "reference", "rise"}),
        ("timed_real_or_fake", {"reference", "rise", "power"}, {"item", "conditions", "deviation"}),
        ("duplicates", {"item", "conditions", "width"}, {"aim", "power", "reference", "rise", "deviation"}),
    ],
)
def test_the_form_asks_only_for_what_the_protocol_needs(protocol, there, not_there):
    fields = set(PlanForm({}, protocol=protocol).fields)
    assert there <= fields
    assert not not_there & fields


def test_power_is_refused_of_duplicates_in_words_everywhere(admin_client):
    study = draft_study(protocol="duplicates", generated=1)
    words = "no power to plan for"
    page = admin_client.get(address(study)).content.decode()
    assert words in page
    assert page.count('class="chart"') == 2
    assert ">Power<" not in page
    asked = admin_client.get(address(study, aim="power", power=0.9))
    assert words in asked.context["reason"]
    assert "plan" not in asked.context
    for query in ("aim=power", "power=0.9"):
        answer = admin_client.get(f"/api/v1/studies/{study.slug}/plan/?{query}")
        assert (answer.status_code, words in answer.json()["detail"]) == (400, True)
    with pytest.raises(CommandError, match=words):
        call_command("plan", study.slug, "--power", "0.9")
    found = admin_client.get(f"/api/v1/studies/{study.slug}/plan/").json()
    assert (found["aim"], found["plan"]["power"]) == ("width", None)


def test_a_study_of_pairs_keeps_its_pairs_as_trials(admin_client):
    study = draft_study(protocol="duplicates", generated=1, samples=60, assignments_per_session=10)
    condition = study.conditions.get()
    names = list(condition.sample_set.samples.values_list("name", flat=True))
    rows = [
        {
            "sample_set": condition.sample_set.slug,
            "batch": n,
            "first": names[2 * n],
            "second": names[2 * n + 1],
        }
        for n in range(25)
    ]
    import_pairs(study=study, rows=rows)
    assert values_of(study)["images"] == 25
    answer = admin_client.post(address(study), {"width": "0.5", "session": "5"}, follow=True)
    study.refresh_from_db()
    wanted = plan_for("duplicates", width=0.5, images=25, session=5).chosen
    assert (wanted.trials, study.trial_count) == (25, 25)
    assert study.votes_per_trial == wanted.votes_per_trial >= 3
    assert "trials are the pairs that you import" in answer.content.decode()


def test_a_ranking_of_prompts_is_planned_over_them_and_taken_over(admin_client):
    study = draft_study(protocol="ranking", generated=5, samples=120, prompts=40)
    assert (values_of(study)["images"], values_of(study)["conditions"]) == (40, 5)
    admin_client.post(address(study), {"aim": "width", "width": "0.7", "session": "20"})
    study.refresh_from_db()
    wanted = plan_for("ranking", aim="width", width=0.7, session=20, images=40, conditions=5).chosen
    assert (study.trial_count, study.votes_per_trial) == (wanted.trials, wanted.votes_per_trial)
    unmatched = draft_study(protocol="ranking", generated=4, samples=30, prompts=5,
                            settings={"match_prompts": False})  # fmt: skip
    assert values_of(unmatched)["images"] == 30


def test_settings_of_the_study_say_how_many_are_ordered_and_how():
    ends = plan_for("ranking", {"mode": "best_worst"}).chosen
    assert ends.raters > plan_for("ranking").chosen.raters
    assert plan_for("ranking", {"images": 3}).chosen.raters > plan_for("ranking").chosen.raters
    with pytest.raises(NoPlan, match="Orders of 5 images need at least as many conditions"):
        plan_for("ranking", {"images": 5})


def test_staircases_must_come_to_rest(admin_client):
    values = {"session": 30, "images": 500}
    with pytest.raises(NoPlan, match=r"Staircases of 30 trials from 500 ms would show \d+ ms"):
        plan_for("timed_real_or_fake", **values)
    with pytest.raises(NoPlan, match="from 20 trials on"):
        plan_for("timed_real_or_fake", session=15)
    with pytest.raises(NoPlan, match="drifts to the shortest"):
        plan_for("timed_real_or_fake", {"rule": "published_literal"}, session=450)
    many = draft_study(protocol="timed_real_or_fake", generated=1, samples=300)
    few = draft_study(protocol="timed_real_or_fake", generated=1, samples=100)
    constant = draft_study(protocol="timed_real_or_fake", generated=1, samples=100, settings=CONSTANT)
    assert [values_of(one)["session"] for one in (many, few, constant)] == [450, 200, 40]
    admin_client.post(address(many), {"aim": "width", "width": "150"})
    many.refresh_from_db()
    wanted = plan_for("timed_real_or_fake", aim="width", width=150, session=450, images=300).chosen
    assert (many.trial_count, many.assignments_per_session) == (wanted.trials, 450)


def exposures_of(rng, raters, *, effect, spread, rise, blocks=3):
    """Return frames, blocks, raters and answers of raters on the default staircase (+30 ms, -10 ms)."""
    deviation = log_deviation(spread)
    own = np.exp(math.log(effect) - deviation**2 / 2 + deviation * rng.normal(size=raters))
    frames, right = [], []
    for _ in range(blocks):
        exposure = np.full(raters, 500)
        for _trial in range(150):
            correct = rng.random(raters) < 0.5 + 0.5 * expit(slope_of(rise) * np.log(exposure / own))
            frames.append(np.round(exposure * 60 / 1000).astype(int))
            right.append(correct)
            exposure = np.clip(exposure + np.where(correct, -10, 30), 100, 1000)
    block = np.repeat(np.arange(blocks), 150 * raters)
    return np.concatenate(frames), block, np.tile(np.arange(raters), 150 * blocks), np.concatenate(right)


def timed_studies(number, seed, **wanted):
    """Return a plan of staircases, and the intervals of so many such studies as a report has them."""
    values = {"effect": 363, "reference": 250, "rater": 0.55, "rise": 1.6, "session": 450, **wanted}
    made = plan_for("timed_real_or_fake", **values)
    rng, found = np.random.default_rng(seed), []
    for _ in range(number):
        frames, block, who, _right = exposures_of(rng, made.chosen.raters, effect=363, spread=0.55, rise=1.6)
        exposure = modal_exposure(frames, frame_ms=np.full(len(frames), 1000 / 60), block=block, rater=who)
        found.append(exposure.confidence_interval(0.95))
    return made, np.array(found)


def test_staircases_planned_for_a_width_have_it_on_average():
    made, found = timed_studies(25, 1, aim="width", width=130)
    assert made.chosen.width <= 130
    assert np.mean(found[:, 1] - found[:, 0]) == pytest.approx(made.chosen.width, rel=0.12)
    assert found.mean() == pytest.approx(363, rel=0.08)


@pytest.mark.slow
def test_staircases_planned_for_power_leave_the_reference_out_that_often():
    made, found = timed_studies(300, 2, aim="power", power=0.8)
    missed = (found[:, 0] <= 250) & (found[:, 1] >= 250)
    assert made.chosen.power >= 0.8
    assert 1 - missed.mean() == pytest.approx(made.chosen.power, abs=3 * math.sqrt(0.16 / 300) + 0.02)


def test_a_pilot_of_staircases_tells_how_raters_and_their_curves_lie():
    pilot = opened(draft_study(protocol="timed_real_or_fake", generated=1, samples=80, trial_count=150))
    real = {one.pk for one in pilot.conditions.filter(sample_set__kind="real")}
    is_real = [one.condition_id in real for one in pilot.trials.order_by("number")]
    frames, block, who, right = exposures_of(
        np.random.default_rng(3), 12, effect=363, spread=0.4, rise=1.6, blocks=1
    )
    votes = []
    for at, (count, rater, correct) in enumerate(zip(frames.tolist(), who.tolist(), right, strict=True)):
        number = at // 12
        timings = {"frames": count, "frame_ms": 1000 / 60, "dropped": 0, "hidden_ms": 0}
        votes.append(
            GivenVote(rater, number, {"real": int(is_real[number] == bool(correct))}, timings=timings,
                      parameters={"block": 0, "exposure_ms": round(count * 1000 / 60)})
        )  # fmt: skip
    add_votes(pilot, votes)
    found = pilots.measure(pilot, aim="power")
    exposure = modal_exposure(frames, frame_ms=np.full(len(frames), 1000 / 60), block=block, rater=who)
    assert found.values["effect"] == round(exposure.estimate, 1)
    assert found.values["rater"] == pytest.approx(0.4, abs=0.25)
    assert found.values["rise"] == pytest.approx(1.6, abs=0.4)
    assert (found.votes, found.raters) == (1800, 12)


def test_a_pilot_of_orders_or_of_pairs_takes_the_place_of_what_is_assumed(admin_client):
    rng = np.random.default_rng(4)
    ranked = opened(draft_study(protocol="ranking", generated=4, samples=40, trial_count=40))
    place = {one: at for at, one in enumerate(ranked.conditions.values_list("pk", flat=True))}
    trials = list(ranked.trials.order_by("number"))
    liking = {
        trial.number: [-0.5 * place[one] for one in trial.lineup] + 0.5 * rng.normal(size=4)
        for trial in trials
    }
    orders = [
        (rater, number, code_of(np.argsort(-(liked + rng.gumbel(size=4))).tolist()))
        for rater in range(10)
        for number, liked in liking.items()
    ]
    add_votes(ranked, (GivenVote(rater, number, {"preference": code}) for rater, number, code in orders))
    found = pilots.measure(ranked, aim="power")
    assert found.values["effect"] == pytest.approx(1.5, abs=0.5)
    assert (found.values["rater"], found.values["item"]) == pytest.approx((0.0, 0.7), abs=0.35)
    assert (found.votes, found.raters) == (400, 10)
    draft = draft_study(protocol="ranking", generated=4, samples=60)
    page = admin_client.get(address(draft, measure=1, pilot=ranked.slug, session=20), follow=True)
    assert page.context["form"].cleaned_data["item"] == found.values["item"]

    pairs = draft_study(protocol="duplicates", generated=1, samples=80)
    own = pairs.conditions.get().sample_set
    names = list(own.samples.values_list("name", flat=True))
    rows = [
        {"sample_set": own.slug, "batch": n, "first": names[n], "second": names[n + 40]} for n in range(40)
    ]
    import_pairs(study=pairs, rows=rows)
    opened(pairs)
    same = rng.random(40) < 0.5
    said = [(r, n, int(same[n] == (rng.random() < 0.9))) for r in range(6) for n in range(40)]
    add_votes(pairs, (GivenVote(50 + rater, number, {"same": value}) for rater, number, value in said))
    found = pilots.measure(pairs, aim="width")
    assert found.values["effect"] == pytest.approx(np.mean([value for *_who, value in said]), abs=0.001)
    assert found.values["item"] == pytest.approx(0.64, abs=0.2)
    assert found.values["rater"] < 0.1
