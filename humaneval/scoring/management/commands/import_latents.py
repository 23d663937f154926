"""``manage.py import_latents SET FILE``: how much of a model's latent space is in use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.samples.models import SampleSet
from humaneval.scoring.latents import import_latents
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """Compute active units from a file of posterior means and keep them with a sample set."""

    help = "Keep how much of a VAE's latent space is in use, from its posterior means: reports show it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the set and the file."""
        parser.add_argument("set", metavar="SET", help="name of the generated sample set that the model made")
        parser.add_argument(
            "file",
            metavar="FILE",
            type=Path,
            help=".npz, .pt or .safetensors with means (and log_variances), or kl",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Compute, store and say how many units are active."""
        from metrics import MetricsError

        sample_set = SampleSet.objects.filter(name=options["set"]).first()
        if sample_set is None:
            known = ", ".join(SampleSet.objects.values_list("name", flat=True)[:20]) or "none yet"
            raise CommandError(f"There is no sample set “{options['set']}”. Sample sets: {known}.")
        try:
            found = import_latents(sample_set=sample_set, path=options["file"])
        except MetricsError as error:
            raise CommandError(str(error)) from error
        values, threshold = (
            (found.variance, found.threshold) if found.variance else (found.kl, found.kl_threshold)
        )
        active = sum(value > threshold for value in values)
        self.stdout.write(f"{sample_set.name}: {active} of {len(values)} latent units are active.")
