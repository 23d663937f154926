"""The same random weights and inputs in torch-fidelity's, pytorch-fid's and our networks give the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from metrics.comparing import compare
from metrics.extractors import load_extractor
from metrics.extractors.inception_network import InceptionNetwork
from metrics.extractors.vision_ops import import_torchvision
from metrics.frechet import frechet_distance_of_features
from metrics.images.preprocessing import prepare, preprocessing_named

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def fidelity():
    import_torchvision()
    return pytest.importorskip("torch_fidelity")


@pytest.fixture(scope="module")
def state(inception_weights: Path) -> dict[str, torch.Tensor]:
    return torch.load(inception_weights, weights_only=True)


@pytest.fixture(scope="module")
def fidelity_network(fidelity, inception_weights: Path):
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    taps = ["64", "192", "768", "2048", "logits_unbiased"]
    return FeatureExtractorInceptionV3("x", taps, feature_extractor_weights_path=str(inception_weights))


@pytest.fixture(scope="module")
def pytorch_fid_network(fidelity, state):
    inception = pytest.importorskip("pytorch_fid.inception")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inception, "load_state_dict_from_url", lambda *_args, **_more: state)
        return inception.InceptionV3([0, 1, 2, 3]).eval()


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    rng = np.random.default_rng(2)
    coarse = rng.integers(0, 256, (3, 9, 9, 3), dtype=np.uint8)
    smooth = [np.asarray(Image.fromarray(one).resize((80, 72), Image.Resampling.BICUBIC)) for one in coarse]
    return np.stack(smooth)


def our_features(state, batch: torch.Tensor, tap: int = 2048):
    network = InceptionNetwork(tap)
    network.load_state_dict(state)
    with torch.inference_mode():
        return network.prepare()(batch)


def relative_error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((ours - theirs).norm() / theirs.norm())


def test_features_and_logits_are_torch_fidelitys(state, fidelity_network, pictures):
    bytes_in = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()
    theirs = fidelity_network(bytes_in)
    batch = prepare(list(pictures), (299, 299), preprocessing_named("tf1"))
    features, logits = our_features(state, batch)
    assert relative_error(features, theirs[3]) < 1e-5
    assert relative_error(logits, theirs[4]) < 1e-5
    assert theirs[3].std() > 1e-2


@pytest.mark.parametrize(("tap", "position"), [(64, 0), (192, 1), (768, 2)])
def test_earlier_taps_are_torch_fidelitys(state, fidelity_network, pictures, tap, position):
    theirs = fidelity_network(torch.from_numpy(pictures[:1]).permute(0, 3, 1, 2).contiguous())[position]
    batch = prepare(list(pictures[:1]), (299, 299), preprocessing_named("tf1"))
    features, logits = our_features(state, batch, tap)
    assert logits is None
    assert relative_error(features, theirs) < 1e-5


def test_features_are_pytorch_fids(state, pytorch_fid_network, pictures):
    unit = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        theirs = pytorch_fid_network(unit)[3].flatten(1)
    features, _ = our_features(state, prepare(list(pictures), (299, 299), preprocessing_named("pytorch")))
    assert relative_error(features, theirs) < 1e-5


def test_the_tf1_preprocessing_is_torch_fidelitys(fidelity, pictures):
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

    floats = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
    theirs = interpolate_bilinear_2d_like_tensorflow1x(floats, size=(299, 299), align_corners=False)
    ours = prepare(list(pictures), (299, 299), preprocessing_named("tf1"))
    assert float((ours * 128 + 128 - theirs).abs().max()) < 1e-4


def test_the_pytorch_preprocessing_is_pytorch_fids(pictures):
    unit = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    resized = torch.nn.functional.interpolate(unit, size=(299, 299), mode="bilinear", align_corners=False)
    ours = prepare(list(pictures), (299, 299), preprocessing_named("pytorch"))
    assert float((ours - (2 * resized - 1)).abs().max()) < 2e-6


@pytest.mark.parametrize("size", [(72, 80), (512, 400), (299, 299), (1, 1)])
def test_the_clean_preprocessing_is_pillows_bicubic_in_float(size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    channels = [Image.fromarray(pixels[:, :, c].astype(np.float32)) for c in range(3)]
    resized = [np.asarray(c.resize((299, 299), Image.Resampling.BICUBIC)) for c in channels]
    theirs = np.stack(resized).clip(0, 255)
    ours = prepare([pixels], (299, 299), preprocessing_named("clean"))[0].numpy() * 128 + 128
    assert np.abs(ours - theirs).max() < 0.004


def test_the_frechet_distance_is_torch_fidelitys_on_the_same_features(fidelity):
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    rng = np.random.default_rng(4)
    first = rng.gamma(2, size=(600, 64)).astype(np.float32)
    second = (rng.gamma(2.2, size=(500, 64)) * 1.1).astype(np.float32)
    statistics = [fid_features_to_statistics(torch.from_numpy(x)) for x in (first, second)]
    theirs = fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]
    assert frechet_distance_of_features(first, second).value == pytest.approx(theirs, rel=1e-5)


def test_fid_from_pictures_is_torch_fidelitys_at_the_first_tap(fidelity, inception_weights, tmp_path):
    """Decoding, resizing, network and distance together, with fewer samples than dimensions."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    rng = np.random.default_rng(8)
    sets = [rng.integers(0, high, (26, 20, 20, 3), dtype=np.uint8) for high in (256, 225)]
    network = FeatureExtractorInceptionV3("x", ["64"], feature_extractor_weights_path=str(inception_weights))
    theirs = []
    for index, pictures in enumerate(sets):
        folder = tmp_path / str(index)
        folder.mkdir()
        for row, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / f"{row:03d}.png")
        batch = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()
        theirs.append(fid_features_to_statistics(torch.cat([network(part)[0] for part in batch.split(10)])))
    extractor = load_extractor("inception:64", device="cpu", weights=inception_weights, verify=False)
    found = compare(tmp_path / "0", tmp_path / "1", metrics=["fid"], extractor=extractor)
    expected = fid_statistics_to_metric(*theirs, False)["frechet_inception_distance"]
    assert found.scores[0].value == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_the_scores_of_two_folders_are_torch_fidelitys(fidelity, inception_weights, tmp_path):
    rng = np.random.default_rng(9)
    for name, high in (("real", 256), ("generated", 230)):
        (tmp_path / name).mkdir()
        for row in range(24):
            pixels = rng.integers(0, high, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{row:02d}.png")
    theirs = fidelity.calculate_metrics(
        input1=str(tmp_path / "generated"), input2=str(tmp_path / "real"), cuda=False, isc=True, fid=True,
        kid=True, kid_subset_size=16, kid_subsets=10, verbose=False, cache=False, batch_size=20,
        feature_extractor_weights_path=str(inception_weights), save_cpu_ram=True,
    )  # fmt: skip
    extractor = load_extractor("inception", device="cpu", weights=inception_weights, verify=False)
    found = compare(
        tmp_path / "real", tmp_path / "generated", metrics=["fid", "is", "kid"], extractor=extractor,
        settings={"kernel_distance": {"subset_size": 16, "subsets": 10}},
    )  # fmt: skip
    ours = {score.metric: score.value for score in found.scores}
    assert ours["frechet_distance"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)
    assert ours["inception_score"] == pytest.approx(theirs["inception_score_mean"], rel=1e-5)
    # Their generated set draws the first subset, ours the real one: the means agree to their spread.
    spread = theirs["kernel_inception_distance_std"] / 10**0.5
    assert ours["kernel_distance"] == pytest.approx(theirs["kernel_inception_distance_mean"], abs=4 * spread)
