"""Bringing a backup back: everything is checked first, then put into an empty place, then checked again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.core.files.storage import Storage, default_storage
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from humaneval.keeping.census import (
    broken_chains,
    differing_audit_log,
    differing_counts,
    differing_report,
    missing_protection,
)
from humaneval.keeping.dumps import check_tools, load
from humaneval.keeping.files import Content, Damaged, Lost, content_of, copy_file, size_of
from humaneval.keeping.manifests import Manifest, fingerprints
from humaneval.keeping.places import DATABASE, MediaFile, Place, problem_with
from humaneval.keeping.refusals import Refusal, in_lines
from humaneval.recruitment.restored import hold_postings, note_held
from humaneval.reports.version import code_version
from humaneval.samples.batches import THREADS, Progress, batched, say_nothing


def verify_backup(place: Place, stamp: str, *, progress: Progress = say_nothing) -> Manifest:
    """Read a whole backup and hold each file against its hash; raises Refusal that names what is wrong."""
    manifest = place.manifest(stamp)
    problems = _wrong_database(place, stamp, manifest)
    try:
        problems += _wrong_media(place, stamp, manifest, progress)
    except (Lost, Damaged) as error:
        problems.append(f"The list of media files is missing or was altered ({error}).")
    if problems:
        raise Refusal(in_lines(f"The backup {place.address}/{stamp} is damaged:", problems))
    return manifest


def _wrong_database(place: Place, stamp: str, manifest: Manifest) -> list[str]:
    problem = problem_with(place.storage, f"{stamp}/{DATABASE}", manifest.database, "The database")
    return [problem] if problem else []


def _wrong_media(place: Place, stamp: str, manifest: Manifest, progress: Progress) -> list[str]:
    def problem(file: MediaFile) -> str | None:
        return problem_with(place.storage, file.kept_as, file.content, file.name)

    problems, done = [], 0
    with ThreadPoolExecutor(THREADS, thread_name_prefix="verify") as threads:
        for batch in batched(place.media_of(stamp, manifest)):
            problems += [found for found in threads.map(problem, batch) if found]
            done += len(batch)
            progress(done, manifest.media_files, "files checked")
    if done != manifest.media_files:
        problems.append(f"The list of media files has {done} of {manifest.media_files}.")
    return problems


def restore(place: Place, stamp: str, *, progress: Progress = say_nothing) -> list[str]:
    """Bring a backup back into an empty database and empty media; return what should be known of it.

    Whole or not at all as to the database, which comes last: a killed restore is run again. Raises Refusal
    if the backup is damaged, does not fit, or the place is not empty.
    """
    _refuse_misfit(place.manifest(stamp), place.address)
    _refuse_used_database()
    check_tools()
    manifest = verify_backup(place, stamp, progress=progress)
    _refuse_foreign_media(place, stamp, manifest)
    _bring_media(place, stamp, manifest, progress)
    with place.fetched(f"{stamp}/{DATABASE}", manifest.database) as path:
        load(path)
    return _check_restored(stamp, manifest)


def _refuse_misfit(manifest: Manifest, address: str) -> None:
    if manifest.engine != connection.vendor:
        raise Refusal(
            f"The backup in {address} is of {manifest.engine} and DATABASE_URL names {connection.vendor}: "
            "restore it into the same kind of database, then use move_database."
        )
    known = {".".join(key) for key in MigrationLoader(None).disk_migrations}
    newer = sorted(set(manifest.migrations) - known - _unknown_apps(manifest, known))
    if newer:
        raise Refusal(
            f"The backup was made by newer code ({manifest.code_version}), with {newer[0]}: "
            "check that version out."
        )


def _unknown_apps(manifest: Manifest, known: set[str]) -> set[str]:
    """Return migrations of apps that are not installed here: their tables come back and are left alone."""
    apps = {name.partition(".")[0] for name in known}
    return {name for name in manifest.migrations if name.partition(".")[0] not in apps}


def _refuse_used_database() -> None:
    if connection.introspection.table_names():
        raise Refusal(
            f"The database {connection.settings_dict['NAME']} is not empty: name a new one by DATABASE_URL, "
            "or a new folder by DATA_DIR. Nothing was changed."
        )


def _refuse_foreign_media(place: Place, stamp: str, manifest: Manifest) -> None:
    there = set(_all_files(default_storage, ""))
    foreign = there - {file.name for file in place.media_of(stamp, manifest)} if there else set()
    if foreign:
        raise Refusal(
            f"The media storage is not empty: it holds {min(foreign)}, which is not of this backup. Name a "
            "new folder by DATA_DIR, or a new bucket or S3_PREFIX. Nothing was changed."
        )


def _all_files(storage: Storage, folder: str) -> Iterator[str]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}{name}" for name in files if name)
    for name in folders:
        yield from _all_files(storage, f"{folder}{name}/")


def _bring_media(place: Place, stamp: str, manifest: Manifest, progress: Progress) -> None:
    done = 0
    with ThreadPoolExecutor(THREADS, thread_name_prefix="restore") as threads:
        for batch in batched(place.media_of(stamp, manifest)):
            for _content in threads.map(partial(_bring, place), batch):
                done += 1
            progress(done, manifest.media_files, "media files")


def _bring(place: Place, file: MediaFile) -> Content:
    """Bring a file back, unless a restore that was killed has done so."""
    present = size_of(default_storage, file.name) == file.content.size
    if present and content_of(default_storage, file.name) == file.content:
        return file.content
    return copy_file(place.storage, file.kept_as, default_storage, file.name, expected=file.content.sha256)


def _check_restored(stamp: str, manifest: Manifest) -> list[str]:
    """Hold what is there now against what was counted; raises Refusal where it differs.

    Postings to panels are held first of all: what was paid since the backup is not in it.
    """
    problems = list(differing_counts(manifest.census.tables))
    applied = set(manifest.migrations)
    call_command("migrate", verbosity=0, interactive=False)
    held = hold_postings()
    problems += [*missing_protection(), *broken_chains(manifest.census.heads)]
    problems += differing_audit_log(manifest.census)
    same_code = manifest.code_version == code_version() and applied >= _own_migrations()
    if same_code:
        problems += differing_report(manifest.census.report)
    if problems:
        raise Refusal(in_lines("What was restored is not what was backed up:", problems))
    note_held(stamp)
    remarks = [*_other_secrets(manifest), *([] if same_code else [_other_code(manifest)])]
    return [*remarks, *([_held(held)] if held else [])]


def _held(count: int) -> str:
    return (
        f"{count} postings to panels are held, since only the panels know what was paid after the backup: "
        "nothing is sent to them until that is taken in (docs/operate.md, “Money after a restore”)."
    )


def _own_migrations() -> set[str]:
    return {".".join(key) for key in MigrationLoader(None).disk_migrations}


def _other_secrets(manifest: Manifest) -> Iterator[str]:
    present = fingerprints()
    meaning = {
        "SECRET_KEY": "everybody signs in again, and recovery codes are void",
        "RATER_KEY": "every rater is a stranger",
        "PANEL_ID_KEY": "panels' ids cannot be read, and nobody can be paid by them",
    }
    for name, print_ in manifest.secrets.items():
        if present.get(name) != print_:
            yield f"{name} is not the one that the backup was made under: with this one {meaning[name]}."


def _other_code(manifest: Manifest) -> str:
    run = len(_own_migrations() - set(manifest.migrations))
    return (
        f"The backup was made by {manifest.code_version}, this is {code_version()}, and {run} migrations "
        "were run: the report's numbers were not compared. Counts, protection and chains were."
    )
