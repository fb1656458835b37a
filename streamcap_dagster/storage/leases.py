"""Waiting for one's turn: what one process at a time may do to a storage, the next one does afterwards and mostly finds done."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from streamcap_dagster.storage import Storage

_LOOK_AGAIN_S = 0.2


@contextmanager
def turn(storage: Storage, name: str) -> Iterator[None]:
    """Hold the lease on a name for the length of the block, after whoever holds it now."""
    while True:
        with storage.lease(name) as held:
            if held:
                yield
                return
        time.sleep(_LOOK_AGAIN_S)


@asynccontextmanager
async def turn_async(storage: Storage, name: str) -> AsyncIterator[None]:
    """The same for a coroutine, which lets others run while it waits."""
    while True:
        with storage.lease(name) as held:
            if held:
                yield
                return
        await asyncio.sleep(_LOOK_AGAIN_S)
