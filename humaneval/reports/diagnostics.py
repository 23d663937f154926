"""What scores found, as pictures: bins, repeats, classes, latent units, from what metrics told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from humaneval.reports.findings.scores import (
    ActiveUnits,
    BinDiagnosis,
    BinPicture,
    ClassCoverage,
    Diagnostics,
    DuplicateDiagnosis,
    DuplicateGroup,
    PictureRef,
    Provenance,
)
from humaneval.reports.material import LatentFacts, Material, ScoreFacts
from humaneval.reports.numbers import counted, plain
from humaneval.reports.results import ConditionFacts

MOST_BINS = 3
MOST_GROUPS = 3
MOST_OF_A_GROUP = 4
MOST_CLASSES = 100


def picture_key(sample_set: str, name: str) -> str:
    """Return the key of one sample's thumbnail."""
    return f"{sample_set}/{name}"


def diagnostics_of(
    scores: Sequence[ScoreFacts], latents: Sequence[LatentFacts], conditions: Sequence[ConditionFacts]
) -> Diagnostics:
    """Return what the scores' details tell, condition by condition, in the order of the scores."""
    return Diagnostics(
        bins=[_bins(one) for one in scores if one.row.metric == "ndb" and "over_represented" in one.details],
        duplicates=[found for one in scores if (found := _duplicates(one)) is not None],
        classes=[seen for one in scores if (seen := _classes(one, scores)) is not None],
        units=[_units(one, conditions) for one in latents],
    )


def wanted_pictures(found: Diagnostics) -> list[str]:
    """Return the keys of all pictures that the diagnostics show, each once."""
    keys = [one.key for one in _references(found)]
    return list(dict.fromkeys(keys))


def _references(found: Diagnostics) -> Iterator[PictureRef]:
    for bins in found.bins:
        for one in (*bins.over, *bins.under):
            yield from one.real
            yield from one.generated
    for duplicates in found.duplicates:
        for group in duplicates.groups:
            yield from group.samples


def _pictures(sample_set: str, names: Iterable[str]) -> list[PictureRef]:
    return [PictureRef(picture_key(sample_set, name), name) for name in names if name]


def _bins(one: ScoreFacts) -> BinDiagnosis:
    row, details = one.row, one.details
    return BinDiagnosis(
        condition=row.condition,
        label=row.condition_label,
        metric=row.label,
        extractor=row.space.words,
        bins=int(details["bins"]),
        different=int(details["different"]),
        expected=float(details["expected"]),
        over=[_bin(each, one) for each in details["over_represented"][:MOST_BINS]],
        under=[_bin(each, one) for each in details["under_represented"][:MOST_BINS]],
    )


def _bin(each: Mapping[str, Any], one: ScoreFacts) -> BinPicture:
    row = one.row
    shares = (
        each.get("real_share", each["real"] / max(row.count_real, 1)),
        each.get("generated_share", each["generated"] / max(row.count_generated, 1)),
    )
    return BinPicture(
        number=int(each["bin"]),
        real_share=float(shares[0]),
        generated_share=float(shares[1]),
        pvalue=each.get("p"),
        real=_pictures(row.reference, [each.get("representative", "")]),
        generated=_pictures(row.sample_set, each.get("examples", [])[:MOST_OF_A_GROUP]),
    )


def _duplicates(one: ScoreFacts) -> DuplicateDiagnosis | None:
    readers = {"unique_fraction": _repeats, "near_duplicates": _near, "memorisation": _memorised}
    reader = readers.get(one.row.metric)
    if reader is None:
        return None
    groups, words = reader(one)
    row = one.row
    return DuplicateDiagnosis(row.condition, row.condition_label, row.label, row.space.words, words, groups)


def _repeats(one: ScoreFacts) -> tuple[list[DuplicateGroup], str]:
    row, details = one.row, one.details
    groups = [
        DuplicateGroup(int(count), None, _pictures(row.sample_set, names[:MOST_OF_A_GROUP]))
        for names, count in zip(
            details.get("largest_groups", [])[:MOST_GROUPS], details.get("largest_counts", []), strict=False
        )
    ]
    unique = int(details.get("unique", round(row.value * row.count_generated)))
    if unique == row.count_generated:
        return groups, f"All {row.count_generated:,} images differ in some pixel."
    return groups, f"{counted(unique, 'different image')} among {row.count_generated:,}; the most repeated:"


def _near(one: ScoreFacts) -> tuple[list[DuplicateGroup], str]:
    row = one.row
    groups = [
        DuplicateGroup(2, float(distance), _pictures(row.sample_set, (first, second)))
        for first, second, distance in one.details.get("pairs", [])[:MOST_GROUPS]
    ]
    expected = one.details.get("expected")
    beside = f" (the real set: {100 * expected:.1f}%)" if expected is not None else ""
    said = f"{100 * row.value:.1f}% of images nearly repeat another{beside}"
    return groups, f"{said}; the closest pairs:" if groups else f"{said}."


def _memorised(one: ScoreFacts) -> tuple[list[DuplicateGroup], str]:
    row = one.row
    groups = [
        DuplicateGroup(
            2, float(distance), [*_pictures(row.sample_set, [own]), *_pictures(row.reference, [real])]
        )
        for own, real, distance in one.details.get("pairs", [])[:MOST_GROUPS]
    ]
    said = f"{100 * row.value:.1f}% of images lie nearer to a real one than real ones do to each other"
    return groups, f"{said}; the closest, each beside its real one:" if groups else f"{said}."


def _classes(one: ScoreFacts, scores: Sequence[ScoreFacts]) -> ClassCoverage | None:
    """Return the classes that a condition's images fall into, with how often they are the one asked for."""
    if one.row.metric == "class_entropy" and "counts" in one.details:
        counts = [int(count) for count in one.details["counts"]]
        right = _right_of(one, scores)
    elif one.row.metric == "class_accuracy" and not _has(scores, one, "class_entropy"):
        right, counts = dict(one.details.get("by_class", {})), []
        right = {str(name): share for name, share in right.items()}
    else:
        return None
    size = len(counts) or len(right)
    if not 1 < size <= MOST_CLASSES:
        return None
    names = [str(name) for name in one.details.get("extractor", {}).get("classes", [])]
    names = names if len(names) == size else [str(number) for number in range(size)]
    return ClassCoverage(
        condition=one.row.condition,
        label=one.row.condition_label,
        extractor=one.row.space.words,
        classes=names,
        counts=counts,
        right=[right.get(str(number)) for number in range(size)] if right else [],
    )


def _right_of(one: ScoreFacts, scores: Sequence[ScoreFacts]) -> dict[str, float]:
    other = _has(scores, one, "class_accuracy")
    found = dict(other.details.get("by_class", {})) if other else {}
    return {str(name): share for name, share in found.items()}


def _has(scores: Sequence[ScoreFacts], one: ScoreFacts, metric: str) -> ScoreFacts | None:
    return next(
        (
            other
            for other in scores
            if (other.row.metric, other.row.space, other.row.condition)
            == (metric, one.row.space, one.row.condition)
        ),
        None,
    )


def _units(one: LatentFacts, conditions: Sequence[ConditionFacts]) -> ActiveUnits:
    label = next((each.label for each in conditions if each.id == one.condition), "")
    values, threshold, measure = (
        (one.variance, one.threshold, "variance of the posterior mean")
        if one.variance
        else (one.kl, one.kl_threshold, "divergence from the prior (nats)")
    )
    return ActiveUnits(
        condition=one.condition,
        label=label,
        dimension=len(values),
        active=sum(value > threshold for value in values),
        threshold=threshold,
        values=sorted(values, reverse=True),
        measure=measure,
    )


def provenance_of(material: Material) -> list[Provenance]:
    """Return what each run behind the scores worked with, by run."""
    runs = {one.row.run: one for one in material.scores}
    return [
        Provenance(
            run=run,
            extractor=one.row.space.words,
            settings={"seed": str(one.seed)} | _flat(one.settings),
            versions=_flat(one.versions, leave_out={"contents"}),
        )
        for run, one in sorted(runs.items())
    ]


def _flat(values: Mapping[str, Any], leave_out: Iterable[str] = (), before: str = "") -> dict[str, str]:
    """Return nested values as text under dotted names; lists of more than four are told by their length."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if name in set(leave_out):
            continue
        if isinstance(value, Mapping):
            found |= _flat(value, (), f"{before}{name}.")
        elif isinstance(value, list | tuple):
            found[f"{before}{name}"] = (
                ", ".join(map(str, value))
                if len(value) <= MOST_OF_A_GROUP
                else counted(len(value), "entry", "entries")
            )
        elif value is not None and value != "":
            found[f"{before}{name}"] = (
                plain(value, 4).rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
            )
    return found
