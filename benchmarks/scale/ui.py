"""Dagster's pages of very many partitions, in a headless Chromium: how long the partitions of an asset take to appear. Leaves a picture of them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dagster as dg

from docs.screenshots import FOLDER, SIZE, Shot, browser, take, webserver
from streamcap_dagster.partitions import register_videos

PARTITIONS = 100_000
MADE = 1_000
"""Partitions with an event; the others are registered and missing."""
PICTURE = FOLDER / "partitions_100000.png"


def measure() -> dict[str, object]:
    """Seconds from the address to the list, first and again, and to the page of one partition; needs a Chromium."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", __spec__.name, home]
        env = {**os.environ, "DAGSTER_HOME": home, "STREAMCAP_SOURCE": f"{home}/videos", "STREAMCAP_STORAGE": f"{home}/data", "STREAMCAP_CAPTIONER": "offline"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _look(home: str) -> None:
    """Everything that needs the environment of this instance."""
    Path(home, "dagster.yaml").write_text("telemetry: {enabled: false}\nnux: {enabled: false}\n")
    with dg.DagsterInstance.from_config(home) as instance:
        began = time.monotonic()
        register_videos(instance, [f"v{number:06d}" for number in range(PARTITIONS)])
        registering_s = time.monotonic() - began
        for number in range(MADE):
            instance.report_runless_asset_event(dg.AssetMaterialization("delta_captions", partition=f"v{number:06d}"))
    shot = Shot("partitions", "/assets/delta_captions?view=partitions", "v000000")
    FOLDER.mkdir(exist_ok=True)
    with webserver() as address, browser(*SIZE) as page:
        seconds = []
        for path in (shot.path, shot.path, f"{shot.path}&partition=v000500"):
            page.open("about:blank")
            began = time.monotonic()
            page.open(address + path)
            page.wait_for_text("v000500" if "partition=" in path else shot.shows)
            seconds.append(round(time.monotonic() - began, 1))
        take(page, address, shot, PICTURE)
    first, again, one = seconds
    figures = {"partitions": PARTITIONS, "registering_s": round(registering_s, 1), "page_s": first, "page_again_s": again, "one_partition_s": one}
    print(json.dumps(figures))


if __name__ == "__main__":
    _look(sys.argv[1])
