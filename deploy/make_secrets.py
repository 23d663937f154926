"""Make the passwords and keys that compose.yaml and the Kubernetes manifests read, each in a file of its own.

Files that are there stay as they are. Only their folder's owner can reach them; within it they can be
read by anyone, for containers read them as users of their own. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "secrets"
KEYS = ("database_password", "storage_key", "secret_key", "rater_key", "panel_id_key", "metrics_token")
STORAGE_USER = "humaneval"


def storage_users(key: str) -> str:
    """Return SeaweedFS's list of users: one, who may do everything with this secret key."""
    credentials = [{"accessKey": STORAGE_USER, "secretKey": key}]
    user = {"name": STORAGE_USER, "credentials": credentials}
    return json.dumps({"identities": [{**user, "actions": ["Admin", "Read", "List", "Tagging", "Write"]}]})


def keep(path: Path, text: str) -> bool:
    """Write a file unless it is there; return whether it was made."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, 0o444)  # whatever the umask of who makes them
        file.write(text)
    return True


def make(folder: Path) -> list[str]:
    """Make what is missing; return the names of the files made."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = [name for name in KEYS if keep(folder / name, secrets.token_urlsafe(48))]
    if keep(folder / "storage_users", storage_users((folder / "storage_key").read_text())):
        made.append("storage_users")
    return made


def main() -> None:
    """Make what is missing, and say what that was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    made = make(folder)
    print(f"Made {', '.join(made)} in {folder}." if made else f"All secrets are in {folder} already.")
    print("Keep a copy where the backups are: without rater_key every rater becomes a stranger.")


if __name__ == "__main__":
    main()
