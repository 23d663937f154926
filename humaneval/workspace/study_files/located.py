"""YAML as plain values that still know their lines, so that a message can say where to look.

Only what JSON can hold is read: no tags, anchors or merges, no key twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

LARGEST = 5_000_000
"""Characters of a file that is read."""

DEEPEST = 40
"""Levels of nesting."""

Path = tuple[str | int, ...]
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


class StudyFileError(ValueError):
    """A file that no study can be made from; ``problems`` are sentences with line and key."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@dataclass
class Located:
    """A document's values, and the line (from 1) that each begins on."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """Return the line of a path, or of the nearest part above it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path, reason: str) -> str:
        """Return a sentence that says where and what is wrong."""
        place = f"{in_words(path)}: " if path else ""
        return f"line {self.line(path)}: {place}{reason}"


def in_words(path: Path) -> str:
    """Return a path as it is written in messages, such as ``questions[0].points``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def from_words(text: str) -> Path:
    """Return the path that a text such as ``questions[0].points`` names."""
    return tuple(int(index) if index else name for index, name in _STEP.findall(text))


def load(text: str) -> Located:
    """Return a document with its lines; raises StudyFileError where it is no plain YAML."""
    if len(text) > LARGEST:
        raise StudyFileError([f"The file is longer than {LARGEST:,} characters."])
    try:
        _refuse_traps(text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise StudyFileError([_syntax(error)]) from error
    if node is None:
        raise StudyFileError(["The file is empty."])
    return _Builder().build(node)


def _refuse_traps(text: str) -> None:
    """Raise StudyFileError for what would make the reader recurse or repeat without end."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        mark: Any = event.start_mark
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if getattr(event, "anchor", None):  # of an alias too
            raise StudyFileError([f"line {mark.line + 1}: anchors and aliases (& and *) are not read."])
        if depth > DEEPEST:
            raise StudyFileError([f"line {mark.line + 1}: nested too deeply."])


def _syntax(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    place = f"line {mark.line + 1}: " if mark is not None else ""
    return f"{place}this is not YAML: {problem or error}."


class _Builder:
    def __init__(self) -> None:
        self.constructor = yaml.constructor.SafeConstructor()
        self.problems: list[str] = []
        self.lines: dict[Path, int] = {}

    def build(self, node: yaml.Node) -> Located:
        value = self._value(node, ())
        if self.problems:
            raise StudyFileError(self.problems)
        return Located(value, self.lines)

    def _value(self, node: yaml.Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode) and node.tag in _TAGS:
            return dict(self._items(node, path))
        elif isinstance(node, yaml.SequenceNode) and node.tag in _TAGS:
            return [self._value(item, (*path, number)) for number, item in enumerate(node.value)]
        elif isinstance(node, yaml.ScalarNode) and node.tag in _TAGS:
            return self._scalar(node, path)
        else:
            self._complain(node, path, f"is of the kind {node.tag}: write text, put it in quotes.")
        return None

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        try:
            return self.constructor.construct_object(node)
        except (ValueError, yaml.YAMLError):
            self._complain(node, path, "is not a value that can be read: put text in quotes.")
            return None

    def _items(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._complain(key_node, path, "has a key that is no word.")
                continue
            key = str(key_node.value)
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            if key in seen:
                self._complain(key_node, (*path, key), "stands here twice.")
            seen.add(key)
            yield key, self._value(value_node, (*path, key))

    def _complain(self, node: yaml.Node, path: Path, reason: str) -> None:
        self.problems.append(f"line {node.start_mark.line + 1}: {in_words(path) or 'the file'}: {reason}")
