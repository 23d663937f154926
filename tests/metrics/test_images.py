"""Where images come from, how they are decoded, and how they are brought to size."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from metrics import shards
from metrics.errors import InvalidInput
from metrics.images import decoding
from metrics.images.decoding import decode, decoded
from metrics.images.preprocessing import PREPROCESSINGS, prepare, preprocessing_named
from metrics.images.processes import decoding_processes
from metrics.images.resizing import resize, weights
from metrics.images.sources import ImageItem, image_items

RAMP = np.arange(12 * 10 * 3, dtype=np.uint8).reshape(12, 10, 3)

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels_of(content, channels=3):
    found = decode(ImageItem("x", content), channels)
    assert found.problem is None, found.problem
    return found.pixels


def test_a_folder_is_read_through_and_through_in_the_order_of_names(tmp_path):
    for name in ("b.png", "a/z.PNG", "a/10.png", "a/9.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(RAMP).save(tmp_path / name, "PNG")
    (tmp_path / "notes.txt").write_text("no image")
    assert [item.name for item in image_items(tmp_path)] == ["a/10.png", "a/9.png", "a/z.PNG", "b.png"]


def test_a_zip_is_read_without_being_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("deep/b.png", encoded(Image.fromarray(RAMP)))
        archive.writestr("a.png", encoded(Image.fromarray(RAMP[::-1])))
        archive.writestr("__MACOSX/._a.png", b"junk")
    items = image_items(tmp_path / "set.zip")
    assert [item.name for item in items] == ["a.png", "deep/b.png"]
    np.testing.assert_array_equal(decode(items[1], 3).pixels, RAMP)


def test_the_list_of_a_zip_is_read_once_however_many_images_it_holds(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for index in range(20):
            archive.writestr(f"{index:02d}.png", encoded(Image.fromarray(RAMP)))
    items = image_items(tmp_path / "set.zip")
    opened, real = [], zipfile.ZipFile
    monkeypatch.setattr(zipfile, "ZipFile", lambda *args: opened.append(args) or real(*args))
    assert all(found.problem is None for found in decoded(items, 3))
    assert len(opened) == 1


def test_lists_may_mix_what_images_can_be(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "one.png")
    content = encoded(Image.fromarray(RAMP))
    things = [
        tmp_path / "one.png",
        str(tmp_path / "one.png"),
        content,
        RAMP,
        Image.fromarray(RAMP),
        ("named", content),
        ("opened", lambda: io.BytesIO(content)),
        ("called", lambda: content),
        ("path", str(tmp_path / "one.png")),
    ]
    items = image_items(things)
    assert [item.name for item in items[5:]] == ["named", "opened", "called", "path"]
    for item in items:
        np.testing.assert_array_equal(decode(item, 3).pixels, RAMP)


def test_an_array_is_as_many_images_as_its_first_axis_and_a_generator_what_it_yields():
    stack = np.stack([RAMP, RAMP[::-1]])
    assert len(image_items(stack)) == 2
    assert len(image_items(stack[:, :, :, 0])) == 2
    assert [item.name for item in image_items(one for one in stack)] == ["000000", "000001"]


@pytest.fixture
def bucket(monkeypatch):
    """A client of an S3 server on this machine, which the environment names, and an empty bucket there."""
    boto3, server_module = pytest.importorskip("boto3"), pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret"}
    settings |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="scored")
    yield client
    # moto keeps its buckets in this process, whichever server made them.
    urllib.request.urlopen(f"http://{host}:{port}/moto-api/reset", data=b"").close()
    server.stop()


def test_an_s3_prefix_is_listed_and_read_here_and_by_workers(bucket):
    for key in ("run/b.png", "run/deep/a.PNG", "run/log.txt", "other/c.png", "run2/d.png"):
        bucket.put_object(Bucket="scored", Key=key, Body=encoded(Image.fromarray(RAMP)))
    items = image_items("s3://scored/run")
    assert [item.name for item in items] == ["b.png", "deep/a.PNG"]
    assert image_items("s3://scored/run/") == items
    assert len(image_items("s3://scored")) == 4
    for workers in (0, 1):
        for found in decoded(items, 3, workers):
            np.testing.assert_array_equal(found.pixels, RAMP)


def test_a_bucket_that_is_not_there_is_said_and_a_lost_object_is_a_problem(bucket):
    with pytest.raises(InvalidInput, match=r"s3://nowhere/x cannot be listed: .*NoSuchBucket"):
        image_items("s3://nowhere/x")
    bucket.put_object(Bucket="scored", Key="a.png", Body=encoded(Image.fromarray(RAMP)))
    (item,) = image_items("s3://scored/")
    bucket.delete_object(Bucket="scored", Key="a.png")
    assert "NoSuchKey" in decode(item, 3).problem.reason


def test_nothing_and_nonsense_are_refused_in_words(tmp_path):
    with pytest.raises(InvalidInput, match="no images in"):
        image_items(tmp_path)
    with pytest.raises(InvalidInput, match="neither a folder nor a zip"):
        image_items(tmp_path / "missing")
    with pytest.raises(InvalidInput, match="come from a folder"):
        image_items(7)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF"])
def test_lossless_formats_give_the_same_pixels_and_digest(kind):
    content = encoded(Image.fromarray(RAMP), kind, **({"lossless": True} if kind == "WEBP" else {}))
    found = decode(ImageItem("x", content), 3)
    np.testing.assert_array_equal(found.pixels, RAMP)
    assert found.digest == decode(ImageItem("y", RAMP), 3).digest


def test_jpeg_is_near(tmp_path):
    flat = np.full((16, 16, 3), 90, dtype=np.uint8)
    assert np.abs(pixels_of(encoded(Image.fromarray(flat), "JPEG")).astype(int) - 90).max() <= 2


def test_greyscale_alpha_palette_and_cmyk_become_rgb():
    grey = Image.fromarray(RAMP[:, :, 0])
    np.testing.assert_array_equal(pixels_of(encoded(grey)), np.repeat(RAMP[:, :, :1], 3, axis=2))
    with_alpha = np.dstack([RAMP, np.full((12, 10), 7, np.uint8)])
    np.testing.assert_array_equal(pixels_of(encoded(Image.fromarray(with_alpha))), RAMP)
    palette = Image.fromarray(RAMP).convert("P", palette=Image.Palette.ADAPTIVE)
    np.testing.assert_array_equal(pixels_of(encoded(palette)), np.asarray(palette.convert("RGB")))
    assert pixels_of(encoded(Image.fromarray(RAMP).convert("CMYK"), "TIFF")).shape == (12, 10, 3)


def test_sixteen_bits_are_scaled_and_not_clipped():
    deep = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    np.testing.assert_array_equal(pixels_of(encoded(Image.fromarray(deep)), 1)[0, :, 0], [0, 1, 128, 255])


def test_an_exif_rotation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(Image.fromarray(RAMP), "PNG", exif=exif)
    np.testing.assert_array_equal(pixels_of(content), np.rot90(RAMP, -1))


def test_one_channel_extractors_get_grey():
    assert pixels_of(encoded(Image.fromarray(RAMP)), 1).shape == (12, 10, 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot identify"),
        (b"not an image", "cannot identify"),
        (encoded(NOISE)[:900], "truncated"),
        (np.zeros((4, 4), dtype=np.float32), "uint8"),
        (np.zeros((4, 4, 2), dtype=np.uint8), "shape"),
        (Image.fromarray(np.zeros((3, 3), dtype=np.float32)), "floating-point"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_reason(content, reason):
    found = decode(ImageItem("bad", content), 3)
    assert found.pixels is None
    assert found.problem.name == "bad"
    assert reason in found.problem.reason


def test_a_missing_file_is_a_problem(tmp_path):
    assert decode(ImageItem("x", tmp_path / "gone.png"), 3).problem.reason == "no such file"


def test_a_decompression_bomb_is_a_problem(monkeypatch):
    monkeypatch.setattr(decoding, "MOST_PIXELS", 10)
    assert "exceeds limit" in decode(ImageItem("x", encoded(Image.fromarray(RAMP))), 3).problem.reason


def test_worker_processes_keep_order_and_give_the_same(tmp_path):
    items = []
    for index in range(20):
        Image.fromarray(np.roll(RAMP, index)).save(tmp_path / f"{index:02d}.png")
        items.append(ImageItem(str(index), tmp_path / f"{index:02d}.png"))
    items.insert(5, ImageItem("bad", b"zzz"))
    here, there = list(decoded(items, 3, 0)), list(decoded(items, 3, 2))
    assert [one.name for one in there] == [item.name for item in items]
    assert [one.digest for one in there] == [one.digest for one in here]
    assert there[5].problem is not None


def test_worker_processes_are_kept_and_replaced_when_one_was_killed(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "one.png")
    items = [ImageItem("one", tmp_path / "one.png")]

    def worker() -> int:
        with decoding_processes(1) as pool:
            return pool.submit(os.getpid).result()

    assert next(decoded(items, 3, 1)).problem is None
    first = worker()
    assert next(decoded(items, 3, 1)).problem is None
    assert worker() == first != os.getpid()
    with pytest.raises(BrokenProcessPool), decoding_processes(1) as pool:
        pool.submit(os.kill, first, signal.SIGKILL).result()
    assert next(decoded(items, 3, 1)).problem is None
    assert worker() != first


ORPHAN = """
import os, time
from metrics.images.processes import decoding_processes
if __name__ == "__main__":
    with decoding_processes(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False


def test_worker_processes_end_with_a_parent_that_is_killed(tmp_path):
    (tmp_path / "orphan.py").write_text(ORPHAN)
    parent = subprocess.Popen(
        [sys.executable, tmp_path / "orphan.py"],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    worker = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 120
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(worker)


def test_callables_that_cannot_travel_are_decoded_in_threads():
    """A storage backend's opener need not survive pickling."""
    content = encoded(Image.fromarray(RAMP))
    items = [ImageItem(str(i), lambda: io.BytesIO(content)) for i in range(12)]
    assert [one.name for one in decoded(items, 3, 3)] == [str(i) for i in range(12)]


class AtOnce:
    """A pool whose work is done when it is asked for: the most that could ever wait to be taken."""

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None

    def submit(self, function, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future


def test_what_is_decoded_ahead_is_bounded_by_its_bytes(monkeypatch):
    large = 1000 * 1000 * 3
    monkeypatch.setattr(decoding, "CHUNK_BYTES", 2 * large)
    monkeypatch.setattr(decoding, "AHEAD_BYTES", 4 * large)
    monkeypatch.setattr(decoding, "_pool", lambda *_about: AtOnce())
    opened = []

    def opener(side):
        return lambda: opened.append(side * side * 3) or Image.new("RGB", (side, side))

    sides = [10] * 20 + [1000] * 60
    names, held = [], []
    for one in decoded([ImageItem(str(i), opener(side)) for i, side in enumerate(sides)], 3):
        held.append(sum(opened[len(names) :]))
        names.append(one.name)
    assert names == [str(i) for i in range(80)]
    assert max(held) > large
    assert max(held) <= (decoding.AHEAD + 1) * decoding.CHUNK_BYTES + 20 * 300
    assert max(held[55:]) <= decoding.AHEAD_BYTES + decoding.CHUNK_BYTES


def test_stopping_early_leaves_no_worker_waiting():
    stream = decoded([ImageItem(str(i), RAMP) for i in range(200)], 3, 0)
    assert next(stream).name == "0"
    stream.close()


def test_shards_cut_at_multiples_of_the_batch_and_cover_all():
    ranges = shards(1000, 64, target=200)
    assert [part.start for part in ranges] == [0, 192, 384, 576, 768, 960]
    assert sum(len(part) for part in ranges) == 1000
    assert shards(10, 64, target=5) == [range(10)]


@pytest.mark.parametrize("rule", ["bilinear-antialias", "bicubic-antialias"])
@pytest.mark.parametrize("size", [(12, 10), (7, 23), (40, 5), (1, 1)])
def test_antialiased_resizing_is_pillows_in_float(rule, size):
    image = RAMP[:, :, 0].astype(np.float32)
    how = Image.Resampling.BICUBIC if rule.startswith("bicubic") else Image.Resampling.BILINEAR
    theirs = np.asarray(Image.fromarray(image).resize((size[1], size[0]), how))
    import torch

    ours = resize(torch.from_numpy(image)[None, None], size, rule)[0, 0].numpy()
    assert np.abs(ours - theirs).max() < 0.004


@pytest.mark.parametrize("rule", ["tf1", "bilinear", "bilinear-antialias", "bicubic-antialias"])
@pytest.mark.parametrize(("source", "target"), [(1, 299), (8000, 299), (299, 299), (28, 64)])
def test_every_row_of_weights_sums_to_one(rule, source, target):
    matrix = weights(rule, source, target)
    assert matrix.shape == (target, source)
    assert matrix.sum(dim=1).numpy() == pytest.approx(np.ones(target), abs=1e-5)


def test_mixed_sizes_are_each_brought_to_one():
    images = [RAMP, RAMP[:5, :7], RAMP, np.zeros((1, 1, 3), np.uint8)]
    batch = prepare(images, (8, 8), preprocessing_named("unit"))
    assert batch.shape == (4, 3, 8, 8)
    alone = prepare([images[1]], (8, 8), preprocessing_named("unit"))
    np.testing.assert_array_equal(batch[1], alone[0])
    np.testing.assert_array_equal(batch[0], batch[2])


@pytest.mark.parametrize("name", sorted(set(PREPROCESSINGS) - {"none"}))
def test_every_preprocessing_has_its_range(name):
    how = preprocessing_named(name)
    white, black = (np.full((6, 6, 3), value, dtype=np.uint8) for value in (255, 0))
    batch = prepare([white, black], (4, 4), how)
    expected = [(value - np.array(how.shift)) / np.array(how.scale) for value in (255, 0)]
    for row in range(2):
        np.testing.assert_allclose(
            batch[row].mean(dim=(1, 2)), np.broadcast_to(expected[row], 3), rtol=1e-5, atol=1e-6
        )


def test_none_resizes_nothing_and_says_which_size_is_wrong():
    batch = prepare([RAMP], (12, 10), preprocessing_named("none"))
    np.testing.assert_array_equal(batch[0].permute(1, 2, 0), RAMP)
    with pytest.raises(InvalidInput, match="10 x 12 is not 8 x 8"):
        prepare([RAMP], (8, 8), preprocessing_named("none"))


def test_a_centre_crop_keeps_the_middle():
    how = preprocessing_named("unit").sized(8)
    wide = np.zeros((8, 24, 3), dtype=np.uint8)
    wide[:, 8:16] = 255
    assert float(prepare([wide], (8, 8), how).min()) > 0.9


def test_unknown_names_list_the_known_ones():
    with pytest.raises(InvalidInput, match="tf1, pytorch, clean"):
        preprocessing_named("tf2")
    with pytest.raises(InvalidInput, match="bilinear-antialias"):
        weights("nearest", 2, 2)


@pytest.mark.slow
def test_an_image_of_8000_by_8000_is_read_and_resized():
    content = encoded(Image.new("RGB", (8000, 8000), (10, 20, 30)), "JPEG")
    batch = prepare([pixels_of(content)], (299, 299), preprocessing_named("clean"))
    np.testing.assert_allclose(batch.mean(dim=(0, 2, 3)) * 128 + 128, [10, 20, 30], atol=2)


def test_a_digest_is_of_the_shape_and_the_pixels():
    expected = hashlib.sha256(str(RAMP.shape).encode() + RAMP.tobytes()).hexdigest()
    assert decode(ImageItem("x", encoded(Image.fromarray(RAMP))), 3).digest == expected
