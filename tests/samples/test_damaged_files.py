"""No damaged file, of any kind and damaged anyhow, gets an import to fall over."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from django.core.files import File
from hypothesis import given, settings
from hypothesis import strategies as st

from humaneval.jobs import services
from humaneval.samples.archives import ArchiveSource
from humaneval.samples.importing import start_archive_import
from humaneval.samples.intake import Accepted, check_file, keep_nothing
from humaneval.samples.sources import SourceError
from humaneval.samples.verification import BadImage, examine
from tests.samples.pictures import encoded, picture, png, zipped

KINDS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF", "TGA")
WHOLE = {kind: encoded(picture(1), kind) for kind in KINDS}
ARCHIVE = zipped({"a/1.png": png(1), "2.png": png(2), "prompts.csv": b"name,prompt\n2.png,two\n"}).getvalue()

damage = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8)


def damaged(content: bytes, changes: list[tuple[float, int]], kept: float) -> bytes:
    """Return the first part of a file with some bytes changed."""
    altered = bytearray(content)
    for place, value in changes:
        altered[int(place * len(altered))] = value
    return bytes(altered[: int(kept * len(altered)) + 1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=30, deadline=None, derandomize=True)
@given(changes=damage, kept=st.sampled_from([1.0, 1.0, 0.9, 0.5, 0.1]))
def test_a_damaged_image_is_either_decoded_or_refused_with_a_reason(kind, changes, kept):
    with suppress(BadImage):
        facts = examine(io.BytesIO(damaged(WHOLE[kind], changes, kept)))
        assert min(facts.width, facts.height) > 0


@settings(max_examples=150, deadline=None, derandomize=True)
@given(changes=damage, kept=st.sampled_from([1.0, 1.0, 1.0, 0.9]))
def test_a_damaged_archive_is_either_read_or_refused_with_a_reason(changes, kept):
    with suppress(SourceError):
        source = ArchiveSource(io.BytesIO(damaged(ARCHIVE, changes, kept)))
        entries = list(source.entries())
        assert len(entries) == source.count()
        for entry in entries:
            outcome = check_file(entry, known={}, rows={}, keep=keep_nothing)
            assert isinstance(outcome, Accepted) or outcome.reason


def test_damaged_prompts_in_an_archive_refuse_the_import_in_words(digits):
    archive = bytearray(ARCHIVE)
    archive[archive.index(b"prompts.csv") + 12] ^= 0xFF
    run = start_archive_import(sample_set=digits, archive=File(io.BytesIO(bytes(archive)), "x.zip"))
    services.run(run.job_id)
    run.refresh_from_db()
    assert run.error.startswith("prompts.csv cannot be read")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_that_is_read_is_taken_whole(kind):
    assert examine(io.BytesIO(WHOLE[kind])).format == kind
