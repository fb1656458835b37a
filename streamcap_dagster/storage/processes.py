"""The processes that use a storage at the same time: how each is named there, and whether one of this machine still runs."""

import os
import re
import secrets
import socket
from functools import cache
from pathlib import Path
from zlib import crc32

_MACHINE_ID = Path("/etc/machine-id")
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESS_IDS = Path("/proc/self/ns/pid")
_NAME = re.compile(r"(?P<machine>.+)-(?P<process_id>\d+)-[^-]+")
_STARTED = re.compile(r"(?P<host>.+\.[0-9a-f]{8})\.(?P<boot>[0-9a-f]{8})\.\d+")
"""A machine that can be told from others of its host's name, and when it was started."""


def process_name() -> str:
    """A name that no other process has, on whatever machine: host, process id and a random word."""
    return f"{this_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def process_of_machine(machine: str, process_id: int) -> str:
    """What a process is called of which only this is known."""
    return f"{machine}-{process_id}-unnamed"


def is_gone(process: str) -> bool:
    """Whether a process of that name certainly does not run any more, for it ran on this machine."""
    named = _NAME.fullmatch(process)
    if named is None or named["machine"] != this_machine():
        return False
    try:
        os.kill(int(named["process_id"]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return _is_dead(int(named["process_id"]))


def is_gone_from_here(process: str) -> bool:
    """Whether a process is gone, also by a restart of its machine.

    Only for names that are kept on this machine. In a storage that others use it would not be certain: machines made from one image may share
    everything but when they were started.
    """
    named = _NAME.fullmatch(process)
    return is_gone(process) or (named is not None and _was_restarted(named["machine"]))


def _was_restarted(machine: str) -> bool:
    then, now = _STARTED.fullmatch(machine), _STARTED.fullmatch(this_machine())
    return then is not None and now is not None and then["host"] == now["host"] and then["boot"] != now["boot"]


def _is_dead(process_id: int) -> bool:
    """Whether a process has ended and only waits for its parent to hear of it. Where there is no /proc, that is not known."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text(errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"


@cache
def this_machine() -> str:
    """The machine since it was started, as far as its process ids reach: containers may share a host's name and id but not its processes."""
    host = re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname()) or "host"
    try:
        boot, reach = _short(_BOOT.read_text()), _PROCESS_IDS.stat().st_ino
    except OSError:  # not Linux: no containers either
        return host
    return f"{host}.{_installation()}.{boot}.{reach}"


def _installation() -> str:
    """What tells hosts of one name apart, if anything does: images of containers often have no id, or one that says that it is still to be made."""
    try:
        machine_id = _MACHINE_ID.read_text().strip()
    except OSError:
        return "unknown"
    return _short(machine_id) if re.fullmatch("[0-9a-f]{32}", machine_id) else "unknown"


def _short(text: str) -> str:
    return f"{crc32(text.encode()):08x}"
