"""Places for what is held in memory at the same time, such as the pictures of the windows that are being asked about."""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Room:
    """So many places. Lanes take turns at those that become free, and within a lane who came first goes first. It belongs to one event loop."""

    def __init__(self, places: float = math.inf) -> None:
        self._free = places
        self._lanes: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def place(self, lane: Hashable) -> AsyncIterator[None]:
        """Hold a place for the length of the block, once there is one."""
        await self._enter(lane)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, lane: Hashable) -> None:
        if self._free >= 1:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lanes.setdefault(lane, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._leave()  # it was cancelled in the moment it got its place
            raise

    def _leave(self) -> None:
        """Give the place to the next who still waits."""
        while self._lanes:
            lane, waiting = next(iter(self._lanes.items()))
            turn = waiting.popleft()
            if waiting:
                self._lanes.move_to_end(lane)
            else:
                del self._lanes[lane]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
