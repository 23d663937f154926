"""Metrics by name, scores with labels and uncertainties, published statistics, whole comparisons."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import metrics
from metrics import Features, available, compare, evaluate, read_statistics, resolve, write_statistics
from metrics.asked import Asked
from metrics.comparison import Comparison
from metrics.errors import InvalidInput, NonFiniteFeatures, UnknownMetric
from metrics.registry import ENTRY_POINT, REGISTRY, Metric, ScoreKind


def table(values, logits=None, name="test-space"):
    return Features.of_array(np.asarray(values, dtype=np.float32), logits=logits, name=name)


@pytest.fixture(scope="module")
def real():
    rng = np.random.default_rng(0)
    return table(rng.standard_normal((220, 6)), rng.standard_normal((220, 4)).astype(np.float32))


@pytest.fixture(scope="module")
def generated():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((200, 6)) * 0.9 + 0.2
    values[10:20] = values[0]
    return table(values, rng.standard_normal((200, 4)).astype(np.float32))


@pytest.fixture(scope="module")
def asked():
    """A prompt and a class for each generated sample."""
    prompts = ["left", "right"] * 100
    return Asked(
        prompts, [("1",)] * 200, lambda texts: np.eye(6)[[("left", "right").index(t) for t in texts]]
    )


def test_every_metric_gives_the_scores_that_it_announces(real, generated, asked):
    for metric in REGISTRY.values():
        scores = evaluate([metric.name], real=real, generated=generated, asked=asked)
        assert [score.metric for score in scores] == [kind.name for kind in metric.gives]
        for score, kind in zip(scores, metric.gives, strict=True):
            assert score.higher_is_better == kind.higher_is_better
            assert (score.count_real, score.count_generated) == (220, 200)
            assert math.isfinite(score.value)
            assert json.dumps(score.as_dict(), allow_nan=False)
            for each in score.per_sample.values():
                assert len(each) == 200


def test_scores_are_the_same_whether_asked_together_or_alone(real, generated, asked):
    sets = {"real": real, "generated": generated, "asked": asked}
    together = evaluate(list(REGISTRY), **sets, seed=3)
    alone = [score for name in REGISTRY for score in evaluate([name], **sets, seed=3)]
    assert [score.value for score in together] == [score.value for score in alone]


def test_names_aliases_and_groups_mean_each_metric_once():
    names = [metric.name for metric in resolve(["fid", "prdc", "precision_recall", "KID", "is"])]
    assert names == [
        "frechet_distance", "precision_recall", "density_coverage", "kernel_distance", "inception_score",
    ]  # fmt: skip
    with pytest.raises(UnknownMetric, match=r"'fidd'; there are: frechet_distance"):
        resolve(["fidd"])


def test_no_alias_hides_another_metric():
    names = [name for metric in REGISTRY.values() for name in (metric.name, *metric.aliases)]
    assert len(names) == len(set(names))
    kinds = [kind.name for metric in REGISTRY.values() for kind in metric.gives]
    assert len(kinds) == len(set(kinds))


def test_the_readme_lists_every_metric_with_its_aliases_and_scores():
    text = (Path(metrics.__file__).parent / "README.md").read_text()
    rows = {row.split("|")[1].strip(): row for row in text.splitlines() if row.startswith("| `")}
    for metric in REGISTRY.values():
        row = rows[f"`{metric.name}`"]
        for name in (*metric.aliases, *(kind.name for kind in metric.gives)):
            assert f"`{name}`" in row, (metric.name, name)
    for name in [name for name in metrics.__all__ if name[0].islower()]:
        assert name in text, name


def test_metrics_that_need_logits_are_left_out_with_the_reason():
    usable, left_out = available(resolve(["fid", "is"]), logits=False)
    assert [metric.name for metric in usable] == ["frechet_distance"]
    assert left_out == {"inception_score": "the extractor gives no class logits"}


def test_metrics_without_their_logits_are_refused_when_asked_by_name(real):
    with pytest.raises(InvalidInput, match="inception_score: the extractor gives no class logits"):
        evaluate(["is"], real=real, generated=table(np.ones((5, 6))))


def test_settings_reach_their_metric_and_unknown_ones_are_refused(real, generated):
    default, wider = (
        evaluate(["prc"], real=real, generated=generated, settings={"precision_recall": {"k": k}})[0]
        for k in (3, 9)
    )
    assert wider.value > default.value
    assert wider.details["k"] == 9
    with pytest.raises(InvalidInput, match="precision_recall has no setting neighbours; it has: k, strict"):
        evaluate(["prc"], real=real, generated=generated, settings={"precision_recall": {"neighbours": 3}})


def test_a_metric_that_needs_no_real_set_goes_without(generated):
    scores = evaluate(["unique", "vendi"], real=None, generated=generated)
    assert scores[0].value == pytest.approx(190 / 200)
    assert scores[0].count_real == 0
    with pytest.raises(InvalidInput, match="compares with a real set"):
        evaluate(["fid"], real=None, generated=generated)


def test_repeats_are_named_and_marked_for_each_sample(generated):
    score = evaluate(["unique"], real=None, generated=generated)[0]
    assert score.details["largest_counts"] == [11]
    assert score.details["largest_groups"][0][0] == generated.names[0]
    assert score.per_sample["repeated"].sum() == 11


def test_sets_of_two_extractors_are_not_compared(real, generated):
    other = Features(generated.values, None, generated.names, generated.digests, {"digest": "other"})
    with pytest.raises(InvalidInput, match="one extractor"):
        Comparison(real, other)


def test_a_broken_feature_names_the_sample(real, generated):
    values = generated.values.copy()
    values[7, 2] = np.inf
    broken = Features(values, None, generated.names, generated.digests, generated.extractor)
    with pytest.raises(NonFiniteFeatures, match=rf"sample 7 \({generated.names[7]}\)"):
        evaluate(["fid"], real=real, generated=broken)


def test_progress_counts_metrics(real, generated):
    told = []
    evaluate(["fid", "vendi"], real=real, generated=generated, progress=lambda *state: told.append(state))
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_intervals_are_two_standard_errors_wide(real, generated):
    score = evaluate(["fid"], real=real, generated=generated)[0]
    low, high = score.interval
    assert high - low == pytest.approx(2 * 1.96 * score.standard_error)
    assert low < score.value < high


def test_a_failure_in_one_metric_names_it(real):
    with pytest.raises(InvalidInput, match="Precision and recall: 3 neighbours need"):
        evaluate(["prc"], real=real, generated=table(np.ones((2, 6)) * [[1], [2]]))


def test_a_package_adds_a_metric_by_an_entry_point(monkeypatch, real, generated):
    from metrics import registry

    extra = Metric(
        "extra", "Extra", "the mean", frozenset({"features"}), (ScoreKind("extra", "Extra", None),),
        "tests.metrics.test_evaluate:extra",
    )  # fmt: skip

    class Point:
        name = "extra"

        @staticmethod
        def load():
            return extra

    registry.metrics_by_name.cache_clear()
    monkeypatch.setattr(registry, "entry_points", lambda group: [Point] if group == ENTRY_POINT else [])
    try:
        score = evaluate(["extra"], real=real, generated=generated)[0]
        assert score.value == pytest.approx(generated.values.mean(), rel=1e-6)
        Point.load = staticmethod(lambda: "not a metric")
        registry.metrics_by_name.cache_clear()
        with pytest.raises(UnknownMetric, match="not a Metric"):
            resolve(["extra"])
    finally:
        registry.metrics_by_name.cache_clear()


def extra(comparison, settings):
    return [comparison.score("extra", "Extra", None, float(comparison.generated.mean()))]


def test_the_registry_is_read_without_loading_torch():
    code = "import sys, metrics.registry, metrics.cli.main; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_library_is_used_without_django():
    code = (
        "import sys; sys.modules['django'] = None\n"
        "import metrics, metrics.comparing, metrics.cli.main, metrics.extractors.inception\n"
        "metrics.cli.main.build_parser()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there():
    for name in metrics.__all__:
        assert getattr(metrics, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'fid'"):
        _ = metrics.fid


def test_statistics_are_written_as_pytorch_fid_reads_them(tmp_path):
    x = np.random.default_rng(0).standard_normal((30, 4))
    write_statistics(tmp_path / "s.npz", x.mean(axis=0), np.cov(x, rowvar=False), 30)
    with np.load(tmp_path / "s.npz") as archive:
        assert (archive["mu"].dtype, archive["sigma"].shape) == (np.float64, (4, 4))
    again = read_statistics(tmp_path / "s.npz")
    assert again.n == 30
    np.testing.assert_array_equal(again.mean, x.mean(axis=0))


def test_statistics_of_other_tools_are_read(tmp_path):
    """ADM's reference batches hold images and spatial statistics beside the two that count."""
    mu, sigma = np.zeros(3, np.float32), np.eye(3, dtype=np.float32)
    np.savez(
        tmp_path / "adm.npz",
        arr_0=np.zeros((2, 4, 4, 3), np.uint8),
        mu=mu,
        sigma=sigma,
        mu_s=mu,
        sigma_s=sigma,
    )
    found = read_statistics(tmp_path / "adm.npz")
    assert found.n is None
    assert found.cov.dtype == np.float64


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"m": np.zeros(2)}, "holds m; 'mu' and 'sigma'"),
        ({"mu": np.zeros(3), "sigma": np.eye(2)}, "mean of 3"),
    ],
)
def test_other_statistics_are_refused(tmp_path, arrays, words):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(InvalidInput, match=words):
        read_statistics(tmp_path / "x.npz")
    (tmp_path / "y.npz").write_bytes(b"junk")
    with pytest.raises(InvalidInput, match="not a readable npz"):
        read_statistics(tmp_path / "y.npz")


def test_a_comparison_against_statistics_is_that_against_the_set(own_extractor, pictures, tmp_path):
    from metrics import extract

    real, generated = pictures[:60], pictures[30:]
    statistics = extract(own_extractor, real).statistics()
    write_statistics(tmp_path / "real.npz", statistics.mean, statistics.cov, statistics.n)
    whole = compare(real, [generated], metrics=["fid"], extractor=own_extractor)
    against = compare(
        tmp_path / "real.npz", [generated], metrics=["fid", "is", "prdc"], extractor=own_extractor
    )
    assert against.scores[0].value == pytest.approx(whole.scores[0].value, rel=1e-6)
    assert against.scores[0].count_real == 60
    assert 0 < against.scores[0].standard_error < whole.scores[0].standard_error
    assert any("biased upwards" in warning for warning in against.scores[0].warnings)
    assert [score.metric for score in against.scores] == ["frechet_distance", "inception_score"]
    assert set(against.left_out) == {"precision_recall", "density_coverage"}


def test_sets_of_one_name_are_told_apart(own_extractor, pictures, tmp_path):
    from PIL import Image

    for run in ("a", "b"):
        (tmp_path / run / "samples").mkdir(parents=True)
        for row in range(12):
            Image.fromarray(pictures[row]).save(tmp_path / run / "samples" / f"{row}.png")
    found = compare(
        pictures,
        [tmp_path / "a/samples", tmp_path / "b/samples"],
        metrics=["unique"],
        extractor=own_extractor,
    )
    assert found.generated == tuple(str(tmp_path / run / "samples") for run in ("a", "b"))
    assert len(found.of_set(found.generated[1])) == 1
    assert json.dumps(found.as_dict(), allow_nan=False)
    with pytest.raises(InvalidInput, match="at least one generated set"):
        compare(pictures, [], extractor=own_extractor)


def test_the_user_s_batch_and_the_set_s_size_change_no_feature(own_extractor, pictures):
    """A set alone and the same set at the head of a larger one give one score."""
    from metrics import extract

    large, small = extract(own_extractor, pictures), extract(own_extractor, pictures[:64])
    np.testing.assert_array_equal(large.values[:64], small.values)


@pytest.mark.parametrize("metric", ["fid", "kid", "cmmd", "swd"])
def test_identical_sets_are_at_no_distance(metric, real):
    score = evaluate([metric], real=real, generated=real)[0]
    trace = float(real.statistics().cov.trace())
    if metric == "kid":
        # Unbiased: below 0 for a set against itself.
        assert score.details["full"] < 1e-3
    else:
        assert abs(score.value) < 1e-6 * max(trace, 1)


def test_collapse_is_seen_by_what_should_see_it(real):
    """A set of a few points near real ones: precise, dense, unvaried."""
    rng = np.random.default_rng(3)
    few = real.values[rng.choice(220, 2, replace=False)]
    collapsed = table(few[rng.integers(0, 2, 200)] + 1e-4 * rng.standard_normal((200, 6)))
    names = ["prdc", "ndb", "duplicates", "vendi", "diversity"]
    settings = {"ndb": {"bins": 20}}
    bad = {s.metric: s.value for s in evaluate(names, real=real, generated=collapsed, settings=settings)}
    fresh = table(rng.standard_normal((200, 6)))
    good = {s.metric: s.value for s in evaluate(names, real=real, generated=fresh, settings=settings)}
    assert bad["precision"] > 0.95
    for name in ("recall", "coverage", "cluster_coverage", "vendi_score"):
        assert bad[name] < 0.5 * good[name]
    assert bad["near_duplicates"] > 0.95 > 0.1 > good["near_duplicates"]
    assert bad["ndb"] > 0.5 > good["ndb"]
    assert bad["birthday_duplicates"] == 1


def test_class_accuracy_is_by_class_and_in_all():
    from metrics import class_accuracy

    found = class_accuracy(np.eye(3)[[0, 1, 2, 2]], [0, 1, 1, 2])
    assert found.value == 0.75
    assert found.by_class == {0: 1.0, 1: 0.5, 2: 1.0}
    with pytest.raises(InvalidInput, match="0 to 2"):
        class_accuracy(np.eye(3), [0, 1, 3])
    with pytest.raises(InvalidInput, match="each of 3 samples"):
        class_accuracy(np.eye(3), [0, 1])


def test_clip_score_is_a_hundred_cosines_not_below_zero():
    from metrics import clip_score

    pictures, prompts = np.array([[3.0, 0], [1, 1], [1, 0]]), np.array([[1.0, 0], [1, 0], [-1, 0]])
    found = clip_score(pictures, prompts)
    np.testing.assert_allclose(found.per_sample, [100, 100 / 2**0.5, 0])
    with pytest.raises(InvalidInput, match="2 for 3"):
        clip_score(pictures, prompts[:2])


def test_the_mean_pairwise_distance_of_a_gaussian_is_its_closed_one():
    from metrics import pairwise_distance

    x = np.random.default_rng(0).standard_normal((4000, 1))
    found = pairwise_distance(x, pairs=40_000)
    assert found.value == pytest.approx(2 / np.pi**0.5, abs=4 * found.standard_error)
    assert pairwise_distance(np.ones((10, 3))).value == 0
