"""``humaneval launch STUDY``: the checklist, then trials and stimuli, then the study is open."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.jobs import services as jobs
from humaneval.jobs.models import JobState
from humaneval.studies import lifecycle, links
from humaneval.studies.checklist import checklist_of
from humaneval.studies.leakage import leak_check, start_leak_check
from humaneval.studies.models import Study, StudyState
from humaneval.ui.commands import DataCommand
from humaneval.workspace.verbs import refusals_said, study_named


class Command(DataCommand):
    """Check for leaks, say what a launch means, and launch here and now."""

    help = (
        "Launch a draft: check its images for leaks, make trials and stimuli, open it. Warnings do not stop "
        "a launch unless --strict is given."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the study."""
        parser.add_argument("study", metavar="STUDY", help="the study's slug")
        parser.add_argument("--strict", action="store_true", help="do not launch if there is any warning")

    def handle(self, *args: Any, **options: Any) -> None:
        """Launch in this process, unless a worker has been quicker."""
        study = study_named(options["study"])
        with refusals_said():
            lifecycle.check_move(study, "launch")
        checklist = checklist_of(study)
        if checklist.problems:
            raise CommandError("It cannot be launched yet:\n" + "\n".join(checklist.problems))
        warnings = [*checklist.advice, *self._leaks(study)]
        for sentence in warnings:
            self.stderr.write(f"warning: {sentence}")
        if options["strict"] and warnings:
            raise CommandError("Not launched, since there are warnings and --strict is given.")
        self._launch(study)

    def _leaks(self, study: Study) -> list[str]:
        check = start_leak_check(study)
        if check.audit is not None and check.audit.job is not None:
            jobs.run(check.audit.job.pk)
        return leak_check(study).warnings

    def _launch(self, study: Study) -> None:
        with refusals_said():
            study = lifecycle.launch(study)
        job = jobs.run(study.launch_job_id or 0)
        study.refresh_from_db()
        if study.state == StudyState.OPEN:
            self.stdout.write(links.rater_url(study))
        elif job.state == JobState.RUNNING:
            self.stderr.write(f"A worker is launching it: see `humaneval status {study.slug}`.")
        else:
            raise CommandError(study.launch_error or job.error or "The launch did not finish.")
