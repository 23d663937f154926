"""Many files by drag and drop: on a sample set's page, folders too, gone on with after a reload."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from humaneval.samples.importing import create_sample_set
from humaneval.samples.models import SampleSet
from tests.browser.rater import Rater
from tests.browser.researcher import sign_in
from tests.browser.site import Site
from tests.samples.pictures import png, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of 23 good images and a bad one, with a table of prompts."""
    files = {f"{number:02}.png": png(number) for number in range(22)}
    more = {"deep/22.png": png(22), "broken.png": b"no picture", ".hidden": b"x"}
    return write(tmp_path / "model", {**files, **more, "00.tsv": b"name\tprompt\n21.png\ta one\n"})


def open_new_set(rater: Rater, site: Site, name: str) -> int:
    """Sign in, and open the page of a new, empty set; return its id."""
    with site.rows():
        made = create_sample_set(name=name, kind="generated").pk
    sign_in(rater, f"/admin/samples/sampleset/{made}/change/")
    expect(rater.page.get_by_role("heading", name="Add files")).to_be_visible()
    return made


def drop(page: Page, *paths: Path) -> None:
    """Let go of files and folders over the drop area, as a desktop does."""
    page.locator(".drop-zone").scroll_into_view_if_needed()
    box = page.locator(".drop-zone").bounding_box()
    assert box is not None
    where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 10}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **where, "data": data})


def names(site: Site, made: int) -> list[str]:
    """Return the names in a set."""
    with site.rows():
        return sorted(SampleSet.objects.get(pk=made).samples.values_list("name", flat=True))


def test_a_dropped_folder_comes_in_a_few_at_a_time_and_goes_on_after_a_reload(
    rater: Rater, site: Site, folder: Path
) -> None:
    made = open_new_set(rater, site, "Dropped")
    page, status = rater.page, rater.page.locator("#drop-status")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if "add-files" in request.url else None)

    page.route("**/add-files/", lambda route: route.continue_() if len(sent) < 3 else route.abort())
    drop(page, folder)
    expect(status).to_contain_text("trying again")
    page.get_by_role("button", name="Stop").click()
    expect(status).to_contain_text("Stopped")
    rater.complaints.clear()  # the requests that were broken off
    assert 8 <= len(names(site, made)) < 23
    page.unroute("**/add-files/")

    page.reload()
    expect(status).to_contain_text("So far:")
    drop(page, folder)
    expect(status).to_contain_text("Finished")
    expect(page.locator(".drop-problems")).to_contain_text("not an image")
    assert names(site, made) == sorted(
        [f"model/{number:02}.png" for number in range(22)] + ["model/deep/22.png"]
    )
    with site.rows():
        runs = list(SampleSet.objects.get(pk=made).imports.values_list("added", "unchanged", "rejected"))
        assert SampleSet.objects.get(pk=made).samples.get(name="model/21.png").prompt is not None
    assert runs == [(23, 0, 1)]

    before = len(sent)
    drop(page, folder)
    expect(status).to_contain_text("0 added, 23 were there already, 1 did not come in")
    assert len(sent) - before == 2  # what is there, and the two files that are not in the set
    if os.environ.get("SHOTS"):
        page.screenshot(path=os.environ["SHOTS"] + "/drop.png")
    page.get_by_role("link", name="Show the contact sheet").click()
    expect(page.locator(".contact-sheet li").first).to_be_visible()
    assert rater.complaints == []


def test_files_are_chosen_with_the_keyboard_and_sent_on_a_phone(
    phone_rater: Rater, site: Site, folder: Path
) -> None:
    made = open_new_set(phone_rater, site, "Chosen")
    page, broken = phone_rater.page, []
    page.on("pageerror", lambda error: broken.append(error.stack))
    with page.expect_file_chooser() as chooser:
        page.locator("input[name=files]").press("Enter")
    chooser.value.set_files([folder / "01.png", folder / "broken.png"])
    expect(page.locator("#drop-status")).to_contain_text("1 added, 0 were there already, 1 did not come in")
    assert names(site, made) == ["01.png"]
    assert not [stack for stack in broken if "research/" in stack]
    phone_rater.complaints.clear()  # the theme looks for a button that narrow pages lack
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    if os.environ.get("SHOTS"):
        page.locator("#drop").scroll_into_view_if_needed()
        page.screenshot(path=os.environ["SHOTS"] + "/drop-phone.png")


def test_without_script_a_plain_form_sends_several_files(new_rater, site: Site, folder: Path) -> None:
    signed_in = new_rater()
    made = open_new_set(signed_in, site, "Plain")
    plain = new_rater(java_script_enabled=False, storage_state=signed_in.page.context.storage_state())
    plain.page.goto(f"{site.url}/admin/samples/sampleset/{made}/add-files/")
    plain.page.locator("input[name=files]").set_input_files([folder / "01.png", folder / "broken.png"])
    plain.page.get_by_role("button", name="Send").click()
    expect(plain.page.locator(".drop-status")).to_contain_text("1 added")
    expect(plain.page.locator(".drop-problems")).to_contain_text("not an image")
    assert names(site, made) == ["01.png"]
