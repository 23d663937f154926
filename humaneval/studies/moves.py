"""What the admin asks before a study changes its state, and says when it has."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class MoveQuestion:
    """The words of one confirmation; ``%(study)s`` stands for the study's name."""

    title: str | Promise
    text: str | Promise
    button: str | Promise
    done: str | Promise
    danger: bool = False
    needs_checklist: bool = False


QUESTIONS: dict[str, MoveQuestion] = {
    "launch": MoveQuestion(
        title=_("Launch “%(study)s”?"),
        text=_(
            "Trials are made and stimuli rendered in the background; then the study opens and the raters' "
            "link works. What raters see, the sample sets and the questions are fixed from now on."
        ),
        button=_("Launch"),
        done=_("“%(study)s” is being launched. This page shows how far it is."),
        needs_checklist=True,
    ),
    "return_to_draft": MoveQuestion(
        title=_("Stop the launch of “%(study)s”?"),
        text=_(
            "The trials made so far are deleted, and the study is a draft again. Nobody has rated it yet."
        ),
        button=_("Stop the launch"),
        done=_("The launch of “%(study)s” is being stopped."),
        danger=True,
    ),
    "pause": MoveQuestion(
        title=_("Pause “%(study)s”?"),
        text=_(
            "No more trials are handed out and nobody new can begin. Votes on trials that raters have on "
            "screen are still taken. You can resume at any time."
        ),
        button=_("Pause"),
        done=_("“%(study)s” is paused."),
    ),
    "resume": MoveQuestion(
        title=_("Resume “%(study)s”?"),
        text=_("Raters can begin and go on again."),
        button=_("Resume"),
        done=_("“%(study)s” is open again."),
    ),
    "close": MoveQuestion(
        title=_("Close “%(study)s” for good?"),
        text=_("Nobody can begin or go on, and a closed study cannot be opened again. All votes are kept."),
        button=_("Close for good"),
        done=_("“%(study)s” is closed."),
        danger=True,
    ),
}
"""By the names of :data:`humaneval.studies.states.MOVES`."""
