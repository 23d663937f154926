"""Who reaches whom in the cluster: visitors, Prometheus and pods, by policies, proxies and addresses."""

from __future__ import annotations

import contextlib
import http.client
import re
from pathlib import Path
from typing import Any

import yaml
from django.test import RequestFactory

from humaneval.account.guarding import client_address
from tests.deploy.caddy import CADDYFILE, caddy, need_caddy
from tests.deploy.compose import ROOT
from tests.deploy.manifests import (
    KUBERNETES,
    NAMESPACE,
    Manifest,
    containers,
    of_kind,
    pods,
    settings_of,
    workloads,
)
from tests.deploy.policies import Pod, allowed
from tests.deploy.upstream import upstream_server
from tests.ports import free_port

OF_OURS = ("web", "worker", "long", "metrics", "scheduler", "migrate", "backup")
INGRESS, PROMETHEUS = Pod({}, "kube-system"), Pod({}, "monitoring")


def test_policies_let_pods_reach_what_they_need_and_nobody_else(manifests: list[Manifest]) -> None:
    policies = [manifest for _name, manifest in of_kind(manifests, "NetworkPolicy")]
    there = pods(manifests)
    data = {"database": 5432, "redis": 6379, "storage": 8333}
    ours = [name for name in (*OF_OURS, "bucket") if name in there]
    assert {*OF_OURS} <= {*ours}
    for target, port in data.items():
        if target in there:  # in large they are elsewhere
            barred = [name for name in ours if not allowed(policies, there[name], there[target], port)]
            assert barred == [], target
            assert not allowed(policies, Pod({}, NAMESPACE), there[target], port)
            assert not allowed(policies, INGRESS, there[target], port)
    elsewhere = Pod({}, "elsewhere")
    for name in ours:
        for port in (443, 5432, 6379, 4317, 4318):
            assert allowed(policies, there[name], elsewhere, port), (name, port)
        assert not allowed(policies, there[name], elsewhere, 25), name
        assert allowed(policies, there[name], Pod({}, "kube-system"), 53), name

    proof = Pod({"acme.cert-manager.io/http01-solver": "true"}, NAMESPACE)
    assert allowed(policies, INGRESS, proof, 8089), "cert-manager could not show whose the address is"
    assert not allowed(policies, elsewhere, proof, 8089)
    web, worker = there["web"], there["worker"]
    assert allowed(policies, INGRESS, web, web.ports["visitors"])
    assert not allowed(policies, INGRESS, web, web.ports["http"]), "past the proxy"
    assert not allowed(policies, elsewhere, web, web.ports["visitors"])
    assert all(allowed(policies, PROMETHEUS, web, port) for port in web.ports.values())
    assert allowed(policies, PROMETHEUS, worker, 9101)
    assert not allowed(policies, INGRESS, worker, 9101)


def test_the_way_in_is_the_public_address(manifests: list[Manifest], folder: Path) -> None:
    ((_name, ingress),) = of_kind(manifests, "Ingress")
    (rule,) = ingress["spec"]["rules"]
    assert settings_of(manifests, folder)["PUBLIC_URL"] == f"https://{rule['host']}"
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    assert ingress["metadata"]["annotations"].keys() == {"cert-manager.io/cluster-issuer"}
    assert "ingressClassName" not in ingress["spec"], "any controller will do"
    (path,) = rule["http"]["paths"]
    service = dict(of_kind(manifests, "Service"))[path["backend"]["service"]["name"]]
    assert [port["targetPort"] for port in service["spec"]["ports"]] == ["visitors"]


def test_the_proxy_in_a_web_pod_believes_the_ingress_who_is_there(
    manifests: list[Manifest], folder: Path, tmp_path: Path, settings: Any
) -> None:
    need_caddy()
    web = workloads(manifests)["web"]
    (proxy,) = (one for one in containers(web) if one["name"] == "proxy")
    (config,) = (m["data"] for name, m in of_kind(manifests, "ConfigMap") if name.startswith("proxy-"))
    assert config == {"Caddyfile": CADDYFILE.read_text()}
    given = {one["name"]: one["value"] for one in proxy["env"]}
    behind = {"http": f"127.0.0.1:{pods(manifests)['web'].ports['http']}", "visitors": proxy["ports"][0]}
    assert given["WEB"] == behind["http"]
    assert given["HTTP_PORT"] == str(behind["visitors"]["containerPort"])
    with upstream_server() as upstream:
        port, web_at = free_port(), f"127.0.0.1:{upstream.server_address[1]}"
        here = {
            k: v.replace(given["HTTP_PORT"], str(port)).replace(given["WEB"], web_at)
            for k, v in given.items()
        }
        with caddy(tmp_path, port, **here, HEALTH_PORT=str(free_port())):
            told = {
                "X-Forwarded-For": "203.0.113.9",
                "X-Forwarded-Proto": "https",
                "Host": "study.example.org",
            }
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=150)) as connection:
                connection.request("POST", "/", b"x", told)
                assert connection.getresponse().status == 204
    (head,) = upstream.heads
    assert (head["Host"], head["X-Forwarded-Proto"]) == ("study.example.org", "https")
    number = int(settings_of(manifests, folder)["NUM_PROXIES"])
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": number}
    asked = RequestFactory().get("/", headers={"X-Forwarded-For": head["X-Forwarded-For"]})
    assert client_address(asked) == "203.0.113.9"


def test_k3s_keeps_visitors_addresses_and_waits_for_archives_as_long_as_the_proxy() -> None:
    chart = yaml.safe_load((KUBERNETES / "traefik.yaml").read_text())
    assert (chart["kind"], chart["metadata"]) == (
        "HelmChartConfig",
        {"name": "traefik", "namespace": INGRESS.namespace},
    )
    values = yaml.safe_load(chart["spec"]["valuesContent"])
    assert values["service"]["spec"]["externalTrafficPolicy"] == "Local"
    waits = values["ports"]["websecure"]["transport"]["respondingTimeouts"]["readTimeout"]
    assert f"read_body {{$UPLOAD_TIME:{waits}}}" in CADDYFILE.read_text()


def test_the_proxy_in_a_web_pod_stops_before_what_it_stands_for(manifests: list[Manifest]) -> None:
    pod = workloads(manifests)["web"]["spec"]
    waits = {one["name"]: int(one["lifecycle"]["preStop"]["exec"]["command"][1]) for one in pod["containers"]}
    assert waits["proxy"] < waits["web"] < pod["terminationGracePeriodSeconds"] - 30


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


def test_prometheus_finds_every_web_server_and_worker_and_is_let_in(
    manifests: list[Manifest], folder: Path
) -> None:
    text = (ROOT / "deploy" / "monitoring" / "kubernetes.yaml").read_text()
    web, installation, worker, outside = yaml.safe_load(text)["scrape_configs"]
    there = {
        name
        for name, template in workloads(manifests).items()
        for one in containers(template)
        if {"name": "WORKER_METRICS_PORT", "value": "9101"} in one.get("env", [])
    }
    assert there == {"worker", "long", "metrics"}
    assert targets(web, manifests) == {("web", "10.1.2.3:8000")}
    assert targets(worker, manifests) == {(name, "10.1.2.3:9101") for name in there}
    service = dict(of_kind(manifests, "Service"))["web"]
    ((at,),) = (asked["targets"] for asked in installation["static_configs"])
    assert at == f"web.{service['metadata']['namespace']}.svc:{service['spec']['ports'][0]['port']}"
    for job in (web, worker):
        here = {"names": [service["metadata"]["namespace"]]}
        assert job["kubernetes_sd_configs"] == [{"role": "pod", "namespaces": here}]

    ((asked,),) = (at["targets"] for at in outside["static_configs"])
    assert asked == f"{settings_of(manifests, folder)['PUBLIC_URL']}/healthz"

    policy = dict(of_kind(manifests, "NetworkPolicy"))["prometheus-reads"]["spec"]
    (selected,) = policy["podSelector"]["matchExpressions"]
    assert set(selected["values"]) >= {"web", *there}
    assert {port["port"] for port in policy["ingress"][0]["ports"]} == {"http", "visitors", 9101}
