"""The processes that caption at the same time: how each is named in storage, and whether one of this machine still runs."""

import os
import re
import secrets
import socket


def process_name() -> str:
    """A name for this process that no other has, on whatever machine: host, process id and a random word."""
    return f"{_host()}-{os.getpid()}-{secrets.token_hex(4)}"


def is_gone(process: str) -> bool:
    """Whether a process of that name certainly does not run any more, for it ran on this machine."""
    host, pid, _ = process.rsplit("-", 2)
    if host != _host() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname()) or "host"
