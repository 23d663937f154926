"""A source's way into a sample set: batch by batch, or all or nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from humaneval.samples import intake
from humaneval.samples.batches import THREADS, Progress, batched, say_nothing
from humaneval.samples.intake import Accepted, Outcome, Present, Tally
from humaneval.samples.models import ImportRun
from humaneval.samples.prompt_lists import read_prompts_or_list
from humaneval.samples.prompts import PromptsError, PromptText, read_prompts
from humaneval.samples.sources import PROMPTS_FILE, READ_ERRORS, Problem, Source
from humaneval.samples.verification import Facts


class BadFiles(Exception):
    """A strict import met a bad file, and nothing has been inserted."""


def carry_out(*, run: ImportRun, source: Source, progress: Progress | None = None) -> None:
    """Bring a source's files into the run's set and finish the run.

    Raises SourceError and PromptsError before anything is stored. A strict run looks at every file
    first, and inserts in one transaction or not at all.
    """
    total = source.count()
    prompts = _load_prompts(run, source)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="import") as threads:
        passage = _Passage(run, source, prompts, total, threads, progress or say_nothing)
        tally = passage.all_or_nothing() if run.strict else passage.batch_by_batch()
    _finish(run, tally)


def _load_prompts(run: ImportRun, source: Source) -> dict[str, PromptText]:
    try:
        if run.prompts:
            with Path(run.prompts).open("rb") as given:
                return read_prompts_or_list(given, source)
        return _read_own_prompts(source)
    except READ_ERRORS as error:
        name = run.prompts or PROMPTS_FILE
        raise PromptsError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def _read_own_prompts(source: Source) -> dict[str, PromptText]:
    inside = source.own_prompts()
    if inside is None:
        return {}
    file, folder = inside
    with file:
        prompts = read_prompts(file)
    return {name if name.startswith(folder) else folder + name: text for name, text in prompts.items()}


def _finish(run: ImportRun, tally: Tally) -> None:
    run.added, run.unchanged, run.rejected = tally.added, tally.unchanged, tally.rejected
    run.problems, run.remarks = tally.problems, tally.remarks
    run.finished_at = timezone.now()
    run.save()


class _Passage:
    """One source's way into one set."""

    def __init__(
        self,
        run: ImportRun,
        source: Source,
        prompts: dict[str, PromptText],
        total: int,
        threads: Executor,
        progress: Progress,
    ) -> None:
        self.run, self.source, self.prompts, self.total = run, source, prompts, total
        self.threads, self.progress = threads, progress
        self.tally = Tally(run_id=run.pk)
        self.unnamed = set(prompts)
        """Names in prompts.csv that no file has had yet."""
        self.unprompted: set[str] = set()
        self.completed: set[str] = set()

    def batch_by_batch(self) -> Tally:
        """Insert each batch as it comes: what is in stays in, whatever happens later."""
        for outcomes in self._outcomes(intake.keep_in_storage, "importing"):
            self._note_all(intake.insert(run=self.run, outcomes=outcomes))
        self._note_files_missing()
        self._remark_on_prompts()
        return self.tally

    def all_or_nothing(self) -> Tally:
        """Look at every file, then store them, then insert all rows in one transaction."""
        for outcomes in self._outcomes(intake.keep_nothing, "checking"):
            self._note_all(outcomes)
        self._note_files_missing()
        self._refuse_if_bad()
        self.tally = Tally(run_id=self.run.pk)
        with tempfile.TemporaryFile("w+", encoding="utf-8") as manifest:
            for outcomes in self._outcomes(intake.keep_in_storage, "importing"):
                manifest.writelines(_to_line(outcome) for outcome in outcomes)
            manifest.seek(0)
            with transaction.atomic():
                for batch in batched(map(_from_line, manifest)):
                    self._note_all(intake.insert(run=self.run, outcomes=batch))
                self._refuse_if_bad()
        self._remark_on_prompts()
        return self.tally

    def _outcomes(self, keep: intake.Keep, note: str) -> Iterator[list[Outcome]]:
        done = 0
        for entries in batched(self.source.entries()):
            yield intake.check_batch(
                entries,
                sample_set_id=self.run.sample_set_id,
                prompts=self.prompts,
                keep=keep,
                threads=self.threads,
            )
            done += len(entries)
            self.progress(done, max(done, self.total), note)

    def _note_all(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self.tally.note(outcome)
            self.unnamed.discard(outcome.name)
            self._remember_prompt(outcome)

    def _remember_prompt(self, outcome: Outcome) -> None:
        if isinstance(outcome, Present) and outcome.lacks:
            self.completed.add(outcome.name)
        if self.prompts and isinstance(outcome, Accepted) and outcome.prompt is None:
            self.unprompted.add(outcome.name)

    def _remark_on_prompts(self) -> None:
        _remark(self.tally, "it has no row for", self.unprompted)
        _remark(self.tally, "it brought the missing prompts of", self.completed)

    def _note_files_missing(self) -> None:
        for name in sorted(self.unnamed):
            self.tally.note(Problem(name, "is named in prompts.csv, but there is no such file"))

    def _refuse_if_bad(self) -> None:
        if self.tally.rejected:
            self.run.rejected, self.run.problems = self.tally.rejected, self.tally.problems
            bad = "1 bad file" if self.tally.rejected == 1 else f"{self.tally.rejected:,} bad files"
            raise BadFiles(f"Nothing was imported, since the import is strict and met {bad}.")


def _remark(tally: Tally, words: str, names: set[str]) -> None:
    if names:
        files = "1 file" if len(names) == 1 else f"{len(names):,} files"
        tally.remark(PROMPTS_FILE, f"{words} {files} ({min(names)}, for one)")


# Outcomes wait on disk between the two halves of a strict import, so that memory stays bounded.


def _to_line(outcome: Outcome) -> str:
    return json.dumps([type(outcome).__name__, asdict(outcome)]) + "\n"


def _from_line(line: str) -> Outcome:
    kind, values = json.loads(line)
    if kind == "Problem":
        return Problem(**values)
    if kind == "Present":
        return Present(**{**values, "lacks": _prompt_from(values["lacks"])})
    facts, prompt = Facts(**values.pop("facts")), _prompt_from(values.pop("prompt"))
    return Accepted(**values, facts=facts, prompt=prompt)


def _prompt_from(values: Sequence[str] | None) -> PromptText | None:
    return None if values is None else PromptText(*values)
