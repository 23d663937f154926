"""What simulated observers see is what the report says: from the API to its estimates and intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from humaneval.rating.models import Assignment
from humaneval.reports import report
from humaneval.studies.pairs import import_pairs
from tests.factories import draft_study, open_study, opened
from tests.rating.conftest import ApiRater, vote_for

pytestmark = pytest.mark.django_db

DPRIME = 1.2
STRENGTHS = (0.9, 0.0, -0.9)
SUPPORT, BATCH, BATCHES = 300, 20, 60

Answer = Callable[[Assignment], Any]


def rate_everything(rater: ApiRater, question: str, answer: Answer) -> None:
    """Answer all there is, block by block, as ``answer`` says of each assignment."""
    while block := rater.block():
        handed = Assignment.objects.select_related("trial__condition__sample_set")
        rows = {str(row.pk): row for row in handed.filter(pk__in=[shown["id"] for shown in block])}
        votes = [vote_for(shown, answers={question: answer(rows[shown["id"]])}) for shown in block]
        assert {result["status"] for result in rater.results(*votes)} == {"stored"}


def estimate_of(study: Any, measure: str, condition: int) -> dict[str, Any]:
    """Return one estimate of a study's report."""
    [found] = [
        one
        for one in report.build(study)["estimates"]
        if (one["measure"], one["condition"]) == (measure, condition)
    ]
    return found


def is_within(truth: float, estimate: dict[str, Any], width: float) -> bool:
    """Return whether an estimate's interval holds the truth and is no wider than that."""
    low, high = estimate["interval"]["low"], estimate["interval"]["high"]
    return low < truth < high and high - low < width


def look(random: np.random.Generator, real: bool) -> float:
    """Return how real an image looks: normal, real ones higher by d'."""
    return float(random.normal() + DPRIME * real)


def fooled_among(images: int) -> float:
    """Return the share of trials in which a generated image looks more real than the only real one."""
    right, _error = quad(lambda x: norm.pdf(x - DPRIME) * norm.cdf(x) ** (images - 1), -8, 10)
    return 1 - right


def test_the_error_rates_of_real_or_fake(rater_of):
    study = open_study(
        protocol="real_or_fake", generated=1, trial_count=100, votes_per_trial=4, assignments_per_session=100
    )
    for seed in range(4):
        random = np.random.default_rng(seed)

        def answer(handed: Assignment, random=random) -> str:
            real = handed.trial.condition.sample_set.kind == "real"
            return "real" if look(random, real) > DPRIME / 2 else "fake"

        rate_everything(rater_of(study), "real", answer)
    generated = study.conditions.get(sample_set__kind="generated").pk
    for measure in ("error_rate", "error_rate_fakes", "error_rate_reals"):
        assert is_within(norm.cdf(-DPRIME / 2), estimate_of(study, measure, generated), 0.35)


@pytest.mark.parametrize("images", [2, 4])
def test_the_share_fooled_by_forced_choice(rater_of, images):
    study = open_study(
        protocol="two_afc",
        generated=1,
        settings={"images": images},
        trial_count=100,
        votes_per_trial=4,
        assignments_per_session=100,
    )
    for seed in range(4):
        random = np.random.default_rng(seed)

        def answer(handed: Assignment, random=random) -> int:
            return int(np.argmax([look(random, slot == 1) for slot in handed.order]))

        rate_everything(rater_of(study), "real", answer)
    generated = study.conditions.get(sample_set__kind="generated").pk
    assert is_within(fooled_among(images), estimate_of(study, "share", generated), 0.3)


def test_the_strengths_behind_preferences(rater_of):
    study = open_study(
        protocol="pairwise", generated=3, trial_count=90, votes_per_trial=4, assignments_per_session=90
    )
    ids = list(study.conditions.values_list("pk", flat=True))
    strength = dict(zip(ids, STRENGTHS, strict=True))
    for seed in range(4):
        random = np.random.default_rng(seed)

        def answer(handed: Assignment, random=random) -> int:
            sides = [(handed.trial.condition_id, handed.trial.other_id)[slot] for slot in handed.order]
            return int(np.argmax([strength[side] + random.gumbel() for side in sides]))

        rate_everything(rater_of(study), "preference", answer)
    [ranking] = report.build(study)["ranking"]
    assert [entry["condition"] for entry in ranking["entries"]] == ids
    for condition in ids:
        assert is_within(strength[condition], estimate_of(study, "strength", condition), 2.0)


def test_the_opinions_on_a_scale(rater_of):
    study = open_study(
        protocol="likert", generated=2, trial_count=60, votes_per_trial=4, assignments_per_session=60
    )
    ids = list(study.conditions.values_list("pk", flat=True))
    mean = dict(zip(ids, (3.6, 2.2), strict=True))
    for seed in range(4):
        random = np.random.default_rng(seed)

        def answer(handed: Assignment, random=random) -> int:
            return 1 + int(random.binomial(4, (mean[handed.trial.condition_id] - 1) / 4))

        rate_everything(rater_of(study), "realism", answer)
    for condition in ids:
        assert is_within(mean[condition], estimate_of(study, "mean_opinion_score", condition), 1.0)


def test_the_number_of_images_that_a_model_can_make(rater_of):
    """A batch holds a duplicate as often as it would of so many equally likely images."""
    random = np.random.default_rng(2)
    study = draft_study(protocol="duplicates", generated=1, samples=2 * BATCHES, votes_per_trial=3)
    study.assignments_per_session = BATCHES
    study.save()
    model = study.conditions.get().sample_set
    names = list(model.samples.order_by("pk").values_list("name", flat=True))
    rows = [
        {"sample_set": model.slug, "batch": batch, "first": names[2 * batch], "second": names[2 * batch + 1]}
        for batch in range(BATCHES)
    ]
    import_pairs(study=study, rows=rows)
    study.settings = {"batch_size": BATCH}
    study.save()
    opened(study)
    held = [len(set(random.integers(SUPPORT, size=BATCH).tolist())) < BATCH for _ in range(BATCHES)]
    first = {
        names_of: batch
        for batch, names_of in enumerate(model.samples.order_by("pk").values_list("pk", flat=True)[::2])
    }
    for _rater in range(3):

        def answer(handed: Assignment) -> str:
            same = held[first[handed.trial.slots[0][0]]]
            return "same" if same != (random.random() < 0.05) else "different"

        rate_everything(rater_of(study), "same", answer)
    [condition] = study.conditions.values_list("pk", flat=True)
    found = estimate_of(study, "support_size", condition)["interval"]
    assert found["low"] < SUPPORT < found["high"]
    assert found["high"] / found["low"] < 4
    shared = estimate_of(study, "batches_with_duplicate", condition)
    expected = 1 - np.prod(1 - np.arange(BATCH) / SUPPORT)
    assert is_within(expected, shared, 0.3)
