"""Gold trials: authored in a table or drawn, made at launch, and kept apart from what the study asks."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse

from humaneval.samples.models import Sample, SampleSet
from humaneval.studies import checklist
from humaneval.studies.design import design_of, preview_trials, problems_of
from humaneval.studies.gold_tables import gold_of_text, import_gold
from humaneval.studies.gold_words import gold_in_words
from humaneval.studies.models import Study, Trial
from tests.factories import draft_study, filled_set, opened

pytestmark = pytest.mark.django_db


def names(study: Study, place: int = 0) -> list[str]:
    """Return the samples of one of a study's sets, as a table names them."""
    sample_set = study.conditions.all()[place].sample_set
    return [
        f"{sample_set.slug}/{name}"
        for name in sample_set.samples.order_by("name").values_list("name", flat=True)
    ]


def gold_rows(study: Study, count: int = 3) -> list[dict[str, str]]:
    """Return rows for a study of two images: a generated one, then a real one."""
    return [
        {"slot_1": generated, "slot_2": real}
        for generated, real in list(zip(names(study, 1), names(study, 0), strict=True))[:count]
    ]


def gold_of(study: Study) -> list[Trial]:
    """Return the gold trials that a launch made."""
    return list(study.trials.filter(expected__isnull=False).order_by("number"))


def test_authored_trials_stand_after_the_studys_own_with_their_answers():
    study = draft_study(trial_count=12, gold_per_block=1)
    assert import_gold(study=study, rows=gold_rows(study)) == 3
    opened(study)
    made = gold_of(study)
    assert [trial.number for trial in made] == [12, 13, 14]
    assert {tuple(trial.expected.items()) for trial in made} == {(("real", 1),)}
    assert study.trials.filter(expected__isnull=True).count() == 12
    study.refresh_from_db()
    assert study.gold_count == 3


def easy_rows(study: Study, **fields) -> list[dict[str, str]]:
    """Return rows that set an image of a set beside the study against the study's real ones."""
    easy = filled_set(kind="generated", count=4, slug="glaring-fakes", **fields)
    others = easy.samples.order_by("name").values_list("name", flat=True)
    return [
        {"slot_1": f"{easy.slug}/{name}", "slot_2": real}
        for name, real in zip(others, names(study, 0), strict=False)
    ]


def test_gold_trials_may_show_sets_that_the_study_does_not_compare():
    study = draft_study(trial_count=12, gold_per_block=1)
    rows = easy_rows(study)
    assert import_gold(study=study, rows=rows) == 4
    assert problems_of(study, design_of(study)) == []
    assert [row["samples"][0] for row in gold_in_words(study)] == [row["slot_1"] for row in rows]
    opened(study)
    shown = {sample for trial in gold_of(study) for sample in trial.slots[0]}
    easy = SampleSet.objects.get(slug="glaring-fakes")
    assert shown == set(easy.samples.values_list("pk", flat=True))
    assert {tuple(trial.expected.items()) for trial in gold_of(study)} == {(("real", 1),)}
    assert {trial.condition.sample_set.kind for trial in gold_of(study)} == {"generated"}
    own = {sample for trial in study.trials.filter(expected=None) for slot in trial.slots for sample in slot}
    assert own.isdisjoint(shown)
    with pytest.raises(ProtectedError):
        easy.delete()


def test_another_table_lets_go_of_the_sets_that_it_no_longer_shows():
    study = draft_study(trial_count=12, gold_per_block=1)
    import_gold(study=study, rows=easy_rows(study))
    import_gold(study=study, rows=gold_rows(study))
    assert not study.goldsources.exists()


def test_gold_images_that_would_have_to_be_enlarged_are_refused():
    study = draft_study(trial_count=12, gold_per_block=1)
    import_gold(study=study, rows=easy_rows(study))
    Sample.objects.filter(sample_set__slug="glaring-fakes").update(width=5)
    (problem,) = problems_of(study, design_of(study))
    assert "smaller than the images that the study compares" in problem


def test_a_gold_image_that_is_gone_is_told_before_the_launch():
    study = draft_study(trial_count=12, gold_per_block=1)
    import_gold(study=study, rows=easy_rows(study))
    gone = Sample.objects.filter(sample_set__slug="glaring-fakes").earliest("pk")
    gone.stimuli.all().delete()
    gone.delete()
    (problem,) = problems_of(study, design_of(study))
    assert "no longer there" in problem


def test_drawn_trials_know_their_answer_and_leave_the_studys_own_as_they_were():
    plain = opened(draft_study(protocol="real_or_fake", trial_count=20, samples=40))
    study = Study.objects.get(pk=plain.pk)
    before = [trial.slots for trial in study.trials.order_by("number")]
    Trial.objects.filter(study=study).delete()
    Study.objects.filter(pk=study.pk).update(state="draft", gold_per_block=2, gold_drawn=10)
    study.refresh_from_db()
    opened(study)
    assert [trial.slots for trial in study.trials.filter(expected__isnull=True).order_by("number")] == before
    assert len(gold_of(study)) == 10
    for trial in gold_of(study):
        is_real = trial.condition.sample_set.kind == "real"
        assert trial.expected == {"real": int(is_real)}


def test_a_launch_that_was_cut_off_makes_no_gold_trial_twice():
    study = draft_study(trial_count=12, gold_per_block=1, gold_drawn=4)
    opened(study)
    opened(study)
    assert [trial.number for trial in gold_of(study)] == [12, 13, 14, 15]


@pytest.mark.parametrize(
    ("protocol", "answer", "expected"),
    [
        ("pairwise", {"preference": "slot_2"}, {"preference": 1}),
        ("likert", {"realism": "4"}, {"realism": 4}),
    ],
)
def test_answers_are_read_as_the_protocol_means_them(protocol: str, answer: dict, expected: dict):
    study = draft_study(protocol=protocol, trial_count=6)
    questions = study.questions.values_list("key", flat=True)
    given = {**dict.fromkeys(questions, next(iter(answer.values()))), **answer}
    slots = {"slot_1": names(study, 0)[0], "slot_2": names(study, 1)[0]}
    row = {**slots, **given} if protocol == "pairwise" else {"slot_1": slots["slot_1"], **given}
    import_gold(study=study, rows=[row])
    assert expected.items() <= study.goldtrials.get().expected.items()


def test_an_order_is_read_from_best_to_worst():
    study = draft_study(protocol="ranking", generated=3, trial_count=6, settings={"images": 3})
    key = study.questions.get().key
    row = {f"slot_{n + 1}": names(study, n)[0] for n in range(3)}
    import_gold(study=study, rows=[{**row, key: "slot_3 > slot_1 > slot_2"}])
    gold = study.goldtrials.get()
    from humaneval.protocols import registry

    assert registry.get("ranking").ordered_slots(gold.expected[key], 3, study.settings) == (2, 0, 1)
    assert gold.lineup == [condition.pk for condition in study.conditions.all()]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"slot_1": "nowhere/1.png"}, "Row 1: there is no sample “nowhere/1.png”"),
        ({"slot_1": ""}, "Row 1: slot_1 shows 1 sample, not 0"),
        ({"slot_3": "x/y"}, "Row 1: there is no slot_3"),
        ({"reel": "slot_2"}, "Row 1: nothing is called “reel”; there are slot_1, slot_2, real."),
        ({"real": "slot_1"}, "Row 1: “real” contradicts which image is real"),
        ({"real": "perhaps"}, "Row 1: real: the answer is the place chosen"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_stored(change: dict, reason: str):
    study = draft_study(trial_count=6)
    with pytest.raises(ValidationError) as refusal:
        import_gold(study=study, rows=[{**gold_rows(study)[0], **change}])
    assert reason in " ".join(refusal.value.messages)
    assert not study.goldtrials.exists()


def test_images_in_the_wrong_slots_are_refused():
    study = draft_study(trial_count=6)
    row = gold_rows(study)[0]
    with pytest.raises(ValidationError, match="the real image belongs in slot_2"):
        import_gold(study=study, rows=[{"slot_1": row["slot_2"], "slot_2": row["slot_1"]}])


def test_a_missing_answer_is_asked_for_where_the_protocol_does_not_know_it():
    study = draft_study(protocol="pairwise", trial_count=6)
    with pytest.raises(ValidationError, match="no right answer to “preference”"):
        import_gold(study=study, rows=[{"slot_1": names(study, 0)[0], "slot_2": names(study, 1)[0]}])


def test_a_study_that_wants_gold_and_has_none_cannot_be_launched():
    study = draft_study(trial_count=6, gold_per_block=1)
    assert "there are none: import a table" in problems_of(study, design_of(study))[0]


def test_a_protocol_that_does_not_know_answers_draws_no_gold():
    study = draft_study(protocol="pairwise", trial_count=6, gold_per_block=1, gold_drawn=3)
    assert "does not know the right answers" in problems_of(study, design_of(study))[0]


def test_the_checklist_says_what_drawn_gold_means():
    study = draft_study(trial_count=6, gold_per_block=1, gold_drawn=3)
    assert "as hard as the study's own" in " ".join(checklist.checklist_of(study).advice)


def test_a_launched_studys_gold_does_not_change():
    study = opened(draft_study(trial_count=6))
    with pytest.raises(ValidationError, match="may not change"):
        import_gold(study=study, rows=[])


def test_gold_is_not_previewed_as_one_of_the_studys_trials():
    study = opened(draft_study(trial_count=6, gold_per_block=1, gold_drawn=3))
    assert len(preview_trials(study, 10)) == 6


def test_a_table_is_read_from_a_file_by_command(tmp_path: Path):
    study = draft_study(trial_count=6)
    table = tmp_path / "gold.csv"
    rows = gold_rows(study)
    table.write_text("slot_1,slot_2\n" + "".join(f"{row['slot_1']},{row['slot_2']}\n" for row in rows))
    call_command("import_gold", study.slug, table, stdout=io.StringIO())
    assert study.goldtrials.count() == 3
    with pytest.raises(CommandError, match="no study"):
        call_command("import_gold", "nothing", table)
    with pytest.raises(ValidationError, match="no column slot_1"):
        gold_of_text("a,b\n1,2\n")


def test_a_table_is_taken_by_the_api(api):
    study = draft_study(trial_count=6)
    url = f"/api/v1/studies/{study.slug}/gold/"
    assert api.post(url, {"rows": gold_rows(study)}, format="json").status_code == 200
    assert study.goldtrials.count() == 3
    wrong = api.post(url, {"rows": [{"slot_1": "x/y"}]}, format="json")
    assert wrong.status_code == 400
    assert "Row 1" in wrong.json()["gold"][0]


def test_the_admin_takes_a_table_and_says_what_is_wrong_with_another(staff, client: Client):
    study = draft_study(trial_count=6)
    client.force_login(staff)
    url = reverse("admin:studies_study_gold", args=(study.pk,))
    page = client.get(url).content.decode()
    assert "slot_1,slot_2" in page
    row = gold_rows(study)[0]
    text = f"slot_1,slot_2\n{row['slot_1']},{row['slot_2']}\n"
    answer = client.post(url, {"table": SimpleUploadedFile("gold.csv", text.encode())}, follow=True)
    assert "The study has 1 gold trial." in answer.content.decode()
    assert row["slot_1"] in answer.content.decode()
    wrong = client.post(url, {"table": SimpleUploadedFile("gold.csv", b"slot_1,slot_2\nx/y,z\n")})
    assert "Line 2: there is no sample “x/y”" in wrong.content.decode()
    assert study.goldtrials.count() == 1


@pytest.mark.parametrize("divider", [";", "\t", ", "])
def test_a_table_may_be_pasted_as_a_spreadsheet_writes_it(divider: str, admin_client: Client):
    study = draft_study(protocol="pairwise", trial_count=6)
    url = reverse("admin:studies_study_gold", args=(study.pk,))
    cells = [["Slot_1", " Slot_2", "Preference"], [names(study, 0)[0], names(study, 1)[0], "slot_2"]]
    text = "\n".join(divider.join(row) for row in cells)
    assert admin_client.post(url, {"pasted": text}).status_code == 302
    assert study.goldtrials.get().expected == {"preference": 1}
