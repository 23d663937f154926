"""The platform from a notebook: the command line's verbs over HTTP, every answer a pandas frame.

    platform = Client("https://eval.example.org", token="...")
    platform.create("study.yaml")
    platform.status("digits")

Needs nothing of Django: this module works on any machine that has pandas and urllib3.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

import pandas as pd
import urllib3

TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.5


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
        self, source: str | Path, *, name: str, kind: str, strict: bool = False, wait: float = 600
    ) -> pd.DataFrame:
        """Bring a local folder or zip archive into the set of that name; return it as one row.

        Columns: set, state, added, unchanged, rejected, problems. The set is made if it is not there.
        Raises ClientError where the import is refused, or is not through after ``wait`` seconds.
        """
        slug = self._set(name, kind)
        with _as_archive(Path(source)) as archive:
            fields = {
                "strict": "true" if strict else "false",
                "archive": (f"{name}.zip", archive.read(), "application/zip"),
            }
            run = self._json("POST", f"sample-sets/{slug}/imports/", fields=fields)
        run = self._until(f"sample-sets/{slug}/imports/{run['id']}/", {"done", "refused", "failed"}, wait)
        if run["state"] != "done":
            raise ClientError(run["error"] or f"The import has {run['state']}.")
        columns = ("state", "added", "unchanged", "rejected", "problems")
        return pd.DataFrame([{"set": slug, **{column: run[column] for column in columns}}])

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
        content = self._bytes("GET", f"studies/{quote(study)}/export.zip")
        tables = {}
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
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
        path.write_bytes(self._bytes("GET", f"studies/{quote(study)}/bundle.zip"))
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

    def _until(self, path: str, states: set[str], wait: float) -> Any:
        """Ask again and again until what is at an address has one of these states; return it."""
        deadline = time.monotonic() + wait
        while (answer := self._json("GET", path))["state"] not in states:
            if time.monotonic() > deadline:
                raise ClientError(f"Still {answer['state']} after {wait:g} seconds: is a worker running?")
            time.sleep(POLL_SECONDS)
        return answer

    def _json(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, fields: Any = None
    ) -> Any:
        return json.loads(self._bytes(method, path, body=body, fields=fields))

    def _bytes(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, fields: Any = None
    ) -> bytes:
        address = f"{self.url}/api/v1/{path}"
        headers = dict(self._headers)
        given: dict[str, Any] = {}
        if fields is not None:
            given["fields"] = fields
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


def _as_archive(source: Path) -> IO[bytes]:
    """Return a zip archive as it is, or one of a folder's files."""
    if source.is_file():
        return source.open("rb")
    if not source.is_dir():
        raise ClientError(f"There is no folder or archive {source}.")
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(source).as_posix())
    target.seek(0)
    return target


def _table(content: bytes) -> pd.DataFrame:
    try:
        return pd.read_csv(io.BytesIO(content))
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
