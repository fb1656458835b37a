"""Examples to Hugging Face dataset and back into a loader: our writer against a plain copy of the same bytes and against the usual ways.

Every way runs in a fresh process on the same stored examples and frames, 16 photo-like JPEG frames of about 40 kB a row; the clock starts after
`datasets` is imported, which all need. Ours and the copy of what it wrote take turns, three times each, for the median. The slow ways get fewer
rows, and what they would take for all is extrapolated. Peak memory is the highest resident set of the process, imports included.
"""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.dataset.inputs import make_inputs

WORK = Path(__file__).parents[1] / ".work" / "dataset"
ROWS = 10_000
ROUNDS = 3
SLOW_ROWS = {"from_generator": 1_000, "png": 12, "stream_decoded": 1_000, "collated": 100}
"""The most rows that a slow way gets."""


def measure(rows: int = ROWS) -> dict[str, Any]:
    """Rows/s, MB/s and peak MB of each way, and how ours compares; needs about 3 MB of disk a row. TRL is one where the extra `train` is installed."""
    shutil.rmtree(WORK, ignore_errors=True)
    try:
        rows = make_inputs(WORK, rows)
        figures: dict[str, Any] = {"load": round(os.getloadavg()[0], 2), "rows": rows, **_ours_and_copy(rows)}
        for way in ("stream", "stream_decoded", "from_generator", "png", "exported", *(("collated",) if find_spec("trl") else ())):
            figures[way] = _in_fresh_process(way, min(rows, SLOW_ROWS.get(way, rows)))
        return figures | _compared(figures, rows)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)


def _ours_and_copy(rows: int) -> dict[str, dict[str, float]]:
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "copy": []}
    for _ in range(ROUNDS):
        for way, taken in runs.items():
            os.sync()  # what the one before has left to be written to the disk is not this one's
            taken.append(_in_fresh_process(way, rows))
    return {way: sorted(taken, key=lambda run: run["seconds"])[ROUNDS // 2] for way, taken in runs.items()}


def _compared(figures: dict[str, Any], rows: int) -> dict[str, Any]:
    ours = figures["ours"]
    slow = {way: figures[way]["rows_per_s"] for way in ("from_generator", "png")}
    return {
        "share_of_copy": round(ours["mb_per_s"] / figures["copy"]["mb_per_s"], 2),
        "target": {"share_of_copy": 0.6, "peak_mb": 500},
        "times_faster": {way: round(ours["rows_per_s"] / rate, 1) for way, rate in slow.items()},
        "extrapolated_s": {way: round(rows / rate) for way, rate in slow.items()},
    }


def _in_fresh_process(way: str, rows: int) -> dict[str, float]:
    home = str(WORK / "hf")
    env = {**os.environ, "HF_HOME": home, "HF_DATASETS_CACHE": home, "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "benchmarks.dataset.ways", way, str(WORK), str(rows)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))
