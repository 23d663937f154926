"""The Kubernetes manifests hold together: built by kustomize, checked against the published schemas.

No cluster runs here: what a scheduler, an ingress or KEDA makes of them is not shown.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject, TriggerAuthentication
from django.db import connection

from humaneval.jobs.models import Job, JobState
from tests.config.test_settings import settings_read
from tests.deploy.compose import ROOT, interpolate, services

KUBERNETES = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.31", "1.37")
OVERLAYS = ("small", "large")
KEDA = {"ScaledObject": ScaledObject, "TriggerAuthentication": TriggerAuthentication}
SAME_AS_COMPOSE = {"web", "worker", "metrics", "metrics-cuda", "scheduler", "migrate", "bucket", "redis"}
Manifest = dict[str, Any]


@pytest.fixture(scope="module", params=OVERLAYS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an overlay in a copy of the manifests, with secrets made for it."""
    copy = tmp_path_factory.mktemp("kubernetes")
    shutil.copytree(KUBERNETES, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("secrets"))
    command = [sys.executable, "deploy/make_secrets.py", "--folder", copy / request.param / "secrets"]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return copy / request.param


@pytest.fixture(scope="module")
def manifests(folder: Path) -> list[Manifest]:
    """Give what kustomize makes of the overlay."""
    if shutil.which("kubectl") is None:
        assert not os.environ.get("CI"), "kubectl must be there in CI"
        pytest.skip("kubectl, which brings kustomize, is not installed on this machine")
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


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


def settings_of(manifests: list[Manifest], folder: Path) -> dict[str, str]:
    """Return the settings that pods get, secrets where they lie here."""
    (config,) = (manifest["data"] for _name, manifest in of_kind(manifests, "ConfigMap"))
    return {k: v.replace("/run/secrets/humaneval", str(folder / "secrets")) for k, v in config.items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_they_keep_to_the_published_schemas(manifests: list[Manifest], version: str) -> None:
    for manifest in manifests:
        if manifest["kind"] not in KEDA:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_what_keda_reads_keeps_to_its_own(manifests: list[Manifest]) -> None:
    for _name, manifest in of_kind(manifests, *KEDA):
        read = KEDA[manifest["kind"]].model_validate(manifest)
        written = read.model_dump(by_alias=True, exclude_unset=True, mode="json")
        assert written["spec"] == manifest["spec"], "a field that KEDA does not know"


def test_every_container_is_locked_down(manifests: list[Manifest]) -> None:
    for name, template in workloads(manifests).items():
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["securityContext"]["runAsUser"] > 0, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        for container in containers(template):
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"], name
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"]["drop"] == ["ALL"], name
            assert container["resources"]["requests"].keys() >= {"cpu", "memory"}, name
            assert "memory" in container["resources"]["limits"], name


def test_every_server_is_probed(manifests: list[Manifest]) -> None:
    for name, manifest in of_kind(manifests, "Deployment", "StatefulSet"):
        (container,) = manifest["spec"]["template"]["spec"]["containers"]
        assert "livenessProbe" in container, name
        asked = "readinessProbe" in container
        assert asked == ("ports" in container), f"{name}: who serves others says when it can"


def test_they_start_what_compose_starts(manifests: list[Manifest]) -> None:
    ours = SAME_AS_COMPOSE & workloads(manifests).keys()
    assert {"web", "worker", "metrics", "scheduler", "migrate"} <= ours
    for name in ours:
        (container,) = workloads(manifests)[name]["spec"]["containers"]
        assert container["command"] == services()[name]["command"], name


def test_each_night_a_backup_is_made_and_old_ones_go(manifests: list[Manifest]) -> None:
    ((_name, nightly),) = of_kind(manifests, "CronJob")
    assert nightly["spec"]["concurrencyPolicy"] == "Forbid"
    (container,) = workloads(manifests)["backup"]["spec"]["containers"]
    program, script, name, place, *options = container["command"]
    assert (program, script, name, options) == ("python", "manage.py", "backup", ["--keep", "14"])
    assert f"{name} /backups {' '.join(options)}" in interpolate(services()["backup"]["command"][-1], {})
    written = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert place in written or place.startswith("s3://")
    claims = {name for name, _manifest in of_kind(manifests, "PersistentVolumeClaim")}
    volumes = workloads(manifests)["backup"]["spec"]["volumes"]
    assert {
        v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v
    } == claims


def test_a_job_of_the_backups_kind_restores(manifests: list[Manifest]) -> None:
    ((_name, nightly),) = of_kind(manifests, "CronJob")
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "restore"}}
    job["spec"] = nightly["spec"]["jobTemplate"]["spec"]
    patch = ["--patch-file", str(KUBERNETES / "restore.json"), "--type=json", "-o", "yaml"]
    command = ["kubectl", "patch", "--local", "-f", "-", *patch]
    done = subprocess.run(command, input=yaml.safe_dump(job), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = yaml.safe_load(done.stdout)
    kubernetes_validate.validate(made, VERSIONS[-1], strict=True)
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["python", "manage.py", "restore", "/backups"]
    assert {one["name"] for one in container["env"]} <= settings_read()


def test_pods_of_a_new_release_wait_for_its_migrations(manifests: list[Manifest]) -> None:
    for name in ("web", "worker", "metrics", "scheduler"):
        (waiting,) = workloads(manifests)[name]["spec"]["initContainers"]
        assert "migrate --check" in waiting["command"][-1], name


def test_selectors_find_pods_and_targets_are_there(manifests: list[Manifest]) -> None:
    labels = [template["metadata"]["labels"] for template in workloads(manifests).values()]
    for kind in ("Service", "PodDisruptionBudget"):
        for name, manifest in of_kind(manifests, kind):
            selector = manifest["spec"]["selector"]
            wanted = selector.get("matchLabels", selector)
            assert sum(wanted.items() <= found.items() for found in labels) == 1, (kind, name)
    for name, manifest in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject"):
        assert manifest["spec"]["scaleTargetRef"]["name"] in workloads(manifests), name


def test_evictions_and_growth_are_bounded(manifests: list[Manifest]) -> None:
    budgets = {name for name, _manifest in of_kind(manifests, "PodDisruptionBudget")}
    assert {"web", "worker", "metrics"} <= budgets
    ((_name, scaler),) = of_kind(manifests, "HorizontalPodAutoscaler")
    (metric,) = scaler["spec"]["metrics"]
    assert metric["resource"]["name"] == "cpu"
    assert scaler["spec"]["minReplicas"] >= 2


def test_nothing_comes_in_but_what_is_listed(manifests: list[Manifest]) -> None:
    policies = dict(of_kind(manifests, "NetworkPolicy"))
    everything = policies["nothing-comes-in"]["spec"]
    assert everything == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert policies["what-goes-out"]["spec"]["podSelector"] == {}


def test_images_are_named_with_a_version(manifests: list[Manifest]) -> None:
    images = {c["image"] for template in workloads(manifests).values() for c in containers(template)}
    assert all(re.fullmatch(r"[\w./-]+:[\w.-]+", image) for image in images), images
    assert not {image for image in images if image.endswith(":latest")}


def test_their_settings_are_known_and_fit_a_public_server(manifests: list[Manifest], folder: Path) -> None:
    given = settings_of(manifests, folder)
    assert {name.removesuffix("_FILE") for name in given} <= settings_read()
    system = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder / "data"), "ENV_FILE": os.devnull}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env={**system, **given}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_way_in_is_the_public_address(manifests: list[Manifest], folder: Path) -> None:
    ways = dict(of_kind(manifests, "Ingress"))
    assert set(ways) == {"web", "archives"}
    for ingress in ways.values():
        (rule,) = ingress["spec"]["rules"]
        assert settings_of(manifests, folder)["PUBLIC_URL"] == f"https://{rule['host']}"
        assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]


def targets(job: Manifest, manifests: list[Manifest]) -> set[tuple[str, str]]:
    """Return the pods and addresses that a job of Prometheus would find, by its rules of relabelling."""
    found = set()
    for name, template in workloads(manifests).items():
        for one in containers(template):
            for port in one.get("ports", [{}]):
                at = f"10.1.2.3:{port['containerPort']}" if port else "10.1.2.3"
                labels = {f"label_{k}": v for k, v in template["metadata"]["labels"].items()}
                labels |= {"container_init": str(one not in template["spec"]["containers"]).lower()}
                labels |= {"container_port_name": port.get("name", ""), "ip": "10.1.2.3", "name": name}
                told = {f"__meta_kubernetes_pod_{re.sub(r'[^a-z_]', '_', k)}": v for k, v in labels.items()}
                told |= {"__meta_kubernetes_pod_phase": "Running", "__address__": at}
                if relabelled(job["relabel_configs"], told):
                    found.add((told["service"], told["__address__"]))
    return found


def relabelled(rules: list[Manifest], labels: dict[str, str]) -> bool:
    """Change labels by Prometheus's rules; return whether the target is kept."""
    for rule in rules:
        (source,) = rule["source_labels"]
        match = re.fullmatch(rule.get("regex", "(.*)"), labels.get(source, ""))
        if rule.get("action") == "keep" and not match:
            return False
        if "target_label" in rule and match:
            labels[rule["target_label"]] = rule.get("replacement", "$1").replace("$1", match[1])
    return True


def test_prometheus_finds_every_web_server_and_worker_and_is_let_in(manifests: list[Manifest]) -> None:
    text = (ROOT / "deploy" / "monitoring" / "kubernetes.yaml").read_text()
    web, installation, worker = yaml.safe_load(text)["scrape_configs"]
    there = {
        name
        for name, template in workloads(manifests).items()
        for one in containers(template)
        if {"name": "WORKER_METRICS_PORT", "value": "9101"} in one.get("env", [])
    }
    assert there >= {"worker", "metrics"}
    assert targets(web, manifests) == {("web", "10.1.2.3:8000")}
    assert targets(worker, manifests) == {(name, "10.1.2.3:9101") for name in there}
    service = dict(of_kind(manifests, "Service"))["web"]
    ((at,),) = (asked["targets"] for asked in installation["static_configs"])
    assert at == f"web.{service['metadata']['namespace']}.svc:{service['spec']['ports'][0]['port']}"
    for job in (web, worker):
        here = {"names": [service["metadata"]["namespace"]]}
        assert job["kubernetes_sd_configs"] == [{"role": "pod", "namespaces": here}]

    policy = dict(of_kind(manifests, "NetworkPolicy"))["prometheus-reads"]["spec"]
    (selected,) = policy["podSelector"]["matchExpressions"]
    assert set(selected["values"]) >= {"web", *there}
    assert {port["port"] for port in policy["ingress"][0]["ports"]} == {"http", 9101}


@pytest.mark.django_db
def test_metrics_workers_come_by_the_number_of_jobs() -> None:
    text = (KUBERNETES / "large" / "scaling.yaml").read_text()
    scaled = [found for found in yaml.safe_load_all(text) if found["kind"] == "ScaledObject"]
    queries = {found["spec"]["triggers"][0]["metadata"]["query"] for found in scaled}
    (query,) = queries
    for number, (queue, state) in enumerate(
        [("metrics", s) for s in JobState] + [("default", JobState.QUEUED), ("metrics", JobState.QUEUED)]
    ):
        Job.objects.create(kind="any", key=str(number), queue=queue, state=state)
    with connection.cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchone() == (3,)  # two wait, one runs
