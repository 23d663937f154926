"""The demo's metric runs."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.models import User

from humaneval.demo.material import Material
from humaneval.samples.models import SampleSet
from humaneval.scoring.models import MetricRun
from humaneval.scoring.runs import start_run

METRICS = (
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "precision_recall",
    "density_coverage",
    "ndb",
    "unique_fraction",
    "vendi_score",
    "class_accuracy",
    "class_entropy",
    "near_duplicates",
)
INCEPTION_METRICS = ("frechet_distance", "inception_score")
SEED = 2026


def start_scores(
    material: Material, sets: Mapping[str, SampleSet], user: User
) -> tuple[MetricRun, MetricRun]:
    """Return the run in the digit classifier's space and the one in Inception's, queued unless there already.

    The second needs weights that may have to be downloaded, and minutes on a CPU: the demo does not wait
    for it, and where there are no weights its page says how to supply them.
    """
    runs = {run.name: run for run in MetricRun.objects.filter(name__startswith="Demo: ")}
    wanted = {
        "Demo: digit classifier": (material.extractor_spec, METRICS),
        "Demo: Inception": ("inception", INCEPTION_METRICS),
    }
    for name, (extractor, metrics) in wanted.items():
        if name not in runs:
            runs[name] = start_run(
                reference=sets["real"],
                generated=[each for slug, each in sets.items() if slug != "real"],
                extractor=extractor,
                metrics=list(metrics),
                seed=SEED,
                user=user,
                name=name,
            )
    digits, inception = (runs[name] for name in wanted)
    return digits, inception
