"""One batch of files on its way into a sample set: read, verify, store, insert.

Files are handled in threads (decoding and storage release the interpreter), the database by the caller
alone. Memory is bounded by the batch, not by the set.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.db import transaction

from humaneval.samples.models import ImportRun, Sample, SampleSet
from humaneval.samples.prompts import PromptText, ensure_prompts
from humaneval.samples.rows import is_table
from humaneval.samples.sources import (
    NAME_LENGTH,
    READ_ERRORS,
    Entry,
    Problem,
    leads_outside,
    showable,
    too_large,
)
from humaneval.samples.storing import store_content
from humaneval.samples.tables import TableRow
from humaneval.samples.verification import BadImage, Facts, examine

LISTED = 1000
_IN_MEMORY = 8 * 1024**2
_CHUNK = 1024**2

NAME_TAKEN = (
    "a sample of this name with other content is in the set already; the stored one stays. "
    "Rename the file or import into a new set"
)
UNNAMED_TABLE = (
    "not an image but a table: it is read if it is called prompts, metadata or as a prompt list is, or named "
    "with the import (prompts)"
)
_NOTHING = TableRow()
OTHER_PROMPT = "is in the set with another prompt; the stored one stays"


class Known(NamedTuple):
    """What is stored under a name already."""

    sha256: str
    import_run_id: int | None
    prompt_digest: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Accepted:
    """A verified file that is new to its set. ``file`` is its name in storage, empty until stored."""

    name: str
    sha256: str
    size: int
    facts: Facts
    prompt: PromptText | None
    file: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Present:
    """A file that is in the set already, with the same content; what the set lacks of it is added.

    ``differs`` names details of which the set holds other values, which stay.
    """

    name: str
    brought_by: int | None
    lacks: PromptText | None = None
    lacks_details: Mapping[str, Any] = field(default_factory=dict)
    differs: Sequence[str] = ()


Outcome = Accepted | Present | Problem
Keep = Callable[[IO[bytes], Accepted], Accepted]


@dataclass
class Tally:
    """What an import has come to so far. Lists are cut at LISTED entries, counts never."""

    run_id: int
    added: int = 0
    unchanged: int = 0
    rejected: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)
    remarks: list[dict[str, str]] = field(default_factory=list)

    def note(self, outcome: Outcome) -> None:
        """Count one outcome; what an earlier attempt of the same run brought in counts as added."""
        if isinstance(outcome, Problem):
            self.rejected += 1
            _list(self.problems, outcome.name, outcome.reason)
        elif isinstance(outcome, Accepted) or outcome.brought_by == self.run_id:
            self.added += 1
        else:
            self.unchanged += 1
        if isinstance(outcome, Accepted) and outcome.facts.remark:
            self.remark(outcome.name, outcome.facts.remark)

    def remark(self, name: str, text: str) -> None:
        """List something worth knowing about a file that is in the set."""
        _list(self.remarks, name, text)


def _list(entries: list[dict[str, str]], name: str, reason: str) -> None:
    if len(entries) < LISTED:
        entries.append({"name": showable(name), "reason": showable(reason)})


# --- one file, in a thread --------------------------------------------------------------------------


def check_batch(
    entries: Sequence[Entry | Problem],
    *,
    sample_set_id: int,
    rows: Mapping[str, TableRow],
    keep: Keep,
    threads: Executor,
) -> list[Outcome]:
    """Verify a batch and pass each new good file to ``keep``; return one outcome an entry, in order."""
    known = known_names(sample_set_id, [entry.name for entry in entries if isinstance(entry, Entry)])
    check = partial(check_file, known=known, rows=rows, keep=keep)
    return list(threads.map(check, entries))


def keep_nothing(file: IO[bytes], accepted: Accepted) -> Accepted:
    """Leave the bytes where they are: for the look before a strict import."""
    return accepted


def keep_in_storage(file: IO[bytes], accepted: Accepted) -> Accepted:
    """Store the bytes under their hash."""
    name = store_content(
        file,
        folder="samples",
        sha256=accepted.sha256,
        size=accepted.size,
        extension=accepted.facts.format.lower(),
    )
    return replace(accepted, file=name)


def check_file(
    entry: Entry | Problem, *, known: Mapping[str, Known], rows: Mapping[str, TableRow], keep: Keep
) -> Outcome:
    """Verify one file and pass it to ``keep`` if it is good and new; never raises for a bad file."""
    if isinstance(entry, Problem):
        return entry
    row = rows.get(entry.name, _NOTHING)
    prompt, details = row.prompt or entry.prompt, {**entry.details, **row.details}
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        try:
            sha256, size = _read(entry, copy)
            if entry.name in known:
                return compare(entry.name, sha256, prompt, details, known[entry.name])
            facts = examine(copy)
        except BadImage as error:
            return Problem(entry.name, UNNAMED_TABLE if is_table(entry.name) else str(error))
        accepted = Accepted(
            name=entry.name, sha256=sha256, size=size, facts=facts, prompt=prompt, details=details
        )
        return keep(copy, accepted)


def _read(entry: Entry, copy: IO[bytes]) -> tuple[str, int]:
    """Copy a file's bytes, so that what is hashed, verified and stored is one and the same."""
    if entry.size > settings.IMPORT_MAX_FILE_BYTES:
        raise BadImage(too_large(entry.size))
    digest = hashlib.sha256()
    try:
        with entry.open() as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                copy.write(chunk)
                if copy.tell() > settings.IMPORT_MAX_FILE_BYTES:
                    raise BadImage(too_large(copy.tell()))
    except READ_ERRORS as error:
        raise BadImage(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if copy.tell() == 0:
        raise BadImage("empty file (zero bytes)")
    size = copy.tell()
    copy.seek(0)
    return digest.hexdigest(), size


def compare(
    name: str, sha256: str, prompt: PromptText | None, details: Mapping[str, Any], known: Known
) -> Present | Problem:
    """Return what a file is to the sample that has its name already."""
    if known.sha256 != sha256:
        return Problem(name, NAME_TAKEN)
    if prompt is not None and known.prompt_digest not in {None, prompt.digest}:
        return Problem(name, OTHER_PROMPT)
    lacks = prompt if known.prompt_digest is None else None
    return Present(
        name=name,
        brought_by=known.import_run_id,
        lacks=lacks,
        lacks_details={key: value for key, value in details.items() if key not in known.details},
        differs=[key for key, value in details.items() if known.details.get(key, value) != value],
    )


def compare_rows(
    *,
    sample_set_id: int,
    names: Sequence[str],
    rows: Mapping[str, TableRow],
    nearly: Mapping[str, str] | None = None,
) -> list[Present | Problem]:
    """Return what tables say of samples whose files are not offered: of the set's, or of none at all.

    ``nearly`` holds files that could have been meant.
    """
    known = known_names(sample_set_id, names)
    there = (
        compare(name, held.sha256, rows[name].prompt, rows[name].details, held)
        for name, held in known.items()
    )
    lacking = (
        Problem(name[:NAME_LENGTH], _without_file(name, rows[name].table, (nearly or {}).get(name)))
        for name in names
        if name not in known
    )
    return [*lacking, *there]


def _without_file(name: str, table: str, nearly: str | None) -> str:
    if leads_outside(name):
        return f"is named in {table}, but leads outside: name files by their path from the table's folder"
    if nearly:
        return f"is named in {table}, but the file is called {nearly}: upper and lower case differ"
    return f"is named in {table}, but there is no such file, here or in the set"


# --- the batch, in the database ---------------------------------------------------------------------


def known_names(sample_set_id: int, names: Iterable[str]) -> dict[str, Known]:
    """Return what a set holds under these names; one query."""
    rows = Sample.objects.filter(sample_set_id=sample_set_id, name__in=list(names))
    values = rows.values_list("name", "sha256", "import_run_id", "prompt__digest", "details")
    return {name: Known(*rest) for name, *rest in values}


def insert(*, run: ImportRun, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Write a batch in one transaction; return the outcomes as they have turned out to be.

    Names are compared once more under a lock on the set, since another import, or the same name earlier
    in this batch, may have taken one meanwhile.
    """
    with transaction.atomic():
        SampleSet.objects.select_for_update().get(pk=run.sample_set_id)
        settled = _settle(run, outcomes)
        ids = ensure_prompts(prompts=_prompts_of(settled))
        Sample.objects.bulk_create(
            [_row(run, accepted, ids) for accepted in settled if isinstance(accepted, Accepted)],
        )
        for present in settled:
            if isinstance(present, Present) and present.lacks:
                _add_prompt(run, present, ids[present.lacks])
        _add_details(run, settled)
    return settled


def _settle(run: ImportRun, outcomes: Sequence[Outcome]) -> list[Outcome]:
    known = known_names(run.sample_set_id, [o.name for o in outcomes if isinstance(o, Accepted)])
    settled: list[Outcome] = []
    for outcome in outcomes:
        if isinstance(outcome, Accepted):
            taken = known.get(outcome.name)
            digest = outcome.prompt.digest if outcome.prompt else None
            known.setdefault(outcome.name, Known(outcome.sha256, None, digest, outcome.details))
            settled.append(
                compare(outcome.name, outcome.sha256, outcome.prompt, outcome.details, taken)
                if taken
                else outcome
            )
        else:
            settled.append(outcome)
    return settled


def _prompts_of(outcomes: Iterable[Outcome]) -> set[PromptText]:
    wanted = {
        o.prompt if isinstance(o, Accepted) else o.lacks for o in outcomes if not isinstance(o, Problem)
    }
    return {prompt for prompt in wanted if prompt is not None}


def _row(run: ImportRun, accepted: Accepted, prompt_ids: Mapping[PromptText, int]) -> Sample:
    return Sample(
        sample_set_id=run.sample_set_id,
        import_run=run,
        name=accepted.name,
        sha256=accepted.sha256,
        file=accepted.file,
        format=accepted.facts.format,
        mode=accepted.facts.mode,
        width=accepted.facts.width,
        height=accepted.facts.height,
        size=accepted.size,
        prompt_id=prompt_ids[accepted.prompt] if accepted.prompt else None,
        details=dict(accepted.details),
    )


def _add_prompt(run: ImportRun, present: Present, prompt_id: int) -> None:
    rows = Sample.objects.filter(sample_set_id=run.sample_set_id, name=present.name, prompt=None)
    rows.update(prompt_id=prompt_id)


def _add_details(run: ImportRun, settled: Sequence[Outcome]) -> None:
    lacking = {
        one.name: one.lacks_details for one in settled if isinstance(one, Present) and one.lacks_details
    }
    if not lacking:
        return
    rows = list(
        Sample.objects.filter(sample_set_id=run.sample_set_id, name__in=lacking).only("name", "details")
    )
    for row in rows:
        row.details = {**lacking[row.name], **row.details}
    Sample.objects.bulk_update(rows, ["details"], batch_size=200)
