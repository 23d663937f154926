"""Extraction: batches that never change a score, shards that join to the bit, caches, cancelling."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metrics import Features, extract, extraction, load_extractor, shards
from metrics.caching import Reading, content_digest, features_of
from metrics.errors import InvalidInput, UnreadableImages
from metrics.extractors.base import Extractor
from metrics.images import preprocessing
from metrics.images.sources import image_items


def test_features_are_the_networks_own_in_the_images_order(own_extractor, pictures):
    found = extract(own_extractor, pictures)
    assert found.values.shape == (90, 16)
    assert found.logits.shape == (90, 10)
    assert found.values.dtype == np.float32
    assert found.names[:2] == ("000000", "000001")
    alone = extract(own_extractor, pictures[41:42])
    np.testing.assert_allclose(alone.values[0], found.values[41], rtol=1e-5, atol=1e-6)


def test_the_same_images_give_the_same_bits_again(own_extractor, pictures):
    first, second = extract(own_extractor, pictures), extract(own_extractor, pictures)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.digests == second.digests


def test_shards_join_to_the_whole_to_the_bit(own_extractor, pictures):
    whole = extract(own_extractor, pictures)
    cuts = shards(len(pictures), own_extractor.batch_size, target=10)
    assert len(cuts) > 1
    parts = [extract(own_extractor, pictures, indices=rows) for rows in cuts]
    joined = Features.join(parts)
    np.testing.assert_array_equal(joined.values, whole.values)
    np.testing.assert_array_equal(joined.logits, whole.logits)
    assert joined.names == whole.names
    merged = parts[0].statistics()
    for part in parts[1:]:
        merged.merge(part.statistics())
    np.testing.assert_allclose(merged.cov, whole.statistics().cov, rtol=1e-9, atol=1e-12)


def test_a_short_batch_is_padded_and_the_padding_forgotten(own_extractor, pictures):
    seen = []
    network = own_extractor._network

    def spy(batch):
        seen.append(len(batch))
        return network(batch)

    spied = Extractor(
        own_extractor.description,
        spy,
        own_extractor._preprocessing,
        device=torch.device("cpu"),
        batch_size=64,
    )
    assert len(extract(spied, pictures)) == 90
    assert set(seen) == {64}


def test_a_device_out_of_memory_halves_the_batch_and_goes_on(own_extractor, pictures):
    network = own_extractor._network

    def cramped(batch):
        if len(batch) > 16:
            raise torch.cuda.OutOfMemoryError("out of memory")
        return network(batch)

    tight = Extractor(
        own_extractor.description,
        cramped,
        own_extractor._preprocessing,
        device=torch.device("cpu"),
        batch_size=64,
    )
    found = extract(tight, pictures)
    assert tight.batch_size == 16
    np.testing.assert_allclose(found.values, extract(own_extractor, pictures).values, rtol=1e-4, atol=1e-5)


def test_large_images_do_not_wait_at_full_size_for_their_batch(own_extractor, monkeypatch):
    monkeypatch.setattr(extraction, "HELD_BYTES", 3 * 40 * 40)
    monkeypatch.setattr(preprocessing, "TOGETHER", 2 * 40 * 40)
    rng = np.random.default_rng(0)
    shapes = [(40, 40), (36, 44)] * 35
    large = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in shapes]
    sizes = []
    prepare = Extractor.prepare

    def spy(self, images):
        sizes.append(len(images))
        return prepare(self, images)

    monkeypatch.setattr(Extractor, "prepare", spy)
    found = extract(own_extractor, large)
    assert max(sizes) == 4
    assert found.names == tuple(f"{i:06d}" for i in range(70))
    monkeypatch.undo()
    whole = extract(own_extractor, large)
    np.testing.assert_allclose(found.values, whole.values, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.logits, whole.logits, rtol=1e-5, atol=1e-6)


def test_unreadable_images_are_refused_all_at_once(own_extractor, pictures):
    things = [("good", pictures[0]), ("bad", b"junk"), ("worse", b"")]
    with pytest.raises(UnreadableImages, match=r"2 unreadable.*bad: .*worse: ") as caught:
        extract(own_extractor, things)
    assert [problem.name for problem in caught.value.problems] == ["bad", "worse"]


def test_unreadable_images_may_be_left_out_and_are_listed(own_extractor, pictures):
    things = [("good", pictures[0]), ("bad", b"junk"), ("fine", pictures[1])]
    found = extract(own_extractor, things, on_error="skip")
    assert found.names == ("good", "fine")
    assert [problem.name for problem in found.problems] == ["bad"]
    with pytest.raises(UnreadableImages):
        extract(own_extractor, [("bad", b"junk")], on_error="skip")
    with pytest.raises(InvalidInput, match="on_error"):
        extract(own_extractor, things, on_error="ignore")


def test_progress_counts_to_the_end_and_stops_the_work_by_raising(own_extractor, pictures):
    told = []
    extract(own_extractor, pictures, progress=lambda done, total: told.append((done, total)))
    assert told == [(64, 90), (90, 90)]

    class Cancelled(Exception):
        pass

    def cancel(_done, _total):
        raise Cancelled

    with pytest.raises(Cancelled):
        extract(own_extractor, pictures, progress=cancel)


def test_a_table_survives_its_file(own_extractor, pictures, tmp_path):
    found = extract(own_extractor, [*pictures[:5], ("Ünï cöde.png", pictures[5]), b"junk"], on_error="skip")
    found.save(tmp_path / "set.safetensors")
    again = Features.load(tmp_path / "set.safetensors")
    np.testing.assert_array_equal(again.values, found.values)
    np.testing.assert_array_equal(again.logits, found.logits)
    assert isinstance(again.values, np.memmap)
    assert (again.names, again.digests, again.problems) == (found.names, found.digests, found.problems)
    assert again.extractor == found.extractor | {"input_size": [12, 12]}
    assert list(tmp_path.iterdir()) == [tmp_path / "set.safetensors"]


def test_other_tools_can_read_the_file(own_extractor, pictures, tmp_path):
    from safetensors.numpy import load_file

    found = extract(own_extractor, pictures[:3])
    found.save(tmp_path / "set.safetensors")
    np.testing.assert_array_equal(load_file(tmp_path / "set.safetensors")["values"], found.values)


@pytest.mark.parametrize("cut", [3, 40, -5])
def test_a_broken_file_is_refused(own_extractor, pictures, tmp_path, cut):
    path = tmp_path / "set.safetensors"
    extract(own_extractor, pictures[:3]).save(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InvalidInput, match=r"set\.safetensors"):
        Features.load(path)


def test_rows_are_taken_in_the_order_asked(own_extractor, pictures):
    found = extract(own_extractor, pictures[:6])
    taken = found.take([4, 1])
    assert taken.names == (found.names[4], found.names[1])
    np.testing.assert_array_equal(taken.logits, found.logits[[4, 1]])


def test_parts_of_different_extractors_do_not_join(own_extractor, pictures):
    one = extract(own_extractor, pictures[:2])
    other = extract(load_extractor("pixels:4", device="cpu"), pictures[:2])
    with pytest.raises(InvalidInput, match="one extractor"):
        Features.join([one, other])


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(InvalidInput, match="one each"):
        Features(np.zeros((2, 3)), None, ("a",), ("b",))


def test_a_cached_set_is_not_extracted_again(own_extractor, pictures, tmp_path, monkeypatch):
    first = features_of(own_extractor, pictures, "x", Reading(cache=tmp_path))
    monkeypatch.setattr(own_extractor, "_network", None)
    again = features_of(own_extractor, pictures, "x", Reading(cache=tmp_path))
    np.testing.assert_array_equal(again.values, first.values)
    with pytest.raises(TypeError):
        features_of(own_extractor, pictures[:50], "x", Reading(cache=tmp_path))


def test_an_interrupted_extraction_goes_on_where_it_stopped(own_extractor, pictures, tmp_path, monkeypatch):
    from metrics import caching

    monkeypatch.setattr(caching, "SHARD", 64)

    def interrupt(what, done, total):
        if what.startswith("features") and done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        features_of(own_extractor, pictures, "x", Reading(cache=tmp_path, report=interrupt))
    assert len(list(tmp_path.rglob("*.part.safetensors"))) == 1
    counted = []
    report = lambda what, done, total: counted.append((what, done, total))  # noqa: E731
    found = features_of(own_extractor, pictures, "x", Reading(cache=tmp_path, report=report))
    assert [entry for entry in counted if entry[0].startswith("features")] == [("features of x", 90, 90)]
    np.testing.assert_array_equal(found.values, extract(own_extractor, pictures).values)
    assert not list(tmp_path.rglob("*.part.safetensors"))


def test_the_key_of_a_set_follows_names_and_contents(pictures, tmp_path):
    base = content_digest(image_items(pictures[:4]))
    assert base == content_digest(image_items(pictures[:4].copy()))
    assert base != content_digest(image_items(pictures[[0, 1, 3, 2]]))
    assert base != content_digest(image_items([(f"n{i}", one) for i, one in enumerate(pictures[:4])]))
