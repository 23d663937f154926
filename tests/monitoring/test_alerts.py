"""Each alert is known to Prometheus and to the runbook, fires when it should, and keeps still otherwise."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.urls import URLPattern, URLResolver, get_resolver

from tests.needs import missing
from tests.teams import table

Promtool = Callable[..., None]
ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy" / "monitoring"


def alert_rules() -> list[dict[str, Any]]:
    return yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]


def test_every_alert_has_its_line_in_the_runbook() -> None:
    rules = alert_rules()
    headings = re.findall(r"^### (\w+)$", (ROOT / "docs" / "monitoring.md").read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in rules] == headings
    assert [rule["annotations"]["runbook"] for rule in rules] == [
        f"docs/monitoring.md#{name.lower()}" for name in headings
    ]


def view_names(resolver: URLResolver | None = None, route: str = "", space: str = "") -> dict[str, str]:
    """Return what requests are counted as, by route as the resolver writes it; the first of two is met."""
    found: dict[str, str] = {}
    for pattern in (resolver or get_resolver()).url_patterns:
        here = route + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.setdefault(here, space + (pattern.name or here))
        else:
            within = f"{space}{pattern.namespace}:" if pattern.namespace else space
            found = view_names(pattern, here, within) | found
    return found


NOT_FOR_RATERS = {
    *("front", "healthz", "readyz", "schema", "process-metrics", "installation-metrics"),
    *("sign-in", "account:second-step", "account:first-enrolment", "admin:logout"),
    "recruitment:prolific-events",
}
"""Open to anybody, or to whoever bears a signature; no rater's browser asks for them."""


def test_errors_on_every_route_that_raters_meet_are_alerted_and_no_others() -> None:
    names = view_names()
    addresses = [*table.OPEN, *table.TOKENS, *table.SIGNED]
    assert set(names) >= {address.partition(" ")[2] for address in addresses}
    open_to_raters = {names[address.partition(" ")[2]] for address in addresses} - NOT_FOR_RATERS
    assert open_to_raters >= {"rating:entry", "rating-votes", "stimulus"}
    rules = {rule["alert"]: rule["expr"] for rule in alert_rules()}
    for name in set(names.values()):
        alerted = [
            alert
            for alert in ("RatersMeetErrors", "StimuliFail")
            if all(re.fullmatch(pattern, name) for pattern in re.findall(r'route=~?"(.*?)"', rules[alert]))
        ]
        assert len(alerted) == (name in open_to_raters), f"{name}: put it into an alert or NOT_FOR_RATERS"


@pytest.fixture
def promtool(tmp_path: Path) -> Promtool:
    """Give a way to run promtool beside a copy of all that Prometheus reads."""
    program = shutil.which("promtool")
    if program is None:
        missing("promtool is not installed (Debian: apt install prometheus)")
    for file in MONITORING.glob("*.yaml"):
        text = re.sub(r"credentials_file: [\w/-]+", "credentials_file: metrics_token", file.read_text())
        wanted = yaml.safe_load(text)
        for job in wanted.get("scrape_configs", []):
            # Debian builds it without Kubernetes: tests/deploy/test_kubernetes.py looks at that part.
            job.pop("kubernetes_sd_configs", None)
        (tmp_path / file.name).write_text(yaml.safe_dump(wanted))
    (tmp_path / "metrics_token").write_text("a-long-secret")

    def run(*command: str) -> None:
        done = subprocess.run([program, *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("file", ["rules alerts.yaml", "config prometheus.yaml", "config kubernetes.yaml"])
def test_prometheus_itself_takes_the_rules_and_the_configurations(promtool: Promtool, file: str) -> None:
    promtool("check", *file.split())


WEB, WORKER, METRICS = (
    f'up{{job="humaneval-{job}", service="{service}", instance="{service}:1"}}'
    for job, service in (("web", "web"), ("workers", "worker"), ("workers", "metrics"))
)
INSTALLATION = 'up{job="humaneval-installation", instance="web:8000"}'


def requests(route: str, good: int, bad: int) -> dict[str, str]:
    """Return the counts of a route that answers so many a minute well and so many not."""
    name = f'humaneval_http_requests_total{{route="{route}", status='
    return {f'{name}"200"}}': f"0+{good}x120", f'{name}"500"}}': f"0+{bad}x120"}


def seconds(route: str, **answered: int) -> dict[str, str]:
    """Return a route's histogram: requests a minute that are answered within so many seconds."""
    within = {"le_1": "1", "le_2_5": "2.5", "le_5": "5", "le_inf": "+Inf"}
    name = f'humaneval_http_request_seconds_bucket{{route="{route}", le='
    return {f'{name}"{within[key]}"}}': f"0+{count}x120" for key, count in answered.items()}


QUICK = {"le_1": 60, "le_2_5": 60, "le_5": 60, "le_inf": 60}
SLOW = {"le_1": 30, "le_2_5": 30, "le_5": 60, "le_inf": 60}
DEFAULT, LONG, RUNS = '{queue="default"}', '{queue="long"}', '{queue="metrics"}'
SITE, CERTIFICATE = (
    f'{name}{{job="humaneval-outside", instance="https://study.example.org/healthz"}}'
    for name in ("probe_success", "probe_ssl_earliest_cert_expiry")
)
FREE, SIZE = (
    f'node_filesystem_{name}_bytes{{job="humaneval-host", mountpoint="/", fstype="ext4"}}'
    for name in ("avail", "size")
)
VOLUME_FREE, VOLUME_SIZE = (
    f'kubelet_volume_stats_{name}_bytes{{namespace="humaneval", persistentvolumeclaim="database"}}'
    for name in ("available", "capacity")
)
STILL = 'humaneval_metric_run_still_seconds{run="1", step="'
HEALTHY = {
    **{WEB: "1x120", WORKER: "1x120", METRICS: "1x120", INSTALLATION: "1x120"},
    **{"humaneval_scheduler_silent_seconds": "9x120", "humaneval_votes_unsealed": "20x120"},
    "humaneval_votes_unsealed_oldest_seconds": "40x120",
    **requests("rating-votes", 60, 0),
    **requests("rating:entry", 60, 0),
    **requests("stimulus", 60_000, 0),
    **requests("admin:index", 60, 60),
    **seconds("rating-votes", **QUICK),
    **seconds("rating-assignments", **QUICK),
    **{f"humaneval_queue_oldest_seconds{queue}": "4x120" for queue in (DEFAULT, LONG, RUNS)},
    **{f"humaneval_queue_unattended_seconds{queue}": "20x120" for queue in (DEFAULT, LONG, RUNS)},
    **{f"humaneval_queue_running{queue}": "1x120" for queue in (DEFAULT, RUNS)},
    **{f"humaneval_queue_failed_last_hour{queue}": "0x120" for queue in (DEFAULT, RUNS)},
    **{"humaneval_panel_calls_unclear": "0x120", "humaneval_panel_calls_refused_last_hour": "1x120"},
    **{f'{STILL}reading"}}': "30x120", "humaneval_backup_age_seconds": "9000x120"},
    'humaneval_gpu_memory_free_bytes{device="0"}': "4000000000x120",
    **{SITE: "1x120", CERTIFICATE: f"{60 * 86400}x120", FREE: "50x120", SIZE: "100x120"},
    **{VOLUME_FREE: "50x120", VOLUME_SIZE: "100x120"},
}
"""An installation of which nothing need be said: series by name, with their values of two hours."""

GONE = "_x120"
TROUBLES = [
    ("WebIsDown", {WEB: "0x120"}),
    ("WebIsDown", {WEB: GONE}),
    ("WorkerIsDown", {WORKER: "0x120"}),
    ("WorkerIsDown", {METRICS: "0x120"}),
    ("QueueIsUnattended", {'humaneval_queue_unattended_seconds{queue="default"}': "0+60x120"}),
    ("QueueIsUnattended", {'humaneval_queue_unattended_seconds{queue="long"}': "Inf " * 120}),
    ("SchedulerIsSilent", {"humaneval_scheduler_silent_seconds": "0+60x120"}),
    ("SchedulerIsSilent", {"humaneval_scheduler_silent_seconds": "Inf " * 120}),
    ("InstallationDoesNotAnswer", {INSTALLATION: "0x120"}),
    ("RatersMeetErrors", requests("rating-votes", 58, 2)),
    ("RatersMeetErrors", requests("rating:entry", 0, 60)),
    ("StimuliFail", requests("stimulus", 58_000, 2_000)),
    ("IntakeIsSlow", seconds("rating-votes", **SLOW)),
    ("HandOutIsSlow", seconds("rating-assignments", **SLOW)),
    (  # a small lab whose sealer is dead
        "VotesAreNotSealed",
        {"humaneval_votes_unsealed": "900x120", "humaneval_votes_unsealed_oldest_seconds": "0+60x120"},
    ),
    ("QueueStands", {f"humaneval_queue_oldest_seconds{DEFAULT}": "0+60x120"}),
    ("LongQueueStands", {f"humaneval_queue_oldest_seconds{LONG}": "0+60x120"}),
    (
        "MetricsQueueStands",
        {f"humaneval_queue_oldest_seconds{RUNS}": "0+60x120", f"humaneval_queue_running{RUNS}": "0x120"},
    ),
    ("JobsFail", {f"humaneval_queue_failed_last_hour{DEFAULT}": "1x120"}),
    ("PanelCallUnclear", {"humaneval_panel_calls_unclear": "1x120"}),
    ("PanelRefuses", {"humaneval_panel_calls_refused_last_hour": "4x120"}),
    ("MetricRunStands", {f'{STILL}reading"}}': "0+60x120"}),
    ("MetricRunStands", {f'{STILL}scoring"}}': "21600+60x120"}),
    ("GpuMemoryIsShort", {'humaneval_gpu_memory_free_bytes{device="0"}': "4000000x120"}),
    ("BackupIsOld", {"humaneval_backup_age_seconds": "108001x120"}),
    ("SiteIsOutOfReach", {SITE: "0x120"}),
    ("CertificateEnds", {CERTIFICATE: f"{13 * 86400}x120"}),
    ("DiskIsFull", {FREE: "9x120"}),
    ("DiskIsFull", {VOLUME_FREE: "9x120"}),
]
NO_TROUBLE = [
    {
        METRICS: GONE,
        f"humaneval_queue_unattended_seconds{RUNS}": "0+60x120",
    },  # they come and go with the queue
    {SITE: GONE, CERTIFICATE: GONE, FREE: GONE, VOLUME_FREE: GONE},  # nobody looks from outside
    {FREE.replace("ext4", "tmpfs"): "1x120", SIZE.replace("ext4", "tmpfs"): "100x120"},
    {WORKER: GONE, METRICS: GONE},  # no worker has a port
    {f"humaneval_queue_oldest_seconds{LONG}": "1800x120"},
    {f'{STILL}scoring"}}': "0+60x120"},  # one score takes two hours
    {"humaneval_backup_age_seconds": GONE},  # they are made by other means
    {"humaneval_scheduler_silent_seconds": "100x120"},
    requests("rating-votes", 600, 1),
    # 139 votes a second, sealed each minute
    {"humaneval_votes_unsealed": "8340x120", "humaneval_votes_unsealed_oldest_seconds": "60x120"},
]


def firing(expected: list[str], **changed: str) -> dict[str, Any]:
    """Return one of promtool's tests: which alerts fire when some series are otherwise than in health."""
    series = [{"series": name, "values": values} for name, values in {**HEALTHY, **changed}.items()]
    samples = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in expected]
    asked = 'count by (alertname) (ALERTS{alertstate="firing"}) > bool 0'
    return {
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [{"expr": asked, "eval_time": "2h", "exp_samples": samples}],
    }


def test_each_alert_fires_for_its_own_trouble_alone(promtool: Promtool, tmp_path: Path) -> None:
    assert {name for name, _changed in TROUBLES} == {rule["alert"] for rule in alert_rules()}
    cases = [firing([name], **changed) for name, changed in TROUBLES]
    cases += [firing([], **changed) for changed in ({}, *NO_TROUBLE)]
    tests = {"rule_files": ["alerts.yaml"], "evaluation_interval": "1m", "tests": cases}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests))
    promtool("test", "rules", "tests.yaml")
