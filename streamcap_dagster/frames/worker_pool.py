"""A pool of processes that sample videos and hash their pictures: a video that kills its process harms no other."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self, TypeVar

from streamcap_dagster.errors import DecodeError
from streamcap_dagster.frames.sampling import SamplingJob, SamplingReport, sample_frames

J = TypeVar("J")
R = TypeVar("R")
_SPAWN = get_context("spawn")


class DecodePool:
    """Samples so many videos at a time, each in a process of its own that is kept for the next video.

    The processes end with the pool, when its own process dies in any way, and when a job is cancelled.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = [_Worker() for _ in range(workers or os.cpu_count() or 1)]
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._second_try = asyncio.Lock()

    async def __aenter__(self) -> Self:
        for worker in self._workers:
            self._idle.put_nowait(worker)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the processes, whatever they are doing."""
        for worker in self._workers:
            worker.stop()

    async def run(self, job: SamplingJob) -> SamplingReport:
        """Sample one video as soon as a process is free. Raises what `sample_frames` raises, and DecodeError when the decoder dies of the video twice."""
        return await self.do(sample_frames, job, job.video.video_id)

    async def do(self, work: Callable[[J], R], job: J, video_id: str) -> R:
        """The result of a function of some module, as soon as a process is free; it and the job travel there. Raises what the function raises, and
        DecodeError when the process dies of it twice.
        """
        worker = await self._idle.get()
        try:
            return await worker.do(work, job)
        except BrokenProcessPool:
            return await self._again(worker, work, job, video_id)
        finally:
            self._idle.put_nowait(worker)

    async def _again(self, worker: "_Worker", work: Callable[[J], R], job: J, video_id: str) -> R:
        """Once more in a fresh process, one such job at a time: what died for lack of memory may live when fewer ask for it."""
        async with self._second_try:
            try:
                return await worker.do(work, job)
            except BrokenProcessPool as error:
                why = "the decoder crashed on it twice, or the system killed it for lack of memory"
                fix = "Try STREAMCAP_DECODER=ffmpeg or a smaller STREAMCAP_DECODE_WORKERS, or remove the file from the source"
                raise DecodeError(video_id, why, fix) from error


class _Worker:
    """One process, started when it is first needed and again after it died."""

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None
        self._lifeline: Connection | None = None

    async def do(self, work: Callable[[J], R], job: J) -> R:
        if self._executor is None:
            held, self._lifeline = _SPAWN.Pipe(duplex=False)
            self._executor = ProcessPoolExecutor(max_workers=1, mp_context=_SPAWN, initializer=_begin_work, initargs=(held,))
        try:
            return await asyncio.wrap_future(_submitted(self._executor, work, job))
        except (BrokenProcessPool, asyncio.CancelledError):
            self.stop()
            raise

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._executor is None or self._lifeline is None:
            return
        self._lifeline.close()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._executor, self._lifeline = None, None


def _submitted(executor: ProcessPoolExecutor, work: Callable[[J], R], job: J) -> Future[R]:
    """A process that this starts does not hear Ctrl-C from its first moment on; it would complain of it before it can say that it ignores it."""
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return executor.submit(work, job)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


def _begin_work(lifeline: Connection) -> None:
    """In the worker: a process group of its own, so that Ctrl-C reaches only the parent, which decides; and a watch on the lifeline."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with, args=(lifeline,), daemon=True).start()


def _die_with(lifeline: Connection) -> None:
    """The lifeline ends when the parent lets go of it or dies in any way; the worker then takes the programs it started along."""
    lifeline.poll(None)
    os.killpg(0, signal.SIGKILL)
