"""What intervals were clustered by, in words: told by the estimates themselves, never taken for granted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from humaneval.reports.numbers import counted, listed
from humaneval.reports.results import Estimate, Report

RATER = "rater"
_ABOUT = {
    "prompt": "about one prompt (the images made from it are as hard as it is)",
    "image": "that show one image, whatever stood beside it",
    "item": "about one item",
    "image set": "about the same images at once",
}


def kinds_of(estimates: Iterable[Estimate]) -> dict[str, int]:
    """Return the kinds of clusters that any of the estimates' intervals rest on, with the most of each."""
    found: dict[str, int] = {}
    for one in estimates:
        for name, size in one.clusters.items():
            found[name] = max(found.get(name, 0), size)
    return found


def clustered_by(estimates: Sequence[Estimate]) -> str:
    """Return ``clustered by rater and prompt``, or what holds of some of them and what of others."""
    ways = dict.fromkeys(tuple(one.clusters) for one in estimates if one.estimate is not None)
    said = [f"clustered by {' and '.join(way)}" if way else "of votes taken as independent" for way in ways]
    return " or ".join(said)


def sizes_of(one: Estimate) -> list[str]:
    """Return how many clusters of each kind an estimate's interval rests on: ``6 raters``, ``5 items``."""
    return [counted(size, name) for name, size in one.clusters.items()]


def in_words(report: Report) -> str:
    """Return what the intervals of the headline take into account, and what they do not."""
    shown = [one for one in report.estimates if one.headline and one.estimate is not None]
    kinds = kinds_of(shown)
    others = [name for name in kinds if name != RATER]
    sizes = listed([counted(kinds[name], name) for name in kinds])
    if RATER in kinds and others:
        about = " or ".join(_ABOUT.get(name, f"that share one {name}") for name in others)
        return (
            f"Votes of one rater are not independent, and neither are votes {about}. The intervals take both "
            f"into account ({sizes}; Cameron, Gelbach and Miller 2011; Bell and McCaffrey 2002): they are "
            f"about raters like these and {listed([f'{name}s' for name in others])} like these."
        )
    if RATER in kinds:
        return (
            f"Votes of one rater are not independent. The intervals take this into account ({sizes}; Bell "
            "and McCaffrey 2002). No image or prompt is known to have been judged by several raters, so that "
            "they are about raters like these only."
        )
    if others:
        return (
            f"The votes are one rater's. The intervals are clustered by {listed(others)} ({sizes}) and speak "
            "of this rater only, not of people."
        )
    return "The intervals take votes as independent, which those of one person are not: they are too narrow."
