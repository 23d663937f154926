"""The platform from a notebook: the command line's verbs over HTTP, every answer a pandas frame.

    platform = Client("https://eval.example.org", token="...")
    platform.create("study.yaml")
    platform.status("digits")

Needs nothing of Django: this module and those it imports (sending, received, refusals) work on any machine
that has pandas and urllib3.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

import pandas as pd
import urllib3

from humaneval.workspace.received import table_of, unpack
from humaneval.workspace.refusals import ClientError, NobodyWorksWarning, NotYetError, complaint, refusal
from humaneval.workspace.sending import Form, Part, cut, files_of

TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.5
PROBLEMS_SAID = 20
"""Bad files that the refusal of an import names at most."""

IMPORTED = {"done", "refused", "failed", "cancelled", "interrupted"}
NOT_EXPORTED = {"succeeded", "failed", "cancelled"}
"""States of an export that has no file and will have none; the first once its file was removed."""

Progress = Callable[[str, int, int], None]
"""Is told what is done (``sending`` bytes of a part, ``importing`` files), how much, and of how much."""


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
        Raises ClientError where the import is refused, with the files that were the reason; a set made for it
        is then taken away again. Raises NotYetError where it is not through in time, and warns
        (NobodyWorksWarning) where no worker is there.
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
        with self._set(name, kind) as brought:
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
        with self._set(name, kind) as brought:
            underway = [run for run in self._underway(brought.slug) if run["source"] == folder]
            run = underway[0] if underway else self._ask_for(brought.slug, folder, prompts, strict)
            brought.count(self._through(brought.slug, run, wait, progress))
        return brought.row()

    def create(self, file: str | Path, *, slug: str | None = None) -> pd.DataFrame:
        """Make a draft from a study file (its path, or its text) and return it as one row.

        Raises ClientError with every problem of the file, by line and key.
        """
        text = file if isinstance(file, str) and "\n" in file else _text_of(Path(file))
        study = self._json("POST", "study-files/", body={"yaml": text, **({"slug": slug} if slug else {})})
        columns = ("slug", "name", "protocol", "state", "trial_count", "votes_per_trial", "rater_url")
        return pd.DataFrame([{column: study[column] for column in columns}])

    def plan(self, study: str, **values: Any) -> pd.DataFrame:
        """Return what sizes of a study would have and cost, one a row; ``planned`` marks the one to take.

        ``values`` are those of the planner's page: power= or width=, effect, rater, item, reference, rise,
        session, panel, wage, pilot (a study's slug), ... What is left out is the study's, or assumed.
        """
        aims = [{"aim": name} for name in ("width", "power") if name in values]
        aim = aims[0] if aims else {}
        query = urlencode({**aim, **values})
        curve = self._json("GET", f"studies/{quote(study)}/plan/?{query}")["curve"]
        return pd.DataFrame(curve)

    def preview(self, study: str, count: int = 20) -> pd.DataFrame:
        """Return a study's first trials, one a row, with the samples in each slot."""
        query = urlencode({"count": count})
        return pd.DataFrame(self._json("GET", f"studies/{quote(study)}/preview-trials/?{query}"))

    def launch(self, study: str, *, strict: bool = False, wait: float = 600) -> pd.DataFrame:
        """Check the images for leaks, launch, and return the study's status once it is open.

        Warnings are in the column of that name: of leaks, and what was to be thought of before, such as
        that no exclusion rules are declared. Raises ClientError where it cannot be launched, and where there
        are warnings and it is to be launched strictly.
        """
        place = f"studies/{quote(study)}"
        if self._json("POST", f"{place}/leakage/")["state"] == "running":
            self._until(f"{place}/leakage/", {"done", "failed"}, wait)
        warnings = self._json("GET", f"{place}/status/")["warnings"]
        if strict and warnings:
            raise ClientError("Not launched, since it is to be strict and warns: " + " ".join(warnings))
        self._json("POST", f"{place}/launch/")
        standing = self._until(f"{place}/status/", {"open", "draft"}, wait)
        if standing["state"] == "draft":
            raise ClientError(standing["launch_error"] or "The launch was taken back.")
        found = self.status(study)
        return found.assign(warnings=[warnings] * len(found))

    def status(self, study: str | None = None) -> pd.DataFrame:
        """Return how a study stands, one row a condition; without a study, one row for each there is."""
        if study is None:
            return pd.DataFrame(self._pages("studies/"))
        standing = self._json("GET", f"studies/{quote(study)}/status/")
        votes = standing.pop("votes_by_condition")
        rows = [{**standing, "condition": name, "condition_votes": count} for name, count in votes.items()]
        return pd.DataFrame(rows)

    def export(
        self, study: str, folder: str | Path | None = None, *, wait: float = 3600
    ) -> dict[str, pd.DataFrame]:
        """Take a study's report, tables and votes away; return the tables by name, such as ``votes``.

        With a ``folder``, all files are written there: report.html, report.json, study.yaml, the figures and
        LaTeX tables too. Raises ClientError where a worker has not made them after ``wait`` seconds; the same
        call made again waits for what is under way.
        """
        tables = {}
        with (
            tempfile.TemporaryFile() as file,
            zipfile.ZipFile(self._exported(study, "files", file, wait)) as archive,
        ):
            if folder is not None:
                unpack(archive, Path(folder))
            for member in archive.namelist():
                if member.endswith(".csv"):
                    tables[Path(member).stem] = table_of(archive.read(member))
        return tables

    def bundle(self, study: str, file: str | Path, *, wait: float = 3600) -> Path:
        """Write a study's bundle to a file; `humaneval analyze FILE` rebuilds its report anywhere.

        Raises ClientError where a worker has not made it after ``wait`` seconds, as :meth:`export` does.
        """
        path = Path(file)
        with path.open("wb") as target:
            self._exported(study, "bundle", target, wait)
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

    @contextmanager
    def _set(self, name: str, kind: str) -> Iterator[_Brought]:
        """Yield what comes of imports into the set of a name, made if it is not there.

        A set made here for an import that is refused is taken away again, unless something came in.
        """
        found = self._pages(f"sample-sets/?{urlencode({'name': name})}")
        if found and found[0]["kind"] != kind:
            raise ClientError(f"The set “{name}” is there already and is {found[0]['kind']}, not {kind}.")
        made = found[0] if found else self._json("POST", "sample-sets/", body={"name": name, "kind": kind})
        try:
            yield _Brought(str(made["slug"]))
        except NotYetError:
            raise
        except ClientError:
            if not found and not self._json("GET", f"sample-sets/{made['slug']}/")["sample_count"]:
                self._bytes("DELETE", f"sample-sets/{made['slug']}/")
            raise

    def _ask_for(self, slug: str, folder: str, prompts: str, strict: bool) -> Any:
        """Have the server import what it reaches; return the import."""
        body = {"folder": folder, "prompts": prompts, "strict": strict}
        return self._json("POST", f"sample-sets/{slug}/imports/", body=body)

    def _underway(self, slug: str) -> list[dict[str, Any]]:
        """Return the imports into a set that will still end by themselves, newest first."""
        runs = self._json("GET", f"sample-sets/{slug}/imports/")["results"]
        return [run for run in runs if run["state"] in {"queued", "running"}]

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
            reason = ended["error"] or f"The import was not carried out: it is {ended['state']}."
            bad = (f"{one['name']}: {one['reason']}" for one in ended["problems"][:PROBLEMS_SAID])
            raise ClientError("\n".join([reason, *bad]))
        return ended

    def _parts(self, source: Path, name: str, brought: _Brought, strict: bool) -> Iterator[Part]:
        """Yield what is to be sent of a folder or archive."""
        if source.is_file():
            yield Part(name, source)
            return
        files = files_of(source)
        if not files:
            raise ClientError(f"There are no files in the folder {source}.")
        if strict:
            yield Part(name, files)
            return
        held = self._held(brought.slug)
        pictures = [file for file in files if not file.is_table]
        missing = [file for file in pictures if not file.is_among(held)]
        brought.unchanged += len(pictures) - len(missing)
        yield from cut(name, missing, [file for file in files if file.is_table])

    def _held(self, slug: str) -> dict[str, str]:
        """Return the SHA-256 of each sample of a set by its name."""
        return {row["name"]: row["sha256"] for row in self._each_row(f"sample-sets/{slug}/samples/")}

    def _send(self, part: Part, slug: str, strict: bool, progress: Progress | None) -> Any:
        """Upload one archive, read from disk as it goes; return its import."""
        fields = {"strict": "true" if strict else "false"}
        form = Form(fields, part.filename, part.file, partial(progress, "sending") if progress else None)
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
        deadline, warned = time.monotonic() + wait, False
        while True:
            answer = self._json("GET", path)
            warned = _warn_once(answer.get("waiting", ""), warned)
            if progress and answer["progress"]["total"]:
                progress("importing", answer["progress"]["done"], answer["progress"]["total"])
            if answer["state"] in states:
                return answer
            if time.monotonic() > deadline:
                raise NotYetError(_still(answer, wait))
            time.sleep(POLL_SECONDS)

    def _exported(self, study: str, form: str, target: IO[bytes], wait: float) -> IO[bytes]:
        """Have an archive made by the server, wait for it, and write it into ``target``; return that."""
        path = f"studies/{quote(study)}/exports/"
        export, deadline = self._json("POST", path, body={"form": form}), time.monotonic() + wait
        warned = False
        while not export["file"]:
            warned = _warn_once(export.get("waiting", ""), warned)
            if export["state"] in NOT_EXPORTED:
                reason = export["error"] or export["state"]
                raise ClientError(f"The server could not make this export: {reason}")
            if time.monotonic() > deadline:
                raise NotYetError(_still(export, wait))
            time.sleep(POLL_SECONDS)
            export = self._json("GET", f"{path}{export['id']}/")
        address = f"{self.url}/api/v1/{path}{export['id']}/file.zip"
        digest = hashlib.sha256()
        try:
            answer = self._pool.request("GET", address, headers=self._headers, preload_content=False)
            if answer.status != 200:
                raise ClientError(refusal(answer.status, answer.read()))
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
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, form: Form | None = None
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
            raise ClientError(refusal(answer.status, answer.data, path))
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
            raise ClientError(complaint(done.stderr))
        return {path.stem: table_of(path.read_bytes()) for path in sorted(target.glob("*.csv"))}


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


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(f"The study file {path} cannot be read: {error}") from error


def show_progress(what: str, done: int, total: int) -> None:
    """Write one line that renews itself: for ``progress=`` of imports."""
    sys.stderr.write(f"\r{what} {done:,} of {total:,}" + ("\n" if done >= total else ""))
    sys.stderr.flush()


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


def _warn_once(waiting: str, warned: bool) -> bool:
    """Warn that no worker is there, unless that was done or one is; return whether it has been done."""
    if waiting and not warned:
        warnings.warn(waiting, NobodyWorksWarning, stacklevel=5)
    return warned or bool(waiting)


def _still(answer: Mapping[str, Any], wait: float) -> str:
    reason = answer.get("waiting") or "It goes on there."
    return f"Still {answer['state']} after {wait:g} seconds. {reason} The same call made again waits for it."
