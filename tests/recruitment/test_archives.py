"""Archived MTurk batch results, read into a study."""

from __future__ import annotations

import csv
import io
from importlib import import_module
from io import StringIO
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection

from humaneval.rating.handout import hand_out
from humaneval.rating.intake import store_votes
from humaneval.rating.judging import Submission
from humaneval.rating.models import Answer, Assignment, Rater, Session, Vote, VoteOutcome
from humaneval.rating.votes import answer_rows
from humaneval.recruitment.mturk.archives import ArchiveRefused, Columns, import_batch
from humaneval.recruitment.people import person_hash
from humaneval.reports.report import report_of
from humaneval.samples.models import Sample
from humaneval.teams.models import AuditEntry
from humaneval.workspace.bundles.archive import Bundle
from humaneval.workspace.bundles.packing import write_bundle
from humaneval.workspace.bundles.rebuilding import rebuild
from tests.factories import SampleFactory, SessionFactory, UserFactory, draft_study, member, open_study

pytestmark = pytest.mark.django_db
HEADER = [
    "HITId",
    "AssignmentId",
    "WorkerId",
    "AssignmentStatus",
    "SubmitTime",
    "WorkTimeInSeconds",
    "Input.trial",
    "Input.order",
    "Answer.real",
]


@pytest.fixture
def study():
    """Give an open study of pairs."""
    return open_study(trial_count=4, samples=6)


def batch(*rows: list[str], header: list[str] | None = None) -> list[str]:
    """Return the lines of a batch result file."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([header or HEADER, *rows])
    return out.getvalue().splitlines(keepends=True)


def row(assignment: str, worker: str, trial: int | str, answer: str, **changes: str) -> list[str]:
    """Return a row as MTurk's site wrote it."""
    values = {
        "HITId": "3HIT",
        "AssignmentId": assignment,
        "WorkerId": worker,
        "AssignmentStatus": "Approved",
        "SubmitTime": "Tue Sep 17 21:30:23 PDT 2019",
        "WorkTimeInSeconds": "12",
        "Input.trial": str(trial),
        "Input.order": "",
        "Answer.real": answer,
        **changes,
    }
    return [values[name] for name in HEADER]


def test_rows_become_votes_of_workers_known_by_hash(study):
    first = study.trials.first().number
    lines = batch(
        row("3A", "A1WORKER", first, "0"),
        row("3B", "A2WORKER", first, "1"),
        row("3C", "A1WORKER", first + 1, "1", **{"Input.order": "1 0"}),
    )
    found = import_batch(study=study, lines=lines, columns=Columns())
    assert (found.votes, found.known, found.rejected) == (3, 0, 0)
    assert set(Rater.objects.values_list("key_hash", flat=True)) == {
        person_hash("mturk", "A1WORKER"),
        person_hash("mturk", "A2WORKER"),
    }
    assert [r.value for r in answer_rows(study)] == [0, 1, 0]
    vote = Vote.objects.first()
    assert vote.timings["submitted_at"] == "2019-09-17T21:30:23-07:00"
    assert vote.response_ms == 12_000
    assert "A1WORKER" not in str([list(model.objects.values()) for model in (Vote, Session, Rater)])


def test_the_same_file_again_adds_nothing(study):
    lines = batch(row("3A", "A1WORKER", study.trials.first().number, "0"))
    import_batch(study=study, lines=lines, columns=Columns())
    again = import_batch(study=study, lines=lines, columns=Columns())
    assert (again.votes, again.known, Vote.objects.count()) == (0, 1, 1)


def test_rejected_work_is_left_out_unless_asked_for(study):
    lines = batch(row("3A", "A1WORKER", study.trials.first().number, "0", AssignmentStatus="Rejected"))
    assert import_batch(study=study, lines=lines, columns=Columns()).rejected == 1
    assert import_batch(study=study, lines=lines, columns=Columns(), with_rejected=True).votes == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Input.trial": "99"}, "no trial"),
        ({"Answer.real": "2"}, "0 or 1"),
        ({"Answer.real": "left"}, "0 or 1"),
        ({"Input.order": "1 1"}, "no order"),
        ({"SubmitTime": "yesterday"}, "no time"),
        ({"WorkerId": ""}, "is empty"),
    ],
)
def test_a_row_that_cannot_be_read_refuses_the_file_and_is_named(study, changes, reason):
    number = study.trials.first().number
    lines = batch(row("3A", "A1WORKER", number, "0"), row("3B", "A2WORKER", number, "0", **changes))
    with pytest.raises(ArchiveRefused, match=rf"Row 3: .*{reason}"):
        import_batch(study=study, lines=lines, columns=Columns())
    assert not Vote.objects.exists()


def test_a_row_with_more_cells_than_the_heading_is_named(study):
    header = [name.replace("Answer.real", "Answer.real.0") for name in HEADER]
    lines = batch([*row("3A", "A1WORKER", study.trials.first().number, "true"), "x"], header=header)
    with pytest.raises(ArchiveRefused, match="Row 2: it has more cells"):
        import_batch(study=study, lines=lines, columns=Columns())


def test_a_file_that_is_no_csv_is_refused_with_its_line(study):
    lines = [*batch(row("3A", "A1WORKER", study.trials.first().number, "0")), "a\rb,c\n"]
    with pytest.raises(ArchiveRefused, match="After line 2 the file is no CSV"):
        import_batch(study=study, lines=lines, columns=Columns())


def test_columns_of_other_names_can_be_named(study, tmp_path):
    header = [name.replace("Answer.real", "Answer.choice") for name in HEADER]
    file = tmp_path / "batch.csv"
    file.write_text("".join(batch(row("3A", "A1WORKER", study.trials.first().number, "1"), header=header)))
    with pytest.raises(CommandError, match=r"no column Answer\.real"):
        call_command("import_mturk_batch", study.slug, file)
    out = StringIO()
    call_command("import_mturk_batch", study.slug, file, answer=["real=Answer.choice"], stdout=out)
    assert "1 votes stored" in out.getvalue()
    assert Answer.objects.get().value == 1


@pytest.fixture
def address(study, client) -> str:
    """Give the page's address to somebody who may import."""
    client.force_login(member("import_archive", "view_posting"))
    return f"/studies/{study.slug}/mturk-archive/"


def sent(lines: list[str], **changes: str) -> dict[str, object]:
    """Return what the page's form sends."""
    file = SimpleUploadedFile("batch.csv", "".join(lines).encode())
    columns = {"trial": "Input.trial", "order": "Input.order", "answer_real": "Answer.real"}
    return {"file": file, **columns, **changes}


def test_a_file_is_read_on_the_page_and_it_says_what_came_of_it(study, client, address):
    assert "closed for good on 30 September 2026" in client.get(address).content.decode()
    first = study.trials.first().number
    lines = batch(
        row("3A", "A1WORKER", first, "0"), row("3B", "A2WORKER", first, "1", AssignmentStatus="Rejected")
    )
    page = client.post(address, sent(lines), follow=True).content.decode()
    assert "1 votes were stored, 0 were there, 1 rejected were left out." in page
    assert Vote.objects.count() == 1
    assert AuditEntry.objects.get(action="import MTurk batch").user is not None


def test_the_page_says_what_is_wrong_with_a_file_and_stores_nothing(study, client, address):
    first = study.trials.first().number
    lines = batch(row("3A", "A1WORKER", first, "0"), row("3B", "A2WORKER", 99, "1"))
    answer = client.post(address, sent(lines))
    assert answer.status_code == 400
    assert "Row 3: the study has no trial “99”" in answer.content.decode()
    answer = client.post(address, sent(lines, answer_real="Answer.choice"))
    assert "no column Answer.choice" in answer.content.decode()
    binary = SimpleUploadedFile("batch.csv", b"\xff\xfe\x00")
    assert "UTF-8" in client.post(address, sent(lines, file=binary)).content.decode()
    assert not Vote.objects.exists()


def image_row(assignment: str, worker: str, left: str, right: str, **answer: str) -> dict[str, str]:
    """Return a row of a batch that put image addresses into its HITs."""
    return {
        "HITId": "3HIT",
        "AssignmentId": assignment,
        "WorkerId": worker,
        "AssignmentStatus": "Approved",
        "SubmitTime": "Tue Sep 17 21:30:23 PDT 2019",
        "WorkTimeInSeconds": "12",
        "Input.left": left,
        "Input.right": right,
        **answer,
    }


def file_of(*rows: dict[str, str]) -> list[str]:
    """Return the lines of a batch result file with these rows."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().splitlines(keepends=True)


IMAGES = Columns(images=("Input.left", "Input.right"), meanings={"left": "0", "right": "1"})


@pytest.fixture
def draft():
    """Give a draft of pairs, its sets' samples named alike: real/00000.png and model/00000.png."""
    study = draft_study(samples=0, generated=1)
    for condition in study.conditions.select_related("sample_set"):
        chosen = condition.sample_set
        chosen.slug = "photos" if chosen.kind == "real" else "model"
        chosen.save()
        for name in ("cat.png", "dog.png", "only in photos.png")[: 3 if chosen.kind == "real" else 2]:
            SampleFactory(sample_set=chosen, name=name)
    return study


def test_a_drafts_trials_are_made_from_the_images_that_rows_name(draft):
    left, right = {"Answer.real": "Left"}, {"Answer.real": "right"}
    photo, picture = "https://b.s3/x/photos/cat.png", "https://b.s3/x/model/dog.png"
    lines = file_of(
        image_row("3A", "A1", photo, picture, **left),
        image_row("3B", "A2", picture, photo, **left),
        image_row("3C", "A1", "only%20in%20photos.png?v=1", "model/cat", **right),
    )
    found = import_batch(study=draft, lines=lines, columns=IMAGES)
    assert (found.votes, found.known) == (3, 0)
    draft.refresh_from_db()
    assert (draft.state, draft.trial_count, draft.trials.count()) == ("closed", 2, 2)
    sets = {str(c.sample_set.kind): c for c in draft.conditions.select_related("sample_set")}
    assert {(t.condition_id, t.other_id) for t in draft.trials.all()} == {
        (sets["generated"].pk, sets["real"].pk)
    }, "slot 0 is generated, slot 1 real, whichever side they were on"
    assert list(Assignment.objects.order_by("vote__pk").values_list("order", flat=True)) == [
        [1, 0],
        [0, 1],
        [1, 0],
    ]
    assert [row.value for row in answer_rows(draft)] == [1, 0, 0]


def test_a_second_file_of_the_same_archive_adds_trials_and_votes(draft):
    one = image_row("3A", "A1", "photos/cat.png", "model/cat.png", **{"Answer.real": "left"})
    two = image_row("3B", "A1", "model/dog.png", "photos/cat.png", **{"Answer.real": "left"})
    import_batch(study=draft, lines=file_of(one), columns=IMAGES)
    found = import_batch(study=draft, lines=file_of(one, two), columns=IMAGES)
    assert (found.votes, found.known) == (1, 1)
    draft.refresh_from_db()
    assert (draft.trial_count, list(draft.trials.values_list("number", flat=True))) == (2, [0, 1])
    assert Session.objects.get().assignments.count() == 2


def test_a_report_claims_nothing_of_an_archive_that_it_does_not_tell(draft, tmp_path):
    rows = [
        image_row(f"3{worker}{name}", worker, f"photos/{name}", f"model/{name}", **{"Answer.real": answer})
        for worker, answer in (("A1", "left"), ("A2", "right"))
        for name in ("cat.png", "dog.png")
    ]
    import_batch(study=draft, lines=file_of(*rows), columns=IMAGES)
    draft.refresh_from_db()
    assert set(Session.objects.values_list("consent_hash", flat=True)) == {""}
    methods = " ".join(report_of(draft).methods)
    claims = (
        "made from seed",
        f"; seed {draft.seed})",
        "first page",
        "re-encoded",
        "balanced",
        "before the first vote",
        "A sitting had at most",
    )
    assert not [claim for claim in claims if claim in methods]
    assert "Trials: 2 of the protocol" in methods
    assert "as an archive of votes gathered elsewhere says they were shown" in methods
    assert "The votes of 2 sittings were gathered elsewhere" in methods
    assert "they were sent in on 2019-09-18" in methods  # 21:30 in Los Angeles
    write_bundle(study=draft, path=tmp_path / "archive.zip")
    with Bundle(tmp_path / "archive.zip") as bundle:
        rebuilt = rebuild(bundle)
        sessions = bundle.read("sessions.csv").decode().splitlines()
    assert rebuilt.differences == rebuilt.reworded == []
    consent = sessions[0].split(",").index("consent_sha256")
    assert {line.split(",")[consent] for line in sessions[1:]} == {""}


def test_an_archive_beside_the_studys_own_votes_is_told_apart(study):
    session = SessionFactory(study=study)
    handed = hand_out(session_id=session.pk).assignments[0]
    submission = Submission(handed.id, uuid4(), VoteOutcome.ANSWERED, 900.0, {"real": 0})
    store_votes(session=session, submissions=[submission])
    own = " ".join(report_of(study).methods)
    assert "all after giving consent on the first page" in own
    assert "archive" not in own
    number = study.trials.first().number
    import_batch(study=study, lines=batch(row("3A", "A1", number, "0")), columns=Columns())
    both = " ".join(report_of(study).methods)
    assert "all in the sittings that are no archive's after giving consent" in both
    assert "The votes of 1 sitting were gathered elsewhere" in both
    assert f"made from seed {study.seed} before the first vote" in both
    Session.objects.update(consent_hash="")
    assert "re-encoded" not in " ".join(report_of(study).methods)


def test_consent_that_an_archive_was_stored_with_is_taken_back(study):
    import_batch(
        study=study, lines=batch(row("3A", "A1", study.trials.first().number, "0")), columns=Columns()
    )
    Session.objects.update(consent_hash="f" * 64)
    SessionFactory(study=study)
    migration = import_module("humaneval.rating.migrations.0011_unknown_consent_and_when_enough")
    migration.forget_consent(apps, SimpleNamespace(connection=connection))
    kept = dict(Session.objects.values_list("rater__panel", "consent_hash"))
    assert kept.pop("mturk") == ""
    assert all(kept.values())
    assert kept


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        ("photos/bird.png", "model/cat.png", "have no image “photos/bird.png”"),
        ("cat.png", "model/cat.png", "is in several of the study's sets"),
        ("model/dog.png", "model/cat.png", "one real image among generated ones"),
        ("photos/cat.png", "photos/cat.png", "shows 2 different images; the row names 1"),
    ],
)
def test_images_that_make_no_trial_refuse_the_file(draft, left, right, reason):
    good = image_row("3A", "A1", "photos/cat.png", "model/cat.png", **{"Answer.real": "left"})
    bad = image_row("3B", "A1", left, right, **{"Answer.real": "left"})
    with pytest.raises(ArchiveRefused, match=rf"Row 3: .*{reason}"):
        import_batch(study=draft, lines=file_of(good, bad), columns=IMAGES)
    draft.refresh_from_db()
    assert (draft.state, draft.trials.count(), Vote.objects.count()) == ("draft", 0, 0)


def test_a_launched_study_takes_only_the_trials_that_it_has(study):
    trial = study.trials.order_by("number").first()
    generated, real = (Sample.objects.select_related("sample_set").get(pk=slot[0]) for slot in trial.slots)
    named = [f"{sample.sample_set.slug}/{sample.name}" for sample in (real, generated)]
    good = image_row("3A", "A1", *named, **{"Answer.real": "left"})
    assert import_batch(study=study, lines=file_of(good), columns=IMAGES).votes == 1
    assert Vote.objects.get().assignment.trial == trial
    pairs = {tuple(slot[0] for slot in one.slots) for one in study.trials.all()}
    other = next(
        sample
        for sample in Sample.objects.filter(sample_set=generated.sample_set).select_related("sample_set")
        if (sample.pk, real.pk) not in pairs
    )
    bad = image_row("3B", "A1", named[0], f"{other.sample_set.slug}/{other.name}", **{"Answer.real": "left"})
    with pytest.raises(ArchiveRefused, match="launched already"):
        import_batch(study=study, lines=file_of(bad), columns=IMAGES)


@pytest.mark.parametrize(
    "answer",
    [
        {"Answer.real.left": "false", "Answer.real.right": "true"},
        {"Answer.taskAnswers": '[{"real": "right"}]'},
        {"Answer.taskAnswers": '[{"real": {"left": false, "right": true}, "comment": ""}]'},
    ],
)
def test_answers_are_read_in_every_shape_that_mturk_wrote(draft, answer):
    lines = file_of(image_row("3A", "A1", "photos/cat.png", "model/cat.png", **answer))
    import_batch(study=draft, lines=lines, columns=IMAGES)
    assert Answer.objects.get().value == 0, "the right one, which is generated"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"Answer.real.left": "true", "Answer.real.right": "true"}, "one of left, right must be true; 2 are"),
        ({"Answer.taskAnswers": "left"}, "holds no JSON"),
        ({"Answer.taskAnswers": '[{"choice": "left"}]'}, "has no “real”"),
    ],
)
def test_answers_in_no_such_shape_are_named(draft, answer, reason):
    lines = file_of(image_row("3A", "A1", "photos/cat.png", "model/cat.png", **answer))
    with pytest.raises(ArchiveRefused, match=f"Row 2: .*{reason}"):
        import_batch(study=draft, lines=lines, columns=IMAGES)


def test_an_archive_of_pairs_without_truth_keeps_conditions_in_the_studys_order():
    study = draft_study(protocol="pairwise", samples=2)
    first, second = study.conditions.order_by("position").select_related("sample_set")[:2]
    names = [f"{c.sample_set.slug}/{c.sample_set.samples.first().name}" for c in (second, first)]
    row = image_row("3A", "A1", *names, **{f"Answer.{study.questions.first().key}": "0"})
    for question in study.questions.all()[1:]:
        row[f"Answer.{question.key}"] = "0"
    import_batch(study=study, lines=file_of(row), columns=IMAGES)
    trial = study.trials.get()
    assert (trial.condition, trial.other) == (first, second)
    assert {one.value for one in Answer.objects.all()} == {1}, "the left one was the second condition's"


def test_reading_a_file_costs_the_same_queries_however_many_workers(draft, django_assert_max_num_queries):
    rows = [
        image_row(f"3{n}", f"A{n}", "photos/cat.png", "model/cat.png", **{"Answer.real": "left"})
        for n in range(200)
    ]
    with django_assert_max_num_queries(45):
        assert import_batch(study=draft, lines=file_of(*rows), columns=IMAGES).votes == 200


def test_images_and_words_can_be_named_on_the_command_line(draft, tmp_path):
    row = image_row("3A", "A1", "cat.png", "dog.png", **{"Answer.real": "the first"})
    row |= {"Input.set1": "photos", "Input.set2": "model"}
    file = tmp_path / "batch.csv"
    file.write_text("".join(file_of(row)))
    image = ["{Input.set1}/{Input.left}", "{Input.set2}/{Input.right}"]
    with pytest.raises(CommandError, match="NAME=VALUE"):
        call_command("import_mturk_batch", draft.slug, file, image=image, meaning=["first"])
    call_command(
        "import_mturk_batch", draft.slug, file, image=image, meaning=["The First=0"], stdout=StringIO()
    )
    assert Answer.objects.get().value == 1


def test_the_page_makes_a_drafts_trials_too(draft, client):
    client.force_login(UserFactory())
    address = f"/studies/{draft.slug}/mturk-archive/"
    lines = file_of(image_row("3A", "A1", "photos/cat.png", "model/cat.png", **{"Answer.real": "L"}))
    fields = sent(lines, images="Input.left\nInput.right\n", trial="", meanings="L = 0")
    page = client.post(address, fields, follow=True).content.decode()
    assert "1 votes were stored" in page
    assert "must have the form" in client.post(address, sent(lines, meanings="L")).content.decode()
    assert "Say which columns" in client.post(address, sent(lines, trial="")).content.decode()
