"""From draft to open: trials in bulk, stimuli, and nothing lost or doubled by a kill."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from humaneval.jobs import services as jobs
from humaneval.jobs.models import Job, JobState
from humaneval.jobs.running import RunningJob
from humaneval.samples.models import Sample, Stimulus
from humaneval.studies import launching, lifecycle
from humaneval.studies.authoring import create_study
from humaneval.studies.design import NotLaunchable, design_of, preview_trials
from humaneval.studies.models import Study, StudyState

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """What SIGKILL is to a handler: nothing after it runs."""


def draft(sets, *, name="Faces", protocol="two_afc", seed=3, trials=23, **fields) -> Study:
    """Make a draft over imported images."""
    return create_study(
        name=name, protocol=protocol, conditions=sets, seed=seed, trial_count=trials, **fields
    )


def launched(study: Study) -> Study:
    """Launch a study and run its job here."""
    lifecycle.launch(study)
    run(study)
    return study


def run(study: Study) -> Job:
    """Run the study's launch job once, as a worker would after the last one's lease ran out."""
    study.refresh_from_db()
    Job.objects.filter(pk=study.launch_job_id, state=JobState.RUNNING).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    job = jobs.run(study.launch_job_id)
    study.refresh_from_db()
    return job


def content(study: Study) -> list[tuple]:
    """Return the study's trials by the names of conditions, so that two studies compare."""
    rows = study.trials.order_by("number").select_related("condition__sample_set", "other__sample_set")
    return [(t.number, str(t.condition), str(t.other), t.prompt_id, t.slots, t.turn) for t in rows]


def test_a_launched_study_is_open_with_trials_and_stimuli_of_the_samples_it_uses(image_sets):
    study = draft(image_sets)
    expected = preview_trials(study, 100)
    job = jobs.run(lifecycle.launch(study).launch_job_id)
    study.refresh_from_db()
    assert (job.state, job.error) == (JobState.SUCCEEDED, "")
    assert job.result == {"study": "faces", "trials": 23, "samples": 9}
    assert study.state == StudyState.OPEN
    assert study.opened_at is not None
    assert study.recipe == "webp-lossless/6x5/lanczos/1"
    assert preview_trials(study, 100) == expected
    used = {sample for trial in study.trials.all() for slot in trial.slots for sample in slot}
    assert set(Stimulus.objects.values_list("sample_id", flat=True)) == used


def test_only_samples_that_some_trial_shows_are_rendered(image_sets):
    launched(draft(image_sets, trials=1))
    assert Stimulus.objects.count() == 2


def test_trials_keep_their_prompts_and_pairs(image_sets):
    from humaneval.samples.models import Prompt

    prompt = Prompt.objects.create(text="a digit", digest="d" * 64)
    Sample.objects.update(prompt=prompt)
    study = launched(draft(image_sets, protocol="pairwise", trials=6))
    assert {trial.prompt for trial in study.trials.select_related("prompt")} == {prompt}
    assert all(trial.other_id for trial in study.trials.all())


def test_the_same_seed_makes_the_same_trials(image_sets):
    first, second = (launched(draft(image_sets, name=name)) for name in ("One", "Two"))
    other = launched(draft(image_sets, name="Three", seed=4))
    assert content(first) == content(second)
    assert content(first) != content(other)


@pytest.mark.parametrize("step", range(1, 9))
def test_a_kill_at_any_step_and_another_run_give_exactly_the_same_trials(image_sets, monkeypatch, step):
    monkeypatch.setattr(launching, "BATCH", 5)
    whole = launched(draft(image_sets, name="Whole"))
    study = draft(image_sets, name="Killed")
    lifecycle.launch(study)
    steps = iter(range(1, 1000))

    def progress(job, done, total, note=""):
        if next(steps) == step:
            raise Killed

    with monkeypatch.context() as killing:
        killing.setattr(RunningJob, "progress", progress)
        if step < 8:
            with pytest.raises(Killed):
                run(study)
        else:
            run(study)
    made_before = set(study.trials.values_list("pk", flat=True))
    run(study)
    assert study.state == StudyState.OPEN
    assert content(study) == content(whole)
    assert made_before <= set(study.trials.values_list("pk", flat=True))
    assert Stimulus.objects.count() == 9


def test_a_kill_inside_a_batch_leaves_no_part_of_it(image_sets, monkeypatch):
    monkeypatch.setattr(launching, "BATCH", 5)
    study = draft(image_sets)
    expected = preview_trials(study, 100)
    lifecycle.launch(study)
    store, batches = launching.write_trials, iter(range(1, 100))

    def killed_at_the_third(study_id, specs):
        store(study_id, specs)
        if next(batches) == 3:
            raise Killed

    with monkeypatch.context() as killing:
        killing.setattr(launching, "write_trials", killed_at_the_third)
        with pytest.raises(Killed):
            run(study)
    assert study.trials.count() == 10
    run(study)
    assert preview_trials(study, 100) == expected


def test_a_kill_between_opening_and_saying_so_does_no_harm(image_sets):
    study = launched(draft(image_sets))
    trials, opened = content(study), study.opened_at
    Job.objects.filter(pk=study.launch_job_id).update(state=JobState.RUNNING)
    assert run(study).state == JobState.SUCCEEDED
    assert (content(study), study.opened_at) == (trials, opened)


def test_samples_imported_during_a_broken_launch_never_mix_two_designs(image_sets, monkeypatch):
    monkeypatch.setattr(launching, "BATCH", 5)
    study = draft(image_sets)
    lifecycle.launch(study)
    steps = iter(range(1, 100))

    def progress(job, done, total, note=""):
        if next(steps) == 3:
            raise Killed

    with monkeypatch.context() as killing:
        killing.setattr(RunningJob, "progress", progress)
        with pytest.raises(Killed):
            run(study)
    late = Sample.objects.filter(sample_set=image_sets[1]).first()
    late.pk, late.name = None, "9.png"
    late.save()
    run(study)
    fresh = launched(draft(image_sets, name="Fresh"))
    assert content(study) == content(fresh)


def test_a_study_that_cannot_be_launched_stays_a_draft_and_says_why(image_sets):
    study = draft(image_sets[1:], questions=[])
    with pytest.raises(NotLaunchable) as refused:
        lifecycle.launch(study)
    assert refused.value.messages == [
        "Two-alternative forced choice needs at least 1 real sample set; the study has 0. Add 1 more.",
        "The study has no question: add one for raters to answer.",
    ]
    study.refresh_from_db()
    assert study.state == StudyState.DRAFT
    assert study.launch_error.splitlines() == refused.value.messages
    assert not Job.objects.filter(kind="studies.launch").exists()


def test_a_problem_that_appears_after_the_click_returns_the_study_to_draft(image_sets):
    study = lifecycle.launch(draft(image_sets))
    Sample.objects.filter(sample_set=image_sets[2]).delete()
    job = run(study)
    assert job.state == JobState.FAILED
    assert study.state == StudyState.DRAFT
    assert study.launch_error == "“Vae” has no samples: import some, or leave it out." == job.error
    assert not study.trials.exists()


def test_a_sample_whose_file_is_gone_fails_the_launch_with_its_name(image_sets):
    study = lifecycle.launch(draft(image_sets))
    lost = Sample.objects.filter(sample_set=image_sets[2]).first()
    lost.file.storage.delete(lost.file.name)
    assert run(study).state == JobState.FAILED
    assert study.state == StudyState.DRAFT
    assert lost.name in study.launch_error
    assert (study.recipe, study.design_digest) == ("", "")
    assert not study.trials.exists()


def test_an_error_that_may_pass_is_tried_again_before_the_study_returns_to_draft(image_sets, monkeypatch):
    study = lifecycle.launch(draft(image_sets))
    with monkeypatch.context() as broken:
        broken.setattr(launching, "render_stimuli", lambda *args: 1 / 0)
        assert run(study).state == JobState.QUEUED
        assert study.state == StudyState.LAUNCHING
        Job.objects.filter(pk=study.launch_job_id).update(attempts=4)
        monkeypatch.setattr(RunningJob, "progress", lambda *args: None)
        assert run(study).state == JobState.FAILED
    assert study.state == StudyState.DRAFT
    assert study.launch_error == "ZeroDivisionError: division by zero"


def test_after_a_failed_launch_the_study_can_be_launched_again(image_sets):
    study = lifecycle.launch(draft(image_sets))
    lifecycle.return_to_draft(study, "The disk is full.")
    launched(study)
    assert study.state == StudyState.OPEN
    assert study.launch_error == ""
    assert study.trials.count() == 23


def test_retrying_the_job_of_a_launch_that_was_taken_back_does_nothing(image_sets):
    study = lifecycle.launch(draft(image_sets))
    lifecycle.cancel_launch(study)
    jobs.retry(study.launch_job)
    job = run(study)
    assert (job.state, job.error) == (
        JobState.FAILED,
        "This launch was taken back. Launch the study again from its page.",
    )
    assert study.state == StudyState.DRAFT


def test_a_worker_that_stood_still_while_another_launched_takes_no_trial_away(image_sets):
    stale = lifecycle.launch(draft(image_sets))
    study = launched_by_another(stale)
    before = set(study.trials.values_list("pk", flat=True))
    launching.make_trials(stale, design_of(stale), lambda *_: None)
    assert set(study.trials.values_list("pk", flat=True)) == before


def launched_by_another(study: Study) -> Study:
    """Return a study, open: its job was run elsewhere, and who holds this row knows nothing of it."""
    other = Study.objects.get(pk=study.pk)
    assert run(other).state == JobState.SUCCEEDED
    return other


def test_a_worker_that_stood_still_has_no_say_in_another_launch(image_sets):
    stale = lifecycle.launch(draft(image_sets))
    again = lifecycle.launch(lifecycle.cancel_launch(Study.objects.get(pk=stale.pk)))
    with pytest.raises(lifecycle.WrongState):
        lifecycle.open_launched(Study(pk=stale.pk, launch_job_id=stale.launch_job_id))
    with pytest.raises(lifecycle.WrongState):
        lifecycle.return_to_draft(Study(pk=stale.pk, launch_job_id=stale.launch_job_id), "It failed.")
    again.refresh_from_db()
    assert again.state == StudyState.LAUNCHING


def test_a_waiting_launch_is_stopped_at_once(image_sets):
    study = lifecycle.cancel_launch(lifecycle.launch(draft(image_sets)))
    assert study.state == StudyState.DRAFT
    assert study.launch_error == "The launch was cancelled."
    assert study.launch_job.state == JobState.CANCELLED


def test_a_running_launch_stops_at_its_next_progress_report(image_sets, monkeypatch):
    monkeypatch.setattr(launching, "BATCH", 5)
    monkeypatch.setattr("humaneval.jobs.running.PROGRESS_SECONDS", 0)
    study = lifecycle.launch(draft(image_sets))
    make = launching.make_trials

    def cancelled_meanwhile(study, design, progress):
        assert lifecycle.cancel_launch(study).state == StudyState.LAUNCHING
        return make(study, design, progress)

    monkeypatch.setattr(launching, "make_trials", cancelled_meanwhile)
    assert run(study).state == JobState.CANCELLED
    assert study.state == StudyState.DRAFT
    assert not study.trials.exists()


def test_a_launch_whose_worker_died_for_good_can_be_taken_back(image_sets):
    study = lifecycle.launch(draft(image_sets))
    Job.objects.filter(pk=study.launch_job_id).update(state=JobState.FAILED, error="Out of memory.")
    study = lifecycle.cancel_launch(study)
    assert (study.state, study.launch_error) == (StudyState.DRAFT, "Out of memory.")


def test_a_study_is_launched_once_however_often_it_is_asked_for(image_sets):
    study = draft(image_sets)
    lifecycle.launch(study)
    with pytest.raises(lifecycle.WrongState, match="is launching and cannot become launching"):
        lifecycle.launch(Study.objects.get(pk=study.pk))
    assert Job.objects.filter(kind="studies.launch").count() == 1


def test_pause_resume_and_close(image_sets):
    study = launched(draft(image_sets))
    assert lifecycle.pause(study).state == StudyState.PAUSED
    assert lifecycle.resume(study).state == StudyState.OPEN
    assert lifecycle.close(study).state == StudyState.CLOSED
    assert study.closed_at is not None


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        ("draft", set()),
        ("launching", {"cancel_launch"}),
        ("open", {"pause", "close"}),
        ("paused", {"resume", "close"}),
        ("closed", set()),
    ],
)
def test_each_state_allows_its_own_moves_and_refuses_the_others(make_study, state, allowed):
    study = make_study()
    for move in ("pause", "resume", "close", "cancel_launch"):
        Study.objects.filter(pk=study.pk).update(state=state)
        if move in allowed:
            getattr(lifecycle, move)(study)
        else:
            with pytest.raises(ValidationError, match=f"is {state} and cannot become"):
                getattr(lifecycle, move)(study)


def test_trials_are_written_in_few_queries(image_sets, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr("humaneval.jobs.running.PROGRESS_SECONDS", 3600)  # slow launches tell of themselves
    study = lifecycle.launch(draft(image_sets, trials=2000))
    with django_assert_max_num_queries(100):
        run(study)
    assert study.trials.count() == 2000
