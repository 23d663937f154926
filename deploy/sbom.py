"""Write a bill of materials of all locked packages, PyTorch's among them, in CycloneDX: ``sbom.py FILE``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("runtime.lock", "torch.lock")


def write(target: Path) -> None:
    """Write it; the same locks give the same file."""
    packages = "".join((ROOT / "requirements" / name).read_text() for name in LOCKS)
    program = str(Path(sys.executable).parent / "cyclonedx-py")
    command = [program, "requirements", "-", "--pyproject", str(ROOT / "pyproject.toml")]
    options = ["--output-reproducible", "--of", "JSON", "-o", str(target)]
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([*command, *options], input=packages, text=True, check=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    print(sys.argv[1])
