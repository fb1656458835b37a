"""Turns: one at a time, whoever comes second waits, and whoever fails lets go."""

import asyncio
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.leases import turn, turn_async
from tests.storage.counted import CountedStorage


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


def test_threads_take_their_turns(storage: FolderStorage) -> None:
    now: list[int] = []

    def work(number: int) -> None:
        with turn(storage, "cat"):
            now.append(number)
            time.sleep(0.02)
            now.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert now[::2] == now[1::2]
    assert sorted(now) == [0, 0, 1, 1, 2, 2]


def test_coroutines_take_their_turns_and_let_others_run_while_they_wait(storage: FolderStorage) -> None:
    said: list[str] = []

    async def first(held: asyncio.Event, go_on: asyncio.Event) -> None:
        async with turn_async(storage, "cat"):
            held.set()
            await go_on.wait()
            said.append("first is done")

    async def second() -> None:
        async with turn_async(storage, "cat"):
            said.append("second has its turn")

    async def all_of_them() -> None:
        held, go_on = asyncio.Event(), asyncio.Event()
        working = asyncio.gather(first(held, go_on), second_after(held))
        await held.wait()
        await asyncio.sleep(0.05)
        said.append("others run")
        go_on.set()
        await working

    async def second_after(held: asyncio.Event) -> None:
        await held.wait()
        await second()

    asyncio.run(all_of_them())

    assert said == ["others run", "first is done", "second has its turn"]


def test_other_names_need_not_wait(storage: FolderStorage) -> None:
    with turn(storage, "cat"), turn(storage, "dog"):
        pass


def test_an_error_in_a_turn_ends_it_and_comes_through(storage: FolderStorage) -> None:
    with pytest.raises(OSError, match="of the work itself"), turn(storage, "cat"):
        raise OSError("of the work itself")

    with storage.lease("cat") as free:
        assert free


def test_who_is_cancelled_while_waiting_leaves_the_turn_to_others(storage: FolderStorage) -> None:
    async def waits() -> None:
        async with turn_async(storage, "cat"):
            raise AssertionError("it was never free")

    async def cancelled_while_waiting() -> None:
        with storage.lease("cat"):
            waiting = asyncio.create_task(waits())
            await asyncio.sleep(0.02)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with turn_async(storage, "cat"):
            pass

    asyncio.run(cancelled_while_waiting())


def test_a_storage_that_is_far_away_does_not_hold_up_the_event_loop(tmp_path: Path) -> None:
    storage = CountedStorage(tmp_path, latency_s=0.05)

    async def story() -> None:
        with FolderStorage(tmp_path).lease("cat"):
            waiting = asyncio.create_task(enter())
            await asyncio.sleep(0.07)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await enter()

    async def enter() -> None:
        async with turn_async(storage, "cat"):
            pass

    asyncio.run(story())  # each of its operations fails on a loop
    assert storage.counted["lease"] >= 3


def test_who_waits_long_looks_seldom(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    waited_s: list[float] = []
    with ExitStack() as held:
        held.enter_context(storage.lease("cat"))

        def sleep(seconds: float) -> None:
            waited_s.append(seconds)
            if sum(waited_s) > 60:
                held.close()

        monkeypatch.setattr("streamcap_dagster.storage.leases.time.sleep", sleep)
        with turn(storage, "cat"):
            pass

    assert waited_s[0] < 0.2
    assert waited_s == sorted(waited_s)
    assert len(waited_s) < 40
