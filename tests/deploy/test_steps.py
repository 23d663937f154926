"""The steps that docs tell operators to take do what is promised, with stand-ins for docker and kubectl."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.compose import ROOT, image_of, services
from tests.deploy.manifests import Manifest, of_kind

OPERATE, MONITORING = ((ROOT / "docs" / name).read_text() for name in ("operate.md", "monitoring.md"))
DONE = ("migrate", "bucket", "backup")
"""Services of ours that only make ready, or keep."""


def steps(text: str, word: str) -> str:
    """Return the one block of commands in which a word stands."""
    (found,) = [block for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if word in block]
    return found


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """Give a folder of commands that note how they were called, in ``calls``; docker fails at ``fail``."""
    for name in ("docker", "sleep"):
        script = f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/calls\ncase "$*" in "$FAIL"*) exit 1;; esac\n'
        (tmp_path / name).write_text(script)
    (tmp_path / "kubectl").write_text(f"#!/bin/sh\ncat > {tmp_path}/applied\n")
    for name in ("docker", "sleep", "kubectl"):
        (tmp_path / name).chmod(0o755)
    return tmp_path


def take(commands: str, folder: Path, fail: str = "nothing") -> list[str]:
    """Take steps by a shell; return the calls of stand-ins, without what is the same in all."""
    path = f"{folder}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "FAIL": fail}
    subprocess.run(["sh", "-c", commands], cwd=ROOT, env=environment, check=fail == "nothing", timeout=150)
    calls = (folder / "calls").read_text().splitlines()
    return [call.replace("docker compose -f deploy/compose.yaml", "compose") for call in calls]


def release() -> str:
    """Return the steps of a release, with what was set the first time."""
    first = steps(OPERATE, "export WEBS=several")
    return "\n".join([*first.splitlines()[:2], steps(OPERATE, "for server in")])


def replaced(server: str) -> list[str]:
    return [
        f"docker stop --time 45 {server}",
        f"docker rm {server}",
        "compose up --detach --wait --no-deps --no-recreate --scale web=2 web",
        "sleep 5",
    ]


def test_a_release_replaces_one_web_server_after_the_other(stand_in: Path) -> None:
    assert take(release(), stand_in) == [
        "compose build",
        "compose run --rm migrate",
        *replaced("humaneval-web-1"),
        *replaced("humaneval-web-2"),
        "compose up --detach --scale web=2",
    ]
    addresses = re.findall(r"(humaneval-web-\d):8000", steps(OPERATE, "export WEBS=several"))
    assert addresses == ["humaneval-web-1", "humaneval-web-2"]
    (grace,) = re.findall(r"--time (\d+)", release())
    assert int(grace) >= int(services()["web"]["stop_grace_period"].removesuffix("s"))


@pytest.mark.parametrize("failing", ["build", "run --rm migrate", "up --detach --wait"])
def test_a_release_that_fails_leaves_the_other_server_alone(stand_in: Path, failing: str) -> None:
    calls = take(release(), stand_in, fail=f"compose -f deploy/compose.yaml {failing}")
    assert calls[-1].startswith(f"compose {failing}")
    assert not any("humaneval-web-2" in call for call in calls)


def test_nothing_of_ours_works_on_while_a_backup_is_brought_back() -> None:
    commands = steps(OPERATE, "createdb -U humaneval restored\nexport")
    stopped = {word for line in re.findall(r"stop ([\w -]+)", commands) for word in line.split()}
    ours = {name for name, service in services().items() if image_of(service)}
    assert stopped == ours - {*DONE} | {"proxy"}


def test_nothing_of_ours_works_on_in_the_cluster_either(manifests: list[Manifest], folder: Path) -> None:
    commands = steps(OPERATE, f"{folder.name}/restore.json")
    scaled = set(re.findall(r"deploy/(\w+)(?= )", commands)) | set(
        re.findall(r"scaledobject/(\S+)", commands)
    )
    labelled = {
        name
        for name, manifest in of_kind(manifests, "Deployment")
        if "humaneval" in str(manifest["spec"]["template"]["spec"]["containers"][0]["image"])
    }
    assert scaled == labelled
    for name, manifest in of_kind(manifests, "ScaledObject"):
        assert f"scaledobject/{name}" in commands, "KEDA would start it again"
        assert manifest["spec"]["scaleTargetRef"]["name"] == name


def test_prometheus_operator_is_given_the_alerts_that_are_here(stand_in: Path) -> None:
    subprocess.run(
        ["sh", "-c", steps(MONITORING, "PrometheusRule")],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{stand_in}:{os.environ['PATH']}"},
        check=True,
    )
    applied = yaml.safe_load((stand_in / "applied").read_text())
    assert (applied["apiVersion"], applied["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert applied["spec"] == yaml.safe_load((ROOT / "deploy" / "monitoring" / "alerts.yaml").read_text())
