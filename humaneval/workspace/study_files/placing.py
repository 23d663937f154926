"""What services refuse, told with the place in the file that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from django.core.exceptions import ValidationError

from humaneval.workspace.study_files.located import Path, from_words
from humaneval.workspace.study_files.shapes import place_of, study_fields

Wrong = tuple[Path, str]
"""Where something is wrong, and what."""

FIELD_PLACES: dict[str, Path] = {field: place_of(field) for field in study_fields()}
"""Where each field of a study stands in the file."""

_ROW = re.compile(r"Row (\d+)[:.] ?")


def placed(error: ValidationError, places: Mapping[str, Path], under: Path = ()) -> Iterator[Wrong]:
    """Yield what a service refuses; fields without a place of their own stand ``under`` a path."""
    if not hasattr(error, "error_dict"):
        yield from ((under, text) for text in error.messages)
        return
    for field, texts in error.message_dict.items():
        path = places.get(field, (*under, field) if field != "__all__" else under)
        yield from (_further(path, text) for text in texts)


def _further(path: Path, text: str) -> Wrong:
    """Return the path within a section that a sentence begins with, as those on flow and rows do."""
    if row := _ROW.match(text):
        return (*path, int(row[1]) - 1), text[row.end() :]
    place, colon, reason = text.partition(": ")
    if colon and path in {("flow",), ("settings",)} and " " not in place:
        inner = from_words(place)
        return (path if inner == path else (*path, *inner)), reason
    return path, text
