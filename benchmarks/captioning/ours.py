"""The caption step without Dagster, as a process of its own: chains, call store, pacing and the real SDK, opened as a run opens them."""

import asyncio
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.captioning.footage import Footage
from benchmarks.captioning.service import OURS, pin
from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.chain import caption_deltas, caption_initials
from streamcap_dagster.captions.pacing.meter import Meter
from streamcap_dagster.captions.room import Room
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.policies import ChainPolicy
from streamcap_dagster.records import Captions, Clips
from streamcap_dagster.resources.captioner import GeminiCaptionerResource
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage

MODEL = "gemini-3.5-flash-lite"
NO_LIMIT = 0


@dataclass(frozen=True)
class Job:
    """What is captioned, and how."""

    folder: str
    footage: Footage
    url: str
    in_flight: int = 200
    rpm: int = NO_LIMIT
    policy: dict[str, object] = field(default_factory=lambda: {"no_change_threshold": 0})
    """Where it differs from the default."""
    share: float = Settings.model_fields["quota_share"].default
    videos_in_flight: int = Settings.model_fields["videos_in_flight"].default
    weigh_at: tuple[int, ...] = ()
    """After how many answers the memory is looked at."""


def run(job: Job) -> dict[str, float]:
    """Caption everything in a process of its own; its figures."""
    command = [sys.executable, "-m", "benchmarks.captioning.ours", json.dumps(asdict(job))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main(job: Job) -> dict[str, float]:
    """Wall and CPU seconds from the first question to the last answer, memory, and what the meter counted."""
    pin(OURS)
    weights: dict[str, float] = {}
    began, spent = time.perf_counter(), _cpu_s()
    meter = asyncio.run(_caption_all(job, weights))
    wall, cpu = time.perf_counter() - began, _cpu_s() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return {**asdict(meter), "wall_s": wall, "cpu_s": cpu, "peak_mb": round(peak), **weights}


async def _caption_all(job: Job, weights: dict[str, float]) -> Meter:
    storage, policy = FolderStorage(Path(job.folder)), ChainPolicy.model_validate(job.policy)

    def watch(meter: Meter) -> None:
        if meter.answered in job.weigh_at and f"mb_at_{meter.answered}" not in weights:
            weights[f"mb_at_{meter.answered}"] = _memory_mb()

    resource_ = GeminiCaptionerResource(
        model=MODEL, key="any", base_url=job.url, media_resolution=policy.media_resolution, calls_in_flight=job.in_flight,
        rpm=job.rpm, tpm=NO_LIMIT, rpd=NO_LIMIT, usd_per_10min=NO_LIMIT, quota_share=job.share,
    )  # fmt: skip
    captioner = resource_.open(storage, watch)
    underway, places = Underway(Room(2 * job.in_flight)), asyncio.Semaphore(job.videos_in_flight)

    async def caption(video_id: str) -> None:
        async with places:
            await caption_one(video_id)

    async def caption_one(video_id: str) -> None:
        calls = await asyncio.to_thread(CallStore, storage, video_id)
        clips = await asyncio.to_thread(read_record, storage, keys.clips(video_id), Clips)
        asker = Asker(captioner, calls, underway)
        with storage.local(keys.frames(video_id)) as frames:
            initials = await caption_initials(video_id, clips, frames, asker, policy)
            await asyncio.to_thread(write_record, storage, keys.initial_captions(video_id), initials)
            deltas = await caption_deltas(video_id, clips, frames, initials, asker, policy, lambda: None)
            await asyncio.to_thread(write_record, storage, keys.delta_captions(video_id), deltas)
        await asyncio.to_thread(calls.fold)

    try:
        await asyncio.gather(*map(caption, job.footage.video_ids))
        return captioner.meter
    finally:
        await captioner.aclose()


def captions_of(folder: str, footage: Footage) -> list[Captions]:
    """All that was said, two records a video."""
    storage = FolderStorage(Path(folder))
    return [read_record(storage, key, Captions) for video_id in footage.video_ids for key in (keys.initial_captions(video_id), keys.delta_captions(video_id))]


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory_mb() -> float:
    """Resident memory now; the highest so far where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _read(text: str) -> Job:
    facts = json.loads(text)
    return Job(**{**facts, "footage": Footage(**facts["footage"])})


if __name__ == "__main__":
    print(json.dumps(main(_read(sys.argv[1]))))
