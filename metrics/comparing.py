"""The whole in one call: folders in, scores out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from metrics.arrays import as_matrix
from metrics.asked import (
    LABEL_COLUMNS,
    PROMPT_COLUMNS,
    Asked,
    Given,
    aligned,
    own_prompts,
    texts_by_name,
)
from metrics.caching import Reading, Report, features_of
from metrics.comparison import evaluate
from metrics.devices import statistics_device
from metrics.errors import InvalidInput
from metrics.extractors import load_extractor
from metrics.extractors.base import Extractor
from metrics.features import Features
from metrics.frechet import frechet_distance_to_statistics
from metrics.labels import label_of
from metrics.published import read_statistics
from metrics.registry import Metric, available, resolve
from metrics.scores import Score, json_value

DEFAULT_METRICS = ("fid", "is", "kid", "prdc")
Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class ComparisonResult:
    """Scores of each generated set against the real one, and what was left out and why.

    ``names`` are the samples of each generated set, in the order of the per-sample scores.
    """

    scores: tuple[Score, ...]
    extractor: Mapping[str, Any]
    left_out: Mapping[str, str]
    real: str
    generated: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]

    def of_set(self, name: str) -> list[Score]:
        """Return the scores of one generated set."""
        return [score for score in self.scores if score.set_name == name]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able values."""
        return {
            "real": self.real,
            "generated": list(self.generated),
            "extractor": json_value(self.extractor),
            "left_out": dict(self.left_out),
            "scores": [score.as_dict() for score in self.scores],
        }


def compare(
    real: Any,
    generated: Sequence[Any] | str | Path,
    *,
    metrics: Iterable[str] = DEFAULT_METRICS,
    extractor: str | Extractor = "inception",
    device: str = "auto",
    precision: str = "reference",
    preprocessing: str | None = None,
    settings: Settings | None = None,
    seed: int = 0,
    workers: int | None = None,
    on_error: str = "refuse",
    cache: str | Path | None = None,
    report: Report | None = None,
    prompts: Given | Sequence[Given] | None = None,
    labels: Given | Sequence[Given] | None = None,
) -> ComparisonResult:
    """Return the scores of each generated set against the real one.

    Sets are folders, zips, S3 prefixes or lists of images; ``real`` may be an npz of published
    statistics, for the Fréchet distance alone. Features are kept in ``cache`` (None: nowhere), so that a
    second run, or one after an interruption, computes only what is missing. ``report(what, done, total)``
    is told of the progress. Metrics that the extractor or the real side cannot feed are left out, and named.

    ``prompts`` and ``labels`` say what the generated samples were asked for: a CSV file (columns name and
    prompt, or name and label) or a mapping by sample name, one for all sets or one for each. Without
    ``prompts``, a folder's own prompts.csv is taken.
    """
    sets = [generated] if isinstance(generated, str | Path) else list(generated)
    if not sets:
        raise InvalidInput("name at least one generated set")
    ready = (
        load_extractor(extractor, device=device, precision=precision, preprocessing=preprocessing)
        if isinstance(extractor, str)
        else extractor
    )
    wishes = _Wishes(_for_each(prompts, sets, "prompts"), _for_each(labels, sets, "labels"))
    if prompts is None:
        wishes = replace(wishes, prompts=[own_prompts(images) for images in sets])
    usable, left_out = _usable(resolve(metrics), ready, real, wishes)
    reading = Reading(workers, on_error, Path(cache) if cache else None, report)
    reference = None if _is_statistics(real) else features_of(ready, real, "real", reading)
    tables, scores = {}, []
    for position, (name, images) in enumerate(zip(_short_names(sets), sets, strict=True)):
        tables[name] = features_of(ready, images, name, reading)
        asked = wishes.of_set(position, ready, tables[name].names, usable)
        found = _scores(usable, real, reference, tables[name], (settings, seed, reading, name, ready, asked))
        scores += [replace(score, set_name=name) for score in found]
    samples = {name: table.names for name, table in tables.items()}
    return ComparisonResult(tuple(scores), ready.describe(), left_out, _title(real), tuple(tables), samples)


@dataclass(frozen=True)
class _Wishes:
    """Where prompts and labels of each generated set are found, None where nowhere."""

    prompts: Sequence[Given | None]
    labels: Sequence[Given | None]

    def of_set(
        self, position: int, extractor: Extractor, names: Sequence[str], usable: Sequence[Metric]
    ) -> Asked:
        """Return what is known of a set's samples, as far as one of the metrics asks for it."""
        needs = {need for metric in usable for need in metric.needs}
        prompts, labels = self.prompts[position], self.labels[position]
        texts = classes = None
        if prompts is not None and "prompts" in needs:
            texts = aligned(texts_by_name(prompts, PROMPT_COLUMNS), names, "prompts")
        if labels is not None and "labels" in needs:
            found = aligned(texts_by_name(labels, LABEL_COLUMNS), names, "labels")
            classes = [(label,) if label else () for label in found]
        return Asked.of(extractor, texts, classes)


def _for_each(
    given: Given | Sequence[Given] | None, sets: Sequence[Any], what: str
) -> Sequence[Given | None]:
    """Return one for each set: what is given for all is the same for each."""
    if given is None or isinstance(given, str | Path | Mapping):
        return [given] * len(sets)
    if len(given) not in (1, len(sets)):
        raise InvalidInput(f"give {what} once for all sets or once for each: {len(given)} for {len(sets)}")
    return list(given) * (len(sets) if len(given) == 1 else 1)


def _usable(
    chosen: list[Metric], extractor: Extractor, real: Any, wishes: _Wishes
) -> tuple[list[Metric], dict[str, str]]:
    usable, left_out = available(
        chosen,
        logits=extractor.logit_dimension > 0,
        prompts=extractor.takes_prompts and None not in wishes.prompts,
        labels=None not in wishes.labels,
    )
    if _is_statistics(real):
        kept = [one for one in usable if not one.needs_real or one.name == "frechet_distance"]
        left_out |= {one.name: "the real side is statistics only" for one in usable if one not in kept}
        usable = kept
    if not usable:
        raise InvalidInput("; ".join(f"{name}: {reason}" for name, reason in left_out.items()))
    return usable, left_out


def _scores(
    usable: list[Metric],
    real: Any,
    reference: Features | None,
    table: Features,
    rest: tuple[Settings | None, int, Reading, str, Extractor, Asked],
) -> list[Score]:
    settings, seed, reading, name, extractor, asked = rest
    from_statistics = reference is None and any(one.name == "frechet_distance" for one in usable)
    metrics = [one for one in usable if not (from_statistics and one.name == "frechet_distance")]
    device = statistics_device(extractor.device)
    found = [_against_statistics(Path(real), table, device)] if from_statistics else []
    return found + evaluate(
        metrics,
        real=reference,
        generated=table,
        seed=seed,
        settings=settings,
        device=device,
        progress=reading.stage(f"scores of {name}"),
        asked=asked,
    )


def _against_statistics(real: Path, table: Features, device: torch.device) -> Score:
    reference = read_statistics(real)
    ours = as_matrix(table.values, "generated features", device=device, names=table.names)
    distance = frechet_distance_to_statistics(reference.mean, reference.cov, ours, reference.n)
    return Score(
        metric="frechet_distance",
        label=label_of("frechet_distance", "Fréchet distance", table.extractor),
        value=distance.value,
        standard_error=distance.standard_error,
        error_method="infinitesimal jackknife over the generated set, the statistics held fixed",
        higher_is_better=False,
        count_real=reference.n or 0,
        count_generated=len(table),
        details={"extractor": table.extractor, "reference": real.name},
        warnings=(*distance.warnings, f"{real.name} must have been made with the same preprocessing"),
    )


def _title(images: Any) -> str:
    return str(images) if isinstance(images, str | Path) else type(images).__name__


def _short_names(sets: Sequence[Any]) -> list[str]:
    """Return a short, different name for each set: its folder's name, or its whole path where two agree."""
    paths = [str(one) if isinstance(one, str | Path) else f"set {i + 1}" for i, one in enumerate(sets)]
    short = [path.rstrip("/").rsplit("/", 1)[-1] for path in paths]
    names = short if len(set(short)) == len(short) else paths
    return names if len(set(names)) == len(names) else [f"{name} ({i + 1})" for i, name in enumerate(names)]


def _is_statistics(real: Any) -> bool:
    return isinstance(real, str | Path) and str(real).endswith(".npz")
