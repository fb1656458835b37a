"""Writing and reading many small objects and some large ones: ours against a plain loop over Google's client, and what one large object takes of memory."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from google.cloud import storage as google

from benchmarks.storage.service import BUCKET, bucket_storage, emulated, open_bucket
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.many import read_all, write_all

LATENCY_MS = 50
SMALL, SMALL_BYTES = 1000, 2000
LARGE, LARGE_BYTES = 20, 50_000_000
HUGE_BYTES = 1_000_000_000
FILES_AT_ONCE = 4


def small() -> dict[str, object]:
    """1,000 objects of 2 kB at 50 ms: seconds of both ways, and the factor between them."""
    data = os.urandom(SMALL_BYTES)
    names = [f"{number:04d}.json" for number in range(SMALL)]
    with emulated(LATENCY_MS), bucket_storage("ours") as ours:
        bucket = _plain_bucket()
        seconds = {
            "write_ours_s": _timed(lambda: write_all(ours, ((name, data) for name in names))),
            "write_loop_s": _timed(lambda: [bucket.blob(f"loop/{name}").upload_from_string(data) for name in names]),
            "read_ours_s": _timed(lambda: [_same(found, data) for _, found in read_all(ours, names)]),
            "read_loop_s": _timed(lambda: [_same(bucket.blob(f"loop/{name}").download_as_bytes(), data) for name in names]),
        }
    return _with_factors(seconds, target=5.0)


def large() -> dict[str, object]:
    """1 GB in objects of 50 MB: seconds of both ways, from files and to files, and the factor between them."""
    with TemporaryDirectory() as folder, emulated(LATENCY_MS), bucket_storage("ours") as ours:
        path = Path(folder, "object")
        path.write_bytes(os.urandom(LARGE_BYTES))
        names = [f"{number:02d}.mp4" for number in range(LARGE)]
        bucket = _plain_bucket()
        seconds = {
            "write_ours_s": _timed(lambda: _at_once(lambda name: _write_file(ours, name, path), names)),
            "write_loop_s": _timed(lambda: [bucket.blob(f"loop/{name}").upload_from_filename(str(path)) for name in names]),
            "read_ours_s": _timed(lambda: _at_once(lambda name: _fetch(ours, name), names)),
            "read_loop_s": _timed(lambda: [bucket.blob(f"loop/{name}").download_to_filename(f"{folder}/{name}") for name in names]),
        }
    return _with_factors(seconds, target=1.0)


def memory() -> dict[str, object]:
    """Peak megabytes over idle while one object of 1 GB is written and read back as a file, in a fresh process."""
    with emulated(0), TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-m", __name__, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    figures: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _plain_bucket() -> Any:
    return google.Client(project=None).bucket(BUCKET)


def _at_once(work: Callable[[str], None], names: list[str]) -> None:
    with ThreadPoolExecutor(FILES_AT_ONCE) as hands:
        list(hands.map(work, names))


def _write_file(ours: Storage, name: str, path: Path) -> None:
    with path.open("rb") as file:
        ours.write_from(name, file)


def _fetch(ours: Storage, name: str) -> None:
    with ours.local(name) as path:
        assert path.stat().st_size == LARGE_BYTES


def _same(found: bytes | None, wanted: bytes) -> None:
    assert found == wanted


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _with_factors(seconds: dict[str, float], target: float) -> dict[str, object]:
    factors = {f"{how}_times_faster": round(seconds[f"{how}_loop_s"] / seconds[f"{how}_ours_s"], 1) for how in ("write", "read")}
    return {**{name: round(value, 2) for name, value in seconds.items()}, **factors, "target_times": target}


def _one_gigabyte(folder: str) -> None:
    ours = open_bucket("huge", Path(folder, "cache"))
    ours.write("warm.json", b"{}")
    idle_mb = _peak_mb()
    with ours.staged("huge.mp4") as path, path.open("wb") as file:
        for block in _blocks():
            file.write(block)
    written_mb = _peak_mb()
    fresh = open_bucket("huge", Path(folder, "other-cache"))
    with fresh.local("huge.mp4") as path:
        assert path.stat().st_size == HUGE_BYTES
    print(json.dumps({"idle_mb": idle_mb, "write_over_idle_mb": written_mb - idle_mb, "read_over_idle_mb": _peak_mb() - idle_mb, "target_mb": 200}))


def _blocks() -> Iterator[bytes]:
    block = os.urandom(1_000_000)
    return (block for _ in range(HUGE_BYTES // len(block)))


def _peak_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10))


if __name__ == "__main__":
    _one_gigabyte(sys.argv[1])
