"""Simulated raters see what their model says they see."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.demo.classifier import DigitClassifier, accuracy, train_classifier
from humaneval.demo.digits import Digits, load_halves
from humaneval.demo.perception import CARELESS_SHARE, Eye, Seen, SimulatedRater

NOTHING = np.zeros(96, np.float32), np.full(10, -np.log(10), np.float32)


@pytest.fixture(scope="module")
def held_out() -> Digits:
    return load_halves(seed=0)[1]


@pytest.fixture(scope="module")
def classifier(held_out: Digits) -> DigitClassifier:
    return train_classifier(held_out, seed=5, epochs=4)


@pytest.fixture(scope="module")
def eye(classifier: DigitClassifier, held_out: Digits) -> Eye:
    return Eye(classifier, held_out)


def image(realness: float) -> Seen:
    return Seen(*NOTHING, realness)


def sharp(seed: int = 1, **changes: object) -> SimulatedRater:
    character = {"sigma": 1.0, "left_bias": 0.0, "scale_shift": 0.0, "careless": False, **changes}
    return SimulatedRater(random=np.random.default_rng(seed), **character)


def test_the_classifier_learns_digits(classifier: DigitClassifier) -> None:
    assert accuracy(classifier, load_halves(seed=0)[0]) > 0.9


def test_noise_and_blur_look_less_real(eye: Eye, held_out: Digits) -> None:
    random = np.random.default_rng(0)
    some = held_out.images[::50]
    noisy = np.clip(some + random.normal(0, 40, some.shape), 0, 255).astype(np.uint8)
    blurred = ((some.astype(float) + np.roll(some, 2, 1) + np.roll(some, 2, 2)) / 3).astype(np.uint8)
    real, with_noise, with_blur = (
        np.mean([seen.realness for seen in eye.look(images)]) for images in (some, noisy, blurred)
    )
    assert abs(real) < 0.5
    assert with_noise < -2
    assert with_blur < -1


def test_one_image_repeated_has_no_variety(eye: Eye, held_out: Digits) -> None:
    real = eye.variety(eye.look(held_out.images[:2500:157]))
    repeated = eye.variety(eye.look(held_out.images[[7] * 16]))
    assert abs(real) < 0.35
    assert repeated == pytest.approx(-1, abs=1e-6)


def test_choices_between_two_images_follow_thurstone(eye: Eye) -> None:
    rater = sharp()
    left = np.mean([rater.more_real(image(1.0), image(0.0)) == 0 for _ in range(4000)])
    assert left == pytest.approx(0.760, abs=0.025)  # Phi(1 / sqrt 2)


def test_a_careless_rater_answers_at_random() -> None:
    rater = sharp(careless=True)
    assert np.mean([rater.more_real(image(9), image(-9)) for _ in range(2000)]) == pytest.approx(
        0.5, abs=0.04
    )
    points = [rater.rate_realism([image(9)], 5) for _ in range(2000)]
    assert np.bincount(points, minlength=6)[1:].min() > 300


def test_scale_points_rise_with_realness_and_stay_on_the_scale() -> None:
    rater = sharp(sigma=0.1)
    points = [rater.rate_realism([image(value)], 5) for value in (-9, -2, -1, 0, 9)]
    assert points == sorted(points)
    assert (points[0], points[-1]) == (1, 5)
    assert {rater.rate_realism([image(9)], 7), rater.rate_realism([image(-9)], 7)} == {1, 7}


def test_close_calls_may_end_in_a_tie_only_where_ties_are_allowed() -> None:
    rater = sharp(sigma=0.01)
    assert rater.prefer(image(0), image(0), None, tie=True) is None
    assert rater.prefer(image(0), image(0), None, tie=False) in (0, 1)


def test_the_digit_asked_for_counts() -> None:
    wrong = Seen(NOTHING[0], np.array([-9.0] + [-2.2] * 9, np.float32), 0.5)
    right = Seen(NOTHING[0], np.array([-0.01] + [-6.0] * 9, np.float32), 0.0)
    assert sharp(sigma=0.5).prefer(wrong, right, 0, tie=False) == 1


def test_raters_differ_and_some_are_careless() -> None:
    raters = [SimulatedRater.born(seed) for seed in range(1200)]
    assert np.mean([rater.careless for rater in raters]) == pytest.approx(CARELESS_SHARE, abs=0.025)
    assert np.std(np.log([rater.sigma for rater in raters])) == pytest.approx(0.35, abs=0.03)
    again = SimulatedRater.born(7)
    assert (again.sigma, again.left_bias) == (raters[7].sigma, raters[7].left_bias)


def test_careless_raters_are_fast() -> None:
    assert sharp(careless=True).response_ms(0.5) == pytest.approx(sharp().response_ms(0.5) / 3)
