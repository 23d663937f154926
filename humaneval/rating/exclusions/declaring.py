"""Declaring rules: each declaration is a version of its own, and those made before launch are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from humaneval.rating.exclusions.rules import RULES
from humaneval.rating.models import RuleSet
from humaneval.studies.models import Study, StudyState
from humaneval.teams.audit import record_action

Rules = Mapping[str, Mapping[str, float]]


def default_rules() -> dict[str, dict[str, float]]:
    """Return every rule with its default settings: what most studies should declare."""
    return {name: rule.filled({}) for name, rule in RULES.items()}


def declare_rules(*, study: Study, name: str, rules: Rules, user: Any = None) -> RuleSet:
    """Keep rules as a study's next version, with all their settings; nothing changes them afterwards.

    Raises ValidationError for rules that do not exist, or settings that they do not have or cannot take, and
    for what the last version is already, name and rules alike (a button pressed twice).
    """
    check_rules(rules)
    filled = {rule: RULES[rule].filled(settings) for rule, settings in rules.items()}
    with transaction.atomic():
        locked = Study.objects.select_for_update().get(pk=study.pk)
        last = RuleSet.objects.filter(study=locked).order_by("-version").first()
        before_launch = locked.state == StudyState.DRAFT
        if last is not None and (last.name, last.rules, last.before_launch) == (name, filled, before_launch):
            text = _("Version %(version)d has this name and these rules already.")
            raise ValidationError({"name": text % {"version": last.version}})
        declared = RuleSet.objects.create(
            study=locked,
            version=last.version + 1 if last else 1,
            name=name,
            rules=filled,
            declared_by=user,
            before_launch=before_launch,
        )
        words = {"version": declared.version, "name": name, "rules": declared.rules}
        record_action(action="declare exclusion rules", subject=locked, user=user, **words)
        return declared


def declared_before_launch(study: Study) -> RuleSet | None:
    """Return the rules that count as the study's own: the last ones declared before launch, if any were."""
    return RuleSet.objects.filter(study=study, before_launch=True).order_by("-version").first()


def check_rules(rules: Rules) -> None:
    """Raise ValidationError on ``rules`` for those that do not exist, or settings that they cannot take."""
    if not isinstance(rules, Mapping) or not all(isinstance(given, Mapping) for given in rules.values()):
        raise ValidationError({"rules": "Rules are an object: each rule's settings by its name."})
    unknown = [
        f"There is no rule “{name}”; there are {', '.join(RULES)}." for name in rules.keys() - RULES.keys()
    ]
    wrong = [text for name in RULES.keys() & rules.keys() for text in RULES[name].problems(rules[name])]
    if unknown or wrong:
        raise ValidationError({"rules": sorted([*unknown, *wrong])})
