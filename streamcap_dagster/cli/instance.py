"""The Dagster instance that `streamcap` shares with Dagster's own tools."""

import fcntl
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any, TextIO, cast

import dagster as dg
from dagster._core.instance import InstanceRef
from sqlalchemy.exc import DBAPIError

from streamcap_dagster.errors import InstanceLost, SettingError
from streamcap_dagster.history import connections_kept

_OURS = {"telemetry": {"enabled": False}, "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}}
"""A run in this process tells nobody, and its terminal is not captured into compute logs."""
_ROOM = 2**20
"""Bytes without which nothing can be written to a database."""


def dagster_home() -> Path:
    """DAGSTER_HOME; where it is not set, the nearest folder from here upwards that has a `dagster.yaml`; else `.dagster` here."""
    if home := os.environ.get("DAGSTER_HOME"):
        if not Path(home).is_dir():
            raise SettingError("DAGSTER_HOME", home, "it is not a folder that exists; make it, or unset it to use the folder of the nearest dagster.yaml")
        return Path(home).absolute()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "dagster.yaml").is_file()), here / ".dagster")


@contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """The instance at `dagster_home()`, closed when the block ends. Raises InstanceLost when its database goes away for good, in the block too."""
    home = dagster_home()
    home.mkdir(parents=True, exist_ok=True)
    logging.getLogger().addFilter(_in_one_line)
    try:
        with _alone_in(home):
            instance = dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=_OURS))
        with instance, connections_kept(instance), redirect_stderr(cast(TextIO, _Shortened(sys.stderr))):
            yield instance
    except Exception as error:
        if why := said_by_database(error):
            raise InstanceLost(str(home), why, no_room=shutil.disk_usage(home).free < _ROOM) from error
        raise
    finally:
        logging.getLogger().removeFilter(_in_one_line)


def said_by_database(error: BaseException | None) -> str:
    """The first line of what a database said, when that is what an error comes from; else nothing."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:  # an error that Dagster raises again comes from itself
        if isinstance(error, DBAPIError):
            return str(error.orig).splitlines()[0]
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return ""


class _Shortened:
    """A standard error on which an event that Dagster's database does not take is told in one line, not with the statement and its values."""

    _LOST = "Exception while writing logger call to event log: "

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if text.startswith(self._LOST):
            text = f"Dagster's database does not take an event: {text.removeprefix(self._LOST).splitlines()[0]}\n"
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _in_one_line(record: logging.LogRecord) -> bool:
    """Makes the warning of a connection that is tried again, five lines with the address of a manual, one line."""
    if record.msg == "Retrying failed database connection: %s" and isinstance(record.args, tuple) and isinstance(record.args[0], Exception):
        record.msg, record.args = "Dagster's database does not answer; trying again: %s", (said_by_database(record.args[0]),)
    return True


@contextmanager
def _alone_in(home: Path) -> Iterator[None]:
    """One process at a time, because Dagster makes its SQLite tables without asking whether another is just making them."""
    folder = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
