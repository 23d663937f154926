"""The bundle of a study of any protocol rebuilds to the numbers that the database gave."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from humaneval.protocols import registry
from humaneval.protocols.base import PastVote
from humaneval.protocols.orders import code_of
from humaneval.reports.loading import load_material
from humaneval.reports.results import to_payload
from humaneval.studies.models import DuplicatePair, Study
from humaneval.workspace.bundles import packing
from humaneval.workspace.bundles.archive import Bundle
from humaneval.workspace.bundles.rebuilding import rebuild
from humaneval.workspace.bundles.unpacking import material_of
from tests.factories import draft_study, opened
from tests.reports.studies import GivenVote, add_votes
from tests.workspace.bundles.test_packing import assert_same

pytestmark = pytest.mark.django_db
RATERS, TRIALS = 6, 24
Answer = Callable[[np.random.Generator, int, float], int]
"""Gives an answer to a trial of the condition of that place, after a look of so many milliseconds."""


def of_two(random: np.random.Generator, place: int, shown_ms: float) -> int:
    return int(random.random() < 0.2 + 0.2 * place)


def in_time(random: np.random.Generator, place: int, shown_ms: float) -> int:
    """Return the truth (the first condition is real) the more often, the longer the look."""
    right = random.random() < 0.5 + min(0.5, shown_ms / 1000)
    return int(right == (place == 0))


def in_order(random: np.random.Generator, place: int, shown_ms: float) -> int:
    return code_of(random.permutation(4).tolist())


def best_and_worst(random: np.random.Generator, place: int, shown_ms: float) -> int:
    best, worst = random.choice(4, 2, replace=False).tolist()
    return best * 4 + worst


def on_scale(random: np.random.Generator, place: int, shown_ms: float) -> int:
    return int(random.integers(1, 4) + place)


def with_ties(random: np.random.Generator, place: int, shown_ms: float) -> int:
    return int(random.integers(-3, 2))


STUDIES: list[tuple[str, dict[str, Any], Answer]] = [
    ("two_afc", {}, of_two),
    ("likert", {}, on_scale),
    ("pairwise", {"allow_tie": True, "allow_both_good": True, "allow_both_bad": True}, with_ties),
    ("pairwise", {"grid_size": 4}, of_two),
    ("ranking", {"mode": "order"}, in_order),
    ("ranking", {"mode": "best_worst"}, best_and_worst),
    ("real_or_fake", {}, of_two),
    ("timed_real_or_fake", {"method": "staircase", "block_length": 24}, in_time),
    ("timed_real_or_fake", {"method": "constant", "block_length": 24}, in_time),
    ("duplicates", {"batch_size": 50}, of_two),
]


MEASURES = {
    "two_afc": {"share"},
    "likert": {"mean_opinion_score"},
    "pairwise": {"strength", "win_rate"},
    "ranking": {"strength"},
    "real_or_fake": {"share"},
    "timed_real_or_fake": {"share", "modal_exposure", "threshold_exposure"},
    "duplicates": {"share", "batches_with_duplicate", "support_size"},
}
"""What has to come out with an interval, so that nothing is compared that is not there."""


def launched(protocol: str, settings: dict[str, Any]) -> Study:
    """Return an open study of as many sets as the protocol takes, with prompts; of pairs, two a batch."""
    kind = registry.get(protocol)
    study = draft_study(
        protocol=protocol,
        settings=settings,
        generated=min(4, kind.generated_sets[1] or 4),
        samples=TRIALS,
        prompts=3,
        trial_count=TRIALS,
    )
    for condition in study.conditions.all() if kind.uses_pairs else ():
        ids = list(condition.sample_set.samples.values_list("id", flat=True))
        DuplicatePair.objects.bulk_create(
            DuplicatePair(study=study, condition=condition, batch=place // 2, first_id=one, second_id=other)
            for place, (one, other) in enumerate(zip(ids[:12:2], ids[1:12:2], strict=True))
        )
    return opened(study)


def vote_on_everything(study: Study, answer: Answer) -> None:
    """Let each rater answer every trial, with exposures as the protocol hands them out."""
    protocol, keys = registry.get(study.protocol), [one.key for one in study.questions.all()]
    random = np.random.default_rng(3)
    trials = dict(study.trials.values_list("number", "condition_id"))
    place = {pk: number for number, pk in enumerate(study.conditions.values_list("pk", flat=True))}
    votes = []
    for rater in range(RATERS):
        past: list[PastVote] = []
        for number in random.permutation(list(trials)).tolist():
            asked = protocol.parameters(past=past, ahead=0, seed=rater, settings=study.settings)
            shown_ms = asked.get("exposure_ms", 0)
            said = {key: answer(random, place[trials[number]], shown_ms) for key in keys}
            past.append(PastVote(asked, correct=bool(random.random() < 0.75)))
            frames = round(shown_ms * 0.06)
            timings = {"frames": frames, "frame_ms": 1000 / 60, "dropped": 0} if frames else {}
            time = float(random.lognormal(7, 0.5))
            votes.append(GivenVote(rater, number, said, response_ms=time, timings=timings, parameters=asked))
    add_votes(study, votes)


def named(one: tuple[str, dict[str, Any], Answer]) -> str:
    return " ".join([one[0], *map(str, one[1].values())])


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave pages and charts out of bundles: numbers are looked at here."""
    monkeypatch.setattr(
        packing, "report_files", lambda report: [("report.json", [json.dumps(to_payload(report))])]
    )


def test_every_protocol_is_tried():
    assert {protocol for protocol, _, _ in STUDIES} == set(registry.PROTOCOLS) == set(MEASURES)


@pytest.mark.parametrize(("protocol", "chosen", "answer"), STUDIES, ids=map(named, STUDIES))
def test_the_database_is_not_missed(protocol, chosen, answer, tmp_path, django_assert_num_queries):
    study = launched(protocol, chosen)
    vote_on_everything(study, answer)
    material = load_material(study)
    bundle = Bundle(packing.write_bundle(study=study, path=tmp_path / "one.zip").path)
    with django_assert_num_queries(0):
        assert_same(material, material_of(bundle))
        found = rebuild(bundle)
    assert found.differences == []
    assert found.numbers > 100
    assert MEASURES[protocol] <= {
        one.measure for one in found.report.estimates if one.interval.low is not None
    }
