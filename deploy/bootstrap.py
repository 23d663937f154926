"""Make `.venv` and install the locked packages. Standard library only; called by the Makefile.

PyTorch comes first and by itself: on Linux the package index's build brings several GB of CUDA, so
where no NVIDIA driver is found the CPU build is taken if it can be had. TORCH=cpu or TORCH=default
chooses by hand. Everything else is installed exactly as locked, by hash.

`runtime` is all that the platform needs, `dev` the test tools as well, `server` what web processes and
workers of the queues default and long need: no PyTorch, no demo.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import venv
from collections import deque
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {name: ROOT / "requirements" / f"{name}.lock" for name in ("runtime", "dev", "server")}
TORCH_LOCK = ROOT / "requirements" / "torch.lock"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


class InstallError(Exception):
    """An installation step that failed, with what to do about it."""


def wanted_torch() -> str:
    """Return "cpu" or "default" (whatever the package index has) for this machine."""
    choice = os.environ.get("TORCH", "auto")
    if choice not in {"auto", "cpu", "default"}:
        raise InstallError(f"TORCH={choice!r} is not known: use TORCH=cpu, TORCH=default or leave it out.")
    if choice != "auto":
        return choice
    has_gpu = shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()
    return "cpu" if platform.system() == "Linux" and not has_gpu else "default"


def stamp(lock: Path, torch: str) -> str:
    """Return a digest of everything that decides what is installed."""
    parts = [lock.read_text(), TORCH_LOCK.read_text(), torch, sys.version]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def make_venv() -> None:
    """Make the virtual environment unless a working one of this Python is there."""
    if PYTHON.exists():
        found = subprocess.run(
            [PYTHON, "-c", "import sys, pip; print(sys.version)"], capture_output=True, text=True
        )
        if found.returncode == 0 and found.stdout.strip() == sys.version.strip():
            return
        print("The virtual environment is of another Python: making it anew.", flush=True)
    print(f"Making .venv with Python {platform.python_version()} ...", flush=True)
    venv.EnvBuilder(with_pip=True, clear=True).create(VENV)


def pip(arguments: Sequence[str], *, label: str, total: int) -> str | None:
    """Run `pip install` with a progress line; return None if it went well, else the end of what it said."""
    command = [
        str(PYTHON),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--progress-bar",
        "off",
        "--no-compile",
        *arguments,
    ]
    started, seen, tail = time.monotonic(), 0, deque[str](maxlen=15)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            tail.append(line)
            if line.startswith(("Collecting ", "Requirement already satisfied")):
                seen += 1
                show(f"{label}: {min(seen, total)} of {total} packages, {time.monotonic() - started:.0f} s")
            elif line.startswith("Installing collected packages"):
                show(f"{label}: unpacking {total} packages, {time.monotonic() - started:.0f} s")
    done = "done" if process.returncode == 0 else "not possible"
    show(f"{label}: {done} after {time.monotonic() - started:.0f} s", end=True)
    return "".join(tail) if process.returncode else None


def require(complaint: str | None, what: str) -> None:
    """Raise InstallError with pip's complaint, if there is one."""
    if complaint is not None:
        raise InstallError(f"{what} could not be installed:\n{complaint}")


def show(text: str, *, end: bool = False) -> None:
    """Print progress: on a terminal in place, elsewhere only the last line of a step."""
    if sys.stdout.isatty():
        print(f"\r\033[K  {text}", end="\n" if end else "", flush=True)
    elif end:
        print(f"  {text}", flush=True)


def pinned(lock: Path) -> dict[str, str]:
    """Return name -> version of a lock's pins."""
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", lock.read_text(), flags=re.MULTILINE))


def install_torch(choice: str) -> None:
    """Install PyTorch and torchvision, as CPU builds where asked for and possible."""
    pins = pinned(TORCH_LOCK)
    print(
        f"PyTorch {pins['torch']} ({'CPU build' if choice == 'cpu' else 'build of the package index'})",
        flush=True,
    )
    if choice == "cpu" and install_cpu_torch(pins):
        return
    wanted = [f"{name}=={version}" for name, version in pins.items()]
    require(pip(wanted, label="PyTorch from the package index", total=2), "PyTorch")


def install_cpu_torch(pins: dict[str, str]) -> bool:
    """Try the CPU builds; return whether PyTorch itself is in place.

    torchvision's CPU build may be out of reach where PyTorch's is not (a wheel kept on disk, say):
    then its ordinary wheel serves, and the platform defines the two operators that it misses.
    """
    index = ["--no-deps", "--extra-index-url", CPU_INDEX, "--retries", "1", "--timeout", "20"]
    if pip([*index, f"torch=={pins['torch']}+cpu"], label="PyTorch, CPU build", total=1):
        print("  The CPU build cannot be reached; the ordinary one is larger but works.", flush=True)
        return False
    if pip([*index, f"torchvision=={pins['torchvision']}+cpu"], label="torchvision, CPU build", total=1):
        plain = ["--no-deps", f"torchvision=={pins['torchvision']}"]
        require(pip(plain, label="torchvision from the package index", total=1), "torchvision")
    return True


def compile_all() -> None:
    """Compile what was installed, on all cores; pip would do it on one. What cannot be compiled is left."""
    show("Compiling ...")
    folder = next((VENV / "lib").glob("python*"))
    command = [str(PYTHON), "-m", "compileall", "-qq", "-j", "0", str(folder / "site-packages")]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


COMMAND = """\
#!/bin/sh
# The command `humaneval` of this checkout, from wherever it is called.
here=$(cd "$(dirname "$0")" && pwd)
PYTHONPATH="$here/../..${PYTHONPATH:+:$PYTHONPATH}" exec "$here/python" -m humaneval.workspace.console "$@"
"""


def write_command() -> None:
    """Write `.venv/bin/humaneval`: the platform runs from its checkout and is not installed itself."""
    path = VENV / "bin" / "humaneval"
    if not path.exists() or path.read_text() != COMMAND:
        path.write_text(COMMAND)
        path.chmod(0o755)


def install(which: str) -> None:
    """Bring `.venv` to what the lock says; return at once when it is there already."""
    lock, torch = LOCKS[which], "none" if which == "server" else wanted_torch()
    mark, digest = VENV / f"installed-{which}", stamp(LOCKS[which], torch)
    if mark.exists() and mark.read_text() == digest and PYTHON.exists():
        return
    make_venv()
    if torch != "none":
        install_torch(torch)
    locked = ["--no-deps", "--require-hashes", "-r", str(lock)]
    require(pip(locked, label=f"Packages ({which})", total=len(pinned(lock))), "The packages")
    compile_all()
    mark.write_text(digest)
    if which == "dev":  # the dev lock holds the runtime one
        (VENV / "installed-runtime").write_text(stamp(LOCKS["runtime"], torch))


def main() -> int:
    """Install for `runtime`, `dev` or `server`; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=sorted(LOCKS))
    try:
        install(parser.parse_args().which)
        write_command()
    except InstallError as error:
        print(
            f"\nSet-up stopped: {error}\nNothing else was changed; running the same command again goes on.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
