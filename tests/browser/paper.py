"""What stands on the pages of a PDF that Chromium made: enough of a reader for its own files."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

OBJECT = re.compile(rb"(?m)^(\d+) 0 obj\s(.*?)endobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n(.*?)\nendstream", re.DOTALL)
FONT = re.compile(rb"/(F\d+) (\d+) 0 R")
SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)> Tj|\[(.*?)\] TJ", re.DOTALL)
SCALE = re.compile(rb"^q\n([\d.]+) 0 0 [\d.]+ [-\d.]+ [-\d.]+ cm", re.MULTILINE)
FULL_SIZE = 3.125
"""A CSS pixel, 1/96 inch, in units of 1/300 inch."""


class Paper:
    """A PDF file: the words on its pages, and how much it was made smaller to fit them."""

    def __init__(self, content: bytes) -> None:
        self._objects = {int(number): body for number, body in OBJECT.findall(content)}
        self._pages = [body for body in self._objects.values() if b"/Type /Page\n" in body]

    @property
    def pages(self) -> int:
        """How many there are."""
        return len(self._pages)

    @property
    def text(self) -> str:
        """All words, with no space between pieces that were drawn apart."""
        return "".join(piece for page in self._pages for piece in self._words(page))

    @property
    def shrunk(self) -> bool:
        """Whether some page was drawn smaller than it was laid out, since something was too wide for it."""
        scales = (SCALE.search(self._content(page)) for page in self._pages)
        return any(found is not None and float(found[1]) < FULL_SIZE for found in scales)

    def _words(self, page: bytes) -> Iterator[str]:
        fonts = {name: self._letters(int(number)) for name, number in FONT.findall(page)}
        letters: dict[int, str] = {}
        for font, glyphs, spaced in SHOWN.findall(self._content(page)):
            letters = fonts[font] if font else letters
            for run in re.findall(rb"<([0-9A-Fa-f]+)>", spaced) if spaced else [glyphs]:
                yield "".join(letters.get(int(run[at : at + 4], 16), "") for at in range(0, len(run), 4))

    def _letters(self, font: int) -> dict[int, str]:
        """Return the letter of each glyph of a font."""
        pointer = re.search(rb"/ToUnicode (\d+) 0 R", self._objects[font])
        if pointer is None:
            return {}
        table = self._unpacked(int(pointer[1]))
        found = {int(glyph, 16): _letter(letter) for glyph, letter in _rows(table, b"bfchar", 2)}
        for first, last, letter in _rows(table, b"bfrange", 3):
            for place, glyph in enumerate(range(int(first, 16), int(last, 16) + 1)):
                found[glyph] = chr(ord(_letter(letter)) + place)
        return found

    def _content(self, page: bytes) -> bytes:
        pointer = re.search(rb"/Contents (\d+) 0 R", page)
        return self._unpacked(int(pointer[1])) if pointer else b""

    def _unpacked(self, number: int) -> bytes:
        stream = STREAM.search(self._objects[number])
        # A line may end with \r\n; of packed bytes a \r is the last one, or follows it and is left over.
        return zlib.decompressobj().decompress(stream[1]) if stream else b""


def _rows(table: bytes, kind: bytes, columns: int) -> list[tuple[bytes, ...]]:
    row = re.compile(rb"\s*".join([rb"<([0-9A-Fa-f]+)>"] * columns))
    blocks = re.findall(rb"begin%b(.*?)end%b" % (kind, kind), table, re.DOTALL)
    return [cells for block in blocks for cells in row.findall(block)]


def _letter(written: bytes) -> str:
    return bytes.fromhex(written.decode()).decode("utf-16-be")
