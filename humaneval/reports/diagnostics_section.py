"""Diagnostics and versions of scores as the report's page shows them: thumbnails, cells, charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from humaneval.reports.figures import Figure, Figures
from humaneval.reports.findings.scores import BinPicture, DuplicateDiagnosis, PictureRef, Provenance
from humaneval.reports.numbers import counted, listed, plain
from humaneval.reports.results import Report

_STEPS = 10


@dataclass(frozen=True)
class Picture:
    """One thumbnail: its bytes for ``src`` (empty where there are none) and its name."""

    data: str
    name: str


@dataclass(frozen=True)
class BinCard:
    """One bin: its shares in words, what real samples look like there, and generated ones."""

    words: str
    real: list[Picture]
    generated: list[Picture]


@dataclass(frozen=True)
class BinCards:
    """One condition's differing bins in one feature space."""

    label: str
    metric: str
    words: str
    over: list[BinCard]
    under: list[BinCard]


@dataclass(frozen=True)
class DuplicateCards:
    """One condition's repeats by one metric: groups of pictures, each with how many there are."""

    label: str
    metric: str
    words: str
    groups: list[tuple[str, list[Picture]]]


@dataclass(frozen=True)
class ClassTable:
    """How often each class occurs in each condition: cells are text, title and shade (0 to 10)."""

    extractor: str
    classes: list[str]
    counted: bool
    rows: list[tuple[str, str, list[tuple[str, str, int]]]]


@dataclass(frozen=True)
class DiagnosticsSection:
    """All pictures of what scores found, and what they were computed with."""

    bins: list[BinCards]
    duplicates: list[DuplicateCards]
    without_duplicates: list[str]
    classes: list[ClassTable]
    units: list[tuple[str, str, Figure | None, list[tuple[int, str, bool]]]]
    provenance: list[Provenance]

    @property
    def has_pictures(self) -> bool:
        """Whether there is anything but versions."""
        return bool(self.bins or self.duplicates or self.without_duplicates or self.classes or self.units)


def diagnostics_section(report: Report, figures: Figures) -> DiagnosticsSection:
    """Return the diagnostics of a report, conditions in the order of the scores."""
    found, pictures = report.diagnostics, report.pictures
    return DiagnosticsSection(
        bins=[
            BinCards(
                one.label,
                one.metric,
                f"{one.different} of {one.bins} bins differ; equal sets would differ in about "
                f"{one.expected:g}.",
                [_bin(each, pictures) for each in one.over],
                [_bin(each, pictures) for each in one.under],
            )
            for one in found.bins
        ],
        duplicates=[
            DuplicateCards(
                one.label,
                one.metric,
                one.words,
                [
                    (_times(group.count, group.distance), pictures_of(group.samples, pictures))
                    for group in one.groups
                ],
            )
            for one in found.duplicates
            if one.groups
        ],
        without_duplicates=_without_duplicates(found.duplicates),
        classes=_class_tables(report),
        units=[
            (
                one.label,
                f"{one.active} of {one.dimension} active ({one.measure} above {one.threshold:g})",
                figures.units.get(one.condition),
                [
                    (place, plain(value, 4), value > one.threshold)
                    for place, value in enumerate(one.values[:64], 1)
                ],
            )
            for one in found.units
        ],
        provenance=report.provenance,
    )


def _without_duplicates(found: Sequence[DuplicateDiagnosis]) -> list[str]:
    """Return by metric the conditions in which it found nothing, as sentences."""
    labels: dict[str, list[str]] = {}
    for one in found:
        if not one.groups:
            labels.setdefault(one.metric, []).append(one.label)
    return [f"{metric}: nothing found in {listed(names)}." for metric, names in labels.items()]


def _times(count: int, distance: float | None) -> str:
    return counted(count, "time") if distance is None else f"distance {plain(distance, 3)}"


def _bin(one: BinPicture, pictures: Mapping[str, str]) -> BinCard:
    words = f"{100 * one.real_share:.1f}% → {100 * one.generated_share:.1f}%"
    return BinCard(words, pictures_of(one.real, pictures), pictures_of(one.generated, pictures))


def pictures_of(references: Sequence[PictureRef], pictures: Mapping[str, str]) -> list[Picture]:
    """Return the thumbnails of samples, in their order."""
    return [Picture(pictures.get(one.key, ""), one.name) for one in references]


def _class_tables(report: Report) -> list[ClassTable]:
    """Return a table for each feature space whose classifier tells how often each class occurs."""
    spaces = dict.fromkeys(one.extractor for one in report.diagnostics.classes)
    tables = []
    for space in spaces:
        mine = [one for one in report.diagnostics.classes if one.extractor == space]
        rows = []
        for one in mine:
            total = sum(one.counts)
            most = max((count / total for count in one.counts), default=0.0) if total else 0.0
            cells = [
                (
                    f"{100 * (one.counts[place] / total):.0f}%" if total else _right(one.right[place]),
                    f"{name}: {_cell_title(one.counts, one.right, place)}",
                    _shade(one.counts[place] / total / most if total and most else (one.right[place] or 0.0)),
                )
                for place, name in enumerate(one.classes)
            ]
            seen = sum(count > 0 for count in one.counts)
            rows.append((one.label, f"{seen} of {len(one.classes)}" if total else "", cells))
        tables.append(ClassTable(space, mine[0].classes, any(one.counts for one in mine), rows))
    return tables


def _right(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.0f}%"


def _cell_title(counts: Sequence[int], right: Sequence[float | None], place: int) -> str:
    said = [f"{counts[place]:,} images"] if counts else []
    if right and right[place] is not None:
        said.append(f"{_right(right[place])} of those asked for are seen as it")
    return ", ".join(said)


def _shade(share: float) -> int:
    """Return 5 (nothing) to 10 (most): only one half of the win matrix's scale, since there is no middle."""
    return 5 + round(share * _STEPS / 2)
