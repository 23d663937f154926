"""The words that a new study starts with; the researcher may change all of them until launch."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _


def default_title() -> str:
    """Return what raters see as the title: nothing that tells what is being compared."""
    return _("Image rating")


def default_consent() -> str:
    """Return a consent text that holds for what this platform stores; a lab's own rules may ask for more."""
    return _(
        "You are invited to look at images and say what you see. Taking part is voluntary: you may stop "
        "at any time by closing this page, without giving a reason. We store your answers, how long each "
        "took, which browser you use and the size of its window and screen, under a random number and not "
        "under your name. The answers are used for research on computer-made images, and may be published "
        "in anonymous form. "
        "You need to be at least 18 years old to take part."
    )


def default_thanks() -> str:
    """Return what raters read when they have finished."""
    return _("That was all: thank you for taking part. Your answers have been saved.")


FALLBACK_SLUG: Final = "study"
"""Slug of a study whose name has no letter that an address can hold."""
