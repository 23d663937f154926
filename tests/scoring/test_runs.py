"""A metric run: what it stores, what it refuses, and what it keeps when something fails."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage

import metrics
from humaneval.jobs import services as jobs
from humaneval.jobs.models import JobState
from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.models import Sample
from humaneval.scoring import computing, shards
from humaneval.scoring.models import FeatureFile, FeatureShard, MetricRun, Score
from humaneval.scoring.results import values_by_sample
from humaneval.scoring.runs import cancel_run, retry_run, start_run
from metrics.extractors.own_file import save_module
from tests.metrics.networks import SmallNetwork, two_towers
from tests.scoring.conftest import write_images

pytestmark = pytest.mark.django_db
METRICS = ["fid", "precision_recall", "unique"]


def carry_out(run: MetricRun) -> MetricRun:
    """Run the job here and return the run as it then stands."""
    jobs.run(run.job_id)
    return MetricRun.objects.select_related("job").get(pk=run.pk)


def values(run: MetricRun) -> dict[tuple[str, str], float]:
    return {(score.sample_set.name, score.metric): score.value for score in run.scores.all()}


@pytest.fixture
def run(real, near, far) -> MetricRun:
    return start_run(
        reference=real, generated=[near, far], extractor="pixels:8", metrics=METRICS, name="first"
    )


def test_it_gives_each_set_the_scores_that_the_library_gives(run, real, near, tmp_path):
    found = values(carry_out(run))
    extractor = metrics.load_extractor("pixels:8")
    features = {name: metrics.extract(extractor, tmp_path / name) for name in ("real", "near", "far")}
    for name in ("near", "far"):
        scores = metrics.evaluate(METRICS, real=features["real"], generated=features[name])
        assert {
            key: found[name, key] for key in ("frechet_distance", "precision", "recall", "unique_fraction")
        } == {score.metric: pytest.approx(score.value, rel=1e-9) for score in scores}
    assert found["far", "frechet_distance"] > found["near", "frechet_distance"]


def test_a_score_says_what_it_is(run):
    carry_out(run)
    score = Score.objects.get(metric="frechet_distance", sample_set__name="near")
    assert "FID" not in score.label
    assert "pixels" in score.label
    assert (score.count_real, score.count_generated, score.higher_is_better) == (40, 40, False)
    assert score.standard_error > 0
    assert score.details["extractor"]["preprocessing"] == "unit"
    assert any("samples" in warning for warning in score.details["warnings"])


def test_a_run_stores_its_settings_and_versions(run):
    run = carry_out(run)
    assert run.metrics == ["frechet_distance", "precision_recall", "unique_fraction"]
    assert run.versions["metrics"] == metrics.__version__
    assert run.versions["extractor"]["digest"] == FeatureFile.objects.first().extractor_digest
    assert (run.job.state, run.job.result, run.problems) == (JobState.SUCCEEDED, {"scores": 8}, [])
    assert run.job.progress_done == run.job.progress_total == 3 * 40 + 2 * 40


def test_settings_of_a_metric_reach_it(real, near):
    settings = {"precision_recall": {"k": 7}}
    run = start_run(
        reference=real, generated=[near], extractor="pixels:8", metrics=["prc"], settings=settings
    )
    carry_out(run)
    assert Score.objects.get(metric="recall").details["k"] == 7


def test_features_are_computed_once_for_a_set_and_an_extractor(run, real, far, monkeypatch):
    carry_out(run)
    files = set(FeatureFile.objects.values_list("file", flat=True))
    assert len(files) == 3
    assert not FeatureShard.objects.exists()

    def never(*args, **kwargs):
        raise AssertionError("the features are there")

    monkeypatch.setattr(metrics, "extract", never)
    again = start_run(reference=real, generated=[far], extractor="pixels:8", metrics=["kid"])
    assert carry_out(again).job.state == JobState.SUCCEEDED
    assert set(FeatureFile.objects.values_list("file", flat=True)) == files


def test_a_set_that_grew_gets_new_features(run, real, near, tmp_path):
    carry_out(run)
    import_folder(sample_set=near, folder=write_images(tmp_path / "more", count=5, seed=9, prefix="later"))
    again = start_run(reference=real, generated=[near], extractor="pixels:8", metrics=["unique"])
    carry_out(again)
    assert again.scores.get().count_generated == 45


def test_features_that_storage_lost_are_computed_again(run, real, near):
    carry_out(run)
    for name in FeatureFile.objects.values_list("file", flat=True):
        default_storage.delete(name)
    again = start_run(reference=real, generated=[near], extractor="pixels:8", metrics=["fid"])
    assert values(carry_out(again))["near", "frechet_distance"] == values(run)["near", "frechet_distance"]


def test_shards_joined_are_one_extraction_to_the_bit(
    real, make_set, tmp_path, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(shards, "TARGET", 64)
    many = make_set("many", count=150)
    taken = []
    take = shards.take
    monkeypatch.setattr(shards, "take", lambda row: taken.append(take(row)) or taken[-1])
    with django_capture_on_commit_callbacks(execute=True):
        carry_out(start_run(reference=real, generated=[many], extractor="pixels:8", metrics=["fid"]))
    starts = [shard.start for shard in taken if shard and shard.features.sample_set == many]
    assert starts == [0, 64, 128]

    stored = metrics.Features.load(default_storage.path(FeatureFile.objects.get(sample_set=many).file.name))
    whole = metrics.extract(metrics.load_extractor("pixels:8"), tmp_path / "many")
    assert np.array_equal(stored.values, whole.values)
    assert (stored.names, stored.digests) == (whole.names, whole.digests)
    assert not list((Path(default_storage.path("features")) / "shards").rglob("*.safetensors"))


def test_values_by_sample_are_kept_with_the_samples_ids(run, near):
    carry_out(run)
    kept = Score.objects.get(metric="precision", sample_set=near).by_sample.get(name="inside_real")
    found = values_by_sample(kept)
    assert set(found) == set(Sample.objects.filter(sample_set=near).values_list("id", flat=True))
    assert np.mean(list(found.values())) == Score.objects.get(metric="precision", sample_set=near).value


def test_a_metric_that_fails_loses_none_of_the_others_and_is_told(real, near, far):
    run = start_run(
        reference=real, generated=[near, far], extractor="pixels:8", metrics=["fid", "is", "unique"]
    )
    run = carry_out(run)
    assert run.job.state == JobState.FAILED
    assert "gives no class logits" in run.job.error
    assert "4 scores are kept" in run.job.error
    assert {(problem["name"], problem["metric"]) for problem in run.problems} == {
        ("near", "inception_score"),
        ("far", "inception_score"),
    }
    assert run.scores.count() == 4


def test_a_retry_computes_only_what_is_missing(run, near, monkeypatch):
    from metrics.registry import REGISTRY

    broken = type(REGISTRY["precision_recall"]).compute
    calls = []

    def compute(self, comparison, settings=None):
        calls.append(self.name)
        if self.name == "precision_recall" and len(calls) < 7:
            raise RuntimeError("out of luck")
        return broken(self, comparison, settings)

    monkeypatch.setattr(type(REGISTRY["precision_recall"]), "compute", compute)
    run = carry_out(run)
    assert "RuntimeError: out of luck" in run.job.error
    before = {score.pk: score.created_at for score in run.scores.all()}
    del calls[:]
    calls += [""] * 7
    run = carry_out(retry_run(run))
    assert calls[7:] == ["precision_recall"] * 2
    assert (run.job.state, run.problems, run.scores.count()) == (JobState.SUCCEEDED, [], 8)
    assert before.items() <= {score.pk: score.created_at for score in run.scores.all()}.items()


def test_a_set_whose_files_do_not_decode_is_told_and_the_others_are_scored(run, near):
    sample = Sample.objects.filter(sample_set=near).first()
    with default_storage.open(sample.file.name, "wb") as file:
        file.write(b"no image")
    run = carry_out(run)
    assert run.job.state == JobState.FAILED
    assert sample.name in run.problems[0]["reason"]
    assert {name for name, _metric in values(run)} == {"far"}


def test_missing_weights_say_which_file_and_where_to_put_it(real, near, settings, monkeypatch, tmp_path):
    settings.METRICS_INCEPTION_WEIGHTS = ""
    monkeypatch.setenv("METRICS_OFFLINE", "1")
    monkeypatch.setenv("METRICS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("METRICS_INCEPTION_WEIGHTS", raising=False)
    run = start_run(reference=real, generated=[near], extractor="inception", metrics=["fid"])
    run = carry_out(run)
    assert run.job.state == JobState.FAILED
    assert "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2" in run.job.error
    assert str(tmp_path / "cache" / "weights") in run.job.error
    assert run.problems[0]["reason"] == run.job.error
    assert "pt_inception-2015-12-05-6726825d.pth" in run.job.error
    assert len(run.job.error.split()) < 40


def test_a_named_file_of_weights_that_is_not_there_is_told_by_its_path(real, near, settings, tmp_path):
    settings.METRICS_INCEPTION_WEIGHTS = str(tmp_path / "nowhere.pth")
    run = carry_out(start_run(reference=real, generated=[near], extractor="inception", metrics=["fid"]))
    assert run.job.error.startswith(f"{tmp_path / 'nowhere.pth'} does not exist.")


def test_a_failed_download_says_so_without_the_network_library_s_words(
    real, near, settings, monkeypatch, tmp_path
):
    settings.METRICS_INCEPTION_WEIGHTS = ""
    for name in ("METRICS_OFFLINE", "METRICS_INCEPTION_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("METRICS_CACHE", str(tmp_path / "cache"))

    def refuse(*_args, **_options):
        raise URLError("Name or service not known")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    run = carry_out(start_run(reference=real, generated=[near], extractor="inception", metrics=["fid"]))
    assert "could not be downloaded" in run.job.error
    assert "urlopen" not in run.job.error


def test_scores_of_changed_samples_are_not_mixed_with_those_before(real, near, tmp_path):
    run = start_run(reference=real, generated=[near], extractor="pixels:8", metrics=["unique", "is"])
    run = carry_out(run)
    import_folder(sample_set=near, folder=write_images(tmp_path / "more", count=5, seed=9, prefix="later"))
    run = carry_out(retry_run(run))
    assert "start a new run" in run.job.error
    assert run.scores.get().count_generated == 40


def test_a_run_with_scores_from_a_card_waits_for_one_and_costs_no_attempt(run, monkeypatch):
    monkeypatch.setattr(computing, "_conclude", lambda work: 1 / 0)  # dies at its end
    run = carry_out(run)
    MetricRun.objects.update(versions={**run.versions, "device": "cuda:0"})
    before = values(run)
    monkeypatch.undo()
    run = carry_out(run)
    assert (run.job.state, run.job.attempts, values(run)) == (JobState.QUEUED, 1, before)
    assert "are from cuda, and this worker has cpu" in run.job.error
    assert run.versions["device"] == "cuda:0"
    MetricRun.objects.update(versions={**run.versions, "device": "cpu"})
    assert carry_out(run).job.state == JobState.SUCCEEDED


def test_a_cancelled_run_stops_and_can_be_taken_up_again(run, monkeypatch):
    original = metrics.extract

    def extract(*args, **kwargs):
        cancel_run(run)
        return original(*args, **kwargs)

    monkeypatch.setattr(metrics, "extract", extract)
    run = carry_out(run)
    assert (run.job.state, run.scores.count()) == (JobState.CANCELLED, 0)
    monkeypatch.setattr(metrics, "extract", original)
    assert carry_out(retry_run(run)).scores.count() == 8


def test_starting_a_run_queues_one_job_on_the_metrics_queue(run):
    assert (run.job.kind, run.job.queue, run.job.state) == ("scoring.run", "metrics", JobState.QUEUED)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"generated": []}, "generated", "at least one"),
        ({"metrics": []}, "metrics", "at least one"),
        ({"metrics": ["beauty"]}, "metrics", "no metric is called 'beauty'"),
        ({"extractor": "vgg"}, "extractor", "No extractor is called 'vgg'; there are: inception"),
        ({"extractor": "module:../secret.pt2"}, "extractor", "takes the plain name"),
        ({"extractor": "module:/etc/passwd"}, "extractor", "takes the plain name"),
        ({"extractor": "module:absent.pt2"}, "extractor", "There is no absent.pt2"),
        ({"settings": {"precision": "sloppy"}}, "settings", "precision is one of"),
        ({"settings": {"colour": 1}}, "settings", "neither precision"),
        ({"settings": {"ndb": {"bin": 3}}}, "settings", "ndb has no setting bin; it has: bins"),
    ],
)
def test_it_refuses_what_cannot_be_run(real, near, changes, field, message):
    wanted = {"reference": real, "generated": [near], "extractor": "pixels:8", "metrics": ["fid"]}
    with pytest.raises(ValidationError) as refused:
        start_run(**{**wanted, **changes})
    assert message in refused.value.message_dict[field][0]
    assert not MetricRun.objects.exists()


def test_it_refuses_empty_sets_and_the_reference_itself(real, make_set):
    empty = create_sample_set(name="empty", kind="generated")
    for generated, message in (([empty], "No samples in empty"), ([real], "against itself")):
        with pytest.raises(ValidationError) as refused:
            start_run(reference=real, generated=generated, extractor="pixels:8", metrics=["fid"])
        assert message in refused.value.message_dict["generated"][0]


def test_a_link_out_of_the_folder_of_own_extractors_is_refused(real, near, settings, tmp_path):
    settings.EXTRACTOR_DIR = tmp_path / "extractors"
    settings.EXTRACTOR_DIR.mkdir()
    (tmp_path / "elsewhere.pt2").write_bytes(b"program")
    (settings.EXTRACTOR_DIR / "link.pt2").symlink_to(tmp_path / "elsewhere.pt2")
    with pytest.raises(ValidationError) as refused:
        start_run(reference=real, generated=[near], extractor="module:link.pt2", metrics=["fid"])
    assert "There is no link.pt2" in refused.value.message_dict["extractor"][0]


def import_with_prompts(tmp_path: Path, prompts: dict[int, tuple[str, str]]):
    """Import four pictures, some of them with a prompt and a category."""
    folder = write_images(tmp_path / "asked", count=4, seed=5)
    lines = [f"{number:04d}.png,{text},{category}" for number, (text, category) in prompts.items()]
    (folder / "prompts.csv").write_text("\n".join(["name,prompt,category", *lines]))
    sample_set = create_sample_set(name="asked", kind="generated")
    assert import_folder(sample_set=sample_set, folder=folder).added == 4
    return sample_set


def test_pictures_are_scored_against_the_prompts_of_their_samples(real, near, tmp_path, monkeypatch):
    towers = two_towers(8)
    monkeypatch.setattr(computing, "open_extractor", lambda recipe: towers)
    asked = import_with_prompts(tmp_path, {0: ("bright", ""), 1: ("dark", ""), 3: ("left", "")})
    run = start_run(reference=real, generated=[asked, near], extractor="pixels:8", metrics=["clip_score"])
    run = carry_out(run)
    score = run.scores.get()
    features = metrics.extract(towers, tmp_path / "asked").values
    expected = metrics.clip_score(features[[0, 1, 3]], towers.embed_prompts(["bright", "dark", "left"]))
    assert score.value == pytest.approx(expected.value)
    assert (score.sample_set, score.count_generated) == (asked, 3)
    assert score.details["warnings"] == ["1 sample(s) without a prompt are left out"]
    kept = values_by_sample(score.by_sample.get(name="clip_score"))
    third = asked.samples.get(name="0002.png").pk
    assert np.isnan(kept.pop(third))
    assert list(kept.values()) == pytest.approx(list(expected.per_sample))
    (problem,) = run.problems
    assert (problem["name"], problem["metric"]) == ("near", "clip_score")
    assert "it needs the samples' prompts" in problem["reason"]


def test_the_class_asked_for_is_the_prompts_category_or_text(real, tmp_path, settings):
    settings.EXTRACTOR_DIR = tmp_path / "extractors"
    names = [f"digit {number}" for number in range(10)]
    save_module(
        SmallNetwork(),
        tmp_path / "extractors" / "n.pt2",
        name="n",
        input_size=(12, 12),
        channels=1,
        classes=names,
    )
    asked = import_with_prompts(
        tmp_path, {0: ("a shaky three", "digit 3"), 1: ("digit 4", ""), 2: ("digit 5", "figures")}
    )
    run = start_run(reference=real, generated=[asked], extractor="module:n.pt2", metrics=["class_accuracy"])
    score = carry_out(run).scores.get()
    assert score.count_generated == 3
    each = {one.name: list(values_by_sample(one).values()) for one in score.by_sample.all()}
    np.testing.assert_array_equal(each["asked_class"], [3, 4, 5, np.nan])
    np.testing.assert_array_equal(
        each["correct"][:3], np.array(each["predicted_class"][:3]) == each["asked_class"][:3]
    )
