"""The Kubernetes manifests hold together: built by kustomize, checked against the published schemas.

No cluster runs here: what a scheduler, an ingress or KEDA makes of them is not shown.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.db import connection

from humaneval.jobs.models import Job, JobState
from tests.config.test_settings import settings_read
from tests.deploy.compose import ROOT, interpolate, services
from tests.deploy.conftest import built
from tests.deploy.manifests import (
    KUBERNETES,
    Manifest,
    containers,
    main_container,
    of_kind,
    settings_of,
    workloads,
)

VERSIONS = ("1.31", "1.37")
KEDA = ("ScaledObject", "TriggerAuthentication")
SAME_AS_COMPOSE = {"web", "worker", "long", "metrics", "scheduler", "migrate", "bucket", "redis"}


@pytest.mark.parametrize("version", VERSIONS)
def test_they_keep_to_the_published_schemas(manifests: list[Manifest], version: str) -> None:
    for manifest in manifests:
        if manifest["kind"] not in KEDA:
            validate(manifest, version)


def validate(manifest: Manifest, version: str) -> None:
    """Check a manifest by the schema that Kubernetes published of a version."""
    import kubernetes_validate  # more than a second, in each process that collects this module

    kubernetes_validate.validate(manifest, version, strict=True)


def test_what_keda_reads_keeps_to_its_own(manifests: list[Manifest]) -> None:
    from cloudcoil.models.keda import v1alpha1  # as slow to import

    for _name, manifest in of_kind(manifests, *KEDA):
        read = getattr(v1alpha1, manifest["kind"]).model_validate(manifest)
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
            given = services()["proxy"]["cap_add"] if container["name"] == "proxy" else []
            assert context["capabilities"].get("add", []) == given, name
            assert container["resources"]["requests"].keys() >= {"cpu", "memory"}, name
            assert "memory" in container["resources"]["limits"], name


def test_every_server_is_probed(manifests: list[Manifest]) -> None:
    for name, manifest in of_kind(manifests, "Deployment", "StatefulSet"):
        for container in manifest["spec"]["template"]["spec"]["containers"]:
            assert "livenessProbe" in container, name
            asked = "readinessProbe" in container
            assert asked == ("ports" in container), f"{name}: who serves others says when it can"


def test_they_start_what_compose_starts(manifests: list[Manifest]) -> None:
    ours = SAME_AS_COMPOSE & workloads(manifests).keys()
    assert {"web", "worker", "long", "metrics", "scheduler", "migrate"} <= ours
    for name in ours:
        container = main_container(workloads(manifests)[name])
        assert container["command"] == services()[name]["command"], name
    (proxy,) = (one for one in containers(workloads(manifests)["web"]) if one["name"] == "proxy")
    assert proxy["command"] == services()["proxy"]["command"]
    assert proxy["image"] == services()["proxy"]["image"]


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


def test_a_job_of_the_backups_kind_restores(manifests: list[Manifest], folder: Path) -> None:
    ((_name, nightly),) = of_kind(manifests, "CronJob")
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "restore"}}
    job["spec"] = nightly["spec"]["jobTemplate"]["spec"]
    patch = ["--patch-file", str(folder / "restore.json"), "--type=json", "-o", "yaml"]
    command = ["kubectl", "patch", "--local", "-f", "-", *patch]
    done = subprocess.run(command, input=yaml.safe_dump(job), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = yaml.safe_load(done.stdout)
    validate(made, VERSIONS[-1])
    (container,) = made["spec"]["template"]["spec"]["containers"]
    ((backup,),) = ([c["command"] for c in workloads(manifests)["backup"]["spec"]["containers"]],)
    assert container["command"] == ["python", "manage.py", "restore", backup[3]]
    given = {one["name"]: one["value"] for one in container["env"]}
    was = settings_of(manifests, folder)
    assert given["DATABASE_URL"] == re.sub(r"/humaneval(?=\?|$)", "/restored", was["DATABASE_URL"])
    assert given["S3_PREFIX"] == "restored"


def test_pods_of_a_new_release_wait_for_its_migrations(manifests: list[Manifest]) -> None:
    for name in ("web", "worker", "long", "metrics", "scheduler"):
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
    assert {"web", "worker", "long", "metrics"} <= budgets
    ((_name, scaler),) = of_kind(manifests, "HorizontalPodAutoscaler")
    (metric,) = scaler["spec"]["metrics"]
    assert metric["resource"]["name"] == "cpu"
    assert scaler["spec"]["minReplicas"] >= 2


def test_nothing_comes_in_but_what_is_listed(manifests: list[Manifest]) -> None:
    policies = dict(of_kind(manifests, "NetworkPolicy"))
    everything = policies["nothing-comes-in"]["spec"]
    assert everything == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert policies["what-goes-out"]["spec"]["podSelector"] == {}


def most_pods(name: str, manifests: list[Manifest]) -> int:
    """Return how many pods of a deployment there may be while a release is rolled out."""
    spec = dict(of_kind(manifests, "Deployment"))[name]["spec"]
    limits = [
        scaler["spec"].get("maxReplicas") or scaler["spec"]["maxReplicaCount"]
        for _name, scaler in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject")
        if scaler["spec"]["scaleTargetRef"]["name"] == name
    ]
    (replicas,) = limits or [spec["replicas"]]
    surge = spec.get("strategy", {}).get("rollingUpdate", {}).get("maxSurge")
    return replicas + (-(-replicas // 4) if surge is None else surge)  # Kubernetes' default: 25%, rounded up


def option(name: str, manifests: list[Manifest], option: str) -> int:
    """Return a number that a process is started with."""
    command = main_container(workloads(manifests)[name])["command"]
    (found,) = (part.partition("=")[2] for part in command if part.startswith(f"--{option}="))
    return int(found)


def test_postgresqls_connections_are_counted_in_the_docs(manifests: list[Manifest], folder: Path) -> None:
    table = (ROOT / "docs" / "operate.md").read_text().partition("**Connections to PostgreSQL**")[2]
    (row,) = re.findall(rf"^\| {folder.name} \|(.*)\|$", table.partition("\n\n**")[0], re.MULTILINE)
    *told, enough = (int(re.search(r"\d+", cell)[0]) for cell in row.split("|"))  # type: ignore[index]
    web = (
        most_pods("web", manifests)
        * option("web", manifests, "workers")
        * option("web", manifests, "threads")
    )
    workers = sum(
        most_pods(name, manifests) * 2 * option(name, manifests, "concurrency") for name in ("worker", "long")
    )
    counted = [web, workers, 2 * most_pods("metrics", manifests), told[3]]
    assert told == [*counted, sum(counted)]
    assert sum(counted) < 0.9 * enough


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


def test_there_is_one_kind_of_metrics_worker_and_in_large_it_has_a_card(
    manifests: list[Manifest], folder: Path
) -> None:
    queues = {
        name: re.findall(r"--queues=(\S+?)[\"',]", str(template))
        for name, template in workloads(manifests).items()
    }
    assert [name for name, listened in queues.items() if listened == ["metrics"]] == ["metrics"]
    spec = workloads(manifests)["metrics"]["spec"]
    (container,) = spec["containers"]
    with_cards = container["resources"]["limits"].get("nvidia.com/gpu")
    image = f"registry.example.org/humaneval-metrics{'-cuda' if with_cards else ''}"
    assert (with_cards, container["image"].partition(":")[0]) == (
        1 if folder.name == "large" else None,
        image,
    )
    assert bool(with_cards) == ("tolerations" in spec)


def test_networks_of_ones_own_and_weights_have_a_volume_where_it_is_asked_for(folder: Path) -> None:
    overlay = folder.parent / f"{folder.name}-with-networks"
    overlay.mkdir(exist_ok=True)
    wanted = {"resources": [f"../{folder.name}"], "components": ["../networks"], "namespace": "humaneval"}
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(wanted))
    made = built(overlay)
    (claim,) = [one for name, one in of_kind(made, "PersistentVolumeClaim") if name == "networks"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"], "web and metrics are on different nodes"
    mounts: dict[str, dict[str, Manifest]] = {}
    for name in ("web", "metrics"):
        validate(dict(of_kind(made, "Deployment"))[name], VERSIONS[-1])
        spec = workloads(made)[name]["spec"]
        assert {"name": "networks", "persistentVolumeClaim": {"claimName": "networks"}} in spec["volumes"]
        mounts[name] = {mount["mountPath"]: mount for mount in spec["containers"][0]["volumeMounts"]}
        read = mounts[name]["/data/extractors"]
        assert (read["name"], read["subPath"], read["readOnly"]) == ("networks", "extractors", True)
    assert mounts["metrics"]["/cache"] == {"mountPath": "/cache", "name": "networks"}


def test_secrets_are_named_as_they_are_called(manifests: list[Manifest]) -> None:
    """Kustomize calls a secret by what is in it, and says so only to kinds that it knows."""
    there = {name for name, _manifest in of_kind(manifests, "Secret")}
    named = {
        asked["name"]
        for _name, manifest in of_kind(manifests, "TriggerAuthentication")
        for asked in manifest["spec"]["secretTargetRef"]
    } | {
        volume["secret"]["secretName"]
        for template in workloads(manifests).values()
        for volume in template["spec"].get("volumes", [])
        if "secret" in volume
    }
    assert named == there


@pytest.mark.django_db
def test_metrics_workers_come_by_the_number_of_jobs() -> None:
    text = (KUBERNETES / "large" / "scaling.yaml").read_text()
    (scaled,) = [found for found in yaml.safe_load_all(text) if found["kind"] == "ScaledObject"]
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]
    for number, (queue, state) in enumerate(
        [("metrics", s) for s in JobState] + [("default", JobState.QUEUED), ("metrics", JobState.QUEUED)]
    ):
        Job.objects.create(kind="any", key=str(number), queue=queue, state=state)
    with connection.cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchone() == (3,)  # two wait, one runs
