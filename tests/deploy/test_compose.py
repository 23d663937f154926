"""What compose.yaml says of its services is kept honest; ``test_compose_run`` runs them."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import yaml

from tests.config.test_settings import settings_read
from tests.deploy.compose import COMPOSE, CONTAINERFILE, ROOT, image_of, interpolate, services
from tests.deploy.servers import make_secrets

CUDA = ROOT / "deploy" / "cuda.yaml"
MONITORING = ROOT / "deploy" / "monitoring"


def test_a_backup_is_made_each_night_and_its_health_tells_of_the_last_good_one(tmp_path: Path) -> None:
    told, good = tmp_path / "told", tmp_path / "last-success"
    stand_ins = {  # it sleeps three times, the last time in vain, and the second backup fails
        "date": "echo 1799989000",  # 04:56:40
        "sleep": f'echo "sleep $1" >> {told}; test $(grep -c sleep {told}) -lt 3',
        "python": f'echo "$@" >> {told}; test $(grep -c manage {told}) -eq 1',
    }
    for name, script in stand_ins.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    shell, option, loop = services()["backup"]["command"]
    loop = interpolate(loop, {}).replace("/backups/last", str(tmp_path / "last"))
    subprocess.run(
        [shell, option, loop], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, timeout=150, check=False
    )
    until_a_quarter_past_two = 24 * 3600 - (4 * 3600 + 56 * 60 + 40) + 2 * 3600 + 15 * 60
    night = [f"sleep {until_a_quarter_past_two + 1}", "manage.py backup /backups --keep 14"]
    assert told.read_text().splitlines() == [*night, *night, night[0]]

    _kind, *check = services()["backup"]["healthcheck"]["test"]
    check[-1] = check[-1].replace("/backups/last-success", str(good))
    assert subprocess.run(check).returncode == 0
    os.utime(good, (time.time() - 27 * 3600,) * 2)
    assert subprocess.run(check).returncode == 1


def test_compose_and_what_the_docs_add_to_it_keep_to_the_published_schema(tmp_path: Path) -> None:
    (written,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "operate.md").read_text(), re.DOTALL)
    (tmp_path / "panels.yaml").write_text(written)
    program = Path(sys.executable).parent / "check-jsonschema"
    files = [COMPOSE, CUDA, tmp_path / "panels.yaml"]
    done = subprocess.run(
        [program, "--builtin-schema", "vendor.compose-spec", *files], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name, added in yaml.safe_load(written)["services"].items():
        assert image_of(services()[name]) == "server"
        assert {setting.removesuffix("_FILE") for setting in added["environment"]} <= settings_read()


def test_networks_of_ones_own_are_read_where_runs_are_asked_for_and_where_they_are_computed() -> None:
    told = {name: service.get("volumes", []) for name, service in services().items()}
    found = {
        name: [v for v in volumes if v.endswith(":/data/extractors:ro")] for name, volumes in told.items()
    }
    assert {name for name, volumes in found.items() if volumes} == {"web", "metrics"}
    assert found["web"] == found["metrics"], "web must not offer what metrics cannot open"
    assert "DATA_DIR=/data" in CONTAINERFILE.read_text(), "where EXTRACTOR_DIR is, unless it is set"


def test_with_a_card_the_one_metrics_worker_has_it_and_insists_on_it() -> None:
    ((name, over),) = yaml.safe_load(CUDA.read_text())["services"].items()
    assert name == "metrics"
    stages = re.split(r"^FROM ", CONTAINERFILE.read_text(), flags=re.MULTILINE)
    (stage,) = [text for text in stages if text.startswith(f"program AS {over['build']['target']}\n")]
    assert re.search(r"^ENV .*\bMETRICS_DEVICE=cuda\b", stage, re.MULTILINE)
    (device,) = over["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_each_image_of_ours_is_built_once_and_asked_of_no_registry() -> None:
    """Where none of a name is there yet, Docker's parallel builds of it end in "already exists"."""
    ours = {name: service for name, service in services().items() if image_of(service)}
    built = [service["image"] for service in ours.values() if "build" in service]
    assert sorted(built) == sorted({service["image"] for service in ours.values()})
    assert {name for name, service in ours.items() if service.get("pull_policy") != "never"} == set()


def test_what_is_read_only_gets_nothing_but_files_of_the_host() -> None:
    """Compose copies any other config or secret into the container, and refuses to where it cannot."""
    written = yaml.safe_load(COMPOSE.read_text())
    given = {**written.get("configs", {}), **written["secrets"]}
    used = {
        (one["source"] if isinstance(one, dict) else one)
        for service in services().values()
        for kind in ("configs", "secrets")
        for one in service.get(kind, [])
        if service.get("read_only")
    }
    assert used
    assert {name for name in used if given[name].keys() != {"file"}} == set()


def test_every_service_of_ours_is_locked_down() -> None:
    ours = {name: service for name, service in services().items() if image_of(service)}
    assert len(ours) == 8
    for name, service in {
        **ours,
        **{name: services()[name] for name in ("proxy", "prometheus", "outside", "host")},
    }.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_no_service_takes_anothers_memory_or_fills_the_disk_with_its_log() -> None:
    gigabytes = {"m": 1 / 1024, "g": 1}
    for name, service in services().items():
        limit = interpolate(service["mem_limit"], {})
        assert 0.5 <= int(limit[:-1]) * gigabytes[limit[-1]] <= 8, name
        assert service["logging"]["driver"] == "json-file", name
        assert {"max-size", "max-file"} <= service["logging"]["options"].keys(), name
    shares = {name: service.get("cpu_shares", 1024) for name, service in services().items()}
    assert {name for name, share in shares.items() if share < 1024} == {*("long", "metrics", "backup")}


def test_every_service_has_a_check_of_its_health_and_whoever_waits_waits_for_that() -> None:
    for name, service in services().items():
        assert "healthcheck" in service, name
        for other, awaited in service.get("depends_on", {}).items():
            ends = services()[other]["healthcheck"].get("disable", False)
            assert awaited["condition"] == f"service_{'completed_successfully' if ends else 'healthy'}", name


def test_others_images_are_checked_with_what_is_in_them() -> None:
    """BusyBox's wget knows few options, and no curl comes with Caddy, SeaweedFS and Prometheus."""
    for name in ("proxy", "storage", "prometheus", "outside", "host"):
        *command, address = services()[name]["healthcheck"]["test"]
        assert command == ["CMD", "wget", "-q", "-O", "/dev/null"], name
        assert address.startswith("http://127.0.0.1:"), name
    assert ":8333/" in services()["storage"]["healthcheck"]["test"][-1]
    assert "-s3.port=8333" in services()["storage"]["command"]


def test_databases_and_storage_are_reached_from_inside_only() -> None:
    networks = {name: service["networks"] for name, service in services().items()}
    assert [name for name, of in networks.items() if of == ["inside"]] == ["db", "redis", "storage", "host"]
    ports = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert ports.keys() == {"proxy", "prometheus"}
    assert all(port.startswith("127.0.0.1:") for port in ports["prometheus"]), "it asks for no password"


def test_prometheus_has_the_public_address_asked_and_the_disks(tmp_path: Path) -> None:
    wanted = yaml.safe_load((MONITORING / "prometheus.yaml").read_text())["scrape_configs"]
    jobs = {job["job_name"].removeprefix("humaneval-"): job for job in wanted}
    (file,) = jobs["outside"]["file_sd_configs"][0]["files"]
    service, here = services()["prometheus"], str(tmp_path / "outside.json")
    assert str(Path(file).parent) in service["tmpfs"], "all else is read-only"
    stand_in = tmp_path / "prometheus"
    stand_in.write_text('#!/bin/sh\necho "$@"\n')
    stand_in.chmod(0o755)
    command = [interpolate(part, {}).replace(file, here) for part in service["entrypoint"]]
    given = {"PUBLIC_URL": "https://study.example.org", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    asked = service["environment"].keys()
    done = subprocess.run(
        [*command, *service["command"]], env=given, capture_output=True, text=True, check=True
    )
    assert asked | {"PATH"} == given.keys()
    assert done.stdout.split() == service["command"][1:]
    assert json.loads(Path(here).read_text()) == [{"targets": ["https://study.example.org/healthz"]}]
    at = {rule["target_label"]: rule.get("replacement", "") for rule in jobs["outside"]["relabel_configs"]}
    for address in (at["__address__"], jobs["host"]["static_configs"][0]["targets"][0]):
        name, _, port = address.partition(":")
        assert f":{port}/" in services()[name]["healthcheck"]["test"][-1]
    assert services()["host"]["volumes"] == ["/:/host:ro,rslave"]


def test_secrets_are_files_and_none_is_written_down_here() -> None:
    text = COMPOSE.read_text()
    for name in (
        "SECRET_KEY",
        "RATER_KEY",
        "PANEL_ID_KEY",
        "S3_SECRET_KEY",
        "DATABASE_PASSWORD",
        "POSTGRES_PASSWORD",
    ):
        assert not re.search(rf"\b{name}:", text), name
        assert re.search(rf"\b{name}_FILE: /run/secrets/\w+", text), name


def test_images_of_others_keep_to_a_release_line() -> None:
    for name, service in services().items():
        if not image_of(service):
            line = {"db": r"\d+"}.get(name, r"v?\d+\.\d+(\.\d+)?")  # PostgreSQL's lines have one number
            assert re.fullmatch(rf"docker\.io/[\w/-]+:{line}", service["image"]), service["image"]


def test_secrets_are_made_once_and_out_of_others_reach(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        make_secrets(tmp_path / "secrets")
    finally:
        os.umask(before)
    first = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert "already" in make_secrets(tmp_path / "secrets")
    assert first == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0o444}, "containers read them as users of their own"
    assert set(first) == set(re.findall(r"\./secrets/(\w+)", COMPOSE.read_text()))
    user = json.loads(first["storage_users"])["identities"][0]
    assert user["credentials"][0]["secretKey"] == first["storage_key"]
