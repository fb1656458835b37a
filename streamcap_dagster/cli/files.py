"""Files that a command writes for a person."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TextIO

from streamcap_dagster.errors import SettingError


@contextmanager
def written_whole(out: Path | None, option: str = "--out") -> Iterator[TextIO]:
    """A file that gets its name once it is whole; standard output without one. Raises SettingError for the option when it cannot be written."""
    if out is None:
        with nullcontext(sys.stdout) as file:
            yield file
        return
    staged = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with staged.open("w", encoding="utf-8", newline="") as file:
            yield file
        staged.replace(out)
    except OSError as error:
        if error.errno is None:  # not of the file system, such as of a picture that is none
            raise
        raise SettingError(option, str(out), f"it cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):  # it never came to be
            staged.unlink()
