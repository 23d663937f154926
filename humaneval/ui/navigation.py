"""The admin's sidebar, in the order of the work: samples, studies, people, scores, then the machine room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

Entry = tuple[str, str]
"""A model as ``app_label.model_name`` and the name of its icon among the Material symbols."""


@dataclass(frozen=True)
class Section:
    """Entries that belong together, and what one does there."""

    title: str | Promise
    hint: str | Promise
    entries: tuple[Entry, ...]


SECTIONS: tuple[Section, ...] = (
    Section(
        _("Samples"),
        _("Bring in folders or archives of real and of generated images."),
        (
            ("samples.sampleset", "photo_library"),
            ("samples.sample", "image"),
            ("samples.importrun", "upload"),
            ("samples.prompt", "notes"),
            ("samples.leakageaudit", "troubleshoot"),
        ),
    ),
    Section(
        _("Studies"),
        _("Ask a question about them: draft, preview, launch, send the link."),
        (("studies.study", "compare"), ("studies.trial", "view_list"), ("recruitment.linksettings", "link")),
    ),
    Section(
        _("Recruitment"),
        _("Raters from paid panels: postings, people, and what they are owed."),
        (
            ("recruitment.posting", "campaign"),
            ("recruitment.submission", "assignment_ind"),
            ("recruitment.intent", "outbox"),
            ("recruitment.ledgerentry", "payments"),
        ),
    ),
    Section(
        _("Rating"),
        _("Who has come, what they were shown, what they answered."),
        (("rating.session", "chair"), ("rating.rater", "groups"), ("rating.vote", "how_to_vote")),
    ),
    Section(
        _("Scores"),
        _("Let programs score the same samples, to be set beside the votes."),
        (("scoring.metricrun", "speed"), ("scoring.score", "insights")),
    ),
    Section(
        _("Reports"),
        _("Estimates, ranking and correlations, each with the votes it rests on."),
        (("reports.snapshot", "lab_profile"),),
    ),
    Section(
        _("Administration"),
        _("Work in the background, and who may do what."),
        (
            ("jobs.job", "work_history"),
            ("teams.team", "groups_3"),
            ("auth.user", "person"),
            ("auth.group", "shield_person"),
            ("teams.apitoken", "key"),
            ("teams.auditentry", "policy"),
        ),
    ),
)


def _address(model: type[Model], page: str) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar's sections with what this user may see; models without an admin are left out."""
    models = {model._meta.label_lower: (model, view) for model, view in admin.site._registry.items()}

    def items(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
        shown = [(icon, *models[label]) for label, icon in entries if label in models]
        return [
            {
                "title": capfirst(str(model._meta.verbose_name_plural)),
                "icon": icon,
                "link": _address(model, "changelist"),
                "add": _address(model, "add") if view.has_add_permission(request) else "",
            }
            for icon, model, view in shown
            if view.has_module_permission(request) and view.has_view_permission(request)
        ]

    sections = [
        {"title": section.title, "hint": section.hint, "items": items(section.entries)}
        for section in SECTIONS
    ]
    overview = {"title": _("Overview"), "icon": "dashboard", "link": reverse("admin:index")}
    return [{"items": [overview]}, *(section for section in sections if section["items"])]
