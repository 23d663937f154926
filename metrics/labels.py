"""What a score is called in a feature space: only Inception's Fréchet distance is FID."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OF_INCEPTION = {
    "frechet_distance": "FID",
    "fid_infinity": "FID-infinity",
    "kernel_distance": "KID",
    "inception_score": "Inception Score",
}
ELSEWHERE = {"inception_score": "Classifier score (as Inception Score)"}
CMMD_NETWORKS = frozenset({"open_clip-ViT-L-14-336-openai", "open_clip-ViT-L-14-336-quickgelu-openai"})
WITHOUT_SPACE = frozenset({"unique_fraction"})


def label_of(kind: str, label: str, extractor: Mapping[str, Any]) -> str:
    """Return the full name: ``FID (tf1)``, ``Fréchet distance (digits-cnn)``; lower tiers are named."""
    if kind in WITHOUT_SPACE:
        return label
    name = str(extractor.get("name", ""))
    tier = str(extractor.get("precision", "reference"))
    extra = "" if tier == "reference" else f", {tier}"
    if name == "inception":
        return f"{OF_INCEPTION.get(kind, label)} ({extractor.get('preprocessing')}{extra})"
    if kind == "frechet_distance" and name.startswith("dinov2-"):
        return f"FD-DINOv2 ({name}{extra})"
    if kind == "rbf_distance" and name in CMMD_NETWORKS:
        return f"CMMD ({name}{extra})"
    return f"{ELSEWHERE.get(kind, label)} ({name}{extra})"
