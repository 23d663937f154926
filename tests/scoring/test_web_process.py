"""What a web process loads."""

from __future__ import annotations

from tests.jobs.platform import Platform

LOAD = """
import sys
import django
django.setup()
import humaneval.config.urls
from humaneval.scoring.forms import MetricRunForm
MetricRunForm().as_p()
from humaneval.scoring.runs import _resolved
assert _resolved(["fid", "prdc"])[0]
print(sorted(set(sys.argv[1:]) & set(sys.modules)))
"""

DEAR = ("torch", "torchvision", "scipy", "statsmodels", "pandas", "matplotlib", "pyarrow", "redis")


def test_a_web_process_starts_runs_without_loading_what_takes_seconds(platform: Platform):
    done = platform.run("-c", LOAD, *DEAR)
    assert done.stdout.strip() == "[]", done.stderr
