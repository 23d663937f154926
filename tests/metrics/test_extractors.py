"""Extractors by name: their descriptions, missing weights, files of one's own, other packages' networks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
import pytest
import torch

from metrics import check_extractor, extract, load_extractor, shards
from metrics.devices import resolve_device
from metrics.errors import InvalidInput, MissingPackage, MissingWeights, UnknownExtractor
from metrics.extractors import inception, weights
from metrics.extractors.base import default_batch
from metrics.extractors.inception_network import shifted_maxima
from metrics.extractors.own_file import save_module
from tests.metrics.networks import SmallNetwork


@pytest.fixture
def nothing_here(monkeypatch, tmp_path):
    monkeypatch.setenv("METRICS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("METRICS_OFFLINE", "1")
    monkeypatch.delenv("METRICS_INCEPTION_WEIGHTS", raising=False)
    return tmp_path


def test_missing_weights_say_which_file_its_checksum_and_where_to_put_it(nothing_here):
    for attempt in (lambda: load_extractor("inception", device="cpu"), lambda: check_extractor("inception")):
        with pytest.raises(MissingWeights) as caught:
            attempt()
        text = str(caught.value)
        assert "pt_inception-2015-12-05-6726825d.pth" in text
        assert "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2" in text
        assert str(nothing_here / "cache" / "weights") in text
        assert "METRICS_INCEPTION_WEIGHTS" in text


def test_a_file_with_another_checksum_is_called_a_broken_download(nothing_here, monkeypatch):
    path = nothing_here / "weights.pth"
    path.write_bytes(b"half a download")
    monkeypatch.setenv("METRICS_INCEPTION_WEIGHTS", str(path))
    with pytest.raises(MissingWeights, match="broken download"):
        load_extractor("inception", device="cpu")


@pytest.mark.parametrize(("text", "offline"), [("true", True), ("Yes", True), ("0", False), ("", False)])
def test_downloads_are_forbidden_by_any_word_for_yes(monkeypatch, text, offline):
    monkeypatch.setenv("METRICS_OFFLINE", text)
    assert weights.is_offline() is offline


def test_settings_that_cannot_be_understood_are_said(nothing_here, monkeypatch):
    monkeypatch.setenv("METRICS_OFFLINE", "ture")
    with pytest.raises(InvalidInput, match="METRICS_OFFLINE='ture' is neither true nor false"):
        load_extractor("inception", device="cpu")
    monkeypatch.setenv("METRICS_OFFLINE", "1")
    (nothing_here / "file").touch()
    monkeypatch.setenv("METRICS_CACHE", str(nothing_here / "file"))
    with pytest.raises(InvalidInput, match=r"METRICS_CACHE=.* is a file: name a folder"):
        load_extractor("inception", device="cpu")


def test_a_failed_download_leaves_nothing_and_says_why(nothing_here, monkeypatch):
    monkeypatch.delenv("METRICS_OFFLINE")
    folder = nothing_here / "served"
    folder.mkdir()
    (folder / "w.pth").write_bytes(b"corrupt")
    file = weights.PublishedFile(
        "the test", ("w.pth",), 7, "0" * 64, ((folder / "w.pth").as_uri(),), "NO_SUCH"
    )
    with pytest.raises(MissingWeights, match=r"The download failed.*broken download"):
        weights.fetch_weights(file)
    assert not list((nothing_here / "cache" / "weights").iterdir())


def test_a_download_with_the_right_checksum_is_kept(nothing_here, monkeypatch):
    monkeypatch.delenv("METRICS_OFFLINE")
    source = nothing_here / "w.pth"
    source.write_bytes(b"right")
    file = weights.PublishedFile(
        "t", ("w.pth",), 5, weights.file_sha256(source), (source.as_uri(),), "NO_SUCH"
    )
    kept = weights.fetch_weights(file)
    assert kept.read_bytes() == b"right"
    source.unlink()
    assert weights.fetch_weights(file) == kept


def test_published_weights_are_found_by_setting_folder_and_cache(nothing_here, monkeypatch):
    file = weights.PublishedFile("t", ("a.pth", "b.pth"), 1, "", ("https://nowhere",), "SETTING")
    folder = nothing_here / "shared"
    folder.mkdir()
    (folder / "b.pth").write_bytes(b"x")
    monkeypatch.setenv("SETTING", str(folder))
    assert weights.find_weights(file, verify=False) == folder / "b.pth"
    assert weights.find_weights(file, folder / "b.pth", verify=False) == folder / "b.pth"
    with pytest.raises(MissingWeights, match="does not exist"):
        weights.find_weights(file, folder / "c.pth", verify=False)


def test_other_weights_are_taken_when_asked_and_the_score_is_not_called_fid(inception_weights, monkeypatch):
    from metrics.labels import label_of

    extractor = load_extractor("inception:64", device="cpu", weights=inception_weights, verify=False)
    described = extractor.describe()
    assert described["name"] == "inception-custom-64"
    assert "FID" not in label_of("frechet_distance", "Fréchet distance", described)
    assert len(extractor.weights_sha256) == 64
    assert (extractor.preprocessing, extractor.resize, extractor.input_size) == ("tf1", "tf1", (299, 299))


def test_the_published_weights_give_the_names_people_know():
    from metrics.labels import label_of

    described = {"name": "inception", "preprocessing": "clean", "precision": "draft"}
    assert label_of("frechet_distance", "Fréchet distance", described) == "FID (clean, draft)"
    assert label_of("kernel_distance", "x", described | {"precision": "reference"}) == "KID (clean)"
    own = {"name": "digits-cnn"}
    assert label_of("frechet_distance", "Fréchet distance", own) == "Fréchet distance (digits-cnn)"
    assert label_of("unique_fraction", "Unique samples", own) == "Unique samples"


def test_a_file_that_is_not_the_network_is_refused(nothing_here):
    path = nothing_here / "other.pth"
    torch.save({"weight": torch.zeros(2)}, path)
    with pytest.raises(MissingWeights, match="does not hold"):
        load_extractor("inception", device="cpu", weights=path, verify=False)
    path.write_bytes(b"junk")
    with pytest.raises(MissingWeights, match="does not hold"):
        inception._read(path, 2048)


def test_precision_and_preprocessing_change_the_digest(inception_weights):
    base = {"device": "cpu", "weights": inception_weights, "verify": False}
    digests = {
        load_extractor("inception:64", **base, **more).digest
        for more in ({}, {"precision": "draft"}, {"precision": "fast"}, {"preprocessing": "clean"})
    }
    assert len(digests) == 4
    again = load_extractor("inception:64", **base).digest
    assert again in digests


def test_a_cpu_and_a_gpu_cut_a_set_into_the_same_shards(inception_weights):
    here = load_extractor("inception", device="cpu", weights=inception_weights, verify=False)
    on_gpu = default_batch((299, 299), torch.device("cuda"))
    assert here.batch_size != on_gpu
    assert shards(2000, here.batch_size) == shards(2000, on_gpu)


def test_draft_features_are_near_the_reference(inception_weights):
    picture = np.random.default_rng(0).integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
    base = {"device": "cpu", "weights": inception_weights, "verify": False}
    reference = extract(load_extractor("inception:64", **base), picture).values
    draft = extract(load_extractor("inception:64", precision="draft", **base), picture).values
    assert not np.array_equal(draft, reference)
    assert np.linalg.norm(draft - reference) / np.linalg.norm(reference) < 0.02


def test_a_network_of_ones_own_is_described_by_its_file(own_extractor, own_file):
    assert (own_extractor.name, own_extractor.version) == ("small", "1")
    assert (own_extractor.feature_dimension, own_extractor.logit_dimension) == (16, 10)
    assert own_extractor.weights_sha256 == weights.file_sha256(own_file)
    assert json.dumps(own_extractor.describe())


def test_the_digest_does_not_depend_on_where_the_file_lies(own_extractor, own_file, tmp_path):
    for suffix in (".pt2", ".json"):
        shutil.copy(own_file.with_suffix(suffix), tmp_path / f"moved{suffix}")
    assert load_extractor(f"module:{tmp_path / 'moved.pt2'}", device="cpu").digest == own_extractor.digest


def test_an_exported_network_gives_what_the_network_gives(own_extractor, pictures):
    torch.manual_seed(3)
    network = SmallNetwork().eval()
    with torch.inference_mode():
        features, logits = network(torch.from_numpy(pictures[:, None]).float() / 255)
    found = extract(own_extractor, pictures)
    np.testing.assert_allclose(found.values, features, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.logits, logits, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_files_are_still_read(own_extractor, own_file, pictures, tmp_path):
    torch.manual_seed(3)
    torch.jit.script(SmallNetwork().eval()).save(str(tmp_path / "small.pt"))
    shutil.copy(own_file.with_suffix(".json"), tmp_path / "small.json")
    found = extract(load_extractor(f"torchscript:{tmp_path / 'small.pt'}", device="cpu"), pictures)
    np.testing.assert_allclose(found.values, extract(own_extractor, pictures).values, rtol=1e-4, atol=1e-5)


def test_a_network_may_give_a_dictionary_or_features_alone(tmp_path, pictures):
    class Named(torch.nn.Module):
        def forward(self, x):
            return {"features": x.flatten(1), "logits": x.mean(dim=(2, 3)) * torch.ones(2)}

    class Plain(torch.nn.Module):
        def forward(self, x):
            return x.mean(dim=3)

    for name, network, logits in (("named", Named(), 2), ("plain", Plain(), 0)):
        path = save_module(network, tmp_path / f"{name}.pt2", name=name, input_size=(12, 12), channels=1)
        extractor = load_extractor(f"module:{path}", device="cpu")
        assert extractor.logit_dimension == logits
        assert (extract(extractor, pictures[:3]).logits is None) == (logits == 0)


def test_missing_and_wrong_sidecars_say_what_to_write(own_file, tmp_path):
    path = tmp_path / "alone.pt2"
    with pytest.raises(MissingWeights, match="does not exist"):
        check_extractor(f"module:{path}")
    shutil.copy(own_file, path)
    with pytest.raises(MissingWeights, match="feature_dimension"):
        check_extractor(f"module:{path}")
    path.with_suffix(".json").write_text("{")
    with pytest.raises(InvalidInput, match="not JSON"):
        check_extractor(f"module:{path}")
    path.with_suffix(".json").write_text('{"name": "x"}')
    with pytest.raises(InvalidInput, match="input_size"):
        check_extractor(f"module:{path}")


def test_a_broken_network_file_is_refused(own_file, tmp_path):
    shutil.copy(own_file.with_suffix(".json"), tmp_path / "broken.json")
    (tmp_path / "broken.pt2").write_bytes(b"PK junk")
    with pytest.raises(InvalidInput, match=r"not a network saved by torch\.export"):
        load_extractor(f"module:{tmp_path / 'broken.pt2'}", device="cpu")


def test_a_network_that_gives_another_width_than_it_says_is_refused(own_file, tmp_path, pictures):
    shutil.copy(own_file, tmp_path / "small.pt2")
    about = json.loads(own_file.with_suffix(".json").read_text())
    (tmp_path / "small.json").write_text(json.dumps(about | {"feature_dimension": 99}))
    with pytest.raises(InvalidInput, match="16 values a sample instead of 99"):
        extract(load_extractor(f"module:{tmp_path / 'small.pt2'}", device="cpu"), pictures)


def test_maxima_of_shifted_copies_are_the_max_pools():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 35, 18, generator=generator).relu_().contiguous(memory_format=torch.channels_last)
    found = shifted_maxima(shifted_maxima(x, 2), 3)
    assert torch.equal(found, torch.nn.functional.max_pool2d(x, 3, stride=2))
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_pixels_are_the_pixels():
    picture = np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8)
    found = extract(load_extractor("pixels:4x6", device="cpu"), [picture])
    np.testing.assert_allclose(
        found.values[0].reshape(3, 6, 4).transpose(1, 2, 0), picture / 255.0, rtol=1e-6
    )


@pytest.mark.parametrize("spec", ["vgg", "module", "pixels:", "pixels:big", "inception:12", "open_clip:ViT"])
def test_unknown_specs_are_refused_in_words(spec):
    with pytest.raises((UnknownExtractor, MissingPackage)):
        check_extractor(spec)


def test_a_preprocessing_is_only_asked_of_inception(own_file):
    with pytest.raises(UnknownExtractor, match="its own preprocessing"):
        load_extractor(f"module:{own_file}", device="cpu", preprocessing="clean")


def test_packages_that_are_not_installed_say_how_to_install_them(monkeypatch):
    from metrics.extractors import published

    monkeypatch.setattr(published, "find_spec", lambda _name: None)
    with pytest.raises(MissingPackage, match="pip install open_clip_torch"):
        load_extractor("open_clip:ViT-L-14-336/openai", device="cpu")


@pytest.mark.parametrize("name", ["hf-hub:anyone/model", "hf_hub:anyone/model", "local-dir:/srv", "nosuch"])
def test_only_models_that_timm_lists_are_built(monkeypatch, name):
    timm = ModuleType("timm")
    timm.__spec__ = ModuleSpec("timm", None)
    timm.list_models, timm.list_pretrained = lambda: ["resnet18"], lambda: ["resnet18.a1_in1k"]
    asked = []

    def create_model(name, *, pretrained):
        asked.append((name, pretrained))
        raise RuntimeError("No pretrained weights could be loaded")

    timm.create_model = create_model
    monkeypatch.setitem(sys.modules, "timm", timm)
    with pytest.raises(UnknownExtractor, match="timm has no model called"):
        load_extractor(f"timm:{name}")
    assert asked == []
    with pytest.raises(MissingWeights, match="No pretrained weights"):
        load_extractor("timm:resnet18.a1_in1k")
    assert asked == [("resnet18.a1_in1k", True)]


def test_a_torchvision_classifier_gives_both_sides_of_its_last_layer(tmp_path, pictures):
    from metrics.extractors.vision_ops import import_torchvision

    import_torchvision()
    from torchvision import models

    torch.manual_seed(0)
    network = models.mobilenet_v3_small()
    torch.save(network.state_dict(), tmp_path / "m.pth")
    extractor = load_extractor("torchvision:mobilenet_v3_small", device="cpu", weights=tmp_path / "m.pth")
    assert (extractor.feature_dimension, extractor.logit_dimension) == (1024, 1000)
    found = extract(extractor, pictures[:2])
    last = network.classifier[-1]
    with torch.inference_mode():
        logits = last(torch.from_numpy(found.values))
    np.testing.assert_allclose(found.logits, logits, rtol=1e-4, atol=1e-5)
    assert "centre crop" in extractor.resize


def test_another_networks_weights_are_refused(inception_weights):
    with pytest.raises(MissingWeights, match="another network's weights"):
        load_extractor("torchvision:mobilenet_v3_small", device="cpu", weights=inception_weights)
    with pytest.raises(UnknownExtractor, match="no classifier called"):
        load_extractor("torchvision:resnet9000", device="cpu")


def test_a_package_adds_an_extractor_by_an_entry_point(monkeypatch, own_extractor):
    import metrics.extractors as module

    class Point:
        name = "lab"

        @staticmethod
        def load():
            return lambda argument, *, device, precision: (own_extractor, argument, device.type, precision)

    monkeypatch.setattr(module, "entry_points", lambda group: [Point] if group == module.ENTRY_POINT else [])
    found = load_extractor("lab:dino", device="cpu", precision="fast")
    assert found == (own_extractor, "dino", "cpu", "fast")


CALLERS = (
    "'nothing'",
    "torch.backends.fp32_precision = 'tf32'",
    "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
    "torch.backends.cudnn.conv.fp32_precision = 'tf32'",
    "torch.backends.cudnn.fp32_precision = 'tf32'",
    "torch.set_float32_matmul_precision('medium')",
    "torch.backends.cuda.matmul.allow_tf32 = True",
    "torch.backends.cudnn.allow_tf32 = False",
)
TIERS = """
import os
import torch
from metrics.devices import precision_tier

def told(read):
    try:
        return read()
    except RuntimeError:
        return "mixed"

def newer():
    b = torch.backends
    places = (b.cuda.matmul, b.cudnn.conv, b.cudnn.rnn, b.mkldnn.matmul, b.mkldnn.conv)
    return [place.fp32_precision for place in places]

def state():
    older = torch.get_float32_matmul_precision, lambda: torch.backends.cudnn.allow_tf32
    return newer(), [told(read) for read in older], torch.backends.cudnn.deterministic

def check(caller):
    exec(caller)
    before = state()
    with precision_tier("reference"):
        assert newer() == ["ieee"] * 5, (caller, newer())
        assert torch.backends.cudnn.deterministic
    with precision_tier("fast"):
        assert newer() == ["tf32"] * 5, (caller, newer())
    assert state() == before, (caller, before, state())

for caller in CALLERS:
    child = os.fork()  # each alone: PyTorch remembers in which way it was set first
    if child == 0:
        check(caller)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, caller
"""


@pytest.mark.skipif(
    not hasattr(torch.backends.cuda.matmul, "fp32_precision"),
    reason="before PyTorch 2.9 there is one way only",
)
def test_tiers_set_tf32_for_their_time_only_however_the_caller_set_it():
    code = TIERS.replace("CALLERS", repr(CALLERS))
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_a_callers_low_precision_never_reaches_distances():
    from metrics import precision_recall

    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((80, 40)).astype(np.float32) for _ in range(2))
    expected = precision_recall(x, y)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        found = precision_recall(x, y)
    finally:
        torch.set_float32_matmul_precision(before)
    assert (found.precision, found.recall) == (expected.precision, expected.recall)


def test_devices_and_precisions_that_do_not_exist_are_refused():
    assert resolve_device("cpu").type == "cpu"
    with pytest.raises(InvalidInput, match="unknown device"):
        resolve_device("abacus")
    with pytest.raises(InvalidInput, match="reference, fast, draft"):
        load_extractor("pixels:4", device="cpu", precision="exact")
    if not torch.cuda.is_available():
        with pytest.raises(InvalidInput, match="no CUDA device"):
            resolve_device("cuda")
