"""The Dagster instance that `streamcap` shares with Dagster's own tools."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.instance import InstanceRef

from streamcap_dagster.errors import SettingError

_OURS = {"telemetry": {"enabled": False}, "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}}
"""A run in this process tells nobody, and its terminal is not captured into compute logs."""


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
    """The instance at `dagster_home()`, closed when the block ends."""
    home = dagster_home()
    home.mkdir(parents=True, exist_ok=True)
    with _alone_in(home):
        instance = dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=_OURS))
    with instance:
        yield instance


@contextmanager
def _alone_in(home: Path) -> Iterator[None]:
    """One process at a time, because Dagster makes its SQLite tables without asking whether another is just making them."""
    folder = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
