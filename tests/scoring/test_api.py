"""The API of metric runs and scores."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.storage import default_storage
from rest_framework.test import APIClient

from humaneval.jobs import services as jobs
from humaneval.jobs.models import JobState
from humaneval.samples.models import Sample
from humaneval.scoring.models import MetricRun
from humaneval.scoring.runs import start_run
from humaneval.teams.models import ApiToken
from tests.factories import member

pytestmark = pytest.mark.django_db
RUNS, SCORES = "/api/v1/metric-runs/", "/api/v1/scores/"


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {ApiToken.objects.create(user=user).secret}")
    return client


@pytest.fixture
def api(admin_user: User) -> APIClient:
    return client_of(admin_user)


@pytest.fixture
def run(real, near, far) -> MetricRun:
    return start_run(reference=real, generated=[near, far], extractor="pixels:8", metrics=["fid", "unique"])


def wanted(**changes) -> dict:
    return {
        "reference": "real",
        "generated": ["near"],
        "extractor": "pixels:8",
        "metrics": ["fid", "prdc"],
        "seed": 7,
    } | changes


def test_a_run_is_started_followed_and_its_scores_read(api, real, near):
    started = api.post(RUNS, wanted(), format="json")
    assert started.status_code == 201
    body = started.json()
    assert (body["state"], body["seed"], body["settings"]) == ("queued", 7, {})
    assert body["metrics"] == ["frechet_distance", "precision_recall", "density_coverage"]

    jobs.run(MetricRun.objects.get().job_id)
    body = api.get(f"{RUNS}{body['id']}/").json()
    assert (body["state"], body["error"], body["problems"]) == ("succeeded", "", [])
    assert body["progress"] == {"done": 120, "total": 120, "note": ""}
    scores = api.get(SCORES, {"run": body["id"], "metric": "frechet_distance"}).json()["results"]
    assert [(score["sample_set"], score["extractor"], score["higher_is_better"]) for score in scores] == [
        ("near", "pixels:8", False)
    ]
    assert scores[0]["details"]["extractor"]["weights_sha256"] == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"metrics": ["beauty"]}, "metrics"),
        ({"metrics": []}, "metrics"),
        ({"generated": ["real"]}, "generated"),
        ({"generated": ["unknown"]}, "generated"),
        ({"extractor": "module:../x.pt2"}, "extractor"),
        ({"settings": {"colour": 1}}, "settings"),
        ({"settings": [1]}, "settings"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_run_that_cannot_be_is_refused_at_its_field(api, real, near, changes, field):
    response = api.post(RUNS, wanted(**changes), format="json")
    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert not MetricRun.objects.exists()


def test_a_failed_run_tells_its_problems_and_is_retried(api, run, near):
    sample = Sample.objects.filter(sample_set=near).first()
    with default_storage.open(sample.file.name) as file:
        good = file.read()
    with default_storage.open(sample.file.name, "wb") as file:
        file.write(b"no image")
    jobs.run(run.job_id)
    body = api.get(f"{RUNS}{run.pk}/").json()
    assert (body["state"], body["problems"][0]["name"]) == ("failed", "near")

    with default_storage.open(sample.file.name, "wb") as file:
        file.write(good)
    assert api.post(f"{RUNS}{run.pk}/retry/").json()["state"] == "queued"
    assert jobs.run(run.job_id).state == JobState.SUCCEEDED
    again = api.post(f"{RUNS}{run.pk}/retry/")
    assert (again.status_code, again.json()["detail"]) == (
        409,
        "This job succeeded; there is nothing to retry.",
    )


def test_a_run_is_cancelled(api, run):
    assert api.post(f"{RUNS}{run.pk}/cancel/").json()["state"] == "cancelled"


def test_runs_are_found_by_state_and_set(api, run):
    def count(**query) -> int:
        return api.get(RUNS, query).json()["count"]

    assert count(state="queued") == count(generated="near") == count(reference="real") == 1
    assert count(state="failed") == count(generated="real") == 0


def test_lists_take_as_many_queries_for_many_as_for_one(api, run, real, near, django_assert_max_num_queries):
    for _ in range(5):
        start_run(reference=real, generated=[near], extractor="pixels:8", metrics=["fid"])
    jobs.run(run.job_id)
    with django_assert_max_num_queries(5):
        assert api.get(RUNS).json()["count"] == 6
    with django_assert_max_num_queries(4):
        assert api.get(SCORES).json()["count"] == 4


@pytest.mark.parametrize("path", [RUNS, SCORES])
def test_strangers_and_people_who_are_not_staff_see_nothing(path):
    assert APIClient().get(path).status_code == 401
    assert client_of(User.objects.create_user("rater")).get(path).status_code == 403


def test_staff_without_the_permission_to_add_runs_may_only_look(run):
    user = member()
    client = client_of(user)
    assert client.get(RUNS).status_code == 200
    for path in (RUNS, f"{RUNS}{run.pk}/retry/", f"{RUNS}{run.pk}/cancel/"):
        assert client.post(path, wanted(), format="json").status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="add_metricrun"))
    assert client.post(f"{RUNS}{run.pk}/cancel/").status_code == 200


def test_scores_cannot_be_written(api, run):
    jobs.run(run.job_id)
    address = f"{SCORES}{run.scores.first().pk}/"
    assert {api.put(address).status_code, api.delete(address).status_code, api.post(SCORES).status_code} == {
        405
    }


def test_latent_use_is_kept_and_read_and_replaced(api, near):
    address = f"/api/v1/sample-sets/{near.slug}/latents/"
    assert api.get(address).status_code == 404
    kept = api.put(address, {"source": "vae.npz", "count": 50, "variance": [0.9, 0.0]}, format="json")
    assert kept.status_code == 200
    assert (kept.json()["variance"], kept.json()["kl"], kept.json()["threshold"]) == ([0.9, 0.0], [], 0.01)
    api.put(address, {"source": "vae.npz", "count": 50, "kl": [2.0, 0.1]}, format="json")
    assert (api.get(address).json()["variance"], api.get(address).json()["kl"]) == ([], [2.0, 0.1])


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"variance": [1.0, 2.0], "kl": [1.0]},
        {"variance": [-1.0]},
        {"kl": ["nan"]},
        {"count": 0, "kl": [1.0]},
    ],
)
def test_latent_use_that_says_nothing_is_refused(api, near, wrong):
    given = {"source": "vae.npz", "count": 5, **wrong}
    assert api.put(f"/api/v1/sample-sets/{near.slug}/latents/", given, format="json").status_code == 400
