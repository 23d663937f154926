"""On a GPU: the CPU's numbers, the same bits each time, no TF32 where it would tell, little memory.

Skipped where there is no GPU. METRICS_TEST_DEVICE=cpu runs what can be run without one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from metrics import (
    Features,
    FeatureStatistics,
    compare,
    evaluate,
    extract,
    frechet_distance,
    frechet_distance_of_features,
    kernel_distance,
    linalg,
    load_extractor,
    ndb,
    precision_recall,
    shards,
)
from metrics.extractors.base import Extractor
from metrics.kernel import rbf_distance
from metrics.registry import REGISTRY, available
from metrics.scores import Score

DEVICE = os.environ.get("METRICS_TEST_DEVICE", "cuda")
pytestmark = pytest.mark.skipif(
    DEVICE == "cuda" and not torch.cuda.is_available(), reason="no GPU on this machine"
)
on_a_gpu_only = pytest.mark.skipif(DEVICE == "cpu", reason="a GPU's memory is meant")
RNG = np.random.default_rng


@contextmanager
def a_caller_who_allows_tf32() -> Iterator[None]:
    """Allow TF32 in PyTorch's older way, as scripts do, and forbid it again."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("medium")
    torch.backends.cudnn.allow_tf32 = True
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


@pytest.fixture(scope="module")
def photographs() -> list[np.ndarray]:
    """40 pictures of three sizes, smooth as photographs are."""
    rng = RNG(1)
    shapes = [(256, 256), (320, 200), (100, 140)]
    coarse = [rng.integers(0, 256, (h // 8, w // 8, 3), dtype=np.uint8) for h, w in shapes * 14][:40]
    sized = [(w, h) for h, w in shapes] * 14
    return [np.array(Image.fromarray(c).resize(s)) for c, s in zip(coarse, sized, strict=False)]


@pytest.fixture(scope="module")
def inception(inception_weights: Path):
    """Return a loader of Inception with random weights: ``inception("draft", "cuda")``."""
    ready: dict[tuple[str, str, str], Extractor] = {}

    def load(precision: str, device: str = DEVICE, preprocessing: str = "tf1") -> Extractor:
        key = (precision, device, preprocessing)
        if key not in ready:
            ready[key] = load_extractor(
                "inception",
                weights=inception_weights,
                verify=False,
                precision=precision,
                device=device,
                preprocessing=preprocessing,
            )
        return ready[key]

    return load


def _relative(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("preprocessing", ["tf1", "pytorch", "clean"])
def test_preprocessing_is_the_cpus_also_for_callers_who_allow_tf32(inception, photographs, preprocessing):
    expected = inception("reference", "cpu", preprocessing).prepare(photographs[:6])
    with a_caller_who_allows_tf32():
        found = inception("reference", DEVICE, preprocessing).prepare(photographs[:6])
    torch.testing.assert_close(found.cpu(), expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize(("precision", "tolerance"), [("reference", 1e-4), ("fast", 2e-2), ("draft", 1e-1)])
def test_features_are_the_cpus_within_the_tiers_tolerance(inception, photographs, precision, tolerance):
    expected = extract(inception("reference", "cpu"), photographs)
    with a_caller_who_allows_tf32():
        found = extract(inception(precision), photographs)
    assert _relative(found.values, expected.values) < tolerance
    assert _relative(found.logits, expected.logits) < tolerance
    assert found.digests == expected.digests


@pytest.mark.parametrize("precision", ["reference", "fast", "draft"])
def test_the_same_images_give_the_same_bits_whole_and_in_shards(inception, photographs, precision):
    extractor = inception(precision)
    many = photographs * (1 + extractor.batch_size // len(photographs))
    whole, again = extract(extractor, many), extract(extractor, many, workers=0)
    np.testing.assert_array_equal(whole.values, again.values)
    np.testing.assert_array_equal(whole.logits, again.logits)
    cuts = shards(len(many), extractor.batch_size, target=extractor.batch_size)
    assert len(cuts) > 1
    joined = Features.join([extract(extractor, many, indices=rows) for rows in cuts])
    np.testing.assert_array_equal(joined.values, whole.values)


def test_files_that_worker_processes_decode_give_the_same_bits(inception, photographs, tmp_path):
    for index, picture in enumerate(photographs):
        Image.fromarray(picture).save(tmp_path / f"{index:03d}.png")
    found = extract(inception("reference"), tmp_path, workers=3)
    np.testing.assert_array_equal(found.values, extract(inception("reference"), photographs).values)


@on_a_gpu_only
def test_a_gpu_out_of_memory_halves_the_batch_and_gives_the_same_features(inception, photographs):
    roomy = inception("reference")
    expected = extract(roomy, photographs)
    total = torch.cuda.get_device_properties(0).total_memory
    tight = Extractor(
        roomy.description, roomy._network, roomy._preprocessing, device=roomy.device, batch_size=1024
    )
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 2**30) / total)
    try:
        found = extract(tight, photographs)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert tight.batch_size < 1024
    assert _relative(found.values, expected.values) < 1e-4


@pytest.fixture(scope="module")
def tables() -> tuple[Features, Features]:
    """Features and logits of 900 real and 800 generated samples in 12 lumps; a few are repeated."""
    rng = RNG(2)
    centres = rng.standard_normal((12, 64)) * 4
    values = []
    for count, weights in ((900, None), (800, np.arange(1, 13) / 78)):
        rows = centres[rng.choice(12, count, p=weights)] + rng.standard_normal((count, 64)) * 0.5
        values.append(rows.astype(np.float32))
    values[1][-20:] = values[1][:20]
    logits = [rng.standard_normal((len(one), 10)).astype(np.float32) * 3 for one in values]
    made = [Features.of_array(one, logits=own) for one, own in zip(values, logits, strict=True)]
    return made[0], made[1]


def _all_scores(tables: tuple[Features, Features], device: str) -> list[Score]:
    metrics = available(REGISTRY.values(), logits=True)[0]
    settings = {"kernel_distance": {"subset_size": 200}, "ndb": {"bins": 12}, "fid_infinity": {"points": 4}}
    return evaluate(metrics, real=tables[0], generated=tables[1], settings=settings, device=device)


def test_every_score_is_the_cpus_with_its_error_and_each_samples_part(tables):
    expected = {score.metric: score for score in _all_scores(tables, "cpu")}
    with a_caller_who_allows_tf32():
        found = {score.metric: score for score in _all_scores(tables, DEVICE)}
    assert found.keys() == expected.keys()
    for name, score in found.items():
        close = {"rtol": 1e-6, "atol": 1e-9, "err_msg": name}
        np.testing.assert_allclose(score.value, expected[name].value, **close)
        if score.standard_error is not None:
            np.testing.assert_allclose(score.standard_error, expected[name].standard_error, **close)
        for what, each in score.per_sample.items():
            np.testing.assert_allclose(each * 1.0, expected[name].per_sample[what] * 1.0, **close)


def test_every_score_is_the_same_to_the_bit_again(tables):
    first, second = _all_scores(tables, DEVICE), _all_scores(tables, DEVICE)
    assert [score.as_dict() for score in first] == [score.as_dict() for score in second]
    for one, other in zip(first, second, strict=True):
        for what, each in one.per_sample.items():
            np.testing.assert_array_equal(each, other.per_sample[what])


@pytest.mark.parametrize("samples", [40, 400])
def test_frechet_distances_are_the_cpus_to_nine_digits(samples):
    rng = RNG(3)
    drawn = [rng.standard_normal((samples, 100)) @ rng.standard_normal((100, 100)) for _ in "xy"]
    x, y = (torch.from_numpy(one) for one in drawn)
    expected = frechet_distance_of_features(x, y)
    found = frechet_distance_of_features(x.to(DEVICE), y.to(DEVICE))
    assert found.value == pytest.approx(expected.value, rel=1e-9)
    assert found.standard_error == pytest.approx(expected.standard_error, rel=1e-6)
    ours = [FeatureStatistics.of(one, device=DEVICE) for one in (x, y)]
    parts = FeatureStatistics.of(x[:13], device=DEVICE).merge(FeatureStatistics.of(x[13:], device=DEVICE))
    value = frechet_distance(parts.mean, parts.cov, ours[1].mean, ours[1].cov).value
    assert parts.cov.device.type == DEVICE
    assert value == pytest.approx(expected.value, rel=1e-7)


def test_tf32_never_enters_kernels_and_distances():
    rng = RNG(4)
    x, y = (rng.standard_normal((1500, 256)).astype(np.float32) + 3 for _ in range(2))
    there = [torch.from_numpy(one).to(DEVICE) for one in (x, y)]
    doubles = x.astype(np.float64), y.astype(np.float64)
    with a_caller_who_allows_tf32():
        kid, rbf = kernel_distance(*there, subset_size=500), rbf_distance(*there)
        balls, bins = precision_recall(*there), ndb(*there, bins=8)
    assert kid.value == pytest.approx(kernel_distance(*doubles, subset_size=500).value, rel=1e-7, abs=1e-12)
    assert rbf.unbiased == pytest.approx(rbf_distance(*doubles).unbiased, rel=1e-7, abs=1e-12)
    expected = precision_recall(*doubles)
    np.testing.assert_array_equal(balls.generated_inside, expected.generated_inside)
    np.testing.assert_array_equal(balls.real_inside, expected.real_inside)
    assert bins == ndb(*there, bins=8)


def test_a_solver_that_fails_on_the_device_gives_the_cpus_answer(monkeypatch):
    x = torch.from_numpy(RNG(5).standard_normal((60, 30))).to(DEVICE)
    matrix = x.T @ x
    expected = linalg.symmetric_eigenvalues(matrix).cpu(), linalg.singular_values(x).cpu()
    for name in ("eigvalsh", "svdvals"):
        monkeypatch.setattr(torch.linalg, name, _failing_on_a_gpu(getattr(torch.linalg, name)))
    found = linalg.symmetric_eigenvalues(matrix), linalg.singular_values(x)
    assert {one.device.type for one in found} == {DEVICE}
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.cpu(), other, rtol=1e-10, atol=1e-10)


def _failing_on_a_gpu(solver):
    def solve(matrix: torch.Tensor) -> torch.Tensor:
        if matrix.device.type == "cuda":
            raise torch.linalg.LinAlgError("the algorithm failed to converge")
        return solver(matrix)

    return solve


@on_a_gpu_only
def test_neighbours_of_large_sets_take_little_memory():
    generator = torch.Generator(DEVICE).manual_seed(0)
    x, y = (torch.randn(20_000, 512, device=DEVICE, generator=generator) for _ in range(2))
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    precision_recall(x, y)
    assert torch.cuda.max_memory_allocated() - before < 2**30


def test_two_folders_compare_as_on_the_cpu(inception, photographs, tmp_path):
    for index, picture in enumerate(photographs):
        folder = tmp_path / ("real" if index % 2 else "generated")
        folder.mkdir(exist_ok=True)
        Image.fromarray(picture).save(folder / f"{index:03d}.png")
    found = {}
    for device in ("cpu", DEVICE):
        scores = compare(
            tmp_path / "real",
            [tmp_path / "generated"],
            metrics=["fid", "is", "kid", "prc"],
            extractor=inception("reference", device),
            settings={"kernel_distance": {"subset_size": 10}, "inception_score": {"splits": 2}},
            workers=2,
        ).scores
        found[device] = {score.metric: score.value for score in scores}
    assert found[DEVICE] == pytest.approx(found["cpu"], rel=1e-3)
