"""What the drop area on a sample set's page talks to: what is there already, and files a few at a time."""

from __future__ import annotations

import json
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render

from humaneval.samples.dropping import Dropped, drop_of, files_there, open_drop, take_files
from humaneval.samples.intake import Accepted, Outcome, Present
from humaneval.samples.models import ImportRun, SampleSet
from humaneval.samples.sources import Problem, SourceError
from humaneval.teams.access import find, may

NAMES_AT_ONCE = 1_000
"""Names that one request may ask about."""


def add_files(request: HttpRequest, object_id: str) -> HttpResponse:
    """Answer the drop area: a JSON list of names with what is there of them, files with what became of each.

    The page itself is plain and works without JavaScript, which the admin's theme does not; a form posted
    there leads back to it, where the import's counts stand.
    """
    key = int(object_id) if object_id.isdecimal() else 0
    sample_set = find(request.user, SampleSet.objects.all(), "samples.add_importrun", pk=key)
    if request.method != "POST":
        return render(request, "samples/add_files.html", drop_context(request, sample_set))
    if request.content_type == "application/json":
        return _there(request, sample_set)
    number = _number(request.POST.get("run", ""))
    run = open_drop(sample_set=sample_set, user=cast(User, request.user), run_id=number)
    try:
        outcomes = take_files(run=run, dropped=_dropped(request))
    except SourceError as error:
        return _refused(request, sample_set, str(error))
    return _taken(request, run, outcomes)


def drop_context(request: HttpRequest, sample_set: SampleSet) -> dict[str, Any]:
    """Return what the area for dropped files shows: whether it is there, and the sitting in the address."""
    number = _number(request.GET.get("drop", ""))
    return {
        "original": sample_set,
        "may_drop": may(request.user, "samples.add_importrun", sample_set),
        "drop": drop_of(sample_set, number) if number is not None else None,
        "drop_limit": settings.IMPORT_MAX_FILE_BYTES,
    }


def _there(request: HttpRequest, sample_set: SampleSet) -> HttpResponse:
    try:
        names = json.loads(request.body)["names"]
    except (ValueError, KeyError, TypeError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return JsonResponse({"detail": 'A JSON object {"names": [...]} is needed.'}, status=400)
    if len(names) > NAMES_AT_ONCE:
        return JsonResponse({"detail": f"At most {NAMES_AT_ONCE} names at once."}, status=400)
    held = files_there(sample_set=sample_set, names=names)
    return JsonResponse({"there": {name: {"sha256": h.sha256, "size": h.size} for name, h in held.items()}})


def _dropped(request: HttpRequest) -> list[Dropped]:
    """Return the files with their paths, which forms send beside them; without, a file has its own name."""
    files = request.FILES.getlist("files")
    paths = request.POST.getlist("paths")
    if len(paths) != len(files):
        paths = [file.name or "" for file in files]
    return [Dropped(name, file) for name, file in zip(paths, files, strict=True)]


def _refused(request: HttpRequest, sample_set: SampleSet, reason: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"detail": reason}, status=400)
    context = {**drop_context(request, sample_set), "refusal": reason}
    return render(request, "samples/add_files.html", context, status=400)


def _taken(request: HttpRequest, run: ImportRun, outcomes: list[Outcome]) -> HttpResponse:
    if not _wants_json(request):
        return HttpResponseRedirect(f"{request.path}?drop={run.pk}")
    counts = {"added": run.added, "unchanged": run.unchanged, "rejected": run.rejected}
    return JsonResponse({"run": run.pk, "counts": counts, "files": [_in_words(one) for one in outcomes]})


def _in_words(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Problem):
        return {"name": outcome.name, "state": "refused", "reason": outcome.reason}
    states = {Accepted: "added", Present: "there"}
    return {"name": outcome.name, "state": states[type(outcome)]}


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None
