"""Finds its way about Kubernetes manifests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.deploy.compose import ROOT
from tests.deploy.policies import Pod

KUBERNETES = ROOT / "deploy" / "kubernetes"
NAMESPACE = "humaneval"
Manifest = dict[str, Any]


def of_kind(manifests: list[Manifest], *kinds: str) -> Iterator[tuple[str, Manifest]]:
    for manifest in manifests:
        if manifest["kind"] in kinds:
            yield manifest["metadata"]["name"], manifest


def workloads(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Return the pods' specs by the name of what makes them."""
    made = of_kind(manifests, "Deployment", "StatefulSet", "Job", "CronJob")
    specs = {name: manifest["spec"] for name, manifest in made}
    return {name: spec.get("jobTemplate", {"spec": spec})["spec"]["template"] for name, spec in specs.items()}


def containers(template: Manifest) -> list[Manifest]:
    return template["spec"]["containers"] + template["spec"].get("initContainers", [])


def main_container(template: Manifest) -> Manifest:
    """Return a pod's container that is not the proxy."""
    (found,) = (one for one in template["spec"]["containers"] if one["name"] != "proxy")
    return found


def settings_of(manifests: list[Manifest], folder: Path) -> dict[str, str]:
    """Return the settings that pods get, secrets where they lie here."""
    named = of_kind(manifests, "ConfigMap")
    (config,) = (manifest["data"] for name, manifest in named if name.startswith("settings-"))
    return {k: v.replace("/run/secrets/humaneval", str(folder / "secrets")) for k, v in config.items()}


def pods(manifests: list[Manifest]) -> dict[str, Pod]:
    """Return the pods as policies see them, by the name of what makes them."""
    return {
        name: Pod(
            template["metadata"]["labels"],
            NAMESPACE,
            {
                port["name"]: port["containerPort"]
                for c in containers(template)
                for port in c.get("ports", [])
            },
        )
        for name, template in workloads(manifests).items()
    }
