"""Removing what nothing rests on."""

from __future__ import annotations

import os
import time

import pytest
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.urls import reverse

from humaneval.jobs import services
from humaneval.samples import stimuli
from humaneval.samples.holding import begin
from humaneval.samples.importing import create_sample_set, import_folder, start_archive_import
from humaneval.samples.models import ImportRun, Sample, SampleSet, Stimulus
from humaneval.samples.removing import StillNeeded, remove_sample_set, remove_unused_files
from humaneval.studies.models import Condition, Study
from tests.samples.conftest import stored
from tests.samples.pictures import png, zipped


def in_a_study(sample_set: SampleSet) -> None:
    """Make a study that compares this set."""
    study = Study.objects.create(name="S", slug="s", protocol="likert")
    Condition.objects.create(study=study, sample_set=sample_set)


def test_a_set_goes_with_all_that_is_its_own(bring, digits):
    bring({f"{i}.png": png(i) for i in range(3)})
    ids = list(Sample.objects.values_list("id", flat=True))
    stimuli.render(sample_ids=ids, recipe=stimuli.choose_recipe([digits.pk]))
    assert remove_sample_set(sample_set=digits) == 3
    for model in (SampleSet, Sample, Stimulus, ImportRun):
        assert not model.objects.exists()


def test_a_set_in_a_study_stays_whole(bring, digits):
    bring({"1.png": png(1)})
    in_a_study(digits)
    with pytest.raises(StillNeeded, match=r"needed by conditions \(1\)"):
        remove_sample_set(sample_set=digits)
    assert Sample.objects.count() == 1


def test_a_set_that_is_being_imported_into_stays(digits):
    start_archive_import(sample_set=digits, archive=File(zipped({"1.png": png(1)}), "x.zip"))
    with pytest.raises(StillNeeded, match=r"imports under way \(1\)"):
        remove_sample_set(sample_set=digits)


def test_files_go_when_no_row_names_them_and_not_before(bring, digits, folder, settings):
    bring({"1.png": png(1), "2.png": png(2)})
    other = create_sample_set(name="Other", kind="real")
    (folder / "2.png").unlink()
    import_folder(sample_set=other, folder=folder)
    names = set(Sample.objects.values_list("file", flat=True))
    assert remove_unused_files() == 0
    remove_sample_set(sample_set=digits)
    assert remove_unused_files() == 0  # the files are new: a row may be about to name them
    for name in names:
        long_ago(name)
    assert remove_unused_files() == 1
    assert stored(Sample.objects.get()) == png(1)


def long_ago(name: str) -> None:
    """Let a stored file be an hour old."""
    os.utime(default_storage.path(name), times=(time.time() - 3600,) * 2)


def test_a_file_that_is_named_while_files_are_listed_stays(bring, digits, monkeypatch):
    bring({"1.png": png(1)})
    sample = Sample.objects.get()
    long_ago(sample.file.name)
    Sample.objects.all().delete()
    listed = default_storage.listdir

    def named_meanwhile(path: str) -> tuple[list[str], list[str]]:
        found = listed(path)
        if found[1] and not Sample.objects.exists():
            sample.save(force_insert=True)
        return found

    monkeypatch.setattr(default_storage, "listdir", named_meanwhile)
    assert remove_unused_files() == 0
    assert stored(sample) == png(1)


@pytest.mark.django_db
def test_files_are_left_alone_while_a_command_imports(digits, folder):
    begin(sample_set=digits, origin=folder, prompts=None, strict=False, progress=lambda *_: None)
    with pytest.raises(StillNeeded, match=r"A command is importing .*pictures into Digits"):
        remove_unused_files()


@pytest.mark.django_db
def test_files_are_left_alone_while_a_job_may_be_about_to_name_one(digits, capsys):
    run = start_archive_import(sample_set=digits, archive=File(zipped({"1.png": png(1)}), "x.zip"))
    with pytest.raises(CommandError, match="waiting or running"):
        call_command("remove_unused_files")
    services.cancel(run.job)
    call_command("remove_unused_files")
    assert capsys.readouterr().out == "0 unused files removed.\n"


def test_the_admin_deletes_a_free_set_and_counts_what_goes(admin_client, bring, digits):
    bring({f"{i}.png": png(i) for i in range(3)})
    url = reverse("admin:samples_sampleset_delete", args=[digits.pk])
    text = admin_client.get(url).content.decode()
    assert "samples" in text
    assert admin_client.post(url, {"post": "yes"}).status_code == 302
    assert not SampleSet.objects.exists()


def test_the_admin_does_not_delete_a_set_that_a_study_rests_on(admin_client, bring, digits):
    bring({"1.png": png(1)})
    in_a_study(digits)
    admin_client.post(reverse("admin:samples_sampleset_delete", args=[digits.pk]), {"post": "yes"})
    action = {"action": "delete_selected", "_selected_action": [digits.pk], "post": "yes"}
    admin_client.post(reverse("admin:samples_sampleset_changelist"), action)
    assert SampleSet.objects.exists()
