"""An event loop whose clock leaps to the next timer, so that an hour of waiting takes a moment. Threads are waited for in real time."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual_s = 1000.0
        self._threads = 0
        super().__init__(_Leaping(self))

    def time(self) -> float:
        return self._virtual_s

    def leap(self, seconds: float) -> None:
        self._virtual_s += seconds

    @property
    def waits_for_threads(self) -> bool:
        return self._threads > 0

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]
        self._threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _: self._back())
        return future

    def _back(self) -> None:
        self._threads -= 1


class _Leaping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or self._loop.waits_for_threads:
            return super().select(0.05)
        self._loop.leap(timeout)
        return []


def in_virtual_time(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    async def inside() -> T:  # so that what `work` makes is made on the loop
        return await work()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(inside())


def now() -> float:
    return asyncio.get_running_loop().time()
