"""Hosts of a test's own: network namespaces on a bridge. Whose link is cut vanishes without a word."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field

ADDRESS = "198.18.77.1"
"""Of the bridge, where the test's servers listen; from the block that is set apart for trials of networks."""


class NoNetwork(RuntimeError):
    """Why no namespaces can be made on this machine."""


@dataclass
class Network:
    """A bridge in this namespace; ``add_host`` puts further namespaces on it."""

    name: str = field(default_factory=lambda: f"he{os.getpid() % 100_000}")
    _hosts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if os.geteuid() != 0:
            raise NoNetwork("only root may make network namespaces")
        if not shutil.which("ip"):
            raise NoNetwork("ip is not installed (Debian: apt install iproute2)")
        ip("link", "add", self.name, "type", "bridge")
        ip("address", "add", f"{ADDRESS}/24", "dev", self.name)
        ip("link", "set", self.name, "up")

    def add_host(self) -> str:
        """Make a namespace with a link to the bridge; return its name."""
        number = len(self._hosts) + 2
        host = f"{self.name}h{number}"
        ip("netns", "add", host)
        self._hosts.append(host)
        ip("link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", host)
        ip("link", "set", host, "master", self.name, "up")
        address = f"{ADDRESS.rsplit('.', 1)[0]}.{number}/24"
        ip("-n", host, "address", "add", address, "dev", "eth0")
        for link in ("lo", "eth0"):
            ip("-n", host, "link", "set", link, "up")
        return host

    def cut(self, host: str) -> None:
        """Let nothing more through to a host or from it; neither side is told."""
        ip("link", "set", host, "down")

    def remove(self) -> None:
        """Take everything away again."""
        for host in self._hosts:
            subprocess.run(["ip", "link", "del", host], capture_output=True)
            subprocess.run(["ip", "netns", "del", host], capture_output=True)
        subprocess.run(["ip", "link", "del", self.name], capture_output=True)


def ip(*arguments: str) -> None:
    """Run iproute2's command; raise :class:`NoNetwork` where the kernel does not let us."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise NoNetwork(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
