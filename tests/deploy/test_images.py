"""What the Containerfile builds: who runs in it, what it starts, and what is kept out of it."""

from __future__ import annotations

import json
import re

from tests.deploy.compose import COMPOSE, CONTAINERFILE, ROOT, services


def test_images_run_as_an_ordinary_user_and_check_themselves() -> None:
    stages = re.split(r"^FROM ", CONTAINERFILE.read_text(), flags=re.MULTILINE)[1:]
    images = {stage.split("AS ", 1)[1].split()[0]: stage for stage in stages if "\nCMD " in stage}
    assert set(images) == {"server", "metrics", "metrics-cuda"}
    for stage in images.values():
        assert re.findall(r"^USER (.*)$", stage, re.MULTILINE) == ["10001:10001"]
        assert "HEALTHCHECK" in stage


def test_images_start_what_compose_starts() -> None:
    commands = re.findall(r"^CMD (\[.*\])$", CONTAINERFILE.read_text(), re.MULTILINE)
    by_compose = [services()[name]["command"] for name in ("metrics", "metrics", "web")]
    assert [json.loads(command) for command in commands] == by_compose


def test_backups_are_made_by_a_client_as_new_as_the_servers() -> None:
    (client,) = re.findall(r"postgresql-client-(\d+)", CONTAINERFILE.read_text())
    small = (ROOT / "deploy" / "kubernetes" / "small" / "database.yaml").read_text()
    assert set(re.findall(r"/postgres:(\d+)", COMPOSE.read_text() + small)) == {client}


def test_what_is_an_operators_own_goes_into_no_image() -> None:
    kept, sent, by_podman = (
        (ROOT / name).read_text().split() for name in (".gitignore", ".dockerignore", ".containerignore")
    )
    own = {line.rstrip("/") for line in kept if line.startswith(("deploy/", ".env", "var"))}
    assert {".env", "deploy/panels.yaml", "deploy/kubernetes/*/secrets"} < own
    assert own <= set(sent)
    assert by_podman == sent
