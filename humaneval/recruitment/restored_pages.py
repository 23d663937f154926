"""The page on which a person lets a draft go that a backup has brought back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from humaneval.recruitment import recruiters
from humaneval.recruitment.access import PUBLISH, staff_who_may, user_of
from humaneval.recruitment.confirming import Question, ask_then
from humaneval.recruitment.models import Posting
from humaneval.recruitment.restored import let_go_draft
from humaneval.teams.access import find


@staff_who_may(PUBLISH)
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether the panel has nothing of a draft, then let it be published."""
    posting = find(request.user, Posting.objects.select_related("study"), PUBLISH, pk=pk)
    names = {"panel": recruiters.get(posting.panel).title, "study": str(posting.study)}
    question = Question(
        title=_("Is nothing of this draft for “%(study)s” at %(panel)s?") % names,
        button=_("I have looked: it is not at %(panel)s") % names,
        done=_("It can be published again."),
        warnings=[
            _(
                "If it was published after the backup, people have been or will be paid there already: stop "
                "it at %(panel)s, settle with them there, and do not publish it again."
            )
            % names
        ],
    )
    return ask_then(
        request,
        study=posting.study,
        question=question,
        act=lambda _form: let_go_draft(posting, user_of(request)),
    )
