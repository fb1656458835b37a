"""A process of its own that asks a slow service through a PacedCaptioner. Prints its share of 600 requests a minute whenever that changes, and each answer."""

import asyncio
import sys
from pathlib import Path

from streamcap_dagster.captions.captioner import Place
from streamcap_dagster.captions.pacing.meter import Meter
from streamcap_dagster.captions.pacing.paced import PacedCaptioner
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.model_table import model_table
from streamcap_dagster.storage.folder import FolderStorage
from tests.captions.pacing.servers import Service
from tests.captions.requests import request

HEARTBEAT_S = 0.2


async def main(storage: Path, latency_s: float, questions: int) -> None:
    shown: set[int] = set()

    def watch(meter: Meter) -> None:
        if meter.rpm not in shown:
            shown.add(meter.rpm)
            print("rpm", meter.rpm, flush=True)

    one = PacedCaptioner(Service(latency_s=latency_s), Quota(rpm=600, share=1.0), FolderStorage(storage), model_table(), watch=watch, heartbeat_s=HEARTBEAT_S)
    for window in range(questions):
        await one.complete(request(prompt=str(window), place=Place("street", 0, window)))
        print("answered", window, flush=True)
    await one.aclose()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
