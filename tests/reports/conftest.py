"""Fixtures of the report's tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from humaneval.studies.models import Study
from tests.reports.studies import GivenVote, add_scores, add_trials, add_votes, make_sets, make_study


@pytest.fixture
def two_afc(db) -> Study:
    """Three generators, 4 images each, every image judged by 3 of 6 raters; fooled 8, 5 and 1 of 12 times."""
    study = make_study("two_afc", sets=make_sets(["good", "middling", "poor"], "real"), slug="digits")
    add_trials(study, [(name, "real", index) for name in ("good", "middling", "poor") for index in range(4)])
    fooled = {"good": "110111010101", "middling": "101000110010", "poor": "000000100000"}
    answers = "".join(fooled[name] for name in ("good", "middling", "poor"))
    votes = [
        GivenVote(rater=(place // 3 + place % 3 * 2) % 6, trial=place // 3, answers={"real": 1 - int(one)})
        for place, one in enumerate(answers)
    ]
    add_votes(study, votes)
    return study


@pytest.fixture
def scored(two_afc: Study) -> Study:
    """The same with a distance that goes with people and a recall that does not."""
    add_scores(
        two_afc,
        "frechet_distance",
        {"good": 3.0, "middling": 9.0, "poor": 40.0},
        label="Fréchet distance (digits)",
        standard_error=0.5,
    )
    add_scores(
        two_afc,
        "recall",
        {"good": 0.1, "middling": 0.7, "poor": 0.9},
        label="Recall (digits)",
        higher_is_better=True,
    )
    return two_afc


@pytest.fixture
def likert(db) -> Study:
    """One generator and the real set on two scales, 10 raters, 2 images each."""
    scale = {"points": 5, "low_label": "low", "middle_label": "so-so", "high_label": "high"}
    questions = [
        {"key": "realism", "text": "How realistic?", **scale},
        {"key": "appeal", "text": "How pleasing?", **scale},
    ]
    study = make_study(
        "likert", sets=make_sets(["made"], "real", samples=2), questions=questions, slug="scale"
    )
    add_trials(study, [("made", None, 0), ("made", None, 1), ("real", None, 0), ("real", None, 1)])
    rng = np.random.default_rng(1)
    add_votes(
        study,
        [
            GivenVote(
                rater,
                trial,
                {"realism": int(rng.integers(1, 4) + trial // 2), "appeal": int(rng.integers(1, 6))},
            )
            for rater in range(10)
            for trial in range(4)
        ],
    )
    return study


@pytest.fixture
def make_pairwise(db) -> Callable[..., Study]:
    """Return a function that makes a pairwise study from (one, other, wins, ties, losses) rows."""

    def make(rows, names=("a", "b", "c"), slug="pairs") -> Study:
        total = max(sum(row[2:]) for row in rows)
        study = make_study("pairwise", sets=make_sets(names, None, samples=total), slug=slug, allow_tie=True)
        sides, values = [], []
        for one, other, wins, ties, losses in rows:
            outcomes = [0] * wins + [-1] * ties + [1] * losses
            sides += [(one, other, index) for index in range(len(outcomes))]
            values += outcomes
        add_trials(study, sides)
        add_votes(
            study, [GivenVote(place % 5, place, {"preference": value}) for place, value in enumerate(values)]
        )
        return study

    return make
