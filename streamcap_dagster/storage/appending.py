"""Appends to a file of lines."""

import os
from contextlib import suppress
from io import FileIO


def append_whole(file: FileIO, data: bytes) -> None:
    """Append all of it or nothing: a disk that becomes full takes a part first, and a line that is torn off would spoil the next one."""
    whole, left = os.fstat(file.fileno()).st_size, memoryview(data)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError:
        with suppress(OSError):
            file.truncate(whole)
        raise
