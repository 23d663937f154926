"""Metric runs in the admin: started by a form, watched, retried, cancelled."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from humaneval.jobs import services as jobs
from humaneval.jobs.models import Job, JobState
from humaneval.scoring.models import MetricRun, Score
from humaneval.scoring.runs import start_run
from tests.factories import member

pytestmark = pytest.mark.django_db
ADD = "/admin/scoring/metricrun/add/"


def form(real, *generated, **changes) -> dict:
    return {
        "name": "first",
        "reference": real.pk,
        "generated": [each.pk for each in generated],
        "extractor": "pixels:32",
        "metrics": ["frechet_distance", "inception_score"],
        "settings": "{}",
        "seed": 3,
    } | changes


def page(run: MetricRun) -> str:
    return reverse("admin:scoring_metricrun_change", args=[run.pk])


@pytest.fixture
def run(real, near, far) -> MetricRun:
    return start_run(
        reference=real, generated=[near, far], extractor="pixels:8", metrics=["fid", "is"], name="first"
    )


def test_the_form_offers_the_metrics_and_the_extractors_there_are(admin_client: Client, settings, tmp_path):
    settings.EXTRACTOR_DIR = tmp_path
    for name in ("digits.pt2", "digits.json"):
        (tmp_path / name).touch()
    text = admin_client.get(ADD).content.decode()
    assert "Fréchet distance: " in text
    assert "module:digits.pt2" in text


def test_the_form_starts_a_run(admin_client: Client, admin_user: User, real, near, far):
    admin_client.post(ADD, form(real, near, far))
    run = MetricRun.objects.get()
    assert (run.name, run.extractor, run.seed, run.created_by) == ("first", "pixels:32", 3, admin_user)
    assert set(run.generated.all()) == {near, far}
    assert run.metrics == ["frechet_distance", "inception_score"]
    assert Job.objects.get() == run.job


def test_another_extractor_can_be_named(admin_client: Client, real, near):
    admin_client.post(ADD, form(real, near, other_extractor="pixels:8"))
    assert MetricRun.objects.get().extractor == "pixels:8"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"other_extractor": "vgg"}, "No extractor is called"),
        ({"settings": '{"ndb": {"bin": 3}}'}, "ndb has no setting bin"),
        ({"settings": "{"}, "Enter a valid JSON"),
        ({"generated": []}, "This field is required"),
        ({"extractor": "", "other_extractor": ""}, "No extractor is called"),
    ],
)
def test_the_form_says_what_is_wrong(admin_client: Client, real, near, changes, message):
    assert message in admin_client.post(ADD, form(real, near, **changes)).content.decode()
    assert not MetricRun.objects.exists()


def test_the_page_shows_scores_problems_and_a_button_to_retry(admin_client: Client, run):
    jobs.run(run.job_id)
    text = admin_client.get(page(run)).content.decode()
    assert ">near</td>" in text
    assert ">inception_score</td>" in text
    assert "lower is better" in text
    assert "gives no class logits" in text
    assert "Fréchet distance" in text
    assert "scoring_metricrun_retry_this" in text
    assert 'name="_save"' not in text


def test_the_page_of_a_waiting_run_renews_itself_and_can_cancel(admin_client: Client, run):
    response = admin_client.get(page(run))
    assert response["Refresh"]
    admin_client.post(page(run), {"scoring_metricrun_cancel_this": ""})
    assert Job.objects.get().state == JobState.CANCELLED
    assert "Refresh" not in admin_client.get(page(run))


def test_retry_queues_the_run_again(admin_client: Client, run):
    jobs.run(run.job_id)
    admin_client.post(page(run), {"scoring_metricrun_retry_this": ""})
    assert Job.objects.get().state == JobState.QUEUED


def test_the_list_takes_as_many_queries_for_many_runs_as_for_one(
    admin_client: Client, run, real, near, django_assert_max_num_queries
):
    for _ in range(5):
        start_run(reference=real, generated=[near], extractor="pixels:8", metrics=["fid"])
    with django_assert_max_num_queries(12):
        admin_client.get(reverse("admin:scoring_metricrun_changelist"))


def test_scores_are_looked_at_never_changed(admin_client: Client, run):
    jobs.run(run.job_id)
    score = run.scores.first()
    address = reverse("admin:scoring_score_change", args=[score.pk])
    assert score.label in admin_client.get(address).content.decode()
    assert admin_client.post(address, {"value": 1}).status_code == 403


def test_somebody_who_may_only_look_cannot_start_or_cancel(run, real, near):
    client = Client()
    client.force_login(member())
    assert client.get(page(run)).status_code == 200
    assert client.post(page(run), {"scoring_metricrun_cancel_this": ""}).status_code == 403
    assert client.post(ADD, form(real, near)).status_code == 403
    assert Job.objects.get().state == JobState.QUEUED


def test_an_error_of_zero_is_not_shown_as_if_it_were_known(admin_client: Client, run, near, far):
    for each, error in ((near, 0.0), (far, 0.25)):
        Score.objects.create(
            run=run, sample_set=each, metric="precision", label="Precision", value=1.0, standard_error=error,
            count_real=4, count_generated=4,
        )  # fmt: skip
    text = admin_client.get(page(run)).content.decode()
    assert "± 0.25" in text
    assert "± 0<" not in text
