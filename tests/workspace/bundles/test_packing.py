"""A bundle carries all that a report rests on, and gives it back as it was."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import threading
import zipfile

import numpy as np
import pytest

from humaneval.rating.models import Vote
from humaneval.rating.withdrawal import withdraw_votes
from humaneval.reports.loading import load_material
from humaneval.samples.models import Sample
from humaneval.studies.models import Study
from humaneval.workspace.bundles import layout, packing
from humaneval.workspace.bundles.archive import Bundle
from humaneval.workspace.bundles.packing import RESAMPLING_SEED, write_bundle
from humaneval.workspace.bundles.rebuilding import rebuild
from humaneval.workspace.bundles.unpacking import material_of
from tests.factories import AssignmentFactory, SessionFactory, VoteFactory, open_study
from tests.reports.studies import add_trials, make_sets, make_study


def assert_same(one, other, place: str = "") -> None:
    """Compare two materials down to every array."""
    assert type(one) is type(other) or isinstance(one, list | tuple | dict), place
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name), f"{place}.{field.name}")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, place
        np.testing.assert_array_equal(one, other, err_msg=place)
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), place
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            assert_same(first, second, f"{place}[{number}]")
    else:
        assert one == other, place


def table(path, name: str) -> list[dict[str, str]]:
    """Return a table of a bundle as anybody reads it."""
    with zipfile.ZipFile(path) as archive:
        return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def test_what_comes_out_is_what_went_in(full_study: Study, bundle_file):
    assert_same(load_material(full_study), material_of(Bundle(bundle_file)))


def test_the_report_is_rebuilt_to_the_same_numbers(bundle_file):
    found = rebuild(Bundle(bundle_file))
    assert found.differences == []
    assert found.numbers > 200


def empty_study() -> Study:
    study = make_study("real_or_fake", sets=make_sets(["made"], "real"))
    add_trials(study, [("made", None, 0), ("real", None, 0)])
    return study


@pytest.mark.django_db
def test_a_study_without_a_vote_comes_back_too(tmp_path):
    study = empty_study()
    bundle = Bundle(write_bundle(study=study, path=tmp_path / "one.zip").path)
    assert_same(load_material(study), material_of(bundle))
    assert rebuild(bundle).differences == []


def test_a_bundle_is_of_one_moment_whoever_comes_and_goes_meanwhile(platform, tmp_path, monkeypatch):
    study = open_study(trial_count=4, samples=4)
    for number in range(2):
        assignment = AssignmentFactory(session=SessionFactory(study=study), trial=study.trials.first())
        VoteFactory(assignment=assignment, timings={"shown_at": number})
    first = study.sessions.order_by("pk").first()
    build = packing.build_report

    def meanwhile() -> None:
        with platform.database():
            withdraw_votes(session=first, reason="asked by mail")
            SessionFactory(study=study)

    def build_slowly(*args, **words):
        thread = threading.Thread(target=meanwhile)
        thread.start()
        thread.join()
        return build(*args, **words)

    monkeypatch.setattr(packing, "build_report", build_slowly)
    path = write_bundle(study=study, path=tmp_path / "one.zip").path
    assert [json.loads(row["timings"]) for row in table(path, layout.VOTES)] == [
        {"shown_at": 0},
        {"shown_at": 1},
    ]
    assert len(table(path, layout.SESSIONS)) == 2
    assert (study.sessions.count(), Vote.objects.count()) == (3, 1)
    assert rebuild(Bundle(path)).differences == []


@pytest.mark.django_db
def test_what_is_known_of_samples_besides_is_taken_along(tmp_path):
    study = empty_study()
    sample = Sample.objects.filter(sample_set__conditions__study=study).first()
    sample.details = {"seed": 7, "id": "=x"}
    sample.save()
    rows = table(write_bundle(study=study, path=tmp_path / "one.zip").path, layout.SAMPLES)
    assert [json.loads(row["details"]) for row in rows if row["details"]] == [{"id": "=x", "seed": 7}]


def test_every_file_is_in_the_manifest_with_its_hash(bundle_file):
    with zipfile.ZipFile(bundle_file) as archive:
        manifest = json.loads(archive.read(layout.MANIFEST))["files"]
        assert set(manifest) == set(archive.namelist()) - {layout.MANIFEST}
        for name, entry in manifest.items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == entry["sha256"], name


def test_every_column_is_explained(bundle_file):
    with zipfile.ZipFile(bundle_file) as archive:
        schema = json.loads(archive.read(layout.SCHEMA))
        page = archive.read(layout.README).decode()
        for name, columns in schema.items():
            header = archive.read(name).decode().split("\n", 1)[0].split(",")
            told = [one["name"].replace("KEY", "real") for one in columns]
            assert header == told, name
            assert all(f"`{one['name']}`" in page for one in columns)
        for name in archive.namelist():
            known = (name, name.split("/")[0] + "/")
            assert any(f"## {one}" in page for one in known) or name == layout.README, name


def test_it_holds_seeds_versions_wording_hashes_and_the_head_of_the_chain(full_study, bundle_file):
    bundle = Bundle(bundle_file)
    facts = bundle.json(layout.MATERIAL)
    assert facts["seeds"] == {"study": 7, "resampling": RESAMPLING_SEED}
    assert facts["vote_chain"]["head"].startswith("0:0000")
    assert facts["vote_chain"]["unsealed_votes"] == 218
    assert facts["consent_sha256"] == hashlib.sha256(full_study.consent_text.encode()).hexdigest()
    assert facts["questions"][0]["text"] == full_study.questions.get().text
    assert {"numpy", "scipy", "Django"} <= set(bundle.json(layout.ENVIRONMENT)["packages"])
    assert bundle.json(layout.SCORES)[0]["row"]["metric"] == "frechet_distance"
    assert len(table(bundle_file, layout.SAMPLES)) == 24
    assert bundle.read(layout.STUDY_FILE).startswith(b"# A study of the human evaluation platform")
    text = json.dumps(bundle.json(layout.REPORT))
    seeds = {part.split("seed ")[1][:1] for part in text.split("replicates, ")[1:]}
    assert seeds == {str(RESAMPLING_SEED)}


def test_raters_are_pseudonyms_and_nothing_runs_in_a_spreadsheet(bundle_file):
    votes, samples = table(bundle_file, layout.VOTES), table(bundle_file, layout.SAMPLES)
    assert {row["rater"][0] for row in votes} == {"r"}
    assert json.loads(votes[0]["timings"]) == {"hidden_ms": 3, "input": "keyboard"}
    with zipfile.ZipFile(bundle_file) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
    assert f"{3:064d}".encode() not in whole
    assert not [row for row in samples for cell in row.values() if cell.startswith("=")]
    reasons = {row["rule"] for row in table(bundle_file, layout.EXCLUSIONS)}
    assert {"late", "simulated", "failed_qualification"} <= reasons
