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
    return f"{this_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def process_of_machine(machine: str, process_id: int) -> str:
    """What a process is called of which only this is known."""
    return f"{machine}-{process_id}-unnamed"


def is_gone(process: str) -> bool:
    """Whether a process of that name certainly does not run any more, for it ran on this machine."""
    named = re.fullmatch(r"(.+)-(\d+)-[^-]+", process)
    if named is None or named[1] != this_machine():
        return False
    try:
        os.kill(int(named[2]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return _is_dead(int(named[2]))


def _is_dead(process_id: int) -> bool:
    """Whether a process has ended and only waits for its parent to hear of it. Where there is no /proc, that is not known."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text(errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"


@cache
def this_machine() -> str:
    """The machine since it was started, as far as its process ids reach: containers may share a host's name but not its processes."""
    name = re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname()) or "host"
    try:
        reach = f"{_BOOT.read_text()} {_PROCESS_IDS.stat().st_ino}"
    except OSError:  # not Linux: no containers either
        return name
    return f"{name}.{crc32(reach.encode()):08x}"
