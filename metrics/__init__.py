"""Automated scores for image generators. See README.md; names are loaded when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metrics.bins import ndb as ndb
    from metrics.bins import ndb_null as ndb_null
    from metrics.classifier import class_accuracy as class_accuracy
    from metrics.classifier import class_entropy as class_entropy
    from metrics.classifier import inception_score as inception_score
    from metrics.comparing import compare as compare
    from metrics.comparison import evaluate as evaluate
    from metrics.copies import birthday_test as birthday_test
    from metrics.copies import memorisation as memorisation
    from metrics.copies import near_duplicates as near_duplicates
    from metrics.copies import unique_fraction as unique_fraction
    from metrics.diversity import clip_score as clip_score
    from metrics.diversity import pairwise_distance as pairwise_distance
    from metrics.errors import MetricsError as MetricsError
    from metrics.extraction import extract as extract
    from metrics.extractors import check_extractor as check_extractor
    from metrics.extractors import load_extractor as load_extractor
    from metrics.features import Features as Features
    from metrics.frechet import fid_infinity as fid_infinity
    from metrics.frechet import frechet_distance as frechet_distance
    from metrics.frechet import frechet_distance_of_features as frechet_distance_of_features
    from metrics.images.sources import shards as shards
    from metrics.kernel import kernel_distance as kernel_distance
    from metrics.kernel import rbf_distance as rbf_distance
    from metrics.latents import active_units as active_units
    from metrics.manifold import authenticity as authenticity
    from metrics.manifold import density_coverage as density_coverage
    from metrics.manifold import precision_recall as precision_recall
    from metrics.manifold import rarity as rarity
    from metrics.manifold import realism as realism
    from metrics.published import read_statistics as read_statistics
    from metrics.published import write_statistics as write_statistics
    from metrics.registry import available as available
    from metrics.registry import resolve as resolve
    from metrics.scores import Score as Score
    from metrics.sliced import sliced_wasserstein as sliced_wasserstein
    from metrics.statistics import FeatureStatistics as FeatureStatistics
    from metrics.vendi import vendi_score as vendi_score

__version__ = "0.1.0"

_HOMES = {
    "bins": ("ndb", "ndb_null"),
    "comparing": ("compare",),
    "comparison": ("evaluate",),
    "copies": ("birthday_test", "memorisation", "near_duplicates", "unique_fraction"),
    "diversity": ("clip_score", "pairwise_distance"),
    "errors": ("MetricsError",),
    "extraction": ("extract",),
    "extractors": ("check_extractor", "load_extractor"),
    "features": ("Features",),
    "frechet": ("fid_infinity", "frechet_distance", "frechet_distance_of_features"),
    "images.sources": ("shards",),
    "classifier": ("class_accuracy", "class_entropy", "inception_score"),
    "kernel": ("kernel_distance", "rbf_distance"),
    "latents": ("active_units",),
    "manifold": ("authenticity", "density_coverage", "precision_recall", "rarity", "realism"),
    "published": ("read_statistics", "write_statistics"),
    "registry": ("available", "resolve"),
    "scores": ("Score",),
    "sliced": ("sliced_wasserstein",),
    "statistics": ("FeatureStatistics",),
    "vendi": ("vendi_score",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}
__all__ = [*sorted(_HOME_OF), "__version__"]


def __getattr__(name: str) -> Any:
    """Import a public name's module when the name is first asked for: most callers need few of them."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'metrics' has no attribute {name!r}")
    value = getattr(import_module(f"metrics.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
