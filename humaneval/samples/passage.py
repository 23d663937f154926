"""A source's way into a sample set: batch by batch, or all or nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from humaneval.samples import intake
from humaneval.samples.batches import THREADS, Progress, batched, say_nothing
from humaneval.samples.finding import Names, read_given, read_own_table, read_own_tables, reading
from humaneval.samples.intake import Accepted, Outcome, Present, Tally
from humaneval.samples.models import ImportRun, Sample
from humaneval.samples.prompts import PromptsError, PromptText
from humaneval.samples.rows import opened
from humaneval.samples.sources import NAME_LENGTH, Entry, Problem, Source, tidy_path
from humaneval.samples.tables import Table, Tables, files
from humaneval.samples.verification import Facts


class BadFiles(Exception):
    """A strict import met a bad file, and nothing has been inserted."""


def carry_out(*, run: ImportRun, source: Source, progress: Progress | None = None) -> None:
    """Bring a source's files into the run's set and finish the run.

    Raises SourceError and PromptsError before anything is stored. A strict run looks at every file
    first, and inserts in one transaction or not at all.
    """
    total = source.count()
    tables = _read_tables(run, source)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="import") as threads:
        passage = _Passage(run, source, tables, total, threads, progress or say_nothing)
        tally = passage.all_or_nothing() if run.strict else passage.batch_by_batch()
    _finish(run, tally)


def _read_tables(run: ImportRun, source: Source) -> Tables:
    def names() -> Names:
        return _names(run, source)

    if not run.prompts:
        return read_own_tables(source, names, strict=run.strict)
    own = source.own_tables()
    given = _read_given(run, source, names)
    tables = Tables()
    tables.add(given)
    for table in own:
        if table.name != given.name:
            tables.remark(table.name, f"is not read, since {given.name} was named instead")
    return tables


def _read_given(run: ImportRun, source: Source, names: Callable[[], Names]) -> Table:
    """Read the table that was named: a file of this machine, or one among the source's own.

    What a request names without a leading slash is never looked for on the machine.
    """
    path = Path(run.prompts)
    if path.is_absolute() or (run.job_id is None and path.is_file()):
        with reading(run.prompts), path.open("rb") as file, opened(file, path.name) as rows:
            return read_given(rows, names)
    own = {table.name: table for table in source.own_tables()}
    name = tidy_path(run.prompts)
    if name not in own:
        there = ", ".join(list(own)[:10]) or "none"
        raise PromptsError(
            f"There is no table {run.prompts}, neither by its whole path nor among the files (there: "
            f"{there})."
        )
    return read_own_table(own[name], names)


def _names(run: ImportRun, source: Source) -> Names:
    """Return what a prompt list may number: the files offered.

    An uploaded zip may be a part of what a set is made of: there what the set holds counts too.
    """
    offered = [entry.name for entry in source.entries() if isinstance(entry, Entry)]
    if not run.archive:
        return Names(offered)
    held = Sample.objects.filter(sample_set_id=run.sample_set_id)
    waiting = held.filter(prompt=None).values_list("name", flat=True)
    return Names([*dict.fromkeys([*offered, *waiting])], list(held.values_list("name", flat=True)))


def _finish(run: ImportRun, tally: Tally) -> None:
    _count(run, tally)
    run.problems, run.remarks = tally.problems, tally.remarks
    run.finished_at, run.lease_until = timezone.now(), None
    run.save()


def _count(run: ImportRun, tally: Tally) -> None:
    run.added, run.unchanged, run.rejected = tally.added, tally.unchanged, tally.rejected


class _Passage:
    """One source's way into one set."""

    def __init__(
        self,
        run: ImportRun,
        source: Source,
        tables: Tables,
        total: int,
        threads: Executor,
        progress: Progress,
    ) -> None:
        self.run, self.source, self.total = run, source, total
        self.tables, self.rows = tables, tables.rows
        self.threads, self.progress = threads, progress
        self.tally = Tally(run_id=run.pk)
        self.unnamed = set(self.rows)
        """Names in the tables that no file has had yet."""
        self.alike = {name.casefold(): name for name in self.rows}
        self.nearly: dict[str, str] = {}
        """Files whose names differ from one in the tables in upper and lower case alone, by the latter."""
        self.table = next((row.table for row in self.rows.values() if row.prompt), "")
        """A table that gives prompts; empty where none does."""
        self.unprompted: set[str] = set()
        self.completed: set[str] = set()
        self.described: set[str] = set()
        self.differing: set[str] = set()

    def batch_by_batch(self) -> Tally:
        """Insert each batch as it comes: what is in stays in, whatever happens later."""
        for outcomes in self._outcomes(intake.keep_in_storage, "importing"):
            self._note_all(intake.insert(run=self.run, outcomes=outcomes))
            _count(self.run, self.tally)
        for rows in self._rows_alone():
            self._note_rows(intake.insert(run=self.run, outcomes=rows))
        self._remark_on_tables()
        return self.tally

    def all_or_nothing(self) -> Tally:
        """Look at every file, then store them, then insert all rows in one transaction."""
        for outcomes in self._outcomes(intake.keep_nothing, "checking"):
            self._note_all(outcomes)
        for rows in self._rows_alone():
            self._note_rows(rows)
        self._refuse_if_bad()
        self.tally = Tally(run_id=self.run.pk)
        with tempfile.TemporaryFile("w+", encoding="utf-8") as manifest:
            for outcomes in self._outcomes(intake.keep_in_storage, "importing"):
                manifest.writelines(_to_line(outcome) for outcome in outcomes)
            manifest.seek(0)
            with transaction.atomic():
                for batch in batched(map(_from_line, manifest)):
                    self._note_all(intake.insert(run=self.run, outcomes=batch))
                for rows in self._rows_alone():
                    self._note_rows(intake.insert(run=self.run, outcomes=rows))
                self._refuse_if_bad()
        self._remark_on_tables()
        return self.tally

    def _outcomes(self, keep: intake.Keep, note: str) -> Iterator[list[Outcome]]:
        done = 0
        for entries in batched(self.source.entries()):
            yield intake.check_batch(
                entries,
                sample_set_id=self.run.sample_set_id,
                rows=self.rows,
                keep=keep,
                threads=self.threads,
            )
            done += len(entries)
            self.progress(done, max(done, self.total), note)

    def _note_all(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self.tally.note(outcome)
            self.unnamed.discard(outcome.name)
            self._remember(outcome)
            if outcome.name not in self.rows and outcome.name.casefold() in self.alike:
                self.nearly[self.alike[outcome.name.casefold()]] = outcome.name

    def _rows_alone(self) -> Iterator[Sequence[Outcome]]:
        """Yield what tables say of files that were not offered: a part sent later may complete a set."""
        for names in batched(sorted(self.unnamed)):
            yield intake.compare_rows(
                sample_set_id=self.run.sample_set_id, names=names, rows=self.rows, nearly=self.nearly
            )

    def _note_rows(self, outcomes: Iterable[Outcome]) -> None:
        """Count the problems alone: no file has come, or come again."""
        for outcome in outcomes:
            if isinstance(outcome, Problem):
                self.tally.note(outcome)
            self._remember(outcome)

    def _remember(self, outcome: Outcome) -> None:
        if isinstance(outcome, Present):
            for seen, is_so in (
                (self.completed, outcome.lacks),
                (self.described, outcome.lacks_details),
                (self.differing, outcome.differs),
            ):
                if is_so:
                    seen.add(outcome.name)
        elif self.table and isinstance(outcome, Accepted) and outcome.prompt is None:
            self.unprompted.add(outcome.name)

    def _remark_on_tables(self) -> None:
        for name, text in self.tables.remarks:
            self.tally.remark(name, text)
        table = self.table or next((row.table for row in self.rows.values()), self.run.source)
        _remark(self.tally, table, "it has no row for", self.unprompted)
        _remark(self.tally, table, "it brought the missing prompts of", self.completed)
        _remark(self.tally, table, "it brought missing details, such as seeds and ids, of", self.described)
        _remark(self.tally, table, "the set holds other details, which stay, of", self.differing)

    def _refuse_if_bad(self) -> None:
        if self.tally.rejected:
            self.run.rejected, self.run.problems = self.tally.rejected, self.tally.problems
            bad = "1 bad file" if self.tally.rejected == 1 else f"{self.tally.rejected:,} bad files"
            raise BadFiles(f"Nothing was imported, since the import is strict and met {bad}.")


def _remark(tally: Tally, table: str, words: str, names: set[str]) -> None:
    if names:
        tally.remark(table[:NAME_LENGTH], f"{words} {files(names)}")


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
