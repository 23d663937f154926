"""Real votes run through with sense, where a folder of them is given (HUMANEVAL_VOTES_DIR)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from humaneval.stats import (
    agreement_overview,
    bradley_terry,
    cumulative_link,
    dawid_skene,
    dprime,
    hype_score,
    krippendorff_alpha,
    mace,
    mean_opinion_score,
    ranking,
    rate,
    rater_quality,
)

FOLDER = os.environ.get("HUMANEVAL_VOTES_DIR", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="HUMANEVAL_VOTES_DIR names no folder of real votes")


@pytest.fixture(scope="module")
def bluebirds() -> pd.DataFrame:
    """39 raters' yes/no on 108 images, complete, with the truth."""
    return pd.read_csv(Path(FOLDER) / "bluebirds_welinder2010.csv")


@pytest.fixture(scope="module")
def chats() -> dict[str, np.ndarray]:
    """Pairwise votes with ties on 59 language models."""
    table = pd.read_csv(Path(FOLDER) / "llmfao_crowd_comparisons.csv")
    right = (table.winner == "right").to_numpy()
    left_name, right_name = table.left.to_numpy(), table.right.to_numpy()
    return {
        "winner": np.where(right, right_name, left_name),
        "loser": np.where(right, left_name, right_name),
        "tie": (table.winner == "tie").to_numpy(),
        "rater": table.worker.to_numpy(),
    }


def test_bluebirds_are_told_above_chance_with_raters_far_apart(bluebirds):
    right = bluebirds.label == bluebirds.truth
    found = rate(right, rater=bluebirds.rater, item=bluebirds.item)
    low, high = found.confidence_interval()
    assert 0.55 < low < found.estimate < high < 0.72
    assert found.design_effect > 5
    assert dprime(bluebirds.label, signal=bluebirds.truth, rater=bluebirds.rater).estimate > 0.4
    score = hype_score(answer=bluebirds.label, real=bluebirds.truth, rater=bluebirds.rater)
    assert score.estimate == pytest.approx(1 - found.estimate)


def test_latent_truth_beats_the_majority_on_bluebirds(bluebirds):
    truth = bluebirds.drop_duplicates("item").set_index("item").truth
    majority = bluebirds.groupby("item").label.mean().round().astype(int)
    plain = (majority == truth.loc[majority.index]).mean()
    for model in (dawid_skene, mace):
        found = model(rater=bluebirds.rater, item=bluebirds.item, answer=bluebirds.label)
        assert (found.label == truth.loc[found.item_labels]).mean() > plain + 0.1


def test_bluebird_agreement_and_quality_are_finite(bluebirds):
    columns = {"rater": bluebirds.rater, "item": bluebirds.item, "answer": bluebirds.label}
    overview = agreement_overview(**columns)
    assert 0 < overview.alpha.estimate < 0.3
    assert np.isfinite(rater_quality(**columns, gold=bluebirds.truth).careless).all()


def test_chat_models_are_ranked_and_most_are_not_apart(chats):
    found = bradley_terry(**chats, ties="davidson")
    order = ranking(found)
    assert len(found.labels) == 59
    assert found.labels[np.argmax(found.estimate)] == "GPT 4"
    assert order.high[np.argmax(found.estimate)] > 5
    assert found.design_effect > 1


def test_image_models_differ_in_the_same_order_by_mean_and_by_ordinal_model():
    table = pd.read_csv(Path(FOLDER) / "imagenhub_t2i_ratings.csv").dropna()
    means = {
        name: mean_opinion_score(
            votes.semantic_consistency, rater=votes.rater, item=votes.item, points=(0, 1)
        ).estimate
        for name, votes in table.groupby("system")
    }
    model = cumulative_link(
        table.semantic_consistency, condition=table.system, rater=table.rater, item=table.item
    )
    effects = dict(zip(model.names, model.coefficients, strict=True))
    assert max(means, key=means.__getitem__) == max(effects, key=effects.__getitem__) == "DALLE3"
    unit = table.item + table.system
    alpha = krippendorff_alpha(
        rater=table.rater, item=unit, answer=table.semantic_consistency, level="ordinal"
    )
    assert 0.4 < alpha.estimate < 0.8
