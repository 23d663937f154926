"""Inside a panel's frame on another origin, with cookies and storage blocked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.browser.rater import Rater
from tests.browser.site import ASSIGNMENTS, Site


class _PanelPage(BaseHTTPRequestHandler):
    """Serves one page that shows ``address`` in a frame."""

    def __init__(self, *args: object, address: str) -> None:
        self.address = address
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        frame = f'<iframe src="{self.address}" width="900" height="700"></iframe>'
        self.wfile.write(f"<!doctype html><title>Panel</title><h1>Task</h1>{frame}".encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def panel() -> Iterator[Callable[[str], str]]:
    """Return a function that shows an address in a frame, on the origin http://localhost:PORT."""
    servers: list[ThreadingHTTPServer] = []

    def show(address: str) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_PanelPage, address=address))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://localhost:{server.server_port}/"

    yield show
    for server in servers:
        server.shutdown()
        server.server_close()


BLOCK_STORAGE = """
if (window !== window.parent) {
  for (const name of ["localStorage", "sessionStorage", "indexedDB"])
    Object.defineProperty(window, name, { get() { throw new DOMException("blocked", "SecurityError"); } });
  Object.defineProperty(document, "cookie", { get() { return ""; }, set() {} });
}
"""
"""What a browser that blocks third-party storage does in a frame."""


def seat_in_frame(rater: Rater, address: str) -> Rater:
    """Open a panel's page and turn to the frame in it."""
    rater.page.goto(address)
    frame = rater.page.locator("iframe").element_handle().content_frame()
    assert frame is not None
    rater.view = frame
    return rater


def test_a_whole_session_in_a_frame_with_storage_blocked(
    rater: Rater, site: Site, panel: Callable[[str], str]
) -> None:
    rater.page.add_init_script(BLOCK_STORAGE)
    seat_in_frame(rater, panel(site.entry("two_afc")))
    rater.view.get_by_role("button", name="I agree").click()
    rater.view.get_by_role("button", name="Start").click()
    rater.answer_all(lambda: rater.press("ArrowLeft"), last=2)
    rater.see(3)
    with rater.page.expect_event("framenavigated"):  # until then its votes are the former page's
        rater.view.evaluate("location.reload()")
    rater.answer_all(lambda: rater.view.get_by_role("button", name="Left").click(), first=3).finish()
    assert len(site.votes("two_afc")) == ASSIGNMENTS
    assert rater.page.context.cookies() == []
    with site.rows():
        device = site.newest_session("two_afc").device
    assert device["framed"] is True
    assert device["storage"] is False


def test_where_storage_is_blocked_waiting_votes_ask_to_keep_the_page_open(
    rater: Rater, site: Site, panel: Callable[[str], str]
) -> None:
    rater.page.add_init_script(BLOCK_STORAGE)
    seat_in_frame(rater, panel(site.entry("likert")))
    rater.view.get_by_role("button", name="I agree").click()
    rater.view.get_by_role("button", name="Start").click()
    rater.page.route("**/votes/", lambda route: route.abort())
    rater.see(1).press("3")
    expect(rater.view.get_by_role("status").filter(has_text="keep this page open")).to_be_visible()
    rater.complaints.clear()


@pytest.mark.parametrize("address", ["/", "/admin/login/"])
def test_no_other_page_can_be_framed(
    address: str, rater: Rater, site: Site, panel: Callable[[str], str]
) -> None:
    rater.page.goto(panel(site.url + address))
    rater.until(lambda: any("frame" in complaint.lower() for complaint in rater.complaints))
    rater.complaints.clear()
