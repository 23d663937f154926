"""Manifests: a table of images with what is known of each, as CSV, JSON lines or Parquet.

Columns: ``path`` (of the image, beside the manifest), and if wanted ``prompt``, ``category`` and anything
else, such as ``seed`` and ids, which is kept with the sample.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humaneval.samples.details import as_details
from humaneval.samples.prompts import PromptsError, PromptText, checked_prompt
from humaneval.samples.sources import NAME_LENGTH, Entry, Problem, SourceError, check_limits, tidy_name

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = {".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"}


class ManifestSource:
    """The images that a manifest lists, in its order; ``roots`` bounds where paths may lead."""

    def __init__(self, manifest: str | Path, *, roots: Sequence[str | Path] | None = None) -> None:
        self.manifest = Path(manifest).resolve()
        self.folder = self.manifest.parent
        self.roots = [self.folder] if roots is None else [Path(root).resolve() for root in roots]
        self.rows = _read(self.manifest)

    def count(self) -> int:
        """Return the number of rows; raises SourceError where files or bytes exceed a limit."""
        offered = [found for found in self.entries() if isinstance(found, Entry)]
        check_limits(len(self.rows), sum(entry.size for entry in offered), "manifest")
        return len(self.rows)

    def entries(self) -> Iterator[Entry | Problem]:
        """Yield a row's image, or what is wrong with the row."""
        for number, row in enumerate(self.rows, start=1):
            yield self._offer(number, row)

    def own_tables(self) -> tuple[()]:
        """Return none: rows bring their prompts themselves."""
        return ()

    def _offer(self, number: int, row: Mapping[str, Any]) -> Entry | Problem:
        given = str(row.get("path") or "").strip()
        name = tidy_name(given).removeprefix("./")
        if not given:
            return Problem(f"row {number}", "its path is empty")
        if len(name) > NAME_LENGTH:
            return Problem(name[:NAME_LENGTH], f"its path is longer than {NAME_LENGTH} characters")
        if reason := self._objection(name):
            return Problem(name, reason)
        path = self.folder / name
        try:
            prompt = self._prompt(number, row)
            size = path.stat().st_size
        except (PromptsError, OSError) as error:
            return Problem(name, str(getattr(error, "strerror", None) or error))
        details = as_details(row, but={"path", "prompt", "category"})
        return Entry(name=name, size=size, open=lambda: path.open("rb"), prompt=prompt, details=details)

    def _prompt(self, number: int, row: Mapping[str, Any]) -> PromptText | None:
        text, category = row.get("prompt"), str(row.get("category") or "")
        return checked_prompt(str(text), category, f"row {number}") if text else None

    def _objection(self, name: str) -> str:
        if "\x00" in name:
            return "there is a NUL character in its path"
        path = (self.folder / name).resolve()
        if not any(path.is_relative_to(root) for root in self.roots):
            return "its path leads outside the manifest's folder"
        return "" if path.is_file() else "there is no such file beside the manifest"


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        table = _table(path)
    except ImportError as error:
        raise SourceError(
            f"Reading {path.name} needs pyarrow, which is not installed: run `pip install pyarrow`, or save "
            "the manifest as CSV or JSON lines."
        ) from error
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise SourceError(f"{path.name} cannot be read: {error}") from error
    table.columns = [str(column).strip().lower() for column in table.columns]
    if "path" not in table.columns:
        found = ", ".join(table.columns) or "nothing"
        raise SourceError(
            f"{path.name} has no column path. It needs path, and may have prompt, category, seed and ids "
            f"(found: {found})."
        )
    filled = table.astype(object).where(table.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in filled.to_dict("records")]


def _table(path: Path) -> pd.DataFrame:
    import pandas as pd  # slow to import: web processes need it only here

    ending = path.suffix.lower()
    if ending == ".parquet":
        return pd.read_parquet(path)
    if ending in {".jsonl", ".ndjson"}:
        return pd.DataFrame(list(_json_lines(path)))
    separator = "\t" if ending == ".tsv" else ","
    return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is no JSON object")
            yield row
