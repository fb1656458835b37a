"""Waiting for one's turn: what one process at a time may do to a storage, the next one does afterwards and mostly finds done."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.off_loop import in_threads

_LOOK_AGAIN_S = 0.1
_SELDOM_S = 2.0
"""Each look at a bucket costs a few requests."""


@contextmanager
def turn(storage: Storage, name: str) -> Iterator[None]:
    """Hold the lease on a name for the length of the block, after whoever holds it now."""
    for wait_s in _waits():
        with storage.lease(name) as held:
            if held:
                yield
                return
        time.sleep(wait_s)


@asynccontextmanager
async def turn_async(storage: Storage, name: str) -> AsyncIterator[None]:
    """The same for a coroutine, which lets others run while it waits."""
    for wait_s in _waits():
        async with in_threads(storage.lease(name)) as held:
            if held:
                yield
                return
        await asyncio.sleep(wait_s)


def _waits() -> Iterator[float]:
    """How long until the next look: longer each time."""
    wait_s = _LOOK_AGAIN_S
    while True:
        yield wait_s
        wait_s = min(2 * wait_s, _SELDOM_S)
