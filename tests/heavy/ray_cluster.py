"""Ray clusters on this machine, kept to a network of their own, and the loss of a node."""

import ctypes
import fcntl
import json
import os
import secrets
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_SET_FLAGS, _UP = 0x8914, 0x1  # SIOCSIFFLAGS of an interface, IFF_UP
_THIS_NETWORK = Path("/proc/thread-self/ns/net")
_HEAD_PORT, _DASHBOARD_PORT = 6379, 8265
_PORTS_OF_ITS_OWN = ("--dashboard-agent-listen-port=52366", "--dashboard-agent-grpc-port=52367", "--min-worker-port=20000", "--max-worker-port=20999")
"""Of the second node, where on machines of their own both would take the same."""
_SMALL = ("--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats", "--node-ip-address=127.0.0.1")
_SOON = {"RAY_health_check_period_ms": "1000", "RAY_health_check_failure_threshold": "3"}
"""A node that does not answer is given up after three seconds, not fifteen."""


@contextmanager
def network_of_its_own() -> Iterator[None]:
    """Whatever this thread starts in the block has a loopback interface and no other: Ray listens on every address, also when it is told one."""
    libc = ctypes.CDLL(None, use_errno=True)
    with ExitStack() as opened:
        before = opened.enter_context(_THIS_NETWORK.open()) if _THIS_NETWORK.exists() else None
        if before is None or libc.unshare(_NEW_NETWORK):
            why = os.strerror(ctypes.get_errno()) if before else "there are none on this system"
            pytest.fail(f"This test needs Linux and root, to keep Ray's open ports in a network namespace of their own: {why}.")
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh22x", b"lo", _UP))
            yield
        finally:
            libc.setns(before.fileno(), _NEW_NETWORK)


@dataclass(frozen=True)
class Job:
    """What Ray says of a run."""

    run_id: str
    node: str
    """Name of the node that it works on; empty until it does."""
    status: str


@dataclass
class Cluster:
    """Two nodes, `head` and `second`, with a place for one run each. Both have processes and a host name of their own, as machines have."""

    url: str
    token: str
    nodes: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def jobs(self) -> list[Job]:
        """All so far."""
        names = {node["raylet"]["nodeId"]: node["hostname"] for node in self._nodes()}
        told = self._ask("/api/jobs/")
        return [Job(job["metadata"]["dagster/run-id"], names.get(job["driver_node_id"], ""), job["status"]) for job in told]

    def living(self) -> set[str]:
        """Names of the nodes that can be worked on; none while nobody answers."""
        try:
            return {node["hostname"] for node in self._nodes() if node["raylet"]["state"] == "ALIVE"}
        except OSError:
            return set()

    def lose(self, name: str) -> None:
        """Everything on a node is killed at once, the runs too, as when a machine loses its power."""
        self.nodes[name].kill()
        self.nodes[name].wait()

    def _nodes(self) -> list[dict[str, Any]]:
        """Those of which the agent has told something."""
        return [node for node in self._ask("/nodes?view=summary")["data"]["summary"] if "hostname" in node]

    def _ask(self, path: str) -> Any:
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)


def for_all_nodes() -> dict[str, str]:
    """The variables that the nodes and the clients of one cluster share."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16), "RAY_API_SERVER_ADDRESS": f"http://127.0.0.1:{_DASHBOARD_PORT}"}


@contextmanager
def two_nodes(env: Mapping[str, str], folder: Path) -> Iterator[Cluster]:
    """A cluster until the end of the block, which begins before it is ready. Its nodes have this environment, and write what they say into `folder`."""
    cluster = Cluster(env["RAY_API_SERVER_ADDRESS"], env["RAY_AUTH_TOKEN"])
    with tempfile.TemporaryDirectory(prefix="ray-") as short:  # the path of a socket in it may have 107 characters
        head = ("--head", f"--port={_HEAD_PORT}", "--dashboard-host=127.0.0.1", f"--dashboard-port={_DASHBOARD_PORT}", f"--temp-dir={short}")
        second = (f"--address=127.0.0.1:{_HEAD_PORT}", *_PORTS_OF_ITS_OWN)
        here = Path(short, "environment")
        here.symlink_to(sys.prefix)  # Ray does not start from a path with a space
        try:
            for name, arguments in {"head": head, "second": second}.items():
                cluster.nodes[name] = _started(name, [str(here / "bin/python"), "-m", "ray.scripts.scripts", "start", *arguments], env, folder)
            yield cluster
        finally:
            for name in cluster.nodes:
                cluster.lose(name)


def _started(name: str, start: Sequence[str], env: Mapping[str, str], folder: Path) -> "subprocess.Popen[bytes]":
    """A node in process ids of its own: with the first of them all others end, wherever they stand."""
    alone = ["unshare", "--pid", "--uts", "--fork", "--mount-proc", "--kill-child", "sh", "-c", 'hostname "$0" && exec "$@"', name]
    with (folder / f"{name}.log").open("w") as log:
        return subprocess.Popen([*alone, *start, "--block", *_SMALL], env={**env, **_SOON}, cwd=folder, stdout=log, stderr=subprocess.STDOUT)


def until(seen: Callable[[], Any], what: str, within_s: float = 60) -> Any:
    """What is seen, once it is."""
    deadline_s = time.monotonic() + within_s
    while not (found := seen()):
        assert time.monotonic() < deadline_s, f"waited {within_s} s for {what}"
        time.sleep(0.5)
    return found
