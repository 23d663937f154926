"""What each generated sample was asked for, a prompt or a class: read from CSV files, matched by name."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metrics.errors import InvalidInput

if TYPE_CHECKING:
    from metrics.extractors.base import Extractor

PROMPT_COLUMNS = ("prompt",)
LABEL_COLUMNS = ("label", "class")


@dataclass(frozen=True)
class Asked:
    """What samples were asked for, in their order; None, or an empty tuple, where it is not known.

    ``labels`` are the names that a sample's class may go by, the first that the classifier knows counts.
    ``embed`` turns prompts into embeddings (n, d) in the space of the pictures' own; ``classes`` are the
    classifier's class names by number, empty where it says none.
    """

    prompts: Sequence[str | None] | None = None
    labels: Sequence[tuple[str, ...]] | None = None
    embed: Callable[[Sequence[str]], np.ndarray] | None = None
    classes: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        extractor: Extractor,
        prompts: Sequence[str | None] | None = None,
        labels: Sequence[tuple[str, ...]] | None = None,
    ) -> Asked:
        """Return prompts and labels beside what this extractor makes of them."""
        embed = extractor.embed_prompts if extractor.takes_prompts else None
        return cls(prompts, labels, embed, extractor.classes)

    @property
    def has_prompts(self) -> bool:
        """Whether there are prompts and a text tower to read them."""
        return self.embed is not None and self.prompts is not None

    def embedded(self) -> EmbeddedPrompts:
        """Return the embeddings of the prompts that there are, each different text read once."""
        rows = [row for row, text in enumerate(self.prompts or ()) if text]
        if not rows or self.embed is None or self.prompts is None:
            raise InvalidInput("no sample has a prompt")
        texts = [text for text in self.prompts if text]
        different = list(dict.fromkeys(texts))
        place = {text: row for row, text in enumerate(different)}
        embeddings = self.embed(different)[[place[text] for text in texts]]
        digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
        return EmbeddedPrompts(np.array(rows), embeddings, len(different), digest)

    def class_numbers(self, count: int, names: Mapping[str, int] | None = None) -> np.ndarray:
        """Return each sample's class, 0 to ``count`` - 1, or -1 where it was asked for none.

        A label is looked for among ``names``, then the classifier's class names, then read as a number.
        Raises InvalidInput naming the labels that are none of these.
        """
        if self.labels is None or not any(self.labels):
            raise InvalidInput("no sample has a label")
        known = {name: number for number, name in enumerate(self.classes)} | dict(names or {})
        found = {label: _number(label, known, count) for label in dict.fromkeys(self.labels) if label}
        strange = [label[0] for label, number in found.items() if number is None]
        if strange:
            raise InvalidInput(_strange(strange, list(known), count))
        return np.array([found[label] if label else -1 for label in self.labels], dtype=np.int64)


@dataclass(frozen=True)
class EmbeddedPrompts:
    """Embeddings (n, d) of the prompts of the samples at ``rows``, and SHA-256 over the texts."""

    rows: np.ndarray
    embeddings: np.ndarray
    different: int
    digest: str


def _number(label: tuple[str, ...], known: Mapping[str, int], count: int) -> int | None:
    for name in label:
        number = known.get(name, int(name) if name.isdecimal() else -1)
        if 0 <= number < count:
            return number
    return None


def _strange(labels: list[str], known: list[str], count: int) -> str:
    shown = ", ".join(repr(label) for label in labels[:3]) + (", ..." if len(labels) > 3 else "")
    named = f", or one of {', '.join(known[:5])}{', ...' if len(known) > 5 else ''}" if known else ""
    return f"the classifier has no class called {shown}: a label is a number from 0 to {count - 1}{named}"


Given = str | Path | Mapping[str, str]


def texts_by_name(given: Given, columns: Sequence[str]) -> dict[str, str]:
    """Return name -> text of a mapping, or of a CSV file with the column ``name`` and one of ``columns``.

    Commas, semicolons and tabs separate; names are paths within the set. Raises InvalidInput.
    """
    if isinstance(given, Mapping):
        return {_tidy(name): str(text) for name, text in given.items()}
    path = Path(given)
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InvalidInput(f"{path} does not exist") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read as UTF-8 text: {error}") from error
    found: dict[str, str] = {}
    for line, name, text in _rows(path, content, columns):
        if found.setdefault(_tidy(name), text) != text:
            raise InvalidInput(f"{path}, line {line}: {name} stands further up with another text")
    return found


def _rows(path: Path, content: str, columns: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    first = content.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(content), delimiter=max(",;\t", key=first.count))
    header = {str(column).strip().lower(): column for column in reader.fieldnames or ()}
    wanted = next((header[column] for column in columns if column in header), None)
    if "name" not in header or wanted is None:
        raise InvalidInput(
            f"{path}: the first line must name the columns name and {' or '.join(columns)}; "
            f"found: {', '.join(header) or 'nothing'}"
        )
    for row in reader:
        name, text = (row[header["name"]] or "").strip(), (row[wanted] or "").strip()
        if name and text:
            yield reader.line_num, name, text


def _tidy(name: str) -> str:
    return name.strip().replace("\\", "/").removeprefix("./")


def aligned(texts: Mapping[str, str], names: Sequence[str], what: str) -> list[str | None]:
    """Return the text of each sample by its name. Raises InvalidInput when not a single name agrees."""
    found = [texts.get(_tidy(name)) for name in names]
    if not any(found):
        theirs = next(iter(texts), "nothing")
        raise InvalidInput(
            f"none of the {what} belongs to a sample: they name {theirs!r}, the set holds {names[0]!r}"
        )
    return found


def own_prompts(images: Any) -> Path | None:
    """Return the prompts.csv at the top of a folder, if there is one."""
    if not isinstance(images, str | Path) or str(images).startswith("s3://"):
        return None
    path = Path(images) / "prompts.csv"
    return path if path.is_file() else None
