"""Blocks of storage in coroutines: off the loop, and left whatever happens."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from streamcap_dagster.storage.off_loop import in_threads, to_the_end


class Noted:
    """Notes what happens to a block, and where."""

    def __init__(self, slow_s: float = 0.0) -> None:
        self.happened: list[str] = []
        self.threads: set[str] = set()
        self._slow_s = slow_s

    @contextmanager
    def block(self) -> Iterator[str]:
        self.threads.add(threading.current_thread().name)
        time.sleep(self._slow_s)
        self.happened.append("entered")
        try:
            yield "what it lends"
        except BaseException as error:
            self.happened.append(type(error).__name__)
            raise
        finally:
            self.threads.add(threading.current_thread().name)
            time.sleep(self._slow_s)
            self.happened.append("left")


def test_a_block_is_entered_and_left_off_the_loop() -> None:
    noted = Noted()

    async def use() -> None:
        async with in_threads(noted.block()) as lent:
            noted.happened.append(lent)

    asyncio.run(use())

    assert noted.happened == ["entered", "what it lends", "left"]
    assert threading.current_thread().name not in noted.threads


def test_an_error_in_the_block_is_told_to_it_and_comes_through() -> None:
    noted = Noted()

    async def use() -> None:
        async with in_threads(noted.block()):
            raise OSError("of the work itself")

    with pytest.raises(OSError, match="of the work itself"):
        asyncio.run(use())

    assert noted.happened == ["entered", "OSError", "left"]


@pytest.mark.parametrize(("after_s", "happened"), [(0.05, ["entered", "CancelledError", "left"]), (0.15, ["entered", "CancelledError", "left"])])
def test_who_is_cancelled_while_entering_or_within_leaves_the_block(after_s: float, happened: list[str]) -> None:
    noted = Noted(slow_s=0.1)

    async def use() -> None:
        async with in_threads(noted.block()):
            await asyncio.sleep(10)

    async def cancelled() -> None:
        using = asyncio.create_task(use())
        await asyncio.sleep(after_s)
        using.cancel()
        with pytest.raises(asyncio.CancelledError):
            await using

    asyncio.run(cancelled())

    assert noted.happened == happened


def test_who_is_cancelled_while_leaving_has_left() -> None:
    noted = Noted(slow_s=0.1)

    async def use() -> None:
        async with in_threads(noted.block()):
            pass

    async def cancelled() -> None:
        using = asyncio.create_task(use())
        await asyncio.sleep(0.15)
        using.cancel()
        with pytest.raises(asyncio.CancelledError):
            await using
        assert noted.happened == ["entered", "left"]

    asyncio.run(cancelled())


def test_work_that_fails_fails_whoever_waits_for_it_to_the_end() -> None:
    async def fail() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        asyncio.run(to_the_end(fail()))
