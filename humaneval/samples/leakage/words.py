"""An audit's result in words: warnings for a launch, tables for a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from humaneval.samples.leakage.separating import FEWEST, JOINT
from humaneval.samples.models import LeakageAudit, SampleKind, SampleSet

FACT_WORDS: dict[str, str | Promise] = {
    "bytes": gettext_lazy("file size"),
    "dimensions": gettext_lazy("width and height"),
    "format": gettext_lazy("file format"),
    "jpeg": gettext_lazy("JPEG quantisation"),
    "profile": gettext_lazy("colour profile"),
    "mode": gettext_lazy("colour mode"),
    "border": gettext_lazy("border"),
    "brightness": gettext_lazy("mean brightness"),
    JOINT: gettext_lazy("all facts together"),
}
ALIKE = gettext_lazy("Prepare both sets by the same steps.")
ADVICE: dict[str, str | Promise] = {
    "bytes": gettext_lazy(
        "Files of flatter or blurrier pictures are smaller: if one set was compressed, smoothed or enlarged "
        "and the other was not, prepare both alike; a model's own blur is part of what raters judge."
    ),
    "dimensions": gettext_lazy("Bring both sets to the same width and height."),
    "mode": gettext_lazy("Make both sets colour, or both grey."),
    "border": gettext_lazy("Cut the border off, or give both sets the same."),
    "brightness": gettext_lazy(
        "If the brightness is not the model's own doing, prepare both sets by the same steps."
    ),
}
"""What to do about a fact that tells stimuli apart; about any other, ``ALIKE``."""


@dataclass(frozen=True)
class FactRow:
    """One fact of one comparison, for a table; intervals are texts, empty where all images are alike."""

    fact: str
    original: str
    original_leaks: bool
    served: str
    served_leaks: bool


@dataclass(frozen=True)
class Comparison:
    """One generated set against the real ones."""

    name: str
    rows: tuple[FactRow, ...]


def set_names(audit: LeakageAudit) -> dict[int, str]:
    """Return the names of an audit's sets by id; one query, none if prefetched."""
    return {row.pk: row.name for row in audit.sample_sets.all()}


def warnings(audit: LeakageAudit, about: SampleSet | None = None) -> list[str]:
    """Return a sentence for each generated set that its stimuli give away; empty without a result.

    With ``about``, a generated set, only what concerns it; real sets are compared with all.
    """
    if audit.result is None:
        return []
    names = set_names(audit)
    only = about.pk if about is not None and about.kind == SampleKind.GENERATED else None
    leaking = [group for group in audit.result["stimuli"] if group["leaking"]]
    return [
        *(_leak(names, group) for group in leaking if only in {None, group["set"]}),
        *(_too_few(names, key) for key in audit.result["too_few"] if only in {None, key}),
    ]


def _leak(names: dict[int, str], group: dict[str, Any]) -> str:
    found = {one["fact"]: one for one in group["facts"]}
    single = [fact for fact in FACT_WORDS if fact in group["leaking"] and fact != JOINT] or [JOINT]
    facts = "; ".join(f"{FACT_WORDS[fact]}: {interval(found[fact])}" for fact in single)
    text = _(
        "The stimuli of “%(set)s” can be told from real ones without looking at the picture "
        "(AUC with 95%% interval, chance is 0.5): %(facts)s. %(advice)s"
    )
    advice = " ".join(dict.fromkeys(str(ADVICE.get(fact, ALIKE)) for fact in single))
    return text % {"set": names.get(group["set"], group["set"]), "facts": facts, "advice": advice}


def _too_few(names: dict[int, str], key: int) -> str:
    text = _("“%(set)s” was not checked for leaks: that takes at least %(least)d images of it and real ones.")
    return text % {"set": names.get(key, key), "least": FEWEST}


def interval(found: dict[str, Any]) -> str:
    """Return an AUC with its interval, or that there is nothing to tell apart."""
    if found["constant"]:
        return _("the same in all")
    return f"{found['auc']:.2f} ({found['low']:.2f} – {found['high']:.2f})"


def comparisons(audit: LeakageAudit) -> list[Comparison]:
    """Return an audit's result as tables, one a generated set; empty without a result."""
    if audit.result is None:
        return []
    names = set_names(audit)
    pairs = zip(audit.result["original"], audit.result["stimuli"], strict=True)
    return [
        Comparison(str(names.get(one["set"], one["set"])), tuple(_rows(one, other))) for one, other in pairs
    ]


def _rows(original: dict[str, Any], served: dict[str, Any]) -> Iterable[FactRow]:
    before = {one["fact"]: one for one in original["facts"]}
    after = {one["fact"]: one for one in served["facts"]}
    for fact, words in FACT_WORDS.items():
        yield FactRow(
            fact=str(words),
            original=interval(before[fact]),
            original_leaks=fact in original["leaking"],
            served=interval(after[fact]),
            served_leaks=fact in served["leaking"],
        )
