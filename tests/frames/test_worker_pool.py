"""The decode pool: a video that kills its process harms no other, and no process outlives the pool or its parent."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from streamcap_dagster.errors import DecodeError
from streamcap_dagster.frames.sampling import SamplingJob, SamplingReport
from streamcap_dagster.frames.worker_pool import DecodePool
from streamcap_dagster.storage.frame_table import read_frames
from tests.frames.numbered import numbered_video, probed
from tests.frames.sampled import long_job, sampling_job


@dataclass(frozen=True)
class Deadly:
    """A job that crashes the first worker processes that take it up."""

    job: SamplingJob
    deaths: int
    log: Path

    @property
    def video(self) -> object:
        return self.job.video

    def __reduce__(self) -> tuple[object, ...]:
        return _crash_at_first, (self.job, self.deaths, self.log)


def _crash_at_first(job: SamplingJob, deaths: int, log: Path) -> SamplingJob:
    with log.open("a") as file:
        file.write("taken up\n")
    if len(log.read_text().splitlines()) <= deaths:
        os.kill(os.getpid(), signal.SIGSEGV)
    return job


def _deadly(job: SamplingJob, deaths: int, log: Path) -> SamplingJob:
    return cast(SamplingJob, Deadly(job, deaths, log))


def _jobs(folder: Path, count: int) -> list[SamplingJob]:
    return [sampling_job(numbered_video(folder / f"{number}.mp4", 50)) for number in range(count)]


async def _run_all(jobs: list[SamplingJob], workers: int) -> list[SamplingReport | BaseException]:
    async with DecodePool(workers) as pool:
        return await asyncio.gather(*map(pool.run, jobs), return_exceptions=True)


def test_a_video_that_crashes_its_decoder_fails_alone(tmp_path: Path) -> None:
    good, bad, *others = _jobs(tmp_path, 4)
    results = asyncio.run(_run_all([good, _deadly(bad, 9, tmp_path / "log"), *others], workers=2))
    assert [type(result) for result in results] == [SamplingReport, DecodeError, SamplingReport, SamplingReport]
    assert "video numbered: the decoder crashed on it twice" in str(results[1])


def test_a_crash_that_does_not_happen_again_costs_nothing(tmp_path: Path) -> None:
    (job,) = _jobs(tmp_path, 1)
    (result,) = asyncio.run(_run_all([_deadly(job, 1, tmp_path / "log")], workers=1))
    assert isinstance(result, SamplingReport)
    assert len(list(read_frames(job.out))) == result.frames == 8


def test_an_error_in_the_worker_arrives_as_it_was_raised(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "a.mp4", 50)
    job = sampling_job(video, video=probed(video, duration_s=9))
    (result,) = asyncio.run(_run_all([job], workers=1))
    assert isinstance(result, DecodeError)
    assert str(result).startswith("video numbered: a frame is needed at 8.750 s")


def test_a_cancelled_job_frees_its_place(tmp_path: Path) -> None:
    slow = long_job(tmp_path)
    (quick,) = _jobs(tmp_path, 1)

    async def cancel_then_run() -> SamplingReport:
        async with DecodePool(1) as pool:
            running = asyncio.create_task(pool.run(slow))
            await asyncio.to_thread(_wait_for_ffmpeg, os.getpid())
            running.cancel()
            return await pool.run(quick)

    assert asyncio.run(cancel_then_run()).frames == 8
    assert _ffmpeg_below(os.getpid()) == []


def test_workers_and_their_ffmpeg_die_with_a_killed_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-m", "tests.frames.pool_parent", _folder_with_long_video(tmp_path)])
    _wait_for_ffmpeg(parent.pid)
    family = _below(parent.pid)
    parent.kill()
    parent.wait()
    assert _gone_within(10, family)


def test_ffmpeg_does_not_outlive_a_killed_worker(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-m", "tests.frames.pool_parent", _folder_with_long_video(tmp_path)])
    orphan = _wait_for_ffmpeg(parent.pid)
    os.kill(_processes()[orphan][0], signal.SIGKILL)
    gone = _gone_within(10, {orphan: "ffmpeg"})
    parent.kill()
    parent.wait()
    assert gone


def test_an_interrupt_at_the_terminal_reaches_neither_worker_nor_ffmpeg(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-m", "tests.frames.pool_parent", _folder_with_long_video(tmp_path)], process_group=0)
    ffmpeg = _wait_for_ffmpeg(parent.pid)
    worker = _processes()[ffmpeg][0]
    groups = {os.getpgid(ffmpeg), os.getpgid(worker)}
    parent.kill()
    parent.wait()
    assert groups == {worker}


def test_an_ffmpeg_that_is_ended_from_outside_is_an_error(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-m", "tests.frames.pool_parent", _folder_with_long_video(tmp_path)], stderr=subprocess.PIPE, text=True)
    while parent.poll() is None:  # one that is ended before it has begun is started once more
        for ffmpeg in _ffmpeg_below(parent.pid):
            with suppress(ProcessLookupError):
                os.kill(ffmpeg, signal.SIGTERM)
        time.sleep(0.05)
    assert "DecodeError: video numbered: " in parent.communicate()[1]


def _folder_with_long_video(folder: Path) -> Path:
    long_job(folder)
    return folder


def _processes() -> dict[int, tuple[int, str]]:
    """Parent and program of every process that has not ended."""
    lines = subprocess.run(["ps", "-eo", "pid=,ppid=,stat=,comm="], capture_output=True, text=True, check=True).stdout.splitlines()
    fields = [line.split(None, 3) for line in lines]
    return {int(pid): (int(parent), program) for pid, parent, state, program in fields if not state.startswith("Z")}


def _below(ancestor: int) -> dict[int, str]:
    processes, found, added = _processes(), {ancestor: ""}, True
    while added:
        added = {pid: program for pid, (parent, program) in processes.items() if parent in found and pid not in found}
        found |= added
    del found[ancestor]
    return found


def _ffmpeg_below(ancestor: int) -> list[int]:
    return [pid for pid, program in _below(ancestor).items() if program == "ffmpeg"]


def _wait_for_ffmpeg(ancestor: int) -> int:
    until = time.monotonic() + 30
    while not (found := _ffmpeg_below(ancestor)):
        assert time.monotonic() < until, "no ffmpeg was started"
        time.sleep(0.05)
    return found[0]


def _gone_within(seconds: float, family: dict[int, str]) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not family.keys() & _processes().keys():
            return True
        time.sleep(0.1)
    return False
