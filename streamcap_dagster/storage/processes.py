"""The processes that use a storage at the same time: how each is named there, and whether one of this machine still runs."""

import os
import re
import secrets
import socket
from functools import cache
from pathlib import Path
from zlib import crc32

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESS_IDS = Path("/proc/self/ns/pid")


def process_name() -> str:
    """A name that no other process has, on whatever machine: host, process id and a random word."""
    return f"{_host()}-{os.getpid()}-{secrets.token_hex(4)}"


def is_gone(process: str) -> bool:
    """Whether a process of that name certainly does not run any more, for it ran on this machine."""
    named = re.fullmatch(r"(.+)-(\d+)-[^-]+", process)
    if named is None or named[1] != _host():
        return False
    try:
        os.kill(int(named[2]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


@cache
def _host() -> str:
    """The machine since it was started, as far as its process ids reach: containers may share a host's name but not its processes."""
    name = re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname()) or "host"
    try:
        reach = f"{_BOOT.read_text()} {_PROCESS_IDS.stat().st_ino}"
    except OSError:  # not Linux: no containers either
        return name
    return f"{name}.{crc32(reach.encode()):08x}"
