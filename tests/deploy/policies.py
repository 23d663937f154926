"""What a cluster's network policies let through, as a network that enforces them reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Rules = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod, as policies see it; ``ports`` are its containers' by name."""

    labels: dict[str, str]
    namespace: str
    ports: dict[str, int] = field(default_factory=dict)


def allowed(policies: list[Rules], source: Pod, target: Pod, port: int) -> bool:
    """Return whether a pod may open a connection to another's port, by all policies of all namespaces."""
    out = _side(policies, source, "Egress", "to", target, target, port)
    return out and _side(policies, target, "Ingress", "from", source, target, port)


def _side(policies: list[Rules], of: Pod, kind: str, key: str, other: Pod, target: Pod, port: int) -> bool:
    """Return what one side says: yes where no policy is about it, else whether any rule of one lets it be."""
    concerned = [
        policy["spec"]
        for policy in policies
        if policy["metadata"]["namespace"] == of.namespace
        and kind in policy["spec"]["policyTypes"]
        and _selects(policy["spec"]["podSelector"], of.labels)
    ]
    rules = [rule for spec in concerned for rule in spec.get(kind.lower(), [])]
    return not concerned or any(
        _is_peer(rule.get(key), of, other) and _is_port(rule.get("ports"), target, port) for rule in rules
    )


def _is_peer(peers: list[Rules] | None, of: Pod, other: Pod) -> bool:
    return peers is None or any(_matches(peer, of, other) for peer in peers)


def _matches(peer: Rules, of: Pod, other: Pod) -> bool:
    if "namespaceSelector" in peer:
        there = _selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": other.namespace})
    else:
        there = other.namespace == of.namespace
    return there and _selects(peer.get("podSelector", {}), other.labels)


def _is_port(ports: list[Rules] | None, target: Pod, port: int) -> bool:
    return ports is None or port in [target.ports.get(one["port"], one["port"]) for one in ports]


def _selects(selector: Rules, labels: dict[str, str]) -> bool:
    expressions = selector.get("matchExpressions", [])
    assert {one["operator"] for one in expressions} <= {"In"}, "another operator: teach it to this reader"
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(one["key"]) in one["values"] for one in expressions
    )
