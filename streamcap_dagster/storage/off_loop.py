"""Storage for coroutines: it waits for a disk or a network, so it is entered and left in threads while the event loop goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def in_threads(manager: AbstractContextManager[T]) -> AsyncIterator[T]:
    """The same block for a coroutine. What was entered is left, also when whoever enters or leaves it is cancelled meanwhile."""
    entering = asyncio.create_task(asyncio.to_thread(manager.__enter__))
    try:
        entered = await to_the_end(entering)
    except asyncio.CancelledError as cancelled:
        if entering.done() and not entering.cancelled() and entering.exception() is None:
            await to_the_end(asyncio.to_thread(manager.__exit__, type(cancelled), cancelled, cancelled.__traceback__))
        raise
    try:
        yield entered
    except BaseException as error:
        if not await to_the_end(asyncio.to_thread(manager.__exit__, type(error), error, error.__traceback__)):
            raise
    else:
        await to_the_end(asyncio.to_thread(manager.__exit__, None, None, None))


async def to_the_end(work: Awaitable[T]) -> T:
    """The result of work that is not to be left half done: whoever is cancelled meanwhile is so once it has ended."""
    going = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not going.done():
        try:
            await asyncio.wait([going])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return going.result()
