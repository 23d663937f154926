"""Active units of a model: read from a file of its posterior, kept beside the sample set that it made."""

from __future__ import annotations

from pathlib import Path

from humaneval.samples.models import SampleSet
from humaneval.scoring.models import LatentUse


def import_latents(*, sample_set: SampleSet, path: Path) -> LatentUse:
    """Compute how much of the latent space is in use, and keep it in place of what was known before.

    ``path`` is a .npz, .pt or .safetensors file with ``means`` (n, d) and, if known, ``log_variances``, or
    with ``kl``. Raises metrics.MetricsError for a file that holds neither.
    """
    from metrics.latents import active_units, active_units_from_kl, read_latents

    arrays = read_latents(path)
    if "means" in arrays:
        units = active_units(arrays["means"], arrays.get("log_variances"))
    else:
        units = active_units_from_kl(arrays["kl"])
    found, _ = LatentUse.objects.update_or_create(
        sample_set=sample_set,
        defaults={
            "source": path.name,
            "count": units.n,
            "variance": [] if units.variance is None else [float(one) for one in units.variance],
            "kl": [] if units.kl is None else [float(one) for one in units.kl],
            "threshold": units.threshold,
            "kl_threshold": units.kl_threshold,
        },
    )
    return found
