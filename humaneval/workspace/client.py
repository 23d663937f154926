"""The platform from a notebook: the command line's verbs over HTTP, every answer a pandas frame.

    platform = Client("https://eval.example.org", token="...")
    platform.create("study.yaml")
    platform.status("digits")

Needs nothing of Django: this module works on any machine that has pandas and urllib3.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

import pandas as pd
import urllib3

TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.5
PART_BYTES = 256 * 1024**2
PART_FILES = 5_000
"""What of a folder goes in one upload, at most."""

CHUNK = 1024**2
TABLES = {"prompts.csv", "metadata.csv"}
IMPORTED = {"done", "refused", "failed", "cancelled"}
NOT_EXPORTED = {"succeeded", "failed", "cancelled"}
"""States of an export that has no file and will have none; the first once its file was removed."""

Progress = Callable[[str, int, int], None]
"""Is told what is done (``sending`` bytes of a part, ``importing`` files), how much, and of how much."""


class ClientError(Exception):
    """The platform has said no, or could not be reached; the message says why."""


class Client:
    """One platform, as one person."""

    def __init__(self, url: str, token: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Token {token}"}
        retries = urllib3.Retry(connect=3, read=False, redirect=False, status=False, backoff_factor=0.2)
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(timeout), retries=retries)

    def import_samples(
        self,
        source: str | Path,
        *,
        name: str,
        kind: str,
        strict: bool = False,
        wait: float = 600,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Bring a folder or zip archive of this machine into the set of that name; return it as one row.

        Columns: set, state, added, unchanged, rejected, problems. The set is made if it is not there. What
        is sent is read from disk as it goes. A folder goes in parts, without the files that the set holds
        already: after a lost connection, or after ``wait`` seconds without an end to a part, call it again
        and it goes on. A zip archive, and a folder that is imported strictly, goes as a whole.
        ``progress`` is told what is done, how much of it, and of how much (see :func:`show_progress`).
        An address such as ``s3://bucket/prefix`` is read by the server (see :meth:`import_from_server`).
        Raises ClientError where the import is refused, or is not through in time.
        """
        if "://" in str(source):
            return self.import_from_server(
                str(source), name=name, kind=kind, strict=strict, wait=wait, progress=progress
            )
        path = Path(source)
        if not path.exists():
            raise ClientError(
                f"There is no folder or archive {path} on this machine; import_from_server imports what lies "
                "on the server."
            )
        brought = _Brought(self._set(name, kind))
        self._wait_for_others(brought.slug, wait, progress)
        for part in self._parts(path, name, brought, strict):
            with part:
                run = self._send(part, brought.slug, strict, progress)
            brought.count(self._through(brought.slug, run, wait, progress))
        return brought.row()

    def import_from_server(
        self,
        folder: str,
        *,
        name: str,
        kind: str,
        prompts: str = "",
        strict: bool = False,
        wait: float = 600,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Let the server bring what it reaches itself into the set of that name; return it as one row.

        ``folder`` is a folder, manifest, array file or zip on the server, or ``s3://bucket/prefix``, within
        what its operator has opened for import; ``prompts`` a table or prompt list there. The server goes on
        where this is broken off: called again, it follows the import that is underway. For the rest see
        :meth:`import_samples`.
        """
        brought = _Brought(self._set(name, kind))
        underway = [run for run in self._underway(brought.slug) if run["source"] == folder]
        if underway:
            run = underway[0]
        else:
            body = {"folder": folder, "prompts": prompts, "strict": strict}
            run = self._json("POST", f"sample-sets/{brought.slug}/imports/", body=body)
        brought.count(self._through(brought.slug, run, wait, progress))
        return brought.row()

    def create(self, file: str | Path, *, slug: str | None = None) -> pd.DataFrame:
        """Make a draft from a study file (its path, or its text) and return it as one row.

        Raises ClientError with every problem of the file, by line and key.
        """
        text = file if isinstance(file, str) and "\n" in file else Path(file).read_text(encoding="utf-8")
        study = self._json("POST", "study-files/", body={"yaml": text, **({"slug": slug} if slug else {})})
        columns = ("slug", "name", "protocol", "state", "trial_count", "votes_per_trial", "rater_url")
        return pd.DataFrame([{column: study[column] for column in columns}])

    def plan(self, study: str, **values: Any) -> pd.DataFrame:
        """Return what sizes of a study would have and cost, one a row; ``planned`` marks the one to take.

        ``values`` are those of the planner's page: power= or width=, effect, rater, item, session, panel,
        wage, pilot (a study's slug), ... What is left out is the study's, or assumed.
        """
        aim = {"aim": "width"} if "width" in values else {}
        query = urlencode({**aim, **values})
        curve = self._json("GET", f"studies/{quote(study)}/plan/?{query}")["curve"]
        return pd.DataFrame(curve)

    def preview(self, study: str, count: int = 20) -> pd.DataFrame:
        """Return a study's first trials, one a row, with the samples in each slot."""
        query = urlencode({"count": count})
        return pd.DataFrame(self._json("GET", f"studies/{quote(study)}/preview-trials/?{query}"))

    def launch(self, study: str, *, wait: float = 600) -> pd.DataFrame:
        """Check the images for leaks, launch, and return the study's status once it is open.

        Warnings are in the column of that name. Raises ClientError where it cannot be launched.
        """
        place = f"studies/{quote(study)}"
        if self._json("POST", f"{place}/leakage/")["state"] == "running":
            self._until(f"{place}/leakage/", {"done", "failed"}, wait)
        self._json("POST", f"{place}/launch/")
        standing = self._until(f"{place}/status/", {"open", "draft"}, wait)
        if standing["state"] == "draft":
            raise ClientError(standing["launch_error"] or "The launch was taken back.")
        return self.status(study)

    def status(self, study: str | None = None) -> pd.DataFrame:
        """Return how a study stands, one row a condition; without a study, one row for each there is."""
        if study is None:
            return pd.DataFrame(self._pages("studies/"))
        standing = self._json("GET", f"studies/{quote(study)}/status/")
        votes = standing.pop("votes_by_condition")
        rows = [{**standing, "condition": name, "condition_votes": count} for name, count in votes.items()]
        return pd.DataFrame(rows)

    def export(self, study: str, folder: str | Path | None = None) -> dict[str, pd.DataFrame]:
        """Take a study's report, tables and votes away; return the tables by name, such as ``votes``.

        With a ``folder``, all files are written there: report.html, report.json, study.yaml too.
        """
        tables = {}
        with (
            tempfile.TemporaryFile() as file,
            zipfile.ZipFile(self._exported(study, "files", file)) as archive,
        ):
            for member in archive.namelist():
                name = Path(member).name
                data = archive.read(member)
                if folder is not None:
                    Path(folder).mkdir(parents=True, exist_ok=True)
                    (Path(folder) / name).write_bytes(data)
                if name.endswith(".csv"):
                    tables[name.removesuffix(".csv")] = _table(data)
        return tables

    def bundle(self, study: str, file: str | Path) -> Path:
        """Write a study's bundle to a file; `humaneval analyze FILE` rebuilds its report anywhere."""
        path = Path(file)
        with path.open("wb") as target:
            self._exported(study, "bundle", target)
        return path

    def rules(self, study: str) -> pd.DataFrame:
        """Return the versions of a study's exclusion rules, one a row."""
        return pd.DataFrame(self._json("GET", f"studies/{quote(study)}/rule-sets/"))

    def declare_rules(
        self, study: str, rules: Mapping[str, Mapping[str, float]], *, name: str
    ) -> pd.DataFrame:
        """Declare the next version of a study's exclusion rules; return it as one row."""
        body = {"name": name, "rules": rules}
        return pd.DataFrame([self._json("POST", f"studies/{quote(study)}/rule-sets/", body=body)])

    def invite(self, study: str, names: Iterable[str]) -> pd.DataFrame:
        """Invite people who are not invited yet; return all with their own links, one a row."""
        path = f"studies/{quote(study)}/invitations/"
        return pd.DataFrame(self._json("POST", path, body={"names": list(names)}))

    def ledger(self, study: str) -> pd.DataFrame:
        """Return every payment to a study's raters, one a row, people under their pseudonyms."""
        return pd.DataFrame(self._json("GET", f"studies/{quote(study)}/recruitment/ledger/"))

    def keep_latents(
        self,
        sample_set: str,
        *,
        source: str,
        count: int,
        variance: Sequence[float] = (),
        kl: Sequence[float] = (),
    ) -> pd.DataFrame:
        """Keep how much of the latent space is in use of the model that a set (its slug) came from.

        ``variance`` of posterior means, or ``kl`` from the prior, by dimension over ``count`` data; reports
        show both as active units. Return what is kept, one row a dimension.
        """
        body = {"source": source, "count": count, "variance": list(variance), "kl": list(kl)}
        kept = self._json("PUT", f"sample-sets/{quote(sample_set)}/latents/", body=body)
        return pd.DataFrame({name: kept[name] for name in ("variance", "kl") if kept[name]})

    def study_file(self, study: str) -> str:
        """Return a study as the text of a study file."""
        return self._bytes("GET", f"studies/{quote(study)}/study.yaml").decode()

    # --- HTTP -----------------------------------------------------------------------------------------

    def _set(self, name: str, kind: str) -> str:
        """Return the slug of a set of this name, made if it is not there."""
        found = self._pages(f"sample-sets/?{urlencode({'name': name})}")
        if found and found[0]["kind"] != kind:
            raise ClientError(f"The set “{name}” is there already and is {found[0]['kind']}, not {kind}.")
        if found:
            return str(found[0]["slug"])
        return str(self._json("POST", "sample-sets/", body={"name": name, "kind": kind})["slug"])

    def _underway(self, slug: str) -> list[dict[str, Any]]:
        """Return the imports into a set that a worker will still end by itself, newest first.

        One that runs and has counted nothing yet may be a command's that was killed: nobody ends that.
        """
        runs = self._json("GET", f"sample-sets/{slug}/imports/")["results"]
        counted = [run for run in runs if run["state"] == "running" and run["progress"]["total"]]
        return [run for run in runs if run["state"] == "queued" or run in counted]

    def _wait_for_others(self, slug: str, wait: float, progress: Progress | None) -> None:
        """Let imports end that an earlier call began, so that nothing is sent which they bring in."""
        for run in reversed(self._underway(slug)):
            self._until(f"sample-sets/{slug}/imports/{run['id']}/", IMPORTED, wait, progress)

    def _through(
        self, slug: str, run: Mapping[str, Any], wait: float, progress: Progress | None
    ) -> dict[str, Any]:
        """Return an import once it is through; raises ClientError where nothing came of it."""
        path = f"sample-sets/{slug}/imports/{run['id']}/"
        ended: dict[str, Any] = self._until(path, IMPORTED, wait, progress)
        if ended["state"] != "done":
            raise ClientError(ended["error"] or f"The import has {ended['state']}.")
        return ended

    def _parts(self, source: Path, name: str, brought: _Brought, strict: bool) -> Iterator[_Part]:
        """Yield what is to be sent of a folder or archive."""
        if source.is_file():
            yield _Part(name, source)
            return
        files = _files_of(source)
        if not files:
            raise ClientError(f"There are no files in the folder {source}.")
        if strict:
            yield _Part(name, files)
            return
        held = self._held(brought.slug)
        pictures = [file for file in files if not file.is_table]
        missing = [file for file in pictures if not file.is_among(held)]
        brought.unchanged += len(pictures) - len(missing)
        yield from _cut(name, missing, [file for file in files if file.is_table])

    def _held(self, slug: str) -> dict[str, str]:
        """Return the SHA-256 of each sample of a set by its name."""
        return {row["name"]: row["sha256"] for row in self._each_row(f"sample-sets/{slug}/samples/")}

    def _send(self, part: _Part, slug: str, strict: bool, progress: Progress | None) -> Any:
        """Upload one archive, read from disk as it goes; return its import."""
        fields = {"strict": "true" if strict else "false"}
        form = _Form(fields, part.filename, part.file, partial(progress, "sending") if progress else None)
        return json.loads(self._bytes("POST", f"sample-sets/{slug}/imports/", form=form))

    def _pages(self, path: str) -> list[dict[str, Any]]:
        return list(self._each_row(path))

    def _each_row(self, path: str) -> Iterator[dict[str, Any]]:
        number = 1
        while True:
            page = self._json("GET", f"{path}{'&' if '?' in path else '?'}page={number}")
            yield from page["results"]
            if not page["next"]:
                return
            number += 1

    def _until(self, path: str, states: set[str], wait: float, progress: Progress | None = None) -> Any:
        """Ask again and again until what is at an address has one of these states; return it."""
        deadline = time.monotonic() + wait
        while True:
            answer = self._json("GET", path)
            if progress and answer["progress"]["total"]:
                progress("importing", answer["progress"]["done"], answer["progress"]["total"])
            if answer["state"] in states:
                return answer
            if time.monotonic() > deadline:
                raise ClientError(
                    f"Still {answer['state']} after {wait:g} seconds: is a worker running? It goes on there; "
                    "the same call made again waits for it."
                )
            time.sleep(POLL_SECONDS)

    def _exported(self, study: str, form: str, target: IO[bytes]) -> IO[bytes]:
        """Have an archive made by the server, wait for it, and write it into ``target``; return that."""
        path = f"studies/{quote(study)}/exports/"
        export = self._json("POST", path, body={"form": form})
        while not export["file"]:
            if export["state"] in NOT_EXPORTED:
                reason = export["error"] or export["state"]
                raise ClientError(f"The server could not make this export: {reason}")
            time.sleep(POLL_SECONDS)
            export = self._json("GET", f"{path}{export['id']}/")
        address = f"{self.url}/api/v1/{path}{export['id']}/file.zip"
        digest = hashlib.sha256()
        try:
            answer = self._pool.request("GET", address, headers=self._headers, preload_content=False)
            if answer.status != 200:
                raise ClientError(_refusal(answer.status, answer.read()))
            for piece in answer.stream(1 << 20):
                digest.update(piece)
                target.write(piece)
            answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise ClientError(f"{address} cannot be reached: {error}") from error
        if digest.hexdigest() != export["sha256"]:
            raise ClientError("The export arrived damaged: its checksum is not the server's. Fetch it again.")
        target.flush()
        return target

    def _json(self, method: str, path: str, *, body: Mapping[str, Any] | None = None) -> Any:
        return json.loads(self._bytes(method, path, body=body))

    def _bytes(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, form: _Form | None = None
    ) -> bytes:
        address = f"{self.url}/api/v1/{path}"
        headers = dict(self._headers)
        given: dict[str, Any] = {}
        if form is not None:
            given["body"] = form
            headers |= {"Content-Type": form.content_type, "Content-Length": str(form.length)}
        elif body is not None:
            given["body"] = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            answer = self._pool.request(method, address, headers=headers, **given)
        except urllib3.exceptions.HTTPError as error:
            raise ClientError(f"{address} cannot be reached: {error}") from error
        if not 200 <= answer.status < 300:
            raise ClientError(_refusal(answer.status, answer.data))
        return answer.data


def analyze(file: str | Path, folder: str | Path | None = None, **options: Any) -> dict[str, pd.DataFrame]:
    """Build a report on this machine from a bundle, or from votes gathered elsewhere; return its tables.

    ``options`` are those of `humaneval analyze`, such as ``protocol="pairwise"``,
    ``columns={"rater": "worker"}``, ``real=["photos"]``, ``anonymous=True``. With a ``folder``, all files are
    written there. Raises ClientError where the file is refused, or a bundle's numbers are not the same.
    """
    with tempfile.TemporaryDirectory() as temporary:
        target = Path(folder or temporary)
        command = [sys.executable, "-m", "humaneval.workspace.console", "analyze", str(file)]
        done = subprocess.run(  # noqa: S603 - our own command, with the caller's options
            [*command, f"--out={target}", *_as_options(options)],
            env={**_without_settings(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ClientError(done.stderr.strip().removeprefix("CommandError: "))
        return {path.stem: _table(path.read_bytes()) for path in sorted(target.glob("*.csv"))}


def _without_settings() -> dict[str, str]:
    """Return the environment but for a platform's settings, under which an analysis does not run."""
    return {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}


def _as_options(given: Mapping[str, Any]) -> list[str]:
    """Return options as the command line writes them: a=b,c=d for mappings, a,b for lists."""
    written = []
    for name, value in given.items():
        if isinstance(value, Mapping):
            value = ",".join(f"{key}={one}" for key, one in value.items())
        elif isinstance(value, list | tuple):
            value = ",".join(map(str, value))
        if value is not False:
            written.append(f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}"))
    return written


def _refusal(status: int, content: bytes) -> str:
    """Return what an answer that is no success says."""
    try:
        found = json.loads(content)
    except ValueError:
        return f"The platform answered {status}."
    if isinstance(found, dict) and found.get("problems"):
        return "\n".join([str(found.get("detail", "")), *map(str, found["problems"])])
    if isinstance(found, dict) and isinstance(found.get("detail"), str):
        return str(found["detail"])
    return f"The platform answered {status}: {json.dumps(found, ensure_ascii=False)}"


def show_progress(what: str, done: int, total: int) -> None:
    """Write one line that renews itself: for ``progress=`` of imports."""
    sys.stderr.write(f"\r{what} {done:,} of {total:,}" + ("\n" if done >= total else ""))
    sys.stderr.flush()


# --- sending files ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    """A file of this machine and the name that its sample gets."""

    name: str
    path: Path
    size: int

    @property
    def is_table(self) -> bool:
        """Whether it says things of the others."""
        return self.path.name.lower() in TABLES

    def is_among(self, held: Mapping[str, str]) -> bool:
        """Return whether a set, SHA-256 by name, holds it as it is."""
        if self.name not in held:
            return False
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == held[self.name]


def _files_of(folder: Path) -> list[_File]:
    """Return a folder's files in order; hidden ones are left out, as the server would."""
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            name = unicodedata.normalize("NFC", relative.as_posix())
            found.append(_File(name, path, path.stat().st_size))
    return found


def _cut(name: str, files: Sequence[_File], tables: Sequence[_File]) -> Iterator[_Part]:
    """Yield files in parts of PART_BYTES and PART_FILES at most, tables with the last one."""
    part: list[_File] = []
    size = 0
    for file in files:
        if part and (len(part) == PART_FILES or size + file.size > PART_BYTES):
            yield _Part(name, part)
            part, size = [], 0
        part.append(file)
        size += file.size
    if part or tables:
        yield _Part(name, [*part, *tables])


class _Part:
    """One upload: an archive as it is, or files, which become an archive on disk while it is open."""

    def __init__(self, name: str, content: Path | Sequence[_File]) -> None:
        self.filename, self.content = f"{name}.zip", content
        self.file: IO[bytes]

    def __enter__(self) -> _Part:
        self.file = self.content.open("rb") if isinstance(self.content, Path) else _zipped(self.content)
        return self

    def __exit__(self, *raised: object) -> None:
        self.file.close()


def _zipped(files: Sequence[_File]) -> IO[bytes]:
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        for file in files:
            archive.write(file.path, file.name)
    return target


class _Form:
    """A multipart form (RFC 7578) whose one file is read from disk as it is sent; may be sent again."""

    def __init__(
        self,
        fields: Mapping[str, str],
        filename: str,
        file: IO[bytes],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        boundary = secrets.token_hex(16)
        named = filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        parts = [f'form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
        parts.append(
            f'form-data; name="archive"; filename="{named}"\r\nContent-Type: application/zip\r\n\r\n'
        )
        self.head = "".join(f"--{boundary}\r\nContent-Disposition: {part}" for part in parts).encode()
        self.tail = f"\r\n--{boundary}--\r\n".encode()
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.file, self.progress = file, progress
        self.size = file.seek(0, os.SEEK_END)
        self.length = len(self.head) + self.size + len(self.tail)

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        yield self.head
        sent = 0
        while chunk := self.file.read(CHUNK):
            yield chunk
            sent += len(chunk)
            if self.progress:
                self.progress(sent, self.size)
        yield self.tail


@dataclass
class _Brought:
    """What has come of the parts of an import into a set."""

    slug: str
    added: int = 0
    unchanged: int = 0
    rejected: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)

    def count(self, run: Mapping[str, Any]) -> None:
        self.added += run["added"]
        self.unchanged += run["unchanged"]
        self.rejected += run["rejected"]
        self.problems += run["problems"]

    def row(self) -> pd.DataFrame:
        values = {name: getattr(self, name) for name in ("added", "unchanged", "rejected", "problems")}
        return pd.DataFrame([{"set": self.slug, "state": "done", **values}])


def _table(content: bytes) -> pd.DataFrame:
    try:
        return pd.read_csv(io.BytesIO(content))
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
