"""Help beside every choice of a study's form that its model does not explain."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

Words = Any
"""Text that is translated when it is shown, as form fields take it."""

HELP: dict[str, Words] = {
    "protocol": _("What raters are asked. It stays as it is once the study is made."),
    "instructions": _("Shown before the first trial, and one key away during the trials."),
    "consent_text": _(
        "Shown first; a session begins when the rater agrees. Say who asks, what is stored, for whom."
    ),
    "thanks_text": _("Shown after the last trial."),
    "completion_code": _("Shown at the end, for panels where people type a code; drawn at random."),
    "sample_set": _("A set of images that the study is about. Make sets under Samples."),
    "text": _("What raters read above the images. One thing at a time."),
    "low_label": _("Word at the lowest point."),
    "middle_label": _("Word at the middle point; may stay empty."),
    "high_label": _("Word at the highest point."),
    "flow_allow_zoom": _("Let raters look at an image enlarged; how often they did is stored."),
    "flow_scale": _("How images are brought to their size on large screens."),
}
_ENDINGS: dict[str, Words] = {
    "_caption": _("Stands below the picture."),
    "_kind": _("How it is answered."),
    "_optional": _("Raters may pass it over."),
    "_minimum": _("The lowest number that may be given."),
    "_maximum": _("The highest number that may be given."),
    "_title": _("The title in this language."),
    "_consent": _("The consent text in this language."),
    "_instructions": _("The instructions in this language."),
    "_thanks": _("The thanks in this language."),
    "_debrief": _("The debrief in this language."),
}


def help_for(name: str) -> Words:
    """Return the help of a form's field by its name, "" where there is none."""
    if name in HELP:
        return HELP[name]
    return next((words for ending, words in _ENDINGS.items() if name.endswith(ending)), "")
