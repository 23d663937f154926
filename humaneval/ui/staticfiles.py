"""Static files under names that carry their hash, ES module imports included."""

from __future__ import annotations

import re
from itertools import pairwise

from django.core.files.base import ContentFile, File
from whitenoise.storage import CompressedManifestStaticFilesStorage

OWN_MODULES = "rater/"
OWN_STYLES = "styles/"
_DOCUMENTATION = re.compile(
    r"^[ \t]*(?:/\*\*.*?\*/|//[^\n]*)[ \t]*\n|/\*\* @.*?\*/ ?", re.MULTILINE | re.DOTALL
)
_REASON = re.compile(r"(?<=[;{,]) // .*$", re.MULTILINE)
_INDENTATION = re.compile(r"^\s+", re.MULTILINE)


def without_documentation(source: str) -> str:
    """Return a module without indentation, types, and comments.

    The types alone weigh a third. Raises ValueError for a template string of several lines, whose
    indentation would be lost.
    """
    bare = _INDENTATION.sub("", _REASON.sub("", _DOCUMENTATION.sub("", source)))
    broken = [line for line in bare.splitlines() if line.count("`") % 2]
    if broken:
        raise ValueError(f"A template string must end on the line it begins on: {broken[0]}")
    return bare


_LITERAL = re.compile(
    r"""(`(?:\\.|[^`\\\n])*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[(=,:!&|?;]\s*/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+/[a-z]*)"""
)
_MAYBE_EMPTY = re.compile(r"(?:for|while|if|else)\b")
_NESTED = re.compile(r"\$\{[^}`]*`")
_AROUND = re.compile(r" ?([{}()\[\],;:=<>?&|*!]) ?")
_AROUND_SIGN = re.compile(r"(?<![+-]) ([+-]) (?![+-])")


def tightened(source: str) -> str:
    """Return a module that has no documentation left, without the spaces that only people need.

    Expects what our modules keep to: statements end in semicolons. Lines with a template string inside
    another stay as they are. Raises ValueError for a comment, which would swallow what follows it once
    lines are joined.
    """
    lines = [_tightened_line(line) for line in source.split("\n")]
    for number, (line, following) in enumerate(pairwise(lines)):
        # Of "while (waiting());" the semicolon is the body.
        if line.endswith(";") and following.startswith("}") and not _MAYBE_EMPTY.match(line):
            lines[number] = line[:-1]
    joined = re.sub(r"(?<=[{,(\[;])\n", "", "\n".join(lines))
    return re.sub(r"\n(?=})|(?<=})\n(?=[}#a-zA-Z])", "", joined)


def _tightened_line(line: str) -> str:
    if _NESTED.search(line):
        return line
    parts = _LITERAL.split(line)
    if any("//" in part or "/*" in part for part in parts[::2]):
        raise ValueError(f"A comment stands on a line of its own, or after “;”, “,” or “{{”: {line}")
    parts[::2] = [_AROUND.sub(r"\1", _AROUND_SIGN.sub(r"\1", part)) for part in parts[::2]]
    for number, literal in enumerate(parts[1::2]):
        if literal[0] in "\"'`":
            parts[2 * number] = parts[2 * number].rstrip(" ")
    return "".join(parts)


def without_spaces(source: str) -> str:
    """Return a style sheet without comments, and without the spaces that only people need."""
    bare = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL))
    parts = re.split(r"""("[^"]*"|'[^']*')""", bare)
    parts[::2] = [re.sub(r" ?([{};,>]) ?", r"\1", part).replace(": ", ":") for part in parts[::2]]
    return "".join(parts).replace(";}", "}").strip()


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Whitenoise's storage, with the import statements of ES modules rewritten to hashed names.

    Our own modules leave their documentation behind, since raters on phones have no use for it.
    """

    support_js_module_import_aggregation = True
    max_post_process_passes = 12
    """More than the longest chain of modules that import one another: each pass settles one link's names."""

    def _save(self, name: str, content: File) -> str:
        if name.startswith(OWN_MODULES) and name.endswith(".js"):
            content.open()
            content = ContentFile(tightened(without_documentation(content.read().decode())).encode())
        elif name.startswith(OWN_STYLES) and name.endswith(".css"):
            content.open()
            content = ContentFile(without_spaces(content.read().decode()).encode())
        return super()._save(name, content)
