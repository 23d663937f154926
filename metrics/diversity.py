"""Diversity within a set, and agreement of pictures with their prompts, from embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from metrics.arrays import Array, as_matrix, same_width
from metrics.errors import InvalidInput


@dataclass(frozen=True)
class PairwiseDistance:
    """The mean feature distance between two different samples of a set."""

    value: float
    standard_error: float
    pairs: int


def pairwise_distance(features: Array, *, pairs: int = 10_000, seed: int = 0) -> PairwiseDistance:
    """Return the mean Euclidean distance over random disjoint pairs, drawn again until there are ``pairs``.

    In a perceptual feature space this is the intra-set LPIPS-type diversity; 0 when all samples agree.
    The standard error is that of n/2 independent pairs, since every round uses the same samples.
    """
    x = as_matrix(features, dtype=None)
    if len(x) < 2 or pairs < 1:
        raise InvalidInput("pairs need at least two samples")
    rng = np.random.default_rng(seed)
    found: list[torch.Tensor] = []
    half = len(x) // 2
    while sum(len(part) for part in found) < min(pairs, len(x) * (len(x) - 1) // 2):
        order = torch.from_numpy(rng.permutation(len(x))).to(x.device)
        difference = x[order[:half]].double() - x[order[half : 2 * half]].double()
        found.append(torch.linalg.vector_norm(difference, dim=1))
    distances = torch.cat(found)
    spread = float(distances.std(correction=1)) if len(distances) > 1 else float("nan")
    return PairwiseDistance(float(distances.mean()), spread / half**0.5, len(distances))


@dataclass(frozen=True)
class ClipScore:
    """100 times the cosine between a picture's and its prompt's embedding, not below 0: the mean."""

    value: float
    standard_error: float
    per_sample: np.ndarray


def clip_score(pictures: Array, prompts: Array) -> ClipScore:
    """Return the CLIP score (Hessel et al. 2021, scaled by 100) of paired embeddings (n, d).

    Both come from one CLIP model: ``extract`` with ``open_clip:...`` and ``embed_prompts``.
    """
    x, y = as_matrix(pictures, "picture embeddings"), as_matrix(prompts, "prompt embeddings")
    same_width(x, y)
    if len(x) != len(y):
        raise InvalidInput(f"one prompt for each picture is needed: {len(y)} for {len(x)}")
    each = 100 * torch.nn.functional.cosine_similarity(x, y.to(x.device)).clamp(min=0)
    error = float(each.std() / len(each) ** 0.5) if len(each) > 1 else float("nan")
    return ClipScore(float(each.mean()), error, each.cpu().numpy())
