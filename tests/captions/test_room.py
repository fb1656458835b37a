"""Places in memory: how many, whose turn it is, and what a cancelled one leaves behind."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from streamcap_dagster.captions.room import Room


async def stay(room: Room, lane: str, told: list[str], until: asyncio.Event) -> None:
    async with room.place(lane):
        told.append(lane)
        await until.wait()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def begun(*work: Coroutine[Any, Any, None]) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(each) for each in work]


def test_no_more_are_let_in_than_there_are_places() -> None:
    async def story() -> None:
        room, told, until = Room(2), list[str](), asyncio.Event()
        tasks = begun(*(stay(room, "street", told, until) for _ in range(5)))
        await settled()
        assert len(told) == 2
        until.set()
        await asyncio.gather(*tasks)
        assert len(told) == 5

    asyncio.run(story())


def test_lanes_take_turns_however_many_of_one_wait() -> None:
    async def story() -> None:
        room, told, until = Room(1), list[str](), asyncio.Event()
        tasks = begun(*(stay(room, lane, told, until) for lane in ("long", "long", "long", "long", "short", "short")))
        await settled()
        until.set()
        await asyncio.gather(*tasks)
        assert told == ["long", "long", "short", "long", "short", "long"]

    asyncio.run(story())


def test_one_that_is_cancelled_while_waiting_or_when_let_in_gives_its_place_on() -> None:
    async def story() -> None:
        room, told, until = Room(1), list[str](), asyncio.Event()
        first, waiting, let_in, last = begun(*(stay(room, lane, told, until) for lane in ("first", "waiting", "let in", "last")))
        await settled()
        waiting.cancel()
        await settled()
        until.set()
        await first
        let_in.cancel()  # its turn has come, and it does not know yet
        await asyncio.gather(waiting, let_in, return_exceptions=True)
        await asyncio.wait_for(last, 5)
        assert told[-1] == "last"

    asyncio.run(story())
