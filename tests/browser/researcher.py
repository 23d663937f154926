"""A researcher at their browser: signing in, and work that a worker does meanwhile."""

from __future__ import annotations

from playwright.sync_api import expect

from humaneval.jobs.models import Job, JobState
from humaneval.jobs.services import run
from tests.browser.rater import Rater
from tests.browser.site import PASSWORD, Site


def sign_in(rater: Rater, address: str = "/admin/") -> Rater:
    """Sign in and go to a page."""
    rater.page.goto(f"{rater.site.url}/admin/")
    rater.page.get_by_label("Username").fill("researcher")
    rater.page.get_by_label("Password").fill(PASSWORD)
    rater.page.keyboard.press("Enter")
    expect(rater.page.get_by_role("heading", name="Overview")).to_be_visible()
    rater.page.goto(f"{rater.site.url}{address}")
    return rater


def do_what_waits(site: Site) -> None:
    """Carry out every queued job, as a worker would, once the server has stored one."""

    def waits() -> bool:
        with site.rows():
            return Job.objects.filter(state=JobState.QUEUED).exists()

    site.platform.wait_for(waits)
    with site.rows():
        for job in Job.objects.filter(state=JobState.QUEUED):
            run(job.pk)
