"""Features of a set of images: a table kept in a safetensors file, in the images' order."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metrics.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from metrics.statistics import FeatureStatistics

FORMAT = "humaneval-features/1"
MAPPED_TYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "U8": np.dtype("u1")}


@dataclass(frozen=True)
class Features:
    """What an extractor gave for n images, row by row.

    ``values`` (n, d) and ``logits`` (n, classes; None: the extractor has none) are float32; ``digests``
    are SHA-256 of decoded pixels; ``extractor`` describes what made them; ``problems`` were left out.
    """

    values: np.ndarray
    logits: np.ndarray | None
    names: tuple[str, ...]
    digests: tuple[str, ...]
    extractor: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        counts = {len(self.values), len(self.names), len(self.digests)}
        if self.logits is not None:
            counts.add(len(self.logits))
        if len(counts) != 1:
            raise InvalidInput(f"values, logits, names and digests must be one each: {sorted(counts)}")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def dimension(self) -> int:
        """How many features a sample has."""
        return int(self.values.shape[1])

    @classmethod
    def of_array(
        cls, values: np.ndarray, *, logits: np.ndarray | None = None, name: str = "array"
    ) -> Features:
        """Return a table for features that come from elsewhere; digests are those of the rows."""
        import hashlib

        table = np.asarray(values)
        digests = tuple(hashlib.sha256(np.ascontiguousarray(row).tobytes()).hexdigest() for row in table)
        names = tuple(f"{index:06d}" for index in range(len(table)))
        return cls(table, logits, names, digests, {"name": name, "spec": name, "digest": ""})

    @classmethod
    def join(cls, parts: Sequence[Features]) -> Features:
        """Return the parts as one table, in the order given. All must come from one extractor."""
        if not parts:
            raise InvalidInput("nothing to join")
        digests = {part.extractor.get("digest") for part in parts}
        if len(digests) > 1 or len({part.dimension for part in parts}) > 1:
            raise InvalidInput("parts of one set must come from one extractor")
        logits = [part.logits for part in parts if part.logits is not None]
        return cls(
            np.concatenate([part.values for part in parts]),
            np.concatenate(logits) if len(logits) == len(parts) else None,
            tuple(name for part in parts for name in part.names),
            tuple(digest for part in parts for digest in part.digests),
            parts[0].extractor,
            tuple(problem for part in parts for problem in part.problems),
        )

    def take(self, rows: Sequence[int] | np.ndarray) -> Features:
        """Return the samples at these positions."""
        order = np.asarray(rows, dtype=np.int64)
        return Features(
            self.values[order],
            None if self.logits is None else self.logits[order],
            tuple(self.names[row] for row in order),
            tuple(self.digests[row] for row in order),
            self.extractor,
            self.problems,
        )

    def statistics(self) -> FeatureStatistics:
        """Return count, mean and covariance of the features."""
        from metrics.statistics import FeatureStatistics

        return FeatureStatistics.of(self.values)

    def save(self, path: str | Path) -> None:
        """Write a safetensors file, whole or not at all."""
        from safetensors.numpy import save

        tensors = {
            "values": np.ascontiguousarray(self.values, dtype=np.float32),
            "names": _bytes("\0".join(self.names)),
            "digests": _bytes("".join(self.digests)),
        }
        if self.logits is not None:
            tensors["logits"] = np.ascontiguousarray(self.logits, dtype=np.float32)
        problems = [[problem.name, problem.reason] for problem in self.problems]
        metadata = {
            "format": FORMAT,
            "extractor": json.dumps(self.extractor, sort_keys=True),
            "problems": json.dumps(problems),
        }
        write_whole(Path(path), save(tensors, metadata=metadata))

    @classmethod
    def load(cls, path: str | Path) -> Features:
        """Return the table in a file; values and logits are memory-mapped, changes are not written."""
        header, start = _header(Path(path))
        metadata = header.get("__metadata__", {})
        if metadata.get("format") != FORMAT:
            raise InvalidInput(f"{path} is not a file of features of this version ({FORMAT})")
        read = {
            name: _mapped(Path(path), entry, start)
            for name, entry in header.items()
            if name != "__metadata__"
        }
        names = read["names"].tobytes().decode()
        digests = read["digests"].tobytes().decode()
        count = len(read["values"])
        return cls(
            read["values"],
            read.get("logits"),
            tuple(names.split("\0")) if count else (),
            tuple(digests[64 * row : 64 * row + 64] for row in range(count)),
            json.loads(metadata["extractor"]),
            tuple(Problem(name, reason) for name, reason in json.loads(metadata["problems"])),
        )


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Return a safetensors file's header and where its data start."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > path.stat().st_size:
                raise InvalidInput(f"{path} is truncated or not a safetensors file")
            return json.loads(file.read(length)), 8 + length
    except (struct.error, ValueError) as error:
        raise InvalidInput(f"{path} is not a safetensors file: {error}") from error


def _mapped(path: Path, entry: dict[str, Any], start: int) -> np.ndarray:
    dtype = MAPPED_TYPES[entry["dtype"]]
    first, last = entry["data_offsets"]
    shape = tuple(entry["shape"])
    if path.stat().st_size < start + last:
        raise InvalidInput(f"{path} is truncated")
    if first == last:
        return np.zeros(shape, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="c", offset=start + first, shape=shape)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file through a temporary one beside it, so that a crash never leaves half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
