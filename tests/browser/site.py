"""A running server with one open study of each protocol, shared by all browser tests."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import override_settings
from PIL import Image

from humaneval.jobs.services import run
from humaneval.protocols.base import QuestionSpec
from humaneval.protocols.registry import PROTOCOLS
from humaneval.rating.models import Session, Vote
from humaneval.recruitment.models import Posting
from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.models import SampleSet
from humaneval.studies import lifecycle
from humaneval.studies.authoring import create_study
from humaneval.studies.models import Study, Trial
from humaneval.studies.pairs import import_pairs
from tests.browser.flows import FILE_STEM, FLOWS
from tests.jobs.platform import Platform

SET_NAMES = ("Zebrafield photographs", "Quagga one", "Quagga two")

CONDITIONS = {"pairwise": slice(1, None), "timed_real_or_fake": slice(0, 2)}
"""Which of the sample sets a protocol takes, where not all of them."""

PROMPT = "a bright spot on a slope of two colours"
PASSWORD = "look-at-images"
IMAGES = 24
FIRST_MS = 200
"""The exposure that the timed study begins with."""

ASSIGNMENTS = 4

_SCALES = (
    QuestionSpec("realism", "How real does it look?", 7, "not at all", "in between", "entirely"),
    QuestionSpec("variety", "How varied are the images?", 5, "all alike", "", "all different"),
)

_PREFERENCES = (
    QuestionSpec("quality", "Which looks better?"),
    QuestionSpec("fit", "Which fits the description better?"),
)

STUDIES: dict[str, dict[str, Any]] = {
    "two_afc": {"display_width": 200},
    "real_or_fake": {"display_width": 0},
    "likert": {"display_width": 160},
    "likert_grid": {"settings": {"grid_size": 16}, "questions": _SCALES, "display_width": 96},
    "pairwise": {"settings": {"allow_tie": True}, "display_width": 224},
    "timed_real_or_fake": {"settings": {"start_ms": FIRST_MS}, "display_width": 240},
    "ranking": {"settings": {"images": 3}, "display_width": 160},
    "ranking_best_worst": {"settings": {"images": 3, "mode": "best_worst"}, "display_width": 160},
    "duplicates": {"settings": {"batch_size": 8}, "display_width": 200},
    "two_afc_many": {"settings": {"images": 4, "cannot_tell": True}, "display_width": 160},
    "likert_slider": {"settings": {"scale": "slider"}, "display_width": 160},
    "pairwise_grids": {
        "settings": {"grid_size": 4, "allow_tie": True, "allow_both_good": True, "allow_both_bad": True},
        "questions": _PREFERENCES,
        "display_width": 96,
    },
    "two_afc_own_keys": {
        "settings": {"cannot_tell": True},
        "flow": {
            "keys": {"left": "a", "right": "j", "cannot_tell": "c"},
            "confirm_answers": True,
            "allow_zoom": True,
        },
        "display_width": 200,
    },
}
"""The studies by slug; the protocol is the slug's beginning."""


@dataclass(frozen=True)
class StoredVote:
    """What the server kept of one answer: ``order`` is the slot at each place on screen."""

    outcome: str
    values: list[int]
    order: list[int]
    response_ms: float
    timings: dict[str, Any]

    @classmethod
    def of(cls, vote: Vote) -> StoredVote:
        """Return a row's content, for use when its database is out of reach again."""
        values = list(vote.answers.order_by("question__position").values_list("value", flat=True))
        return cls(vote.outcome, values, vote.assignment.order, vote.response_ms, vote.timings)


@dataclass
class Site:
    """Where the server is, and a way to its rows."""

    platform: Platform
    port: int
    studies: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The server's address, on the host name that its own pages use."""
        return f"http://127.0.0.1:{self.port}"

    def entry(self, study: str) -> str:
        """Return the address of a study's page."""
        return f"{self.url}/s/{study.replace('_', '-')}/"

    @contextmanager
    def rows(self) -> Iterator[None]:
        """Make models and storage of this process those of the server.

        Playwright runs an event loop in this thread, which Django takes for a sign of async code.
        """
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        media = self.platform.folder / "media"
        try:
            with self.platform.database(), override_settings(MEDIA_ROOT=media):
                yield
        finally:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]

    def newest_session(self, study: str) -> Session:
        """Return the session that began last in a study; call within :meth:`rows`."""
        return Session.objects.filter(study=self.studies[study]).latest("pk")

    def votes(self, study: str) -> list[StoredVote]:
        """Return the newest session's votes in the order of its questions."""
        with self.rows():
            votes = Vote.objects.filter(assignment__session=self.newest_session(study))
            votes = votes.select_related("assignment").order_by("assignment__position")
            return [StoredVote.of(vote) for vote in votes]

    def sessions(self, study: str) -> int:
        """Return how many sessions a study has."""
        with self.rows():
            return Session.objects.filter(study=self.studies[study]).count()

    def trials(self, study: str) -> int:
        """Return how many trials a study has."""
        with self.rows():
            return Trial.objects.filter(study=self.studies[study]).count()

    def move(self, study: str, move: str) -> None:
        """Pause, resume or close a study."""
        with self.rows():
            getattr(lifecycle, move)(Study.objects.get(pk=self.studies[study]))


def build_site(platform: Platform, port: int) -> Site:
    """Return a site with everything in it and its server running."""
    site = Site(platform, port)
    with site.rows():
        User.objects.create_superuser("researcher", password=PASSWORD)
        sets = [_import(platform.folder / "pictures", name, seed) for seed, name in enumerate(SET_NAMES)]
        for slug in STUDIES:
            site.studies[slug] = open_study(slug, sets).pk
        for slug, (like, changes) in FLOWS.items():
            site.studies[slug] = open_study(like, sets, slug=slug, **changes).pk
        for slug in ("all-around", "afterwards", "large-screens"):
            post_to_panel(Study.objects.get(slug=slug))
    with override_settings(**static_settings(platform)):
        call_command("collectstatic", interactive=False, verbosity=0)
    serve(site)
    return site


def post_to_panel(study: Study) -> None:
    """Post a study to Prolific, at 2.40 dollars a session."""
    words = {"title": "Look at images", "description": "Which is real?"}
    Posting.objects.create(
        study=study, panel="prolific", external_id=f"p-{study.slug}", places=9, reward="2.40", **words
    )


def protocol_of(slug: str) -> str:
    """Return the protocol of one of :data:`STUDIES`: the longest that its slug begins with."""
    return max((name for name in PROTOCOLS if slug.startswith(name)), key=len)


def open_study(slug: str, sets: list[SampleSet], /, **changes: Any) -> Study:
    """Make and launch one of :data:`STUDIES`; ``changes`` take the place of its own fields."""
    protocol = protocol_of(slug)
    conditions = CONDITIONS.get(protocol, slice(None))
    fields = {"slug": slug.replace("_", "-"), **STUDIES[slug], **changes}
    counts = {"trial_count": 24, "votes_per_trial": 40, "assignments_per_session": ASSIGNMENTS}
    study = create_study(
        name=f"Study {fields['slug']}",
        protocol=protocol,
        conditions=sets[conditions],
        completion_code="LOOKED42",
        **{**counts, **fields},
    )
    if PROTOCOLS[protocol].uses_pairs:
        import_pairs(study=study, rows=_pairs(study))
    job = run(lifecycle.launch(study).launch_job_id)
    assert not job.error, job.error
    return Study.objects.get(pk=study.pk)


def _pairs(study: Study) -> list[dict[str, Any]]:
    """Return one pair of each of a few batches of the study's sets."""
    rows = []
    for condition in study.conditions.select_related("sample_set"):
        names = list(condition.sample_set.samples.order_by("pk").values_list("name", flat=True))
        pairs = zip(names[::2], names[1::2], strict=True)
        rows += [
            {"sample_set": condition.sample_set.slug, "batch": batch, "first": one, "second": other}
            for batch, (one, other) in enumerate(pairs)
        ]
    return rows


def _import(folder: Path, name: str, seed: int) -> SampleSet:
    pictures = folder / name
    pictures.mkdir(parents=True)
    for number in range(IMAGES):
        _picture(seed * 1000 + number).save(pictures / f"{FILE_STEM}-{seed}-{number}.png")
    prompts = folder / f"prompts-{seed}.csv"
    rows = [f"{FILE_STEM}-{seed}-{number}.png,{PROMPT}" for number in range(IMAGES)]
    prompts.write_text("\n".join(["name,prompt", *rows]))
    sample_set = create_sample_set(name=name, kind="generated" if seed else "real")
    import_folder(sample_set=sample_set, folder=pictures, prompts=prompts if seed else None)
    return sample_set


def _picture(seed: int) -> Image.Image:
    """Return a small picture: a blob on a gradient, different for every seed."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0:28, 0:28] / 28
    x, y, hue = random.random(3)
    blob = np.exp(-(((across - x) ** 2 + (down - y) ** 2) * 18))
    channels = [down * hue, across * (1 - hue), blob]
    return Image.fromarray((np.stack(channels, axis=-1).clip(0, 1) * 255).astype(np.uint8))


def static_settings(platform: Platform) -> dict[str, Any]:
    """Return the settings under which static files are collected as in production."""
    storage = {"BACKEND": "humaneval.ui.staticfiles.HashedStaticFilesStorage"}
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    return {
        "STATIC_ROOT": platform.folder / "static",
        "STORAGES": {"default": files, "staticfiles": storage},
    }


def serve(site: Site) -> None:
    """Start the web server, and wait until it answers."""
    options = (
        f"--bind=127.0.0.1:{site.port}",
        "--workers=1",
        "--threads=8",
        "--timeout=300",
        "--log-level=warning",
    )
    site.platform.start("-m", "gunicorn", "humaneval.config.wsgi:application", *options)
    site.platform.wait_for(lambda: _answers(f"{site.url}/readyz"))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return response.status == 200
    except (URLError, OSError):
        return False
