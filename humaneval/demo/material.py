"""Where the demo keeps what it makes once: folders of real and generated digits, and two classifiers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

SEED = 2026
SAMPLES = 600
"""Images drawn from each generator, equally many for each digit."""
VERSION = 1
EXTRACTOR = "digits"


@dataclass(frozen=True)
class Material:
    """Where the demo's material lies."""

    folder: Path
    extractors: Path

    @property
    def real(self) -> Path:
        """The folder of held-out real digits."""
        return self.folder / "real"

    @property
    def eye(self) -> Path:
        """The weights of the raters' classifier."""
        return self.folder / "eye.pt"

    @property
    def facts(self) -> Path:
        """A JSON file of what each generator is, written last: it marks the material as complete."""
        return self.folder / f"material-{VERSION}.json"

    @property
    def extractor_spec(self) -> str:
        """How the metrics package is asked for the demo's feature space."""
        return f"module:{EXTRACTOR}.pt2"

    def generated(self, slug: str) -> Path:
        """The folder of one generator's samples."""
        return self.folder / "generated" / slug

    def generators(self) -> dict[str, dict[str, str]]:
        """Return slug -> name and description of each generator."""
        facts: dict[str, dict[str, str]] = json.loads(self.facts.read_text())["generators"]
        return facts
