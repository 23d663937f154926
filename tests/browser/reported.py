"""Studies whose reports have something in every part: votes, scores, groups of raters, rules, long names."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from humaneval.rating.models import Rater
from humaneval.rating.sealing import seal_votes
from humaneval.rating.steering import steer
from humaneval.samples.models import SampleSet
from humaneval.studies.models import Study
from tests.browser.site import SET_NAMES, Site
from tests.reports.studies import GivenVote, add_scores, add_trials, add_votes, make_sets, make_study

LONG = "A model with a rather long name, step 250,000"
MODELS = (*SET_NAMES[1:], LONG, "Quagga four")
RATERS, IMAGES = 10, 4
SCORES = 7
"""More than the report shows unfolded."""


def report_forced_choice(site: Site) -> str:
    """Make a study in a site's database, with scores and two panels; return its slug."""
    with site.rows():
        study = make_study("two_afc", sets=_sets(), slug="reported", name="Which of these images is real?")
        sides = [(name, SET_NAMES[0], image) for name in MODELS for image in range(IMAGES)]
        fooled = {name: 0.15 + 0.15 * place for place, name in enumerate(MODELS)}
        _vote(study, sides, lambda random, name: {"real": int(random.random() > fooled[name])})
        half = Rater.objects.filter(sessions__study=study).order_by("pk").values_list("pk", flat=True)[::2]
        Rater.objects.filter(pk__in=list(half)).update(panel="prolific")
        for number in range(SCORES):
            _score(study, number)
        seal_votes()
        steer(study)
    return study.slug


def report_preferences(site: Site) -> str:
    """Make a study, without scores, of which model wins against which; return its slug."""
    names = ("Okapi one", "Okapi two", "Okapi three")
    with site.rows():
        sets = make_sets(names, None, samples=IMAGES)
        study = make_study("pairwise", sets=sets, slug="reported-pairs", name="Which is better?")
        sides = [(one, other, 0) for one in names for other in names if one != other]
        _vote(study, sides, lambda random, _: {"preference": int(random.random() < 0.4)})
    return study.slug


def report_scales(site: Site) -> str:
    """Make a study, without scores, of two scales; return its slug."""
    scale = {"points": 7, "low_label": "not at all", "middle_label": "in between", "high_label": "entirely"}
    questions = [{"key": key, "text": f"How {key} does it look?", **scale} for key in ("real", "sharp")]
    with site.rows():
        sets = make_sets(["Tapir"], "Photographs of tapirs", samples=IMAGES)
        study = make_study("likert", sets=sets, slug="reported-scales", name="Scales", questions=questions)
        sides = [(one.name, None, image) for one in sets for image in range(IMAGES)]
        _vote(study, sides, lambda random, _: {key: int(random.integers(1, 8)) for key in ("real", "sharp")})
    return study.slug


def _sets() -> list[SampleSet]:
    """Return the site's sets, and generated ones whose pictures are not there."""
    there = {one.name: one for one in SampleSet.objects.filter(name__in=SET_NAMES)}
    there |= {one.name: one for one in make_sets(MODELS[2:], None, samples=IMAGES)}
    return [there[name] for name in (SET_NAMES[0], *MODELS)]


def _vote(
    study: Study,
    sides: list[tuple[str, str | None, int]],
    answer: Callable[[np.random.Generator, str], dict[str, int]],
) -> None:
    """Let every rater answer every trial, some of them too fast."""
    random = np.random.default_rng(zlib.crc32(study.slug.encode()))
    add_trials(study, sides)
    add_votes(
        study,
        [
            GivenVote(
                1000 * study.pk + rater,
                trial,
                answer(random, name),
                response_ms=float(random.lognormal(7, 0.5)) if rater else 120.0,
            )
            for rater in range(RATERS)
            for trial, (name, _, _) in enumerate(sides)
        ],
    )


def _score(study: Study, number: int) -> None:
    random = np.random.default_rng(number)
    add_scores(
        study,
        f"score_{number}",
        {name: 10 * number + place + random.normal() for place, name in enumerate(MODELS)},
        label=f"A distance of some kind {number} (features of some network)",
        higher_is_better=bool(number % 2),
        standard_error=0.5,
    )
