"""Studies of each kind with everything a bundle must carry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from humaneval.rating import exclusions
from humaneval.rating.models import Session, SessionState
from humaneval.samples.models import Prompt
from humaneval.scoring import stored
from humaneval.scoring.models import SampleScores
from humaneval.studies.models import Study
from humaneval.workspace.bundles.packing import write_bundle
from tests.reports.studies import GivenVote, add_scores, add_trials, add_votes, make_sets, make_study


@pytest.fixture
def full_study(db, settings, tmp_path) -> Study:
    """Give a 2AFC study of three generators with prompts, gold, repeats, rules, scores and strata."""
    settings.MEDIA_ROOT = tmp_path / "media"
    sets = make_sets(["good", "=middling", "poor"], "real", samples=6)
    study = make_study("two_afc", sets=sets, slug="digits", name="Digits")
    trials = add_trials(
        study, [(one, "real", place) for one in ("good", "=middling", "poor") for place in range(6)]
    )
    prompts = [Prompt.objects.create(text=f"=a {one}", category=one, digest=one) for one in ("cat", "dog")]
    for trial in trials:
        study.trials.filter(pk=trial.pk).update(prompt=prompts[trial.number % 2])
    study.trials.filter(number=17).update(expected={"real": 1})
    random = np.random.default_rng(5)
    share = {0: 0.6, 1: 0.4, 2: 0.1}
    votes = [
        GivenVote(
            rater,
            trial,
            {"real": 1 - int(random.random() < share[trial // 6])},
            late=bool(random.random() < 0.05),
            response_ms=float(random.lognormal(7, 0.5)),
            timings={"hidden_ms": 3, "input": "keyboard"},
            simulated=rater == 11,
        )
        for rater in range(12)
        for trial in random.permutation(18).tolist()
    ]
    add_votes(study, votes)
    add_votes(
        study, [GivenVote(0, 0, {"real": 1}, is_repeat=True), GivenVote(20, 3, {}, outcome="not_shown")]
    )
    Session.objects.filter(rater__key_hash=f"{3:064d}").update(
        stratum="phones", device={"user_agent": "Mobi"}, state=SessionState.SCREENED_OUT
    )
    for name, rules in (("Declared", {"late": {}}), ("Strict", exclusions.default_rules())):
        exclusions.declare_rules(study=study, name=name, rules=rules)
    run = add_scores(
        study, "frechet_distance", {"good": 3.0, "=middling": 9.0, "poor": 40.0}, standard_error=0.5
    )
    _give_values_by_sample(run)
    return study


def _give_values_by_sample(run) -> None:
    for score in run.scores.all():
        ids = np.array(score.sample_set.samples.order_by("pk").values_list("pk", flat=True))
        values = np.linspace(0.1, 1 / 3, len(ids))
        values[0] = np.nan
        file = stored.store_bytes(
            f"scores/{score.pk}.safetensors", save({"sample_ids": ids, "values": values})
        )
        SampleScores.objects.create(score=score, name="realism", file=file)


_MADE: list[bytes] = []


@pytest.fixture
def bundle_file(request: pytest.FixtureRequest, db: None, tmp_path: Path) -> Path:
    """Give the bundle of that study; to tests that do not need the study too, a copy of one made before."""
    path = tmp_path / "digits.zip"
    if "full_study" in request.fixturenames or not _MADE:
        write_bundle(study=request.getfixturevalue("full_study"), path=path)
        _MADE[:] = [path.read_bytes()]
    else:
        path.write_bytes(_MADE[0])
    return path
