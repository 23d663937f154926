"""The buttons of a study's page in the admin: which there are for whom and when, and where they lead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from humaneval.protocols.registry import PROTOCOLS
from humaneval.studies import lifecycle, links
from humaneval.studies.checklist import checklist_of
from humaneval.studies.leakage import start_leak_check
from humaneval.studies.models import Study, StudyState
from humaneval.studies.moves import QUESTIONS, MoveQuestion
from humaneval.studies.states import is_draft, is_launching, may_move
from humaneval.teams.access import find, may
from humaneval.ui.admin import ActionVariant, ModelAdmin, action

REFRESH_SECONDS = 3
CHANGE = "studies.change_study"
NEEDED = {
    "preview": "studies.view_study",
    "plan": "studies.view_study",
    "study-file": "studies.view_study",
    "rules": "rating.view_ruleset",
    "recruitment": "recruitment.view_posting",
    "report": "reports.view_snapshot",
    "exports": "reports.export_votes",
}
"""Permissions without which a button would lead to a refusal, by its path; all else needs CHANGE."""


def study_for(request: HttpRequest, object_id: int, button: str = "") -> Study:
    """Return the study if its page has this button for the person, by default one that changes it."""
    return find(request.user, Study.objects.all(), NEEDED.get(button, CHANGE), pk=object_id)


class StudyButtons(ModelAdmin):
    """The buttons that lead elsewhere or move the study on; tables have a module of their own."""

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return the buttons that make sense in the study's state."""
        study = self.get_object(request, str(object_id))
        buttons = super().get_actions_detail(request, object_id)
        return [
            button
            for button in buttons
            if study is not None
            and _makes_sense(button.path, study)
            and may(request.user, NEEDED.get(button.path, CHANGE), study)
        ]

    @action(description=gettext_lazy("Preview"), url_path="preview", icon="visibility")
    def preview(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the trials as raters will see them."""
        return HttpResponseRedirect(links.preview_path(study_for(request, object_id, "preview")))

    @action(description=gettext_lazy("Plan"), url_path="plan", icon="straighten")
    def plan(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the page that says how many raters, trials and votes it takes."""
        return HttpResponseRedirect(links.plan_path(study_for(request, object_id, "plan")))

    @action(description=gettext_lazy("Exclusion rules"), url_path="rules", icon="rule")
    def rules(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the page where it is declared which votes are left out."""
        return HttpResponseRedirect(links.rules_path(study_for(request, object_id, "rules")))

    @action(description=gettext_lazy("Recruitment"), url_path="recruitment", icon="payments")
    def recruitment(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the page where raters are recruited and paid."""
        return HttpResponseRedirect(links.recruitment_path(study_for(request, object_id, "recruitment")))

    @action(description=gettext_lazy("Report"), url_path="report", icon="lab_profile")
    def report(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the report."""
        return HttpResponseRedirect(links.report_path(study_for(request, object_id, "report")))

    @action(description=gettext_lazy("Study file"), url_path="study-file", icon="code")
    def study_file(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the study as a YAML file, from which an equal study can be made."""
        return HttpResponseRedirect(links.study_file_path(study_for(request, object_id, "study-file")))

    @action(description=gettext_lazy("Exports"), url_path="exports", icon="inventory_2")
    def exports(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the page of the study's archives, the bundle of all that its report rests on among them."""
        return HttpResponseRedirect(links.exports_path(study_for(request, object_id, "exports")))

    @action(
        description=gettext_lazy("Launch"),
        url_path="launch",
        icon="rocket_launch",
        variant=ActionVariant.PRIMARY,
        permissions=("change",),
    )
    def launch(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show what a launch means, then launch."""
        user = request.user if isinstance(request.user, User) else None
        return self._ask(request, object_id, "launch", lambda study: lifecycle.launch(study, user))

    @action(
        description=gettext_lazy("Stop the launch"),
        url_path="cancel-launch",
        icon="cancel",
        permissions=("change",),
    )
    def cancel_launch(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, then return a launching study to draft."""
        return self._ask(request, object_id, "return_to_draft", lifecycle.cancel_launch)

    @action(description=gettext_lazy("Pause"), url_path="pause", icon="pause", permissions=("change",))
    def pause(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, then pause."""
        return self._ask(request, object_id, "pause", lifecycle.pause)

    @action(
        description=gettext_lazy("Resume"),
        url_path="resume",
        icon="play_arrow",
        variant=ActionVariant.PRIMARY,
        permissions=("change",),
    )
    def resume(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, then open again."""
        return self._ask(request, object_id, "resume", lifecycle.resume)

    @action(
        description=gettext_lazy("Close study"),
        url_path="close",
        icon="lock",
        variant=ActionVariant.DANGER,
        permissions=("change",),
    )
    def close(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, then close for good."""
        return self._ask(request, object_id, "close", lifecycle.close)

    def _ask(
        self, request: HttpRequest, object_id: int, move: str, run: Callable[[Study], Study]
    ) -> HttpResponse:
        """Ask on a page of its own whether the study shall move, and do so when that page is posted."""
        study = study_for(request, object_id)
        page = reverse("admin:studies_study_change", args=(study.pk,))
        try:
            if request.method != "POST":
                lifecycle.check_move(study, move)
                return self._confirmation(request, study, QUESTIONS[move], page)
            run(study)
        except ValidationError as error:
            for text in error.messages:
                messages.error(request, text)
        else:
            messages.success(request, QUESTIONS[move].done % {"study": study})
            self.log_change(request, study, str(QUESTIONS[move].button))
        return HttpResponseRedirect(page)

    def _confirmation(
        self, request: HttpRequest, study: Study, question: MoveQuestion, page: str
    ) -> HttpResponse:
        checklist = checklist_of(study) if question.needs_checklist and is_draft(study) else None
        context = {
            **self.admin_site.each_context(request),
            "title": question.title % {"study": study},
            "opts": self.opts,
            "original": study,
            "question": question,
            "checklist": checklist,
            "sees_pay": may(request.user, NEEDED["recruitment"], study),
            "plan_path": links.plan_path(study),
            "recruitment_path": links.recruitment_path(study),
            "leaks": start_leak_check(study) if checklist and not checklist.problems else None,
            "back": page,
        }
        response = TemplateResponse(request, "studies/admin/confirm.html", context)
        if context["leaks"] and context["leaks"].state == "running":
            response.headers["Refresh"] = str(REFRESH_SECONDS)
        return response


def _makes_sense(path: str, study: Study) -> bool:
    """Return whether a button's page has a purpose in the study's state."""
    if path in {"preview", "rules", "recruitment", "study-file"}:
        return True
    if path == "plan":
        return is_draft(study)
    if path == "gold":
        return study.state == StudyState.DRAFT or study.gold_count > 0
    if path == "pairs":
        return shows_pairs(study) and not is_launching(study)
    if path in {"report", "exports"}:
        return study.state not in {StudyState.DRAFT, StudyState.LAUNCHING}
    return may_move(study.state, "return_to_draft" if path == "cancel-launch" else path)


def shows_pairs(study: Study) -> bool:
    """Return whether a study's trials are pairs that are imported."""
    protocol = PROTOCOLS.get(study.protocol)
    return protocol is not None and protocol.uses_pairs
