"""How 100,000 videos stand and which are due: without an index, with one, after some changed; beside looking at each by itself. And `streamcap status`."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import peak_mb, run_module
from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.due import DUE_KINDS, due_set
from streamcap_dagster.assets.standing import standing_of
from streamcap_dagster.assets.survey import survey
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.settings import Settings, read_settings
from streamcap_dagster.storage import keys
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import captioner_for, source_for, storage_for

_SOME = 1000


def measure(settings: Settings) -> dict[str, object]:
    """Seconds each, in processes of their own; those of the due set without the start of Python, `status` with it."""
    Path(settings.storage, keys.SURVEY).unlink(missing_ok=True)
    cold, warm = (run_module(__spec__.name, settings, "due") for _ in range(2))
    _touch(settings, _SOME)
    changed = run_module(__spec__.name, settings, "due")
    some = run_module(__spec__.name, settings, "some")
    return {
        "due_without_index_s": cold["seconds"],
        "due_without_index_cpu_s": cold["cpu_s"],
        "due_without_index_peak_mb": cold["peak_mb"],
        "due_s": warm["seconds"],
        "due_cpu_s": warm["cpu_s"],
        "due_peak_mb": warm["peak_mb"],
        f"due_after_{_SOME}_changed_s": changed["seconds"],
        "due_each_by_itself_s": round(some["seconds"] / _SOME * cold["videos"]),
        "due_each_by_itself_cpu_s": round(some["cpu_s"] / _SOME * cold["videos"]),
        "due_target_s": 10,
        **_status_of(settings),
        "status_target_s": 3,
    }


def _touch(settings: Settings, videos: int) -> None:
    """Other files with the same receipts."""
    for path in sorted(Path(settings.storage, keys.RECEIPTS).iterdir())[:videos]:
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)


def _status_of(settings: Settings) -> dict[str, object]:
    """The whole process, the quicker of two."""
    best = min((run_module(__spec__.name, settings, "status") for _ in range(2)), key=lambda took: float(took["seconds"]))
    return {"status_s": best["seconds"], "status_cpu_s": best["cpu_s"]}


def _status() -> None:
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "streamcap_dagster.cli", "status"], capture_output=True, text=True, check=True)
    assert done.stdout.split()[1] == "complete", done.stdout
    times = os.times()
    print(json.dumps({"seconds": round(time.monotonic() - began, 2), "cpu_s": round(times.children_user + times.children_system, 2)}))


def _workshop() -> Workshop:
    settings = read_settings()
    return Workshop(settings, source_for(settings).open(), storage_for(settings).open(), captioner_for(settings).bare())


def _due() -> None:
    workshop = _workshop()

    def look() -> int:
        found = survey(workshop, thorough=False)
        assert not due_set(found, DUE_KINDS, datetime.now(UTC), workshop.settings.park_after).due
        return len(found)

    _tell(look)


def _some() -> None:
    """What a survey took when it looked at one video after the other."""
    workshop = _workshop()
    videos = list(read_manifest(workshop.storage).values())[:_SOME]
    _tell(lambda: len([standing_of(video, PER_VIDEO, workshop, None) for video in videos]))


def _tell(doing: Callable[[], int]) -> None:
    began, spent = time.monotonic(), time.process_time()
    videos = doing()
    took = {"seconds": round(time.monotonic() - began, 2), "cpu_s": round(time.process_time() - spent, 2)}
    print(json.dumps({**took, "peak_mb": peak_mb(), "videos": videos}))


if __name__ == "__main__":
    {"due": _due, "some": _some, "status": _status}[sys.argv[1]]()
