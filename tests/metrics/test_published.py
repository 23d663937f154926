"""Networks of timm and open_clip where they are installed, with random weights; clean-fid's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metrics import evaluate, extract, load_extractor
from metrics.asked import Asked
from metrics.errors import MissingWeights, UnknownExtractor
from metrics.extractors.published import dinov2_positions
from metrics.extractors.vision_ops import import_torchvision
from metrics.images.preprocessing import prepare, preprocessing_named
from metrics.labels import label_of

# clean-fid 0.1.35, build_resizer("clean"), of default_rng(height).integers(0, 256, (height, width, 3)):
# the mean of all values, then the pixels (0, 0), (150, 200) and (298, 1).
CLEAN_FID = {
    (40, 50): (
        127.8171457020387,
        (108.77522277832031, 36.19951248168945, 213.99488830566406),
        (20.747650146484375, 102.89679718017578, 146.558837890625),
        (0.0, 44.99032974243164, 227.36744689941406),
    ),
    (512, 300): (
        127.39339338539817,
        (95.23413848876953, 125.8547592163086, 116.06092834472656),
        (63.337039947509766, 134.59564208984375, 114.95919036865234),
        (142.49879455566406, 227.58372497558594, 191.1591339111328),
    ),
}


@pytest.mark.parametrize("size", CLEAN_FID)
def test_the_clean_preprocessing_gives_the_values_recorded_from_clean_fid(size):
    pixels = np.random.default_rng(size[0]).integers(0, 256, (*size, 3), dtype=np.uint8)
    ours = prepare([pixels], (299, 299), preprocessing_named("clean"))[0].permute(1, 2, 0).numpy() * 128 + 128
    mean, *corners = CLEAN_FID[size]
    assert ours.mean(dtype=np.float64) == pytest.approx(mean, abs=1e-4)
    for (row, column), expected in zip(((0, 0), (150, 200), (298, 1)), corners, strict=True):
        np.testing.assert_allclose(ours[row, column], expected, atol=2e-4)


@pytest.fixture
def pictures() -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (2, 40, 50, 3), dtype=np.uint8))


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import_torchvision()


def test_a_timm_network_gives_its_last_layers_two_sides(offline, tmp_path, pictures):
    timm = pytest.importorskip("timm")
    network = timm.create_model("resnet18", pretrained=False).eval()
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    extractor = load_extractor("timm:resnet18", weights=tmp_path / "weights.pth", device="cpu")
    table = extract(extractor, pictures)
    assert table.values.shape == (2, 512)
    with torch.inference_mode():
        expected = network.fc(torch.from_numpy(table.values))
    np.testing.assert_allclose(table.logits, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_a_timm_network_that_does_not_exist_is_refused(offline):
    pytest.importorskip("timm")
    with pytest.raises(UnknownExtractor, match="nonesuch"):
        load_extractor("timm:nonesuch", device="cpu")


def test_dinov2_is_taken_as_fd_dinov2_takes_it(offline, tmp_path, pictures):
    timm = pytest.importorskip("timm")
    network = timm.create_model("vit_small_patch14_dinov2.lvd142m", pretrained=False, num_classes=0).eval()
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    extractor = load_extractor("dinov2:vits14", weights=tmp_path / "weights.pth", device="cpu")
    table = extract(extractor, pictures)
    assert (extractor.input_size, extractor.resize) == ((224, 224), "bicubic-antialias")
    batch = extractor.prepare(pictures)
    with torch.inference_mode():
        patches = network.patch_embed.proj(batch).flatten(2).transpose(1, 2)
        positions = dinov2_positions(network.pos_embed, 16)
        tokens = torch.cat([network.cls_token.expand(2, -1, -1), patches], dim=1) + positions
        expected = network.norm(network.blocks(tokens))[:, 0]
    np.testing.assert_allclose(table.values, expected.numpy(), rtol=1e-3, atol=1e-5)
    assert label_of("frechet_distance", "", extractor.describe()) == "FD-DINOv2 (dinov2-vits14)"


def test_positions_are_moved_as_dinov2_does_it():
    """A ramp over 37 x 37 stays one: position i lies at (i + 1/2) 37 / 16.1 - 1/2, not 37 / 16."""
    ramp = torch.arange(37.0).expand(37, 37).reshape(1, -1, 1)
    found = dinov2_positions(torch.cat([torch.full((1, 1, 1), -5.0), ramp], dim=1), 16)
    assert found[0, 0, 0] == -5
    inner = found[0, 1:, 0].reshape(16, 16)[:, 1:-1]
    expected = (torch.arange(16) + 0.5) * 37 / 16.1 - 0.5
    # PyTorch's cubic keeps a ramp to 0.05; without the added 0.1 the last position would be 0.2 off.
    torch.testing.assert_close(inner, expected[1:-1].expand(16, -1), rtol=0, atol=0.06)


def test_open_clip_embeds_pictures_and_prompts_in_one_space(offline, tmp_path, pictures):
    open_clip = pytest.importorskip("open_clip")
    path = tmp_path / "weights.pth"
    torch.save(open_clip.create_model("RN50").state_dict(), path)
    extractor = load_extractor("open_clip:RN50/openai", weights=path, device="cpu")
    table, prompts = extract(extractor, pictures), ["a cat", "ein Käse"]
    assert table.values.shape == extractor.embed_prompts(prompts).shape == (2, 1024)
    (score,) = evaluate(["clip_score"], real=None, generated=table, asked=Asked.of(extractor, prompts))
    assert score.label == "CLIP score (open_clip-RN50-openai)"
    assert len(score.per_sample["clip_score"]) == 2


@pytest.mark.parametrize("argument", ["RN50/", "RN50/nosuch", "nonesuch/openai", "/openai"])
def test_open_clip_never_falls_back_on_random_weights(offline, argument):
    pytest.importorskip("open_clip")
    with pytest.raises(UnknownExtractor):
        load_extractor(f"open_clip:{argument}", device="cpu")


def test_a_missing_file_of_weights_is_said_once(offline, tmp_path):
    with pytest.raises(MissingWeights) as refusal:
        load_extractor("torchvision:resnet18", weights=tmp_path / "none.pth", device="cpu")
    assert str(refusal.value) == f"{tmp_path / 'none.pth'} does not exist"
