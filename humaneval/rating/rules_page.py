"""The page of a study's exclusion rules: every version declared, and the form that declares the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from humaneval.rating.exclusions import RULES, declare_rules, declared_before_launch
from humaneval.rating.models import RuleSet
from humaneval.rating.rules_form import RulesForm, plain
from humaneval.studies.models import Study
from humaneval.studies.states import is_draft
from humaneval.teams.access import PermissionsIn, find, may

LOOK, DECLARE = "rating.view_ruleset", "rating.add_ruleset"


@dataclass(frozen=True)
class Version:
    """A version with its rules in words; ``governs`` marks the one that reports follow."""

    rule_set: RuleSet
    words: list[str]
    governs: bool


@require_http_methods(["GET", "HEAD", "POST"])
@staff_member_required
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a study's versions; a post declares the next one."""
    needed = DECLARE if request.method == "POST" else LOOK
    study = find(request.user, Study.objects.all(), needed, slug=slug)
    declared = list(study.rule_sets.select_related("declared_by").order_by("version"))
    form = RulesForm(request.POST or None, last=declared[-1] if declared else None)
    if request.method == "POST" and form.is_valid():
        try:
            return _declare(request, study, form)
        except ValidationError as error:
            form.add_error(None, error)
    own = declared_before_launch(study)
    context = {
        "study": study,
        "perms": PermissionsIn(request.user, study),
        "versions": [Version(one, rules_in_words(one), one == own) for one in declared],
        "form": form if may(request.user, DECLARE, study) else None,
        "is_draft": is_draft(study),
    }
    return render(request, "rating/rules.html", context)


def _declare(request: HttpRequest, study: Study, form: RulesForm) -> HttpResponse:
    made = declare_rules(
        study=study, name=form.cleaned_data["name"], rules=form.rules(), user=cast(User, request.user)
    )
    messages.success(request, _("Version %(version)d was declared.") % {"version": made.version})
    return HttpResponseRedirect(request.path)


def rules_in_words(rule_set: RuleSet) -> list[str]:
    """Return a version's rules, each as its title with its settings, in the order of rules."""
    return [_in_words(name, rule_set.rules[name]) for name in RULES if name in rule_set.rules]


def _in_words(name: str, settings: dict[str, float]) -> str:
    rule = RULES[name]
    values = [
        f"{one.label}: {plain(settings[key]):,}" for key, one in rule.settings.items() if key in settings
    ]
    return f"{rule.title} ({', '.join(values)})" if values else rule.title
