"""`streamcap reconstruct`: how much of what a full caption tells can still be told from the first caption and the deltas."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.console import Console

from streamcap_dagster.assets.work import VideoWork
from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.estimate import Estimate
from streamcap_dagster.captions.looking import look
from streamcap_dagster.captions.reconstruction.drawing import draw_windows, shuffled
from streamcap_dagster.captions.reconstruction.rebuilding import rebuild, still_said
from streamcap_dagster.captions.reconstruction.records import Reconstruction
from streamcap_dagster.captions.window_frames import WindowFrames
from streamcap_dagster.cli.asking_aside import Topic, ask_about, ask_to_pay, check_can_examine, estimate_topics, tell_troubles
from streamcap_dagster.cli.estimate import as_plain
from streamcap_dagster.cli.estimate_run import usable
from streamcap_dagster.cli.reconstruct_table import plain_tests, show_tests
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable, StreamcapError
from streamcap_dagster.records import Caption, Captions, Clips, Video, in_order
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, fix_of_missing, keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.off_loop import in_threads
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import storage_for


class NothingToTest(StreamcapError):
    """A storage holds no delta."""

    def __init__(self, storage: str) -> None:
        super().__init__(f"{storage} holds no delta captions, so there is nothing to test. Make some with `streamcap run`.")


@dataclass(frozen=True)
class Sample:
    """How much is tested."""

    videos: int
    windows: int
    """Of each video."""
    seed: int


@dataclass(frozen=True)
class _Drawn:
    """A video with the windows of it that are tested."""

    video: Video
    clips: Clips
    captions: tuple[Caption, ...]
    windows: tuple[Caption, ...]


def examine(settings: Settings, sample: Sample, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Test a sample of windows and print what came of it; returns the exit status, 1 when a video could not be tested."""
    check_can_examine(settings)
    console, storage, troubles = Console(stderr=as_json), storage_for(settings).open(), dict[str, str]()
    drawn = {one.video.video_id: one for one in _drawn(storage, sample, troubles)}
    if not drawn and not troubles:
        raise NothingToTest(storage.uri)
    estimate = estimate_topics(settings, storage, [_topic(storage, one) for one in drawn.values()])
    if dry_run:
        _tell_estimate(console, estimate, as_json)
        return 0
    ask_to_pay(console, estimate, yes)

    async def ask(work: VideoWork) -> Reconstruction:
        one = drawn[work.video_id]
        frames = await look(WindowFrames, work.video_id, await asyncio.to_thread(work.local, keys.frames(work.video_id)))
        tested = await rebuild(one.clips, frames, one.captions, one.windows, await work.asker())
        await asyncio.to_thread(_keep, work.storage, tested, one.captions)
        return tested

    videos = [one.video for one in drawn.values()]
    aside = ask_about(console, settings, storage, videos, "reconstruction", ask, keeps=(keys.RECONSTRUCTION,))
    tell_troubles(console, troubles)
    tests = [aside.found[video_id] for video_id in sorted(aside.found)]
    troubles |= aside.troubles
    if as_json:
        print(json.dumps({"storage": storage.uri, **plain_tests(tests), "troubles": troubles, "stopped": aside.stopped}, indent=1))
    else:
        show_tests(console, tests, storage.uri)
    return 1 if troubles or aside.stopped else 0


def _drawn(storage: Storage, sample: Sample, troubles: dict[str, str]) -> Iterator[_Drawn]:
    """In order of id; a video that cannot be read is left out, and it is noted why."""
    in_turn = shuffled(usable(read_manifest(storage), ()), sample.seed, lambda video: video.video_id)
    captioned = (video for video in in_turn if storage.stat(keys.delta_captions(video.video_id)) is not None)
    for video in sorted(islice(captioned, sample.videos), key=lambda video: video.video_id):
        try:
            one = _read(storage, video, sample)
        except StreamcapError as error:
            troubles[video.video_id] = str(error)
            continue
        if one.windows:
            yield one


def _read(storage: Storage, video: Video, sample: Sample) -> _Drawn:
    video_id = video.video_id
    if storage.stat(keys.frames(video_id)) is None:
        raise ObjectMissing(keys.frames(video_id), storage.uri, fix_of_missing(keys.frames(video_id)))
    captions = in_order(*(read_record(storage, key(video_id), Captions) for key in (keys.initial_captions, keys.delta_captions)))
    drawn = draw_windows(video_id, captions, sample.windows, sample.seed)
    return _Drawn(video, read_record(storage, keys.clips(video_id), Clips), tuple(captions), tuple(drawn))


def _keep(storage: Storage, tested: Reconstruction, captions: Sequence[Caption]) -> None:
    """With the windows that the same examiner tested before, as far as the run still says the same: another sample does not undo them."""
    key = keys.reconstruction(tested.video_id)
    try:
        before = read_record(storage, key, Reconstruction)
    except (ObjectMissing, ObjectUnreadable):
        before = tested
    earlier = still_said(before, captions) if before.examiner == tested.examiner else ()
    write_record(storage, key, tested.with_windows(earlier))


def _topic(storage: Storage, drawn: _Drawn) -> Topic:
    video_id = drawn.video.video_id

    async def ask(asker: Asker) -> object:
        async with in_threads(storage.local(keys.frames(video_id))) as path:
            return await rebuild(drawn.clips, await look(WindowFrames, video_id, path), drawn.captions, drawn.windows, asker)

    return Topic(drawn.video, len(drawn.windows), ask, lambda: CallStore(storage, video_id).get)


def _tell_estimate(console: Console, estimate: Estimate, as_json: bool) -> None:
    if as_json:
        print(json.dumps(as_plain(estimate), indent=1))
    else:
        console.print(str(as_plain(estimate)["summary"]), markup=False, highlight=False, soft_wrap=True)
