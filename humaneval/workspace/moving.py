"""Giving studies and sample sets to another team, for an installation that is to be divided."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from humaneval.jobs.models import Job
from humaneval.samples.models import SampleSet
from humaneval.scoring.models import MetricRun
from humaneval.studies.models import Condition, GoldSource, Study
from humaneval.teams.audit import record_action
from humaneval.teams.models import Team


def move_to_team(*, team: Team, studies: Collection[Study], sets: Collection[SampleSet]) -> None:
    """Give studies and sample sets to a team, and with them all that hangs on them.

    Raises ValidationError with a sentence for each study or metric run that would be left with sets of two
    teams; then nothing is moved.
    """
    with transaction.atomic():
        Study.objects.filter(pk__in=[one.pk for one in studies]).update(team=team)
        SampleSet.objects.filter(pk__in=[one.pk for one in sets]).update(team=team)
        if problems := [*_torn_studies(studies, sets), *_torn_runs(sets)]:
            raise ValidationError(problems)
        _jobs_of(studies, sets).update(team=team)
        for moved in (*studies, *sets):
            moved.refresh_from_db()
            record_action(action="move to team", subject=moved, team=team.slug)


def _torn_studies(studies: Collection[Study], sets: Collection[SampleSet]) -> list[str]:
    touched = Q(study__in=studies) | Q(sample_set__in=sets)
    compared = Condition.objects.filter(touched).select_related("study__team", "sample_set__team")
    shown = GoldSource.objects.filter(touched).select_related("study__team", "sample_set__team")
    rows: list[Condition | GoldSource] = [*compared.order_by("study", "position"), *shown.order_by("pk")]
    return [
        f"The study “{row.study.slug}” would be of {row.study.team}, its set “{row.sample_set.slug}” of "
        f"{row.sample_set.team}: move both."
        for row in rows
        if row.study.team_id != row.sample_set.team_id
    ]


def _torn_runs(sets: Collection[SampleSet]) -> list[str]:
    runs = MetricRun.objects.filter(Q(reference__in=sets) | Q(generated__in=sets)).distinct()
    return [
        f"The metric run “{run}” compares sets that would be of two teams: move all its sets."
        for run in runs.select_related("reference").prefetch_related("generated")
        if {one.team_id for one in run.generated.all()} - {run.reference.team_id}
    ]


def _jobs_of(studies: Collection[Study], sets: Collection[SampleSet]) -> QuerySet[Job]:
    return Job.objects.filter(
        Q(launched_study__in=studies)
        | Q(import_run__sample_set__in=sets)
        | Q(duplicate_check__sample_set__in=sets)
        | Q(metric_run__reference__in=sets)
    )
