"""Locks on files that others may remove or replace meanwhile. A lock ends with its open file, so a killed process leaves none behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def lock_shared(file: IO[bytes]) -> None:
    """Wait until nobody holds it alone."""
    fcntl.flock(file, fcntl.LOCK_SH)


def try_lock(file: IO[bytes]) -> bool:
    """Hold it alone, if nobody else holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_at(file: IO[bytes], path: Path) -> bool:
    """Whether the path still names this open file."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return False


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the only one in this block among all threads and processes; the rest wait. The path is there only while somebody is."""
    while True:
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if is_at(file, path):
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return
