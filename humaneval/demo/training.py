"""Making the demo's material: everything is trained once, and again only when it is not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from humaneval.demo import classifier as classifiers
from humaneval.demo.digits import CLASSES, load_halves, prompt_for, write_folder
from humaneval.demo.generators import RECIPES, Generator
from humaneval.demo.material import EXTRACTOR, SAMPLES, SEED, Material
from metrics import active_units


def make_material(material: Material, say: Callable[[str], None], effort: float = 1.0) -> None:
    """Train everything and write it down, unless that was done before.

    ``effort`` below 1 takes that share of the VAEs' epochs and of the samples: enough to try the way.
    """
    if material.facts.exists():
        return
    material.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # such small networks only lose by waiting for each other's threads
    say("Splitting 5,000 real digits into a training and a held-out half")
    training, held_out = load_halves(SEED)
    write_folder(material.real, held_out.images, held_out.labels)
    epochs = max(3, round(classifiers.EPOCHS * effort))
    say("Training the classifier whose features the scores use")
    save_extractor(classifiers.train_classifier(training, seed=SEED, epochs=epochs), material.extractors)
    say("Training the classifier that simulated raters see with")
    classifiers.save_eye(classifiers.train_classifier(held_out, seed=SEED + 1, epochs=epochs), material.eye)
    facts = {}
    for place, (slug, recipe) in enumerate(RECIPES.items(), 1):
        say(f"Training generator {place} of {len(RECIPES)}: {slug}")
        generator = recipe(training, SEED + place, effort)
        facts[slug] = {"name": generator.name, "description": describe(generator)}
        write_generator(generator, material.generated(slug), SEED + place, max(100, round(SAMPLES * effort)))
    material.facts.write_text(json.dumps({"generators": facts}, indent=1))


def describe(generator: Generator) -> str:
    """Return what the generator is and, for a VAE, how much of its latent space is in use."""
    if generator.latents is None:
        return generator.description
    units = active_units(*generator.latents)
    return f"{generator.description} Active latent units: {units.active} of {units.dimension}."


def write_generator(generator: Generator, folder: Path, seed: int, count: int) -> None:
    """Draw ``count`` samples into a folder, and put the generator's posterior beside it if it has one."""
    random = np.random.default_rng(seed)
    asked = random.permutation(np.arange(count, dtype=np.int64) % CLASSES)
    write_folder(folder, generator.sample(asked, random), asked)
    if generator.latents:
        means, log_variances = generator.latents
        np.savez(folder.with_suffix(".latents.npz"), mean=means, log_variance=log_variances)


def save_extractor(model: classifiers.DigitClassifier, folder: Path) -> None:
    """Export the scores' classifier where the platform looks for extractors of one's own."""
    from metrics.extractors.own_file import save_module

    folder.mkdir(parents=True, exist_ok=True)
    save_module(
        model,
        folder / f"{EXTRACTOR}.pt2",
        name="digit classifier",
        version="1",
        input_size=(28, 28),
        channels=1,
        preprocessing="unit",
        classes=[prompt_for(digit) for digit in range(CLASSES)],
    )
