"""``python -m metrics``: compare, features, latents, list, bench."""

from __future__ import annotations

import sys

from metrics.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
