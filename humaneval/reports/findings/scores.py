"""Records about automated scores: what a score was computed with, and its diagnostics as pictures."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Provenance:
    """What a metric run worked with: its settings and versions by name, for everybody who repeats it."""

    run: int
    extractor: str
    settings: dict[str, str]
    versions: dict[str, str]


@dataclass(frozen=True)
class PictureRef:
    """One sample as a report shows it: ``key`` names its thumbnail in the report's pictures."""

    key: str
    name: str


@dataclass(frozen=True)
class BinPicture:
    """One bin of the real set that holds another share of the generated one, with samples of both."""

    number: int
    real_share: float
    generated_share: float
    pvalue: float | None
    real: list[PictureRef]
    generated: list[PictureRef]


@dataclass(frozen=True)
class BinDiagnosis:
    """NDB of one condition: how many bins differ, and the worst ones on both sides."""

    condition: int
    label: str
    metric: str
    extractor: str
    bins: int
    different: int
    expected: float
    over: list[BinPicture]
    under: list[BinPicture]


@dataclass(frozen=True)
class DuplicateGroup:
    """Samples that repeat each other: ``count`` of them, some shown. No ``distance`` is exact."""

    count: int
    distance: float | None
    samples: list[PictureRef]


@dataclass(frozen=True)
class DuplicateDiagnosis:
    """Repeats that a metric found in one condition, the worst first."""

    condition: int
    label: str
    metric: str
    extractor: str
    words: str
    groups: list[DuplicateGroup]


@dataclass(frozen=True)
class ClassCoverage:
    """How often a classifier sees each class in one condition; ``right`` is the share as asked, if known."""

    condition: int
    label: str
    extractor: str
    classes: list[str]
    counts: list[int]
    right: list[float | None] = field(default_factory=list)


@dataclass(frozen=True)
class ActiveUnits:
    """Which latent dimensions of one condition's model carry information, strongest first."""

    condition: int
    label: str
    dimension: int
    active: int
    threshold: float
    values: list[float]
    measure: str


@dataclass(frozen=True)
class Diagnostics:
    """All pictures of what scores found."""

    bins: list[BinDiagnosis] = field(default_factory=list)
    duplicates: list[DuplicateDiagnosis] = field(default_factory=list)
    classes: list[ClassCoverage] = field(default_factory=list)
    units: list[ActiveUnits] = field(default_factory=list)
