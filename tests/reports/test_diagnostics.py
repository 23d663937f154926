"""What scores found, as pictures; what a paper takes along: LaTeX, figures, Parquet."""

from __future__ import annotations

import base64
import io
import re
import zlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import CommandError
from PIL import Image

from humaneval.reports import figures
from humaneval.reports.charts.palette import ON_PAPER, THEMED
from humaneval.reports.charts.paper import paper_pdf, paper_svg
from humaneval.reports.diagnostics import diagnostics_of
from humaneval.reports.figures import paper_plots
from humaneval.reports.latex import escaped, latex_tables
from humaneval.reports.pages import render_body
from humaneval.reports.parquet import rows_parquet, table_parquet
from humaneval.reports.report import report_of
from humaneval.reports.results import QuestionFacts
from humaneval.reports.table import KIND_OF
from humaneval.reports.tables import TABLES, estimates_table
from humaneval.reports.vote_export import COLUMNS, KINDS, vote_rows
from humaneval.samples.models import Sample, SampleSet
from humaneval.scoring.models import MetricRun, Score
from tests.reports.studies import GivenVote, add_scores, add_votes

pytestmark = pytest.mark.django_db


@pytest.fixture
def diagnosed(two_afc, settings, tmp_path: Path):
    """Give a study whose scores tell of bins, repeats and classes, with a real image for each sample."""
    settings.MEDIA_ROOT = tmp_path / "media"
    for sample in Sample.objects.filter(sample_set__name__in=["good", "real"]):
        picture = io.BytesIO()
        Image.new("L", (200, 100), 90).save(picture, "PNG")
        sample.file = default_storage.save(f"pictures/{sample.pk}.png", ContentFile(picture.getvalue()))
        sample.save(update_fields=["file"])
    values = {"good": 0.2, "middling": 0.4, "poor": 0.9}
    for metric in ("ndb", "unique_fraction", "class_entropy"):
        add_scores(two_afc, metric, values, label=metric)
    MetricRun.objects.update(reference=SampleSet.objects.get(name="real"))
    bins = {"bin": 7, "real": 10, "generated": 30, "p": 0.001, "representative": "0000.png"}
    details = {
        "ndb": {
            "bins": 10, "different": 3, "expected": 0.5, "under_represented": [],
            "over_represented": [bins | {"examples": ["0001.png", "0002.png"]}],
        },
        "unique_fraction": {
            "unique": 3, "largest_groups": [["0000.png", "0001.png"]], "largest_counts": [2],
        },
        "class_entropy": {"counts": [5, 0, 15]},
    }  # fmt: skip
    for score in Score.objects.filter(sample_set__name="good"):
        score.details = details[score.metric]
        score.save(update_fields=["details"])
    return two_afc


def test_bins_repeats_and_classes_are_told_with_their_samples(diagnosed):
    report = report_of(diagnosed)
    (bins,) = report.diagnostics.bins
    assert (bins.label, bins.different, bins.bins) == ("good", 3, 10)
    assert [one.key for one in bins.over[0].real] == ["real/0000.png"]
    assert [one.key for one in bins.over[0].generated] == ["good/0001.png", "good/0002.png"]
    repeats = next(one for one in report.diagnostics.duplicates if one.label == "good")
    assert (repeats.groups[0].count, repeats.groups[0].distance) == (2, None)
    (classes,) = report.diagnostics.classes
    assert (classes.classes, classes.counts) == (["0", "1", "2"], [5, 0, 15])


def test_what_stands_behind_the_pictures_is_in_tables_too(diagnosed):
    report = report_of(diagnosed)
    bins, repeats, classes = (TABLES[name](report) for name in ("bins", "repeats", "classes"))
    shown = [one for found in report.diagnostics.bins for one in (*found.over, *found.under)]
    assert [row[bins.columns.index("bin")] for row in bins.rows] == [one.number for one in shown]
    counts = [one.count for found in report.diagnostics.duplicates for one in found.groups]
    assert [row[repeats.columns.index("count")] for row in repeats.rows] == counts
    assert sum(row[classes.columns.index("count")] for row in classes.rows) == sum(
        sum(one.counts) for one in report.diagnostics.classes
    )
    assert all(table.rows for table in (bins, repeats, classes))


def test_wins_agreement_and_verdicts_are_in_tables_too(scored):
    report = report_of(scored)
    for name, found in (
        ("agreement", report.agreement),
        ("trust", report.trust),
        ("wins", [pair for one in report.ranking for pair in one.pairs]),
        ("ceilings", report.ceilings),
        ("missing_scores", report.missing_scores),
    ):
        assert len(TABLES[name](report).rows) == len(found), name
    assert TABLES["agreement"](report).rows


@pytest.mark.parametrize(
    ("lowest", "points", "cells", "names"),
    [
        (1, 5, 5, ["1", "2", "3", "4", "5"]),
        (-3, 3, 7, ["-3", "-2", "-1", "0", "1", "2", "3"]),
        (0, 100, 10, [*(f"{low}-{low + 9}" for low in range(0, 90, 10)), "90-100"]),
    ],
)
def test_a_distribution_and_its_chart_name_the_answers_that_there_are(scored, lowest, points, cells, names):
    asked = QuestionFacts("real", "How real?", points, [str(place) for place in range(cells)], lowest)
    report = report_of(scored)
    counted = replace(report.estimates[0], distribution=list(range(cells)))
    report = replace(report, study=replace(report.study, questions=[asked]), estimates=[counted])
    table = estimates_table(report)
    written = table.rows[0][table.columns.index("distribution")]
    assert written == " ".join(f"{name}:{count}" for count, name in enumerate(names))
    assert figures._limits(asked, "points") == (lowest, points)


def test_the_pictures_travel_in_the_report_small_and_readable(diagnosed):
    report = report_of(diagnosed)
    assert set(report.pictures) == {
        f"{name}/000{place}.png" for name in ("real", "good") for place in range(4)
    }
    picture = Image.open(io.BytesIO(base64.b64decode(report.pictures["good/0001.png"])))
    assert (picture.format, picture.size) == ("WEBP", (88, 44))
    page = render_body(report)
    assert page[page.index("Repeats and copies") :].count('src="data:image/webp;base64,') == 5
    assert "10.0% → 30.0%" in page
    assert "2 of 3" in page  # classes that occur


def test_the_samples_that_raters_saw_are_shown_by_condition(diagnosed):
    report = report_of(diagnosed)
    assert [(one.label, len(one.samples)) for one in report.shown] == [
        ("real", 4), ("good", 4), ("middling", 4), ("poor", 4),
    ]  # fmt: skip
    assert report.shown[1].samples[0].key == "good/0000.png"
    body = render_body(report)
    section = body[body.index("What raters saw") : body.index("</section>", body.index("What raters saw"))]
    assert section.count('src="data:image/webp;base64,') == 8, "those of middling and poor have no file"
    assert "middling" not in section


def test_a_picture_that_is_gone_from_storage_leaves_its_name(diagnosed):
    for sample in Sample.objects.filter(sample_set__name="good", name="0001.png"):
        default_storage.delete(sample.file.name)
    report = report_of(diagnosed)
    assert "good/0001.png" not in report.pictures
    assert '<span class="no-picture">0001.png</span>' in render_body(report)


def test_latents_become_active_units_of_their_condition(two_afc, tmp_path, capsys):
    rng = np.random.default_rng(1)
    means = rng.normal(0, 1, (200, 4)) * np.array([1.0, 0.5, 0.001, 0.0])
    np.savez(tmp_path / "vae.npz", means=means)
    call_command("import_latents", "good", str(tmp_path / "vae.npz"))
    assert "good: 2 of 4 latent units are active." in capsys.readouterr().out
    report = report_of(two_afc)
    (units,) = report.diagnostics.units
    assert (units.label, units.active, units.dimension) == ("good", 2, 4)
    assert units.values == pytest.approx(sorted(means.var(axis=0, ddof=1), reverse=True), rel=1e-5)
    assert "2 of 4 active" in render_body(report)


def test_a_file_without_latents_and_an_unknown_set_are_refused_with_a_reason(two_afc, tmp_path):
    np.savez(tmp_path / "other.npz", pixels=np.zeros((3, 3)))
    with pytest.raises(CommandError, match="means"):
        call_command("import_latents", "good", str(tmp_path / "other.npz"))
    with pytest.raises(CommandError, match="no sample set “nobody”"):
        call_command("import_latents", "nobody", str(tmp_path / "other.npz"))


def test_old_scores_without_details_have_no_pictures(scored):
    report = report_of(scored)
    assert diagnostics_of((), (), report.study.conditions).bins == []
    assert report.pictures == {}


def test_latex_tables_hold_the_numbers_and_escape_what_latex_reads(scored):
    scored.name = "100% & more_or_less"
    tables = dict(latex_tables(report_of(scored)))
    assert {"estimates-real", "rules-real", "scores", "correlations-real"} <= set(tables)
    estimates = tables["estimates-real"]
    assert r"\toprule" in estimates
    assert r"good & 66.7\% & [" in estimates
    assert escaped("50% of a_b & c − d") == r"50\% of a\_b \& c $-$ d"
    for table in tables.values():
        assert table.count("{") == table.count("}")
        assert not re.search(r"(?<!\\)%(?! Needs)", table)


def test_labels_that_latex_would_read_otherwise_are_typeset_as_they_are(scored):
    named = {"good": "[ours] β-VAE, Δ = 2σ", "middling": "* ΑΒΓ", "poor": "模型"}
    for label, other in named.items():
        scored.conditions.filter(label=label).update(label=other)
    table = dict(latex_tables(report_of(scored)))["estimates-real"]
    assert r"{}[ours] $\beta$-VAE, $\Delta$ = 2$\sigma$ & " in table, "not an argument of the row's end"
    assert r"{}* AB$\Gamma$ & " in table
    assert "模型 & " in table
    assert "LuaLaTeX or XeLaTeX" in table.splitlines()[0]
    scored.conditions.filter(label="模型").update(label="schön")
    assert "XeLaTeX" not in dict(latex_tables(report_of(scored)))["estimates-real"]


def test_paper_figures_are_in_colours_of_paper_and_the_same_each_time(scored):
    plots = paper_plots(report_of(scored))
    assert {
        "estimates-real",
        "estimates-real-column",
        "response-times",
        "scores-and-people-real",
    } <= set(plots)
    assert [name for name in plots if name.startswith("scatter-real-frechet-distance")]
    assert plots["estimates-real"].width > plots["estimates-real-column"].width
    for name, plot in plots.items():
        svg = paper_svg(plot, name)
        assert "var(--" not in svg
        assert "<title" in svg
        assert not [stand_in for stand_in in THEMED if stand_in in svg]
        pdf = paper_pdf(plot)
        assert pdf.startswith(b"%PDF")
        assert pdf == paper_pdf(plot)
        assert b"/Type3" not in pdf, "venues refuse fonts of Type 3"
        assert b"/TrueType" in pdf or b"/CIDFontType2" in pdf
        assert not stand_ins_in(pdf)


def stand_ins_in(pdf: bytes) -> list[str]:
    """Return the stand-in colours that a PDF still draws with."""
    drawn = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            drawn += zlib.decompress(stream)
        except zlib.error:
            continue
    colours = {match.decode() for match in re.findall(rb"([\d.]+ [\d.]+ [\d.]+) (?:rg|RG)", drawn)}
    assert colours
    close = {tuple(round(float(part) * 255) for part in one.split()) for one in colours}
    return [one for one in ON_PAPER if tuple(int(one[place : place + 2], 16) for place in (1, 3, 5)) in close]


def test_parquet_has_typed_columns_and_the_rows_of_the_csv(scored):
    report = report_of(scored)
    read = pq.read_table(io.BytesIO(table_parquet(estimates_table(report)))).to_pylist()
    table = estimates_table(report)
    assert len(read) == len(table.rows)
    assert read[0]["estimate"] == pytest.approx(8 / 12)
    assert read[0]["headline"] is True
    assert read[0]["votes"] == 12
    for make in TABLES.values():
        one = make(report)
        assert pq.read_table(io.BytesIO(table_parquet(one))).num_rows == len(one.rows)


def test_parquet_keeps_the_declared_types_whatever_comes_later():
    kinds = {"whole": int, "half": float, "word": str, "sure": bool}
    rows = [(1, 1, "text", True)] * 4 + [
        (None, 1.25, "", ""),
        ("x", "2", ["odd"], 1),
        (2.5, 10**400, 3, False),
    ]
    read = pq.read_table(io.BytesIO(rows_parquet(kinds, rows, group=2)))
    assert [str(one.type) for one in read.schema] == ["int64", "double", "string", "bool"]
    columns = read.to_pydict()
    assert columns["whole"] == [1, 1, 1, 1, None, None, None]
    assert columns["half"] == [1.0, 1.0, 1.0, 1.0, 1.25, None, None]
    assert columns["word"] == ["text"] * 4 + [None, "['odd']", "3"]
    assert columns["sure"] == [True] * 4 + [None, None, False]


def test_a_tables_types_are_the_same_with_and_without_rows(scored):
    full, empty = report_of(scored), report_of(scored)
    empty = replace(empty, scores=[], estimates=[], correlations=[], effects=[], times=[], agreement=[])
    for name, make in TABLES.items():
        one = make(full)
        schemas = [pq.read_schema(io.BytesIO(table_parquet(make(each)))) for each in (full, empty)]
        assert schemas[0].equals(schemas[1]), name
        allowed = {float: (int, float), int: (int,), bool: (bool,), datetime: (str,), str: (str,)}
        for column, cells in zip(one.columns, zip(*one.rows, strict=True), strict=False):
            kind = KIND_OF.get(column, str)
            odd = [cell for cell in cells if cell not in (None, "") and type(cell) not in allowed[kind]]
            assert not odd, f"{name}.{column} is declared to hold {kind.__name__}"
    read = pq.read_table(io.BytesIO(table_parquet(TABLES["scores"](full)))).to_pydict()
    assert all(moment.tzinfo is not None for moment in read["computed_at"])


def test_votes_with_a_pixel_ratio_of_1_and_later_ones_of_125_are_exported(two_afc):
    told = [
        {"device_pixel_ratio": one, "hidden_ms": one, "viewport": [one, one], "shown_at": one}
        for one in (1, 1, 1, 1.25)
    ]
    add_votes(two_afc, [GivenVote(90 + place, 0, {"real": 0}, timings=one) for place, one in enumerate(told)])
    read = pq.read_table(io.BytesIO(rows_parquet(KINDS, vote_rows(two_afc), group=2))).to_pydict()
    assert list(read) == COLUMNS
    for name in ("device_pixel_ratio", "hidden_ms", "viewport_width", "viewport_height"):
        assert read[name][-4:] == [1.0, 1.0, 1.0, 1.25]
        assert read[name][0] is None
    assert read["shown_at"][-1] == "1.25"
    assert read["simulated"][0] is False


def test_the_page_offers_all_files_as_one_zip(scored, admin_client):
    response = admin_client.get("/studies/digits/report/files/")
    assert response["Content-Disposition"] == 'attachment; filename="digits-report.zip"'
    content = b"".join(response.streaming_content)
    assert b"digits/tables/estimates-real.tex" in content
    assert b"digits/figures/estimates-real.pdf" in content
