"""The calls of a run that are being answered. They outlive the chains that asked, so that what is paid for is kept when a run is stopped."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from streamcap_dagster.captions.room import Room

T = TypeVar("T")


class Underway:
    """Calls that are to be finished once they are begun. Whoever is about to ask holds a place in `room`, as its pictures wait in memory."""

    def __init__(self, room: Room | None = None) -> None:
        self.room = room or Room()
        self._calls: set[asyncio.Task[Any]] = set()

    async def finish(self, call: Coroutine[Any, Any, T]) -> T:
        """The result of a call, which goes on even when whoever waits for it here is cancelled."""
        task = asyncio.create_task(call)
        self._calls.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def settle(self, patience_s: float) -> int:
        """Let the calls end within that time and cancel those that do not; returns how many were cancelled."""
        if not self._calls:
            return 0
        _, late = await asyncio.wait(self._calls, timeout=patience_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return len(late)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._calls.discard(task)
        if not task.cancelled():
            task.exception()  # looked at: when nobody waits any more, nobody is to be told either
