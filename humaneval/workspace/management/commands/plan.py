"""``humaneval plan STUDY``: how many raters, trials and votes it takes, what it costs, how long it lasts."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.ui.commands import DataCommand
from humaneval.workspace.planning.api import FIELDS, plan_of
from humaneval.workspace.planning.plans import NoPlan
from humaneval.workspace.verbs import study_named

COLUMNS = ("raters", "votes", "trials", "votes_per_trial", "width", "power", "cost", "hours")


class Command(DataCommand):
    """Print a plan and the sizes around it."""

    help = (
        "Say how many raters, trials and votes a trial a study needs to find an effect or to have a narrow "
        "interval, with cost and duration. Values not given are the study's, or assumed (docs/plan.md)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the study and what may be asked."""
        parser.add_argument("study", metavar="STUDY", help="the study's slug; a draft will do")
        aim = parser.add_mutually_exclusive_group()
        aim.add_argument("--power", help="chance to find the effect, usually 0.8 if nothing is said")
        aim.add_argument("--width", help="high end minus low end of the 95%% interval wanted")
        parser.add_argument("--effect", help="the expected share, difference in points or logits, or ms")
        parser.add_argument("--reference", help="the exposure (ms) to tell the expected one from")
        parser.add_argument("--rater", help="how much raters differ")
        parser.add_argument("--item", help="how much images differ")
        parser.add_argument("--rise", help="how many times as long raters look for 90%% right, not 75%%")
        parser.add_argument("--deviation", help="spread of single scores, in points")
        parser.add_argument("--conditions", help="that a rater's trials are shared among")
        parser.add_argument("--session", help="trials that one rater answers")
        parser.add_argument("--images", help="different images a condition; prompts, or pairs")
        parser.add_argument("--votes-per-trial", help="at least")
        parser.add_argument("--seconds", help="a trial takes")
        parser.add_argument("--besides", help="minutes for consent, instructions, practice")
        parser.add_argument("--per-hour", help="raters who come and finish in an hour")
        parser.add_argument("--panel", help="whose fee is added: prolific, mturk")
        parser.add_argument("--wage", help="pay for an hour")
        parser.add_argument("--pilot", metavar="STUDY", help="measure what is not given from its votes")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        study = study_named(options["study"])
        pilot = study_named(options["pilot"]) if options["pilot"] else None
        given = {name: options[name] for name in FIELDS if options.get(name)}
        for aim in (name for name in ("width", "power") if options[name]):
            given["aim"] = aim
        try:
            found = plan_of(study, given, pilot)
        except NoPlan as reason:
            raise CommandError(str(reason)) from reason
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
            return
        self.stdout.write("\t".join(COLUMNS))
        for row in found["curve"]:
            cells = [_shown(row[name]) for name in COLUMNS]
            self.stdout.write("\t".join(cells) + ("\t<- planned" if row["planned"] else ""))
        self.stderr.write(f"Rests on: {found['source']}")


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "" if value is None else str(value)
