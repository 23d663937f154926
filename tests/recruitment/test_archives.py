"""Archived MTurk batch results, read into a study."""

from __future__ import annotations

import csv
import io
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from humaneval.rating.models import Answer, Rater, Session, Vote
from humaneval.rating.votes import answer_rows
from humaneval.recruitment.models import AuditEntry
from humaneval.recruitment.mturk.archives import ArchiveRefused, Columns, import_batch
from humaneval.recruitment.people import person_hash
from tests.factories import UserFactory, open_study

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
    user = UserFactory(is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=["import_archive", "view_posting"]))
    client.force_login(user)
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
