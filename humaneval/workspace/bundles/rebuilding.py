"""A bundle's report, built again from its files, and where it differs from the one inside."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from humaneval.reports.report import build_report
from humaneval.reports.results import Report, to_payload
from humaneval.workspace.bundles import layout
from humaneval.workspace.bundles.archive import Bundle, BundleRefused
from humaneval.workspace.bundles.unpacking import material_of

RELATIVE = 1e-9
"""By how much of its size a number may differ."""
ABSOLUTE = 1e-12
"""By how much numbers may differ that are zero but for rounding."""
_ABSENT = ("nothing",)
OF_THE_BUILDING = ("built_at", "code_version")
"""What says when and by what a report was built, and nothing of the study."""


@dataclass(frozen=True)
class Difference:
    """One place at which two reports differ: where, and what each of them says."""

    place: str
    stored: Any
    rebuilt: Any

    @property
    def is_wording(self) -> bool:
        """Whether only words differ, as they may between versions of the program."""
        return all(_is_text(side) for side in (self.stored, self.rebuilt))

    def __str__(self) -> str:
        return f"{self.place}: {_shown(self.stored)} in the bundle, {_shown(self.rebuilt)} rebuilt"


@dataclass(frozen=True)
class Rebuilt:
    """A report built again; ``numbers`` is how many were compared.

    ``differences`` are empty where the reports agree. Where another version of the program made the bundle,
    sentences that it puts otherwise are among ``reworded`` instead.
    """

    report: Report
    numbers: int
    differences: list[Difference]
    reworded: list[Difference]
    made_by: str


def rebuild(bundle: Bundle) -> Rebuilt:
    """Check every file of a bundle, build its report again, and compare. Raises :class:`BundleRefused`."""
    bundle.check()
    stored = bundle.json(layout.REPORT)
    if not isinstance(stored, dict):
        raise BundleRefused(f"{layout.REPORT} is no report.")
    report = build_report(material_of(bundle), built_at=str(stored.get("built_at", "")))
    rebuilt = to_payload(report)
    made_by = str(stored.get("code_version", ""))
    known = _of_the_study(stored)
    found = list(differences(known, rebuilt))
    reworded = [one for one in found if one.is_wording and made_by != report.code_version]
    return Rebuilt(
        report=report,
        numbers=sum(1 for _ in _numbers(known)),
        differences=[one for one in found if one not in reworded],
        reworded=reworded,
        made_by=made_by,
    )


def _of_the_study(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in OF_THE_BUILDING}


def differences(stored: Any, rebuilt: Any, place: str = "") -> Iterator[Difference]:
    """Yield where plain data differ: numbers by more than rounding, anything else at all.

    What only the rebuilt has is new since the stored was made, and no difference.
    """
    if isinstance(stored, dict) and isinstance(rebuilt, dict):
        for name in stored:
            here = f"{place}.{name}" if place else str(name)
            yield from differences(stored[name], rebuilt.get(name, _ABSENT), here)
    elif isinstance(stored, list) and isinstance(rebuilt, list) and len(stored) == len(rebuilt):
        for number, (one, other) in enumerate(zip(stored, rebuilt, strict=True)):
            yield from differences(one, other, f"{place}[{_named(number, one)}]")
    elif not _same(stored, rebuilt):
        yield Difference(place, stored, rebuilt)


def _named(number: int, entry: Any) -> str:
    """Return a list entry's number with what it calls itself, so that a person finds it."""
    if not isinstance(entry, dict):
        return str(number)
    names = [str(entry[key]) for key in ("label", "measure", "metric", "question", "name") if entry.get(key)]
    return " ".join([str(number), *names[:2]])


def _same(stored: Any, rebuilt: Any) -> bool:
    if _is_number(stored) and _is_number(rebuilt):
        return math.isclose(stored, rebuilt, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return bool(stored == rebuilt and type(stored) is type(rebuilt))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(part, str) for part in value)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _numbers(part)
    elif _is_number(value):
        yield value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
