"""A process that samples a long video in a pool, for tests that kill it: `python -m tests.frames.pool_parent FOLDER`."""

import asyncio
import sys
from pathlib import Path

from streamcap_dagster.frames.worker_pool import DecodePool
from tests.frames.sampled import long_job


async def main() -> None:
    async with DecodePool(1) as pool:
        await pool.run(long_job(Path(sys.argv[1])))


if __name__ == "__main__":
    asyncio.run(main())
