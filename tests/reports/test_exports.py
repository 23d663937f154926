"""What leaves the platform: CSV that is safe to open, JSON, and a folder that needs nothing else."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from django.core.management import CommandError, call_command

from humaneval.rating.models import Rater, VoteOutcome
from humaneval.reports.tables import TABLES
from humaneval.samples.models import Prompt, Sample
from humaneval.studies.models import Trial
from humaneval.ui.spreadsheets import csv_lines, protected
from tests.reports.studies import GivenVote, add_votes

API = "/api/v1/studies/digits/"


def rows_of(response) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"])
def test_text_that_a_spreadsheet_would_run_is_disarmed(cell):
    assert protected(cell) == f"'{cell}"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (-1.5, -1.5),
        (3, 3),
        ("a-b", "a-b"),
        (None, ""),
        (float("nan"), ""),
        (float("inf"), ""),
        (True, "true"),
    ],
)
def test_numbers_stay_numbers_and_what_is_missing_is_empty(cell, written):
    assert protected(cell) == written


def test_commas_quotes_and_line_ends_survive():
    row = ['a,"b"', "two\nlines", "ü"]
    assert list(csv.reader(io.StringIO("".join(csv_lines(["x", "y", "z"], [row])))))[1] == row


def test_votes_have_a_row_for_each_answer_with_everything_stored(two_afc, admin_client):
    timings = {
        "shown_at": 12.5,
        "viewport": [800, 600],
        "device_pixel_ratio": 2,
        "hidden_ms": 0,
        "input": "key",
        "x": 1,
    }
    add_votes(
        two_afc,
        [
            GivenVote(90, 1, {"real": 1}, simulated=True, late=True, timings=timings, response_ms=321.5),
            GivenVote(90, 1, {"real": 0}, is_repeat=True, simulated=True),
            GivenVote(90, 2, {}, outcome=VoteOutcome.CANNOT_TELL, simulated=True),
        ],
    )
    rows = rows_of(admin_client.get(f"{API}votes.csv"))
    assert len(rows) == 39
    full, repeat, bare = rows[-3:]
    rater = Rater.objects.get(key_hash=f"{90:064d}")
    assert full["rater"] == rater.pseudonym
    assert (full["simulated"], full["late"], full["repeat"]) == ("true", "true", "false")
    assert (full["condition"], full["other_condition"]) == ("good", "real")
    assert (full["value"], full["chosen"], full["chosen_place"]) == ("1", "real", "0")
    assert (full["first_shown"], full["second_shown"]) == ("real", "good")
    assert (full["samples"], full["other_samples"]) == ("0001.png", "0001.png")
    assert (full["response_ms"], full["viewport_width"], full["input"]) == ("321.5", "800", "key")
    assert json.loads(full["timings"]) == timings
    assert repeat["repeat"] == "true"
    assert (bare["outcome"], bare["value"], bare["question"]) == ("cannot_tell", "", "")


def test_votes_say_seeds_and_ids_of_their_samples(two_afc, admin_client):
    Sample.objects.filter(sample_set__kind="generated").update(details={"seed": 7})
    row = rows_of(admin_client.get(f"{API}votes.csv"))[0]
    assert (json.loads(row["details"]), row["other_details"]) == ([{"seed": 7}], "")


def test_votes_tell_nobodys_panel_id(two_afc, admin_client):
    text = b"".join(admin_client.get(f"{API}votes.csv").streaming_content).decode()
    for rater in Rater.objects.all():
        assert rater.key_hash not in text


def test_a_tie_and_a_prompt_are_named(make_pairwise, admin_client):
    study = make_pairwise([("a", "b", 1, 1, 0)], names=("a", "b"), slug="digits")
    prompt = Prompt.objects.create(text="=HYPERLINK(1)", digest="d")
    Trial.objects.filter(study=study).update(prompt=prompt)
    win, tie = rows_of(admin_client.get(f"{API}votes.csv"))
    assert (win["chosen"], tie["chosen"]) == ("a", "tie")
    assert win["prompt"] == "'=HYPERLINK(1)"


def test_votes_are_streamed_in_batches_of_constant_memory(
    two_afc, admin_client, django_assert_max_num_queries
):
    add_votes(
        two_afc, [GivenVote(90 + rater, trial, {"real": 1}) for rater in range(60) for trial in range(12)]
    )
    with django_assert_max_num_queries(12):
        response = admin_client.get(f"{API}votes.csv")
        assert response.streaming
        assert len(rows_of(response)) == 36 + 720


def test_estimates_have_both_intervals_and_the_mark_of_simulation(two_afc, admin_client):
    rows = rows_of(admin_client.get(f"{API}estimates.csv"))
    assert [row["condition"] for row in rows] == ["good", "middling", "poor"]
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert float(rows[0]["estimate"]) == pytest.approx(8 / 12)
    assert float(rows[0]["ci_low"]) < float(rows[0]["naive_low"]) < float(rows[0]["estimate"])
    assert rows[0]["naive_method"].startswith("naive: ")
    assert {row["simulated"] for row in rows} == {"false"}


def test_scores_and_correlations_leave_with_their_labels(scored, admin_client):
    scores = rows_of(admin_client.get(f"{API}scores.csv"))
    assert {(row["condition"], row["metric"]) for row in scores} >= {
        ("good", "recall"),
        ("poor", "frechet_distance"),
    }
    correlations = rows_of(admin_client.get(f"{API}correlations.csv"))
    assert {row["coefficient"] for row in correlations} == {"pearson", "spearman", "kendall"}
    assert {row["systems"] for row in correlations} == {"3"}


def test_the_api_is_current_without_a_refresh(two_afc, admin_client):
    assert admin_client.get(f"{API}report/").json()["votes"]["counted"] == 36
    add_votes(two_afc, [GivenVote(90, 0, {"real": 0})])
    assert admin_client.get(f"{API}report/").json()["votes"]["counted"] == 37
    assert two_afc.snapshots.count() == 0


def test_csv_is_served_whatever_is_accepted_and_as_a_download(two_afc, admin_client):
    for accept in ("text/csv", "application/json", "*/*"):
        response = admin_client.get(f"{API}estimates.csv", headers={"Accept": accept})
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["Content-Disposition"] == 'attachment; filename="digits-estimates.csv"'


def test_export_report_writes_a_folder_that_needs_nothing_else(scored, tmp_path, capsys):
    call_command("export_report", "digits", "--out", str(tmp_path / "new" / "folder"))
    folder = tmp_path / "new" / "folder"
    tables = {f"{name}.csv" for name in TABLES}
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert tables | {"report.html", "report.json", "methods.md", "sessions.csv", "votes.csv"} <= names
    assert {"estimates.parquet", "votes.parquet", "tables/estimates-real.tex"} <= names
    assert {"figures/estimates-real.pdf", "figures/estimates-real.svg"} <= names
    assert len(capsys.readouterr().out.splitlines()) == len(names)
    payload = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert payload == scored.snapshots.get().payload
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert ".tiles" in page  # the styles are inside
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "url(http" not in page


def test_exporting_twice_replaces_the_files(scored, tmp_path):
    call_command("export_report", "digits", "--out", str(tmp_path))
    first = (tmp_path / "report.html").read_bytes()
    call_command("export_report", "digits", "--out", str(tmp_path))
    assert (tmp_path / "report.html").read_bytes() == first


def test_exporting_an_unknown_study_names_those_there_are(two_afc, tmp_path):
    with pytest.raises(CommandError, match=r"no study “nope”.*digits"):
        call_command("export_report", "nope", "--out", str(tmp_path))


def test_a_folder_that_cannot_be_written_is_a_clear_error(two_afc, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CommandError, match="could not be written"):
        call_command("export_report", "digits", "--out", str(tmp_path / "file"))
