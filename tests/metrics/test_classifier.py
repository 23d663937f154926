"""Inception Score and class entropies."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metrics import class_entropy, inception_score
from metrics.errors import InvalidInput
from metrics.extractors.vision_ops import import_torchvision


def test_a_classifier_that_says_nothing_scores_one():
    assert inception_score(np.zeros((50, 10))).mean == pytest.approx(1)


def test_certain_answers_spread_over_ten_classes_score_ten():
    logits = 1000.0 * np.eye(10)[np.arange(100) % 10]
    found = inception_score(logits)
    assert found.mean == pytest.approx(10)
    assert found.std == pytest.approx(0, abs=1e-9)


def test_certain_answers_of_one_class_score_one():
    assert inception_score(1000.0 * np.eye(10)[np.zeros(40, dtype=int)]).mean == pytest.approx(1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", [None, 2020])
def test_it_is_torch_fidelitys_with_and_without_the_shuffle(seed):
    import_torchvision()
    metric_isc = pytest.importorskip("torch_fidelity.metric_isc")
    logits = torch.from_numpy(np.random.default_rng(0).standard_normal((103, 12)) * 3)
    theirs = metric_isc.isc_features_to_metric(logits, 10, seed is not None, 2020)
    ours = inception_score(logits, seed=seed)
    assert ours.mean == pytest.approx(theirs["inception_score_mean"], rel=1e-12)
    assert ours.std == pytest.approx(theirs["inception_score_std"], rel=1e-10)


def test_more_splits_than_samples_are_refused():
    with pytest.raises(InvalidInput, match="3 samples cannot be cut into 10"):
        inception_score(np.zeros((3, 4)))


def test_entropies_of_certain_and_of_undecided_answers():
    certain = class_entropy(1000.0 * np.eye(4)[[0, 1, 0, 1]])
    assert certain.conditional == pytest.approx(0)
    assert certain.marginal == pytest.approx(np.log(2))
    assert certain.coverage == 0.5
    assert certain.counts.tolist() == [2, 2, 0, 0]
    undecided = class_entropy(np.zeros((3, 4)))
    assert undecided.per_sample == pytest.approx(np.full(3, np.log(4)))
