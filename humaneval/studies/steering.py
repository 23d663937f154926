"""Steering: settings by which votes decide what is shown next, and when there are enough of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from humaneval.protocols import registry

if TYPE_CHECKING:
    from humaneval.studies.models import Study


class StopRule(models.TextChoices):
    """When a study has enough votes, before all trials have theirs; each looks as often as it likes."""

    NONE = "", gettext_lazy("when every trial has its votes")
    BEST = "best", gettext_lazy("when one set is better than every other (preferences)")
    CHANCE = "chance", gettext_lazy("when every set is told from chance, or is as good as chance (rates)")
    WIDTH = "width", gettext_lazy("when every interval is as narrow as the goal (rates and scales)")


_ANALYSES = {
    StopRule.BEST: {"preference"},
    StopRule.CHANCE: {"rate"},
    StopRule.WIDTH: {"rate", "scale"},
}
WITH_GOAL = {StopRule.CHANCE, StopRule.WIDTH}
"""Rules that ask for ``stop_goal``."""


def rules_for(study: Study) -> list[StopRule]:
    """Return the rules by which a study of this protocol may stop; that of all trials is always one."""
    protocol = registry.PROTOCOLS.get(study.protocol)
    analysis = protocol.analysis if protocol else ""
    return [StopRule.NONE, *(rule for rule, fit in _ANALYSES.items() if analysis in fit)]


def steering_problems(study: Study) -> list[str]:
    """Return what keeps a study from being steered as it is set, as sentences."""
    protocol = registry.get(study.protocol)
    found = []
    if study.adaptive and protocol.analysis != "preference":
        text = _("“%(title)s” has no pairs of sets to choose between: switch the choosing of pairs off.")
        found.append(text % {"title": protocol.title})
    if study.stop_rule and protocol.analysis not in _ANALYSES[StopRule(study.stop_rule)]:
        text = _("“%(title)s” cannot stop “%(rule)s”: choose another rule.")
        found.append(text % {"title": protocol.title, "rule": study.get_stop_rule_display()})
    if study.stop_rule == StopRule.CHANCE and protocol.chance(study.settings) is None:
        found.append(_("There is no chance to be told from in this design: choose another rule to stop."))
    if study.stop_rule == StopRule.WIDTH and study.stop_goal <= 0:
        found.append(_("Say how narrow the intervals are to be: the goal is 0."))
    return found
