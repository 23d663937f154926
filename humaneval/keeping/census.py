"""What makes one database the equal of another: counts, chains of votes and audit log, a report's numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from humaneval.rating.append_only import unprotected_tables
from humaneval.rating.chain import Head
from humaneval.rating.models import Vote
from humaneval.rating.sealing import head_of, verify_study
from humaneval.studies.models import Study
from humaneval.teams.audit import audit_head, first_broken_entry


@dataclass(frozen=True)
class Census:
    """A database at one moment: rows by table, the heads of its chains, and a report's digest."""

    tables: dict[str, int]
    heads: dict[str, str]
    """``NUMBER:HEX`` by the study's slug."""
    report: dict[str, str] = field(default_factory=dict)
    """``study`` (the one voted in last) and ``sha256`` of its report's numbers; empty without votes."""
    audit: str = ""
    """The head of the audit log, ``LINES:DIGEST``; empty in backups of before it was kept."""
    audit_broken: int = 0
    """The id of the log's first line that did not follow from the one before it; 0: none."""


def take_census() -> Census:
    """Count and compute all of it from the default database. Reads every vote of one study."""
    return Census(
        tables=count_rows(connection.introspection.table_names()),
        heads={study.slug: str(head_of(study)) for study in Study.objects.order_by("slug")},
        report=_report_of(_last_voted()),
        audit=audit_head(),
        audit_broken=_first_broken(),
    )


def _first_broken() -> int:
    broken = first_broken_entry()
    return 0 if broken is None else int(broken.pk)


def count_rows(tables: Iterable[str]) -> dict[str, int]:
    """Return the number of rows by table; a table that is not there has none."""
    there = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        return {name: _count(cursor, name) if name in there else 0 for name in sorted(tables)}


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 (our own names)
    return int(cursor.fetchone()[0])


def _last_voted() -> Study | None:
    last = Vote.objects.order_by("-pk").values_list("assignment__session__study", flat=True).first()
    return None if last is None else Study.objects.filter(pk=last).first()


def _report_of(study: Study | None) -> dict[str, str]:
    return {} if study is None else {"study": study.slug, "sha256": report_digest(study)}


def report_digest(study: Study) -> str:
    """Return the SHA-256 over a study's report, but for the moment when it was built."""
    from humaneval.reports.report import build  # SciPy and pandas: seconds that other commands need not pay

    payload = {key: value for key, value in build(study).items() if key != "built_at"}
    text = json.dumps(payload, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def differing_counts(wanted: dict[str, int]) -> Iterator[str]:
    """Yield a sentence for each table that has not as many rows as wanted."""
    for name, count in count_rows(wanted).items():
        if count != wanted[name]:
            yield f"{name} has {count} rows, not {wanted[name]}."


def broken_chains(heads: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with the studies' chains, held against the heads that they had."""
    studies = {study.slug: study for study in Study.objects.filter(slug__in=heads)}
    for slug, head in heads.items():
        if slug not in studies:
            yield f"The study {slug} is missing."
            continue
        findings = verify_study(studies[slug], earlier=Head.parse(head))
        yield from (f"{slug}: {problem}" for problem in findings.problems)
        if str(findings.head) != head:
            yield f"{slug}: its chain ends at {findings.head}, not at {head}."


def differing_audit_log(census: Census) -> Iterator[str]:
    """Yield what of the audit log is not as it was counted: its end, or where its chain first breaks."""
    if not census.audit:
        return
    if (head := audit_head()) != census.audit:
        yield f"The audit log ends at {head}, not at {census.audit}."
    if (broken := _first_broken()) != census.audit_broken:
        yield f"Line {broken or census.audit_broken} of the audit log is not what it was."


def differing_report(report: dict[str, str]) -> Iterator[str]:
    """Yield a sentence if the report's numbers are not what they were."""
    study = Study.objects.filter(slug=report.get("study", "")).first()
    if study is not None and report_digest(study) != report["sha256"]:
        yield f"The report of {study.slug} has other numbers."


def missing_protection() -> Iterator[str]:
    """Yield a sentence for each table whose rows the database would let be changed."""
    for table in unprotected_tables(connection):
        yield f"{table} can be changed: its triggers are missing."
