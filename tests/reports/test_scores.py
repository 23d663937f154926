"""Which automated scores a report shows, and how it says why others are missing."""

from __future__ import annotations

import pytest

from humaneval.jobs.models import Job, JobState
from humaneval.reports.report import report_of
from tests.reports.studies import add_scores, make_sets, make_study

WEIGHTS = "The file pt_inception.pth is missing: set METRICS_INCEPTION_WEIGHTS to its path."


@pytest.fixture
def study(db):
    return make_study("two_afc", sets=make_sets(["a", "b"], "real"))


def failed_job(error: str = WEIGHTS) -> Job:
    return Job.objects.create(
        kind="scoring.run", key=f"run-{Job.objects.count()}", state=JobState.FAILED, error=error
    )


def failed_run(study, metrics, problems=(), error: str = WEIGHTS, extractor: str = "inception", values=None):
    run = add_scores(study, metrics[0], values or {}, extractor=extractor, job=failed_job(error))
    run.metrics, run.problems = list(metrics), list(problems)
    run.save()
    run.generated.set(one.sample_set for one in study.conditions.all() if one.sample_set.kind == "generated")
    return run


def test_the_latest_score_of_a_set_metric_and_extractor_is_shown(study):
    add_scores(study, "recall", {"a": 0.1, "b": 0.2}, higher_is_better=True)
    add_scores(study, "recall", {"a": 0.3}, higher_is_better=True)
    add_scores(study, "recall", {"a": 0.9}, higher_is_better=True, extractor="pixels")
    found = {(row.condition_label, row.extractor): row.value for row in report_of(study).scores}
    assert found == {("a", "module:digits.pt2"): 0.3, ("b", "module:digits.pt2"): 0.2, ("a", "pixels"): 0.9}


def test_an_interval_is_shown_only_where_an_error_is_known(study):
    add_scores(study, "recall", {"a": 0.5}, standard_error=0.1)
    add_scores(study, "precision", {"a": 0.5})
    precision, recall = sorted(report_of(study).scores, key=lambda row: row.metric)
    assert (precision.low, precision.high) == (None, None)
    assert (recall.low, recall.high) == (pytest.approx(0.5 - 0.1959964), pytest.approx(0.5 + 0.1959964))


def test_replicates_without_spread_leave_the_error_unknown(study):
    add_scores(study, "precision", {"a": 1.0}, standard_error=0.0)
    (row,) = report_of(study).scores
    assert (row.standard_error, row.low, row.high) == (None, None, None)


def test_scores_that_a_run_kept_before_it_failed_are_shown(study):
    failed_run(study, ["recall"], values={"a": 0.4}, extractor="pixels")
    assert [row.value for row in report_of(study).scores] == [0.4]


def test_scores_of_other_sets_stay_out(study):
    other = make_study("two_afc", sets=make_sets(["elsewhere"], None), slug="other")
    add_scores(other, "recall", {"elsewhere": 0.5})
    assert report_of(study).scores == []


def test_a_run_that_could_not_open_its_extractor_is_told_once_by_the_metrics_usual_names(study):
    problem = {"sample_set": None, "name": "", "metric": "", "reason": WEIGHTS}
    failed_run(study, ["fid", "is"], [problem])
    failed_run(study, ["fid", "is"], [problem])
    (missing,) = report_of(study).missing_scores
    assert missing.metric == "FID and Inception Score"
    assert missing.reason == WEIGHTS
    assert missing.sample_sets == ["a", "b"]
    assert "retry metric run" in missing.remedy


def test_elsewhere_than_in_inceptions_space_it_is_not_called_fid(study):
    failed_run(study, ["fid"], extractor="pixels", error="Too few images.")
    (missing,) = report_of(study).missing_scores
    assert missing.metric == "Fréchet distance"
    assert missing.reason == "Too few images."


def test_of_a_traceback_only_the_last_line_is_shown(study):
    failed_run(study, ["fid"], error="Traceback (most recent call last):\n  File x\nOSError: disk full")
    assert report_of(study).missing_scores[0].reason == "OSError: disk full"


def test_what_another_run_has_given_since_is_not_missing(study):
    failed_run(study, ["frechet_distance"])
    add_scores(study, "frechet_distance", {"a": 3.0}, extractor="inception")
    assert len(report_of(study).missing_scores) == 1
    add_scores(study, "frechet_distance", {"b": 4.0}, extractor="inception")
    assert report_of(study).missing_scores == []


def test_a_problem_with_a_set_of_another_study_is_not_told(study):
    (other,) = make_sets(["elsewhere"], None)
    problem = {"sample_set": other.pk, "name": "elsewhere", "metric": "recall", "reason": "unreadable"}
    failed_run(study, ["recall"], [problem])
    assert report_of(study).missing_scores == []


def test_scores_against_different_real_sets_are_cautioned_about(study):
    add_scores(study, "recall", {"a": 0.5})
    run = add_scores(study, "recall", {"b": 0.6})
    run.reference = make_sets([], "another real set")[0]
    run.save()
    assert any("against different real sets" in warning for warning in report_of(study).warnings)


def test_scores_of_another_preprocessing_or_precision_stand_beside_each_other(study):
    spaces = [("tf1", "reference"), ("clean", "reference"), ("tf1", "draft")]
    for number, (preprocessing, precision) in enumerate(spaces):
        run = add_scores(study, "frechet_distance", {"a": 15.0 + number}, extractor="inception")
        run.versions = {"extractor": {"preprocessing": preprocessing, "precision": precision}}
        run.save()
    report = report_of(study)
    found = {(row.preprocessing, row.precision): row.value for row in report.scores}
    assert found == {("tf1", "reference"): 15.0, ("clean", "reference"): 16.0, ("tf1", "draft"): 17.0}
    assert "inception, preprocessing clean, precision reference" in " ".join(report.methods)


def test_a_score_in_another_precision_does_not_stand_in_for_one_that_failed(study):
    run = failed_run(study, ["frechet_distance"])
    run.settings = {"precision": "draft"}
    run.save()
    add_scores(study, "frechet_distance", {"a": 3.0, "b": 4.0}, extractor="inception")
    assert len(report_of(study).missing_scores) == 1
