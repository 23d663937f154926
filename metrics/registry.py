"""The metrics by name: what each is called, needs and gives. Importing this loads no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from metrics.errors import InvalidInput, UnknownMetric

ENTRY_POINT = "humaneval_metrics.metrics"


@dataclass(frozen=True)
class ScoreKind:
    """One number that a metric gives. ``higher_is_better`` is None where neither direction is better."""

    name: str
    label: str
    higher_is_better: bool | None


@dataclass(frozen=True)
class Metric:
    """A metric: ``needs`` are some of features, logits, digests, prompts, labels.

    ``function`` is ``module:name``. It takes a ``metrics.comparison.Comparison`` and the settings
    (``defaults`` overlaid by the caller's) and returns a list of ``metrics.scores.Score``, one for each of
    ``gives``.
    """

    name: str
    label: str
    description: str
    needs: frozenset[str]
    gives: tuple[ScoreKind, ...]
    function: str
    aliases: tuple[str, ...] = ()
    needs_real: bool = True
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def compute(self, comparison: Any, settings: Mapping[str, Any] | None = None) -> list[Any]:
        """Return the scores of one comparison. Raises InvalidInput for a setting that does not exist."""
        unknown = set(settings or {}) - set(self.defaults)
        if unknown:
            known = ", ".join(self.defaults) or "none"
            raise InvalidInput(f"{self.name} has no setting {', '.join(sorted(unknown))}; it has: {known}")
        module, _, name = self.function.partition(":")
        scores: list[Any] = getattr(import_module(module), name)(
            comparison, dict(self.defaults) | dict(settings or {})
        )
        return scores


def _metric(
    name: str,
    label: str,
    description: str,
    *gives: tuple[str, str, bool | None],
    needs: str = "features",
    aliases: tuple[str, ...] = (),
    needs_real: bool = True,
    **defaults: Any,
) -> Metric:
    kinds = tuple(ScoreKind(*kind) for kind in gives)
    function = f"metrics.comparison:{name}"
    return Metric(
        name, label, description, frozenset(needs.split()), kinds, function, aliases, needs_real, defaults
    )


BUILT_IN: tuple[Metric, ...] = (
    _metric(
        "frechet_distance",
        "Fréchet distance",
        "distance between Gaussians fitted to features; FID in Inception's space (Heusel et al. 2017)",
        ("frechet_distance", "Fréchet distance", False),
        aliases=("fid", "fd"),
    ),
    _metric(
        "fid_infinity",
        "Fréchet distance, extrapolated",
        "to infinitely many generated samples (Chong and Forsyth 2020)",
        ("fid_infinity", "Fréchet distance at infinity", False),
        aliases=("fid_inf",),
        points=15,
        smallest=None,
    ),
    _metric(
        "inception_score",
        "Inception Score",
        "how sure a classifier is, and how varied its answers (Salimans et al. 2016)",
        ("inception_score", "Inception Score", True),
        needs="logits",
        aliases=("is", "isc"),
        needs_real=False,
        splits=10,
        shuffle_seed=2020,
    ),
    _metric(
        "class_entropy",
        "Class entropies",
        "entropy of the classifier's answers, and the share of classes that occur",
        ("class_entropy", "Entropy of classes (nats)", True),
        ("class_coverage", "Classes that occur", True),
        needs="logits",
        needs_real=False,
    ),
    _metric(
        "kernel_distance",
        "Kernel distance",
        "unbiased squared MMD with a cubic kernel; KID in Inception's space (Binkowski et al. 2018)",
        ("kernel_distance", "Kernel distance", False),
        aliases=("kid",),
        subsets=100,
        subset_size=1000,
        degree=3,
        gamma=None,
        coef0=1.0,
        subset_seed=2020,
    ),
    _metric(
        "rbf_distance",
        "Gaussian kernel distance",
        "squared MMD with a Gaussian kernel; CMMD on CLIP embeddings (Jayasumana et al. 2024)",
        ("rbf_distance", "Gaussian kernel distance", False),
        aliases=("cmmd",),
        sigma=10.0,
        scale=1000.0,
        normalise=True,
    ),
    _metric(
        "precision_recall",
        "Precision and recall",
        "shares of samples inside the other set's neighbourhoods (Kynkäänniemi et al. 2019)",
        ("precision", "Precision", True),
        ("recall", "Recall", True),
        aliases=("prc",),
        k=3,
        strict=True,
    ),
    _metric(
        "density_coverage",
        "Density and coverage",
        "how densely and how widely the real neighbourhoods are filled (Naeem et al. 2020)",
        ("density", "Density", True),
        ("coverage", "Coverage", True),
        aliases=("dc",),
        k=5,
        strict=True,
    ),
    _metric(
        "authenticity",
        "Authenticity",
        "share of samples that are not noisy copies of real ones (Alaa et al. 2022)",
        ("authenticity", "Authenticity", True),
    ),
    _metric(
        "realism",
        "Realism and rarity",
        "for each sample: how real it looks, how rare it is (Kynkäänniemi 2019, Han 2022)",
        ("realism", "Realism (median)", True),
        ("rarity", "Rarity (mean)", None),
        k=3,
    ),
    _metric(
        "ndb",
        "Different bins",
        "bins of the real set that hold another share of the generated one (Richardson and Weiss 2018)",
        ("ndb", "Different bins, NDB/K", False),
        ("ndb_jsd", "Jensen-Shannon divergence over bins (nats)", False),
        ("cluster_coverage", "Bins that occur", True),
        bins=100,
        level=0.05,
        whiten=False,
        sample_dimensions=False,
        null_repeats=3,
    ),
    _metric(
        "unique_fraction",
        "Unique samples",
        "share of samples whose pixels differ from all others'",
        ("unique_fraction", "Unique samples", True),
        needs="digests",
        aliases=("unique",),
        needs_real=False,
        batch=100,
    ),
    _metric(
        "near_duplicates",
        "Near-duplicates",
        "samples that nearly repeat another, by the real set's own distances; birthday test",
        ("near_duplicates", "Near-duplicates", False),
        ("birthday_duplicates", "Batches with near-duplicates", False),
        aliases=("duplicates",),
        quantile=0.01,
        threshold=None,
        batch=100,
    ),
    _metric(
        "memorisation",
        "Memorised samples",
        "share of samples nearer to a real one than real ones are to each other",
        ("memorisation", "Memorised samples", False),
        aliases=("memorization",),
        quantile=0.01,
        threshold=None,
    ),
    _metric(
        "vendi_score",
        "Vendi score",
        "effective number of different samples (Friedman and Dieng 2023)",
        ("vendi_score", "Vendi score", True),
        aliases=("vendi",),
        needs_real=False,
        q=1.0,
    ),
    _metric(
        "pairwise_distance",
        "Mean pairwise distance",
        "diversity within the set: mean feature distance of random pairs (LPIPS-type in a perceptual space)",
        ("pairwise_distance", "Mean pairwise distance", True),
        aliases=("diversity",),
        needs_real=False,
        pairs=10_000,
    ),
    _metric(
        "sliced_wasserstein",
        "Sliced Wasserstein distance",
        "mean squared transport cost of features along random directions",
        ("sliced_wasserstein", "Sliced Wasserstein distance", False),
        aliases=("mind", "swd"),
        projections=1000,
    ),
    _metric(
        "clip_score",
        "CLIP score",
        "agreement of pictures with their prompts, 0 to 100 (Hessel et al. 2021)",
        ("clip_score", "CLIP score", True),
        needs="features prompts",
        aliases=("clip",),
        needs_real=False,
    ),
    _metric(
        "class_accuracy",
        "Class accuracy",
        "share of samples that the classifier puts into the class asked for; what a classification accuracy "
        "score trains on (Ravuri and Vinyals 2019)",
        ("class_accuracy", "Class accuracy", True),
        needs="logits labels",
        aliases=("accuracy",),
        needs_real=False,
        classes=None,
    ),
)

REASONS = {
    "logits": "the extractor gives no class logits",
    "prompts": "it needs the samples' prompts and an extractor that reads them (open_clip:NAME/PRETRAINED)",
    "labels": "it needs the class that each sample was asked for",
}

GROUPS: dict[str, tuple[str, ...]] = {"prdc": ("precision_recall", "density_coverage")}


@cache
def metrics_by_name() -> dict[str, Metric]:
    """Return every metric by name, those that installed packages add by an entry point included.

    The entry point ``humaneval_metrics.metrics`` names a ``Metric``.
    """
    found = {metric.name: metric for metric in BUILT_IN}
    for point in entry_points(group=ENTRY_POINT):
        metric = point.load()
        if not isinstance(metric, Metric):
            raise UnknownMetric(f"the entry point {point.name} of {ENTRY_POINT} is not a Metric")
        found[metric.name] = metric
    return found


REGISTRY: Mapping[str, Metric] = metrics_by_name()


def resolve(names: Iterable[str]) -> list[Metric]:
    """Return the metrics that names, aliases and groups mean, each once, in order.

    Raises UnknownMetric listing those there are.
    """
    known = metrics_by_name()
    aliases = {alias: metric.name for metric in known.values() for alias in metric.aliases}
    found: dict[str, Metric] = {}
    for name in names:
        key = name.strip().lower().replace("-", "_")
        for full in GROUPS.get(key, (aliases.get(key, key),)):
            if full not in known:
                there = ", ".join([*known, *aliases, *GROUPS])
                raise UnknownMetric(f"no metric is called {name!r}; there are: {there}")
            found[full] = known[full]
    return list(found.values())


def available(
    metrics: Iterable[Metric], *, logits: bool, prompts: bool = False, labels: bool = False
) -> tuple[list[Metric], dict[str, str]]:
    """Return the metrics that can be fed, and why not the others.

    ``prompts`` means that there are some, and a text tower to read them.
    """
    there = {"features": True, "digests": True, "logits": logits, "prompts": prompts, "labels": labels}
    usable, left_out = [], {}
    for metric in metrics:
        lacking = [need for need in sorted(metric.needs) if not there[need]]
        if lacking:
            left_out[metric.name] = "; ".join(REASONS[need] for need in lacking)
        else:
            usable.append(metric)
    return usable, left_out
