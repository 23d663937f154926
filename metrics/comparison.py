"""One generated set against one real set: each metric of the registry, with what they share done once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from metrics import bins, copies, diversity, frechet, kernel, manifold, sliced, vendi
from metrics import classifier as classes
from metrics.arrays import as_matrix
from metrics.asked import Asked
from metrics.errors import InvalidInput
from metrics.features import Features
from metrics.labels import label_of
from metrics.neighbours import Neighbours, nearest_between, nearest_within
from metrics.registry import Metric, available, resolve
from metrics.scores import Score
from metrics.uncertainty import (
    error_of_distinct_share,
    error_of_kinds,
    error_of_mean,
    error_of_median,
)

Settings = Mapping[str, Any]
REAL_KS = (1, 3, 5)
SAMPLES_A_BIN = 10
BALL_METRICS = frozenset({"precision_recall", "density_coverage"})


class Comparison:
    """A real and a generated table of features, and neighbours that are found once.

    ``asked`` says which prompts or classes the generated samples were made for, in their order.
    """

    def __init__(
        self,
        real: Features | None,
        generated: Features,
        *,
        seed: int = 0,
        device: str | torch.device = "cpu",
        asked: Asked | None = None,
    ) -> None:
        if real is not None and real.extractor.get("digest") != generated.extractor.get("digest"):
            raise InvalidInput("both sets must come from one extractor with one preprocessing and precision")
        self.real_table, self.table, self.seed = real, generated, seed
        self.asked = asked or Asked()
        for what in (self.asked.prompts, self.asked.labels):
            if what is not None and len(what) != len(generated):
                raise InvalidInput(f"{len(what)} prompts or labels for {len(generated)} samples")
        self.device = torch.device(device)
        self._neighbours: dict[tuple[str, int], Neighbours] = {}
        self._balls: dict[tuple[int, bool], manifold.Balls] = {}
        self._announced: dict[bool, set[int]] = {}

    @cached_property
    def real(self) -> torch.Tensor:
        """The real features on the device."""
        if self.real_table is None:
            raise InvalidInput("this metric compares with a real set: give one")
        return as_matrix(
            self.real_table.values,
            "real features",
            dtype=None,
            device=self.device,
            names=self.real_table.names,
        )

    @cached_property
    def generated(self) -> torch.Tensor:
        """The generated features on the device."""
        return as_matrix(
            self.table.values, "generated features", dtype=None, device=self.device, names=self.table.names
        )

    @cached_property
    def logits(self) -> torch.Tensor:
        """The generated set's logits. Raises InvalidInput when the extractor gives none."""
        if self.table.logits is None:
            raise InvalidInput(f"{self.table.extractor.get('name')} gives no class logits")
        return as_matrix(self.table.logits, "logits", device=self.device, names=self.table.names)

    def neighbours(self, which: str, k: int) -> Neighbours:
        """Return the neighbours within the ``real`` or ``generated`` set, to at least k."""
        for (name, found), neighbours in self._neighbours.items():
            if name == which and found >= k:
                return neighbours
        features = self.real if which == "real" else self.generated
        want = max([k, *(one for one in REAL_KS if one < len(features))])
        self._neighbours[which, want] = nearest_within(features, want)
        return self._neighbours[which, want]

    @cached_property
    def nearest_real(self) -> Neighbours:
        """The nearest real sample of each generated one."""
        return nearest_between(self.generated, self.real, 1)

    def cannot(self, metrics: Iterable[Metric]) -> dict[str, str]:
        """Return why metrics cannot be computed here, by name; those that can are not in it."""
        asked = self.asked
        has_logits, has_labels = self.table.logits is not None, asked.labels is not None
        return available(metrics, logits=has_logits, prompts=asked.has_prompts, labels=has_labels)[1]

    def announce(self, metrics: Iterable[Metric], settings: Mapping[str, Settings] | None = None) -> None:
        """Say which metrics will be computed, so that balls for several k are counted in one pass."""
        for metric in metrics:
            if metric.name in BALL_METRICS:
                own = dict(metric.defaults) | dict((settings or {}).get(metric.name, {}))
                self._announced.setdefault(bool(own["strict"]), set()).add(int(own["k"]))

    def balls(self, k: int, strict: bool) -> manifold.Balls:
        """Return the balls counted for k, together with every other k that was announced."""
        if (k, strict) not in self._balls:
            ks = sorted(self._announced.get(strict, set()) | {k})
            neighbours = self.neighbours("real", max(ks)), self.neighbours("generated", max(ks))
            counted = manifold.count_balls(self.real, self.generated, *neighbours, ks, strict=strict)
            self._balls.update({(one, strict): balls for one, balls in counted.items()})
        return self._balls[k, strict]

    def score(self, kind: str, label: str, better: bool | None, value: float, **more: Any) -> Score:
        """Return a score of this comparison, labelled with the feature space."""
        details = {"extractor": self.table.extractor, "seed": self.seed} | dict(more.pop("details", {}))
        return Score(
            metric=kind,
            label=label_of(kind, label, self.table.extractor),
            value=float(value),
            higher_is_better=better,
            count_real=0 if self.real_table is None else len(self.real_table),
            count_generated=len(self.table),
            details=details,
            **more,
        )


def evaluate(
    metrics: Iterable[str] | Iterable[Metric],
    *,
    real: Features | None,
    generated: Features,
    seed: int = 0,
    settings: Mapping[str, Settings] | None = None,
    device: str | torch.device = "cpu",
    progress: Callable[[int, int], None] | None = None,
    asked: Asked | None = None,
) -> list[Score]:
    """Return the scores of ``generated`` against ``real`` (None for metrics that need none).

    ``settings`` are by metric name. Metrics that need logits, prompts or labels (``asked``) are refused
    when there are none.
    ``progress(done, total)`` counts metrics. Raises the first metric's error, with its name before it.
    """
    names = list(metrics)
    chosen = [one for one in names if isinstance(one, Metric)] or resolve(
        [str(name) for name in names if not isinstance(name, Metric)]
    )
    comparison = Comparison(real, generated, seed=seed, device=device, asked=asked)
    left_out = comparison.cannot(chosen)
    if left_out:
        raise InvalidInput("; ".join(f"{name}: {reason}" for name, reason in left_out.items()))
    comparison.announce(chosen, settings)
    scores: list[Score] = []
    for done, metric in enumerate(chosen):
        if progress is not None:
            progress(done, len(chosen))
        scores += _compute(metric, comparison, (settings or {}).get(metric.name, {}))
    if progress is not None:
        progress(len(chosen), len(chosen))
    return scores


def _compute(metric: Metric, comparison: Comparison, settings: Settings) -> list[Score]:
    try:
        return metric.compute(comparison, settings)
    except InvalidInput as error:
        raise InvalidInput(f"{metric.label}: {error}") from error


def frechet_distance(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the Fréchet distance with an infinitesimal-jackknife standard error."""
    found = frechet.frechet_distance_of_features(comparison.real, comparison.generated)
    details = {"mean_term": found.mean_term, "covariance_term": found.covariance_term}
    return [
        comparison.score(
            "frechet_distance",
            "Fréchet distance",
            False,
            found.value,
            standard_error=found.standard_error,
            error_method="infinitesimal jackknife over both sets",
            details=details,
            warnings=found.warnings,
        )
    ]


def fid_infinity(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the Fréchet distance extrapolated to infinitely many generated samples."""
    found = frechet.fid_infinity(comparison.real, comparison.generated, seed=comparison.seed, **settings)
    return [
        comparison.score(
            "fid_infinity",
            "Fréchet distance at infinity",
            False,
            found.value,
            standard_error=found.standard_error,
            error_method="of the fitted line's intercept",
            details={"points": found.points} | dict(settings),
            warnings=found.warnings,
        )
    ]


def inception_score(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the Inception Score; its error is the standard deviation over splits, over their root."""
    splits = min(int(settings["splits"]), len(comparison.logits))
    found = classes.inception_score(comparison.logits, splits, settings["shuffle_seed"])
    entropy = classes.class_entropy(comparison.logits)
    error = None if splits < 2 else float(np.std(found.splits, ddof=1) / splits**0.5)
    return [
        comparison.score(
            "inception_score",
            "Inception Score",
            True,
            found.mean,
            standard_error=error,
            error_method="between splits",
            details={"std": found.std, "splits": splits, "shuffle_seed": found.seed},
            per_sample={"class_entropy": entropy.per_sample},
        )
    ]


def class_entropy(comparison: Comparison, settings: Settings) -> list[Score]:
    """Scores: the entropy of the classes that occur, and the share of classes that do."""
    found = classes.class_entropy(comparison.logits)
    details = {"conditional": found.conditional, "counts": found.counts}
    return [
        comparison.score(
            "class_entropy",
            "Entropy of classes (nats)",
            True,
            found.marginal,
            standard_error=found.standard_error,
            error_method="infinitesimal jackknife",
            details=details,
            per_sample={"class_entropy": found.per_sample, "predicted_class": found.predicted},
        ),
        comparison.score(
            "class_coverage",
            "Classes that occur",
            True,
            found.coverage,
            standard_error=_share_error(found.counts, len(found.predicted)),
            error_method="jackknife",
            details=details,
        ),
    ]


def kernel_distance(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the mean over subsets as published; the error is that of the estimate from all samples."""
    options = {key: settings[key] for key in ("subsets", "subset_size", "degree", "gamma", "coef0")}
    found = kernel.kernel_distance(
        comparison.real, comparison.generated, seed=settings["subset_seed"], **options
    )
    return [
        comparison.score(
            "kernel_distance",
            "Kernel distance",
            False,
            found.value,
            standard_error=found.standard_error,
            error_method="of the U-statistic of all samples",
            details=dict(settings) | {"std": found.std, "full": found.full, "subset_size": found.subset_size},
            warnings=found.warnings,
        )
    ]


def rbf_distance(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the squared MMD with a Gaussian kernel, biased as CMMD is published."""
    found = kernel.rbf_distance(comparison.real, comparison.generated, **settings)
    details = dict(settings) | {"biased": found.biased, "unbiased": found.unbiased}
    return [
        comparison.score(
            "rbf_distance",
            "Gaussian kernel distance",
            False,
            found.value,
            standard_error=found.standard_error * found.scale,
            error_method="of the unbiased estimate",
            details=details,
        )
    ]


def precision_recall(comparison: Comparison, settings: Settings) -> list[Score]:
    """Scores: precision and recall."""
    k, strict = int(settings["k"]), bool(settings["strict"])
    found = manifold.precision_recall_of(comparison.balls(k, strict), k, strict)
    common = {"error_method": "binomial, the other set held fixed", "details": {"k": k, "strict": strict}}
    return [
        comparison.score(
            "precision",
            "Precision",
            True,
            found.precision,
            standard_error=_binomial_error(found.precision, len(found.generated_inside)),
            per_sample={"inside_real": found.generated_inside},
            **common,
        ),
        comparison.score(
            "recall",
            "Recall",
            True,
            found.recall,
            standard_error=_binomial_error(found.recall, len(found.real_inside)),
            **common,
        ),
    ]


def density_coverage(comparison: Comparison, settings: Settings) -> list[Score]:
    """Scores: density and coverage, beside what equal distributions would give."""
    k, strict = int(settings["k"]), bool(settings["strict"])
    found = manifold.density_coverage_of(comparison.balls(k, strict), k, strict)
    details = {"k": k, "strict": strict}
    return [
        comparison.score(
            "density",
            "Density",
            True,
            found.density,
            standard_error=error_of_mean(found.generated_density),
            error_method="of the mean, the real set held fixed",
            details=details | {"expected": 1.0},
            per_sample={"density": found.generated_density},
        ),
        comparison.score(
            "coverage",
            "Coverage",
            True,
            found.coverage,
            standard_error=_binomial_error(found.coverage, len(found.real_covered)),
            error_method="binomial, the other set held fixed",
            details=details | {"expected": found.expected_coverage},
        ),
    ]


def authenticity(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the share of samples that are not noisy copies."""
    each = manifold.authenticity_of(comparison.neighbours("real", 1), comparison.nearest_real)
    return [
        comparison.score(
            "authenticity",
            "Authenticity",
            True,
            each.mean(),
            standard_error=_binomial_error(float(each.mean()), len(each)),
            error_method="binomial, the real set held fixed",
            per_sample={"authentic": each},
        )
    ]


def realism(comparison: Comparison, settings: Settings) -> list[Score]:
    """Scores: the median realism and the mean rarity of samples inside the manifold, each by sample."""
    k = int(settings["k"])
    neighbours = comparison.neighbours("real", k)
    real_like = manifold.realism_of(comparison.real, comparison.generated, neighbours, k)
    rare = manifold.rarity_of(comparison.real, comparison.generated, neighbours, k)
    within = rare[~np.isnan(rare)]
    mean = float(within.mean()) if len(within) else float("nan")
    return [
        comparison.score(
            "realism",
            "Realism (median)",
            True,
            float(np.median(real_like)),
            standard_error=error_of_median(real_like),
            error_method="from the median's distribution-free interval, the real set held fixed",
            details={"k": k},
            per_sample={"realism": real_like},
        ),
        comparison.score(
            "rarity",
            "Rarity (mean)",
            None,
            mean,
            standard_error=error_of_mean(within),
            error_method="of the mean, the real set held fixed",
            details={"k": k, "inside": len(within)},
            per_sample={"rarity": rare},
        ),
    ]


def ndb(comparison: Comparison, settings: Settings) -> list[Score]:
    """Scores: NDB/K, the divergence over bins, the share of bins that occur; the null beside them."""
    count = min(int(settings["bins"]), max(2, len(comparison.real) // SAMPLES_A_BIN))
    options = {key: settings[key] for key in ("level", "whiten", "sample_dimensions")}
    found = bins.ndb(comparison.real, comparison.generated, count, seed=comparison.seed, **options)
    null = _ndb_null(comparison, settings, count)
    fewer = f"{count} bins instead of {settings['bins']}: {SAMPLES_A_BIN} real samples for each are needed"
    warnings = () if count == settings["bins"] else (fewer,)
    details = dict(settings) | {
        "bins": count,
        "different": found.ndb,
        "corrected": found.corrected,
        "expected": found.expected,
        "null_ratios": null,
        "jsd_excess": found.jsd_excess,
        "over_represented": [_bin(one, comparison) for one in found.over_represented()],
        "under_represented": [_bin(one, comparison) for one in found.under_represented()],
    }
    method = "200 multinomial redraws, the bins held fixed"
    return [
        comparison.score(
            "ndb",
            "Different bins, NDB/K",
            False,
            found.ratio,
            standard_error=found.ratio_error,
            error_method=method,
            details=details,
            warnings=warnings,
        ),
        comparison.score(
            "ndb_jsd",
            "Jensen-Shannon divergence over bins (nats)",
            False,
            found.jsd,
            standard_error=found.jsd_error,
            error_method=method,
            details={"bins": count, "excess": found.jsd_excess},
            warnings=warnings,
        ),
        comparison.score(
            "cluster_coverage",
            "Bins that occur",
            True,
            found.covered,
            standard_error=_share_error([one.generated for one in found.bins], len(comparison.generated)),
            error_method="jackknife, the bins held fixed",
            details={"bins": count},
            warnings=warnings,
        ),
    ]


def _ndb_null(comparison: Comparison, settings: Settings, count: int) -> list[float]:
    repeats = int(settings["null_repeats"])
    if repeats < 1 or len(comparison.real) < 4 * count:
        return []
    options = {key: settings[key] for key in ("level", "whiten", "sample_dimensions")}
    return bins.ndb_null(comparison.real, count, seed=comparison.seed, repeats=repeats, **options)


def _bin(one: bins.Bin, comparison: Comparison) -> dict[str, Any]:
    names = comparison.real_table.names if comparison.real_table else ()
    return {
        "bin": one.index,
        "real": one.real,
        "generated": one.generated,
        "z": one.z,
        "p": one.p,
        "real_share": one.real_share,
        "generated_share": one.generated_share,
        "representative": names[one.representative] if 0 <= one.representative < len(names) else "",
        "examples": [comparison.table.names[row] for row in one.examples],
    }


def unique_fraction(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the share of samples whose pixels are like no other's."""
    digests = comparison.table.digests
    found = copies.unique_fraction(digests)
    groups = [[comparison.table.names[row] for row in group[:5]] for group in found.groups[:20]]
    details = {
        "unique": found.unique,
        "largest_groups": groups,
        "largest_counts": [len(group) for group in found.groups[:20]],
        "batches_with_repeats": copies.batch_duplicates(digests, int(settings["batch"])),
        "batch": settings["batch"],
    }
    repeated = np.zeros(len(digests), dtype=bool)
    for group in found.groups:
        repeated[list(group)] = True
    return [
        comparison.score(
            "unique_fraction",
            "Unique samples",
            True,
            found.value,
            standard_error=error_of_distinct_share(int((~repeated).sum()), found.n),
            error_method="jackknife",
            details=details,
            per_sample={"repeated": repeated},
        )
    ]


def near_duplicates(comparison: Comparison, settings: Settings) -> list[Score]:
    """Scores: the share of near-duplicates, and of batches that hold a pair of them."""
    found = copies.near_duplicates(
        comparison.real,
        comparison.generated,
        quantile=settings["quantile"],
        threshold=settings["threshold"],
        seed=comparison.seed,
    )
    birthday = copies.birthday_test(
        comparison.generated, found.threshold, batch=int(settings["batch"]), seed=comparison.seed
    )
    names = comparison.table.names
    pairs = [[names[a], names[b], distance] for a, b, distance in found.pairs[:20]]
    details = {"threshold": found.threshold, "expected": found.expected, "pairs": pairs}
    return [
        comparison.score(
            "near_duplicates",
            "Near-duplicates",
            False,
            found.fraction,
            standard_error=_binomial_error(found.fraction, len(names)),
            error_method="binomial",
            details=details,
            warnings=found.warnings,
            per_sample={"nearest_distance": found.distances},
        ),
        comparison.score(
            "birthday_duplicates",
            "Batches with near-duplicates",
            False,
            birthday.share,
            standard_error=birthday.standard_error,
            error_method="binomial over batches",
            details={"batch": birthday.batch, "batches": birthday.batches, "support": birthday.support},
        ),
    ]


def memorisation(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the share of samples too near to a real one."""
    found = copies.memorisation(comparison.real, comparison.generated, **settings)
    return [
        comparison.score(
            "memorisation",
            "Memorised samples",
            False,
            found.fraction,
            standard_error=_binomial_error(found.fraction, len(found.distances)),
            error_method="binomial, the real set held fixed",
            details=dict(settings)
            | {"threshold": found.threshold, "pairs": _nearest_pairs(found, comparison)},
            per_sample={"nearest_real_distance": found.distances, "nearest_real": found.nearest},
        )
    ]


def _nearest_pairs(found: copies.Memorisation, comparison: Comparison, most: int = 20) -> list[list[Any]]:
    """Return the samples nearest to a real one: their name, the real one's, and the distance."""
    real = comparison.real_table.names if comparison.real_table else ()
    close = [row for row in np.argsort(found.distances)[:most] if found.distances[row] <= found.threshold]
    return [
        [comparison.table.names[row], real[found.nearest[row]], float(found.distances[row])] for row in close
    ]


def vendi_score(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the effective number of different samples."""
    found = vendi.vendi_score(comparison.generated, settings["q"])
    return [
        comparison.score(
            "vendi_score",
            "Vendi score",
            True,
            found.value,
            standard_error=found.standard_error,
            error_method="infinitesimal jackknife",
            details={"q": found.q},
        )
    ]


def pairwise_distance(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the mean distance between two generated samples, beside the real set's."""
    pairs = int(settings["pairs"])
    found = diversity.pairwise_distance(comparison.generated, pairs=pairs, seed=comparison.seed)
    of_real = None
    if comparison.real_table is not None:
        of_real = diversity.pairwise_distance(comparison.real, pairs=pairs, seed=comparison.seed).value
    return [
        comparison.score(
            "pairwise_distance",
            "Mean pairwise distance",
            True,
            found.value,
            standard_error=found.standard_error,
            error_method="of the mean over disjoint pairs",
            details={"pairs": found.pairs, "real": of_real},
        )
    ]


def sliced_wasserstein(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the sliced Wasserstein distance."""
    found = sliced.sliced_wasserstein(
        comparison.real, comparison.generated, projections=settings["projections"], seed=comparison.seed
    )
    return [
        comparison.score(
            "sliced_wasserstein",
            "Sliced Wasserstein distance",
            False,
            found.value,
            standard_error=found.standard_error,
            error_method="over directions only",
            details=dict(settings),
        )
    ]


def clip_score(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: the mean agreement of the pictures with their prompts, of those that have one."""
    prompts = comparison.asked.embedded()
    rows = torch.from_numpy(prompts.rows).to(comparison.device)
    found = diversity.clip_score(comparison.generated[rows], prompts.embeddings)
    score = comparison.score(
        "clip_score",
        "CLIP score",
        True,
        found.value,
        standard_error=found.standard_error,
        error_method="of the mean over samples",
        details={"different_prompts": prompts.different, "prompts_sha256": prompts.digest},
        warnings=_without(len(comparison.table) - len(rows), "prompt"),
        per_sample={"clip_score": _spread(found.per_sample, prompts.rows, len(comparison.table))},
    )
    return [replace(score, count_generated=len(rows))]


def class_accuracy(comparison: Comparison, settings: Settings) -> list[Score]:
    """Score: how often the classifier sees the class that was asked for; both classes for each sample.

    The setting ``classes`` gives labels their numbers: ``{"a cat": 0, "a dog": 1}``.
    """
    table, logits = comparison.table, comparison.logits
    asked = comparison.asked.class_numbers(logits.shape[1], settings["classes"])
    rows = np.flatnonzero(asked >= 0)
    found = classes.class_accuracy(logits[torch.from_numpy(rows).to(logits.device)], asked[rows])
    score = comparison.score(
        "class_accuracy",
        "Class accuracy",
        True,
        found.value,
        standard_error=found.standard_error,
        error_method="binomial",
        details={"by_class": found.by_class},
        warnings=_without(len(table) - len(rows), "label"),
        per_sample={
            "correct": _spread(found.correct, rows, len(table)),
            "asked_class": _spread(asked[rows], rows, len(table)),
            "predicted_class": logits.argmax(dim=1).cpu().numpy(),
        },
    )
    return [replace(score, count_generated=len(rows))]


def _without(count: int, what: str) -> tuple[str, ...]:
    return (f"{count} sample(s) without a {what} are left out",) if count else ()


def _spread(values: np.ndarray, rows: np.ndarray, n: int) -> np.ndarray:
    """Return a value for each of n samples, NaN for those not among ``rows``."""
    each = np.full(n, np.nan)
    each[rows] = values
    return each


def _binomial_error(share: float, n: int) -> float:
    return float((share * (1 - share) / n) ** 0.5)


def _share_error(counts: Sequence[int] | np.ndarray, n: int) -> float | None:
    error = error_of_kinds(counts, n)
    return None if error is None else error / len(counts)
