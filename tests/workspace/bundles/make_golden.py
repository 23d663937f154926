"""Make ``golden.zip`` anew: ``python -m pytest tests/workspace/bundles/make_golden.py``.

To be done, and said why, only when the layout of bundles or the meaning of a number changes.
"""

from __future__ import annotations

from pathlib import Path

from humaneval.workspace.bundles.packing import write_bundle

GOLDEN = Path(__file__).with_name("golden.zip")


def test_make(full_study):
    write_bundle(study=full_study, path=GOLDEN)
