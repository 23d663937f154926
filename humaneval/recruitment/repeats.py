"""Keeping out those who took part before: by a group at the panel that bears our name for it."""

from __future__ import annotations

from humaneval.recruitment.models import Posting


def group_name(posting: Posting) -> str:
    """Return the name of the panel's group of those who took part before; "" where repeats may come.

    By default it is the study's own. Studies whose postings have the same ``options["group_name"]`` keep out
    one another's people; ``options["once_a_study"]`` false lets everybody come again.
    """
    if not posting.options.get("once_a_study", True):
        return ""
    return str(posting.options.get("group_name") or f"Took part in {posting.study.slug}")[:200]
