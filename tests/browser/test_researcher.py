"""The whole way that a researcher goes: from two zips to a bundle that is rebuilt elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.rater import Rater
from tests.browser.researcher import do_what_waits, sign_in
from tests.browser.site import Site
from tests.samples.pictures import png, zipped

ROOT = Path(__file__).resolve().parents[2]
VOTES = 4
"""Of each rater."""


def shot(page: Page, name: str) -> None:
    """Keep a picture of the page where SHOTS names a folder."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def press(page: Page, button: str) -> None:
    """Press one of the buttons above a study's form."""
    page.locator(f"a[href*='/admin/studies/study/'][href$='/{button}/']:visible").first.click()


def make_set(page: Page, site: Site, name: str, kind: str, first: int) -> None:
    """Make a sample set of a zip of eight images, and wait for its import."""
    page.goto(f"{site.url}/admin/samples/sampleset/add/")
    page.locator("#id_name").fill(name)
    page.locator("#id_kind").select_option(kind)
    content = zipped({f"{number}.png": png(number) for number in range(first, first + 8)}).getvalue()
    archive = {"name": "images.zip", "mimeType": "application/zip", "buffer": content}
    page.locator("#id_archive").set_input_files(archive)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("This page renews itself until the import has finished.")).to_be_visible()
    do_what_waits(site)
    page.reload()
    expect(page.get_by_text("images.zip").first).to_be_visible()
    expect(page.locator("body")).to_contain_text("8")


def make_study(page: Page, site: Site) -> str:
    """Make a draft of the two sets and return its slug."""
    page.goto(f"{site.url}/admin/studies/study/add/")
    page.locator("#id_name").fill("The whole way")
    page.locator("input[name=protocol][value=two_afc]").check()
    real = page.locator("#id_real_set option", has_text="Way photographs").get_attribute("value")
    page.locator("#id_real_set").select_option(real)
    page.get_by_label("Way model").check()
    page.locator("#id_trial_count").fill("4")
    page.locator("#id_votes_per_trial").fill("3")
    page.locator("#id_assignments_per_session").fill(str(VOTES))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#id_slug")).to_have_value("the-whole-way")
    return "the-whole-way"


def launch(page: Page, site: Site) -> None:
    """Launch from the study's page, past the checklist."""
    address = page.url
    press(page, "launch")
    expect(page.get_by_role("heading", name="Launch").first).to_be_visible()
    do_what_waits(site)  # the check for leaks
    page.reload()
    shot(page, "checklist")
    page.get_by_role("button", name="Launch", exact=True).click()
    do_what_waits(site)
    page.goto(address)
    expect(page.locator("body")).to_contain_text("0 of 12 votes")


def vote(rater: Rater, study: str) -> None:
    """Go through a study as a rater."""
    rater.open(study).agree()
    rater.start()
    rater.answer_all(lambda: rater.press("ArrowLeft"), last=VOTES)
    expect(rater.view.get_by_role("heading", name="Thank you")).to_be_visible()


def test_from_zips_by_preview_launch_and_votes_to_a_report_and_a_bundle_that_is_rebuilt_to_the_same_numbers(
    new_rater: Callable[..., Rater], site: Site, tmp_path: Path
) -> None:
    researcher = sign_in(new_rater())
    page = researcher.page
    make_set(page, site, "Way photographs", "real", 100)
    make_set(page, site, "Way model", "generated", 200)
    study = make_study(page, site)
    study_page = page.url
    shot(page, "draft")

    press(page, "preview")
    page.get_by_label("Screen").select_option(label="Trials")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".trial img").first).to_be_visible()
    page.goto(study_page)
    launch(page, site)

    # Nobody touches this one: it renews itself, while other things are done.
    live = page.context.new_page()
    live.goto(f"{site.url}/studies/{study}/live/")
    expect(live.locator("body")).to_contain_text("0 votes that count, 12 wanted")
    for _ in range(3):
        vote(new_rater(), study)

    page.goto(study_page)
    press(page, "exports")
    page.get_by_role("button", name="Make a bundle").click()
    made = page.get_by_role("link", name="Download")
    do_what_waits(site)
    made.wait_for()  # the page renews itself
    shot(page, "exports")
    with page.expect_download() as download:
        made.click()
    bundle = tmp_path / "elsewhere" / "bundle.zip"
    download.value.save_as(bundle)
    assert zipfile.is_zipfile(bundle)
    with analysis(bundle) as rebuilding:
        read_report(page, f"{site.url}/studies/{study}/report/")
        expect(live.locator("body")).to_contain_text("12 votes that count, 12 wanted", timeout=180_000)
        shot(live, "live")
        said, complaints = rebuilding.communicate(timeout=600)
    assert rebuilding.returncode == 0, complaints
    assert "it agrees with" in said
    assert "within 1e-9" in said


def read_report(page: Page, address: str) -> None:
    """Open the report, and keep it as one file."""
    page.goto(address)
    expect(page.locator(".stamp")).to_contain_text("on 12 votes")
    expect(page.get_by_role("heading", name="The numbers, ranked")).to_be_visible()
    shot(page, "report")
    with page.expect_download() as download:
        page.get_by_role("link", name="One HTML file").click()
    words = download.value.path().read_text(encoding="utf-8")
    assert words.startswith("<!doctype html>")
    assert "<strong>12 votes</strong>" in words
    assert "Way model" in words


def analysis(bundle: Path) -> subprocess.Popen[str]:
    """Begin to rebuild a bundle's report with nothing about that tells of a platform or a database."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(bundle.parent)}
    return subprocess.Popen(
        [sys.executable, "-m", "humaneval.workspace.console", "analyze", bundle.name],
        cwd=bundle.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
