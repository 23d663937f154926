"""Simulated raters who take part in a study over HTTP, as browsers do."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from humaneval.demo.client import VIEWPORT, RatingApi
from humaneval.demo.digits import CLASSES, prompt_for
from humaneval.demo.perception import Eye, Seen, SimulatedRater

DIGIT_OF_PROMPT = {prompt_for(digit): digit for digit in range(CLASSES)}
RATERS = uuid.uuid5(uuid.NAMESPACE_URL, "https://humaneval.example/simulated-raters")


@dataclass(frozen=True)
class Task:
    """One assignment as its rater sees it: images by place, the digit asked for, and the page's settings."""

    places: list[list[Seen]]
    digit: int | None
    page: dict[str, Any]


def answer_two_afc(rater: SimulatedRater, eye: Eye, task: Task, question: dict[str, Any]) -> Any:
    """Return the place of the image taken for real."""
    return rater.more_real(task.places[0][0], task.places[1][0])


def answer_pairwise(rater: SimulatedRater, eye: Eye, task: Task, question: dict[str, Any]) -> Any:
    """Return the place of the better image, or "tie" where the study allows it."""
    tie = bool(task.page.get("tie"))
    place = rater.prefer(task.places[0][0], task.places[1][0], task.digit, tie=tie)
    return "tie" if place is None else place


def answer_likert(rater: SimulatedRater, eye: Eye, task: Task, question: dict[str, Any]) -> Any:
    """Return a scale point: for variety where a question about diversity meets a grid, else for realness."""
    shown = [image for place in task.places for image in place]
    if question["key"] == "diversity" and len(shown) > 1:
        return rater.rate_variety(eye.variety(shown), question["points"])
    return rater.rate_realism(shown, question["points"])


def answer_real_or_fake(rater: SimulatedRater, eye: Eye, task: Task, question: dict[str, Any]) -> Any:
    """Return "real" or "fake"."""
    return "real" if rater.is_real(task.places[0][0]) else "fake"


ANSWERS: dict[str, Callable[[SimulatedRater, Eye, Task, dict[str, Any]], Any]] = {
    "two_afc": answer_two_afc,
    "pairwise": answer_pairwise,
    "likert": answer_likert,
    "real_or_fake": answer_real_or_fake,
}


def look_at(api: RatingApi, eye: Eye, assignment: dict[str, Any], page: dict[str, Any]) -> Task:
    """Fetch an assignment's stimuli and look at them."""
    sizes = [len(place) for place in assignment["places"]]
    images = np.stack([api.image(shown["url"]) for place in assignment["places"] for shown in place])
    seen = eye.look(images)
    cuts = np.cumsum([0, *sizes])
    places = [seen[start:end] for start, end in pairwise(cuts)]
    return Task(places, DIGIT_OF_PROMPT.get(assignment["prompt"] or ""), page)


def closeness(task: Task) -> float:
    """Return how hard a call is, in 0 to 1: 1 where two images look alike real."""
    if len(task.places) < 2:
        return 0.5
    gap = abs(task.places[0][0].realness - task.places[1][0].realness)
    return float(np.exp(-gap))


def vote_on(
    rater: SimulatedRater, eye: Eye, task: Task, assignment: dict[str, Any], study: dict[str, Any]
) -> dict[str, Any]:
    """Return the vote that this rater sends for an assignment."""
    answer = ANSWERS[study["protocol"]]
    answers = {question["key"]: answer(rater, eye, task, question) for question in study["questions"]}
    return {
        "assignment": assignment["id"],
        "key": str(uuid.uuid4()),
        "outcome": "answered",
        "answers": answers,
        "response_ms": round(rater.response_ms(closeness(task)), 1),
        "timings": {
            "viewport": list(VIEWPORT),
            "device_pixel_ratio": 1,
            "hidden_ms": 0,
            "input": "simulated",
        },
    }


def take_part(api: RatingApi, eye: Eye, study: str, consent_hash: str, seed: int) -> int:
    """Go through a whole session as the rater of this seed; return how many votes the server stored."""
    rater = SimulatedRater.born(seed)
    arrival = api.arrive(study, str(uuid.uuid5(RATERS, str(seed))), consent_hash)
    stored = 0
    while assignments := api.assignments(arrival.token):
        tasks = [look_at(api, eye, assignment, arrival.study["page"]) for assignment in assignments]
        votes = [
            vote_on(rater, eye, task, assignment, arrival.study)
            for task, assignment in zip(tasks, assignments, strict=True)
        ]
        results = api.vote(arrival.token, votes)
        rejected = [result for result in results if result["status"] == "rejected"]
        if rejected:
            raise RuntimeError(f"the server rejected a simulated vote: {rejected[0]}")
        stored += len(results)
    api.complete(arrival.token)
    return stored


def fill_study(
    api: RatingApi,
    eye: Eye,
    study: str,
    consent_hash: str,
    *,
    seeds: range,
    progress: Callable[[int, int], None],
    threads: int = 3,
) -> int:
    """Let the raters of these seeds take part, a few at a time; return the votes stored."""
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(take_part, api, eye, study, consent_hash, seed) for seed in seeds]
        votes = 0
        for done, future in enumerate(as_completed(futures), 1):
            votes += future.result()
            progress(done, len(seeds))
    return votes
