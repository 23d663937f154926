"""What leaves the platform of a study: its report as files, its votes, and the file it can be made from."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import IO

from humaneval.studies.models import Study
from humaneval.workspace.study_files.writing import write_study

STUDY_FILE = "study.yaml"


def export_study(*, study: Study, folder: Path) -> list[Path]:
    """Write a study's report, votes and study file into ``folder`` (made if missing); return the files."""
    from humaneval.reports.folder import write_report  # PyArrow, which web processes need not load

    written = write_report(study=study, folder=folder)
    path = folder / STUDY_FILE
    path.write_text(write_study(study), encoding="utf-8")
    return [*written, path]


def bundle_archive(*, study: Study) -> IO[bytes]:
    """Return a study's bundle, open at its beginning; on disk it has no name any more."""
    from humaneval.workspace.bundles.packing import (
        write_bundle,  # SciPy: seconds that starting up must not cost
    )

    with tempfile.TemporaryDirectory() as name:
        return write_bundle(study=study, path=Path(name) / "bundle.zip").path.open("rb")


def export_archive(*, study: Study) -> IO[bytes]:
    """Return the files of :func:`export_study` as a zip archive, at its beginning."""
    target = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    with tempfile.TemporaryDirectory() as name, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in export_study(study=study, folder=Path(name)):
            archive.write(path, f"{study.slug}/{path.relative_to(name)}")
    target.seek(0)
    return target
