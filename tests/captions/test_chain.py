"""The chain of a clip: order, history, silence, failure, and clips side by side."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from pydantic import ValidationError

from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.captioner import Bill, CaptionReply, CaptionRequest, Place
from streamcap_dagster.captions.chain import caption_deltas, caption_initials
from streamcap_dagster.captions.history import history_sha256
from streamcap_dagster.captions.room import Room
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.captions.window_frames import WindowFrames
from streamcap_dagster.errors import CaptionerUnavailable, FramesAhead, ObjectUnreadable
from streamcap_dagster.policies import ChainPolicy
from streamcap_dagster.records import Caption, Captions, Clip, Clips, Frame
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import read_frames, write_frames
from tests.captions.captioners import Told, says, spoken, unavailable_at
from tests.captions.pictures import frame, frames_file, plain, with_square

ALWAYS_ASK = ChainPolicy(no_change_threshold=0)
BLOCKED = CaptionReply("", "blocked", "m", "SAFETY")


def moving(windows: int, row: int = 0) -> list[Image.Image]:
    """A square on its way; clips need a row each, since windows that show the same and were told the same are one question."""
    return [with_square(8 + 24 * window, 8 + 32 * row) for window in range(windows)]


def clips_of(*windows: int) -> Clips:
    clips = [Clip(clip=clip, start_s=100.0 * clip, end_s=100.0 * clip + 2 * count, windows=count, reason="by hand") for clip, count in enumerate(windows)]
    return Clips(video_id="street", window_duration_s=2.0, clips=tuple(clips))


def caption(
    tmp_path: Path, told: Told, pictures: Sequence[Sequence[Image.Image]], policy: ChainPolicy = ALWAYS_ASK, on_window: Callable[[], None] = lambda: None
) -> list[Caption]:
    """All captions of a video whose clips are these pictures, in order of clip, then window."""
    frames, clips = frames_file(tmp_path / "street.parquet", pictures), clips_of(*map(len, pictures))

    async def both() -> list[Caption]:
        asker = Asker(told, CallStore(FolderStorage(tmp_path), "street"), Underway())
        initials = await caption_initials("street", clips, frames, asker, policy)
        deltas = await caption_deltas("street", clips, frames, initials, asker, policy, on_window)
        return sorted((*initials.captions, *deltas.captions), key=lambda caption: (caption.clip, caption.window))

    return asyncio.run(both())


def replies(**by_window: CaptionReply) -> Told:
    """Answers by window number, such as w1=…; the others name their window."""
    return Told(lambda request: by_window.get(f"w{request.place.window}", spoken(request)))


def at(told: Told, window: int) -> CaptionRequest:
    return next(request for request in told.requests if request.place.window == window)


def test_every_window_gets_one_caption_in_order(tmp_path: Path) -> None:
    said = caption(tmp_path, Told(), [moving(3), moving(2, row=1)])
    assert [(one.clip, one.window, one.kind) for one in said] == [(0, 0, "initial"), (0, 1, "delta"), (0, 2, "delta"), (1, 0, "initial"), (1, 1, "delta")]


def test_each_window_is_shown_what_was_said_before_it_in_its_own_clip(tmp_path: Path) -> None:
    told = Told()
    caption(tmp_path, told, [moving(3), moving(3, row=1)])
    shown = {(request.place.clip, request.place.window): request.history for request in told.requests}
    assert shown[1, 2] == ("clip 1 window 0", "clip 1 window 1")


def test_the_prompt_holds_the_history(tmp_path: Path) -> None:
    told = Told()
    caption(tmp_path, told, [moving(2)])
    assert "- clip 0 window 0" in at(told, 1).prompt


def test_a_long_history_is_shown_within_its_cap(tmp_path: Path) -> None:
    told = Told(lambda request: says(f"{request.place.window} " + "word " * 30))
    caption(tmp_path, told, [moving(6)], ChainPolicy(no_change_threshold=0, history_tokens=100))
    assert at(told, 5).history[1] == "[3 earlier captions left out]"


def test_windows_of_a_clip_wait_for_each_other_and_clips_do_not(tmp_path: Path) -> None:
    """A captioner that answers no clip before it was asked about all: it would wait for ever if clips took turns."""
    told = AllClipsTogether(clips=3)
    caption(tmp_path, told, [moving(4, row) for row in range(3)])
    order = {clip: [request.place.window for request in told.requests if request.place.clip == clip] for clip in range(3)}
    assert order == {clip: [0, 1, 2, 3] for clip in range(3)}


class AllClipsTogether(Told):
    def __init__(self, clips: int) -> None:
        super().__init__()
        self._clips = clips
        self._gates: dict[int, asyncio.Event] = {}
        self._arrived: dict[int, int] = {}

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        window = request.place.window
        gate = self._gates.setdefault(window, asyncio.Event())
        self._arrived[window] = self._arrived.get(window, 0) + 1
        if self._arrived[window] == self._clips:
            gate.set()
        async with asyncio.timeout(5):
            await gate.wait()
        return await super().complete(request)


@pytest.mark.parametrize("seed", range(8))
def test_however_the_answers_are_timed_the_captions_are_the_same(tmp_path: Path, seed: int) -> None:
    class Slow(Told):
        async def complete(self, request: CaptionRequest) -> CaptionReply:
            await asyncio.sleep(dice.random() / 200)
            return await super().complete(request)

    dice = random.Random(seed)
    pictures = [moving(count, row) for row, count in enumerate((2, 5, 3, 4))]
    (tmp_path / "plain").mkdir()
    (tmp_path / "slow").mkdir()
    assert caption(tmp_path / "slow", Slow(), pictures) == caption(tmp_path / "plain", Told(), pictures)


def test_a_blocked_window_is_kept_and_the_stream_goes_on(tmp_path: Path) -> None:
    told = replies(w1=BLOCKED)
    said = caption(tmp_path, told, [moving(3)])
    assert [(one.outcome, one.text, one.reason) for one in said[1:]] == [("blocked", "", "SAFETY"), ("ok", "clip 0 window 2", "")]
    assert at(told, 2).history == ("clip 0 window 0",)


def test_after_a_failed_initial_caption_the_deltas_go_on_with_an_empty_history(tmp_path: Path) -> None:
    told = replies(w0=BLOCKED)
    said = caption(tmp_path, told, [moving(3)])
    assert [one.outcome for one in said] == ["blocked", "ok", "ok"]
    assert [at(told, window).history for window in (1, 2)] == [(), ("clip 0 window 1",)]


def test_a_silent_window_adds_nothing_to_the_history(tmp_path: Path) -> None:
    told = replies(w1=says("", no_change=True))
    said = caption(tmp_path, told, [moving(3)])
    assert (said[1].outcome, said[1].text, said[1].gated) == ("no_change", "", False)
    assert at(told, 2).history == ("clip 0 window 0",)


def test_an_outage_in_one_clip_lets_the_others_finish_and_is_then_raised(tmp_path: Path) -> None:
    told = Told(unavailable_at(Place("street", 0, 1)))
    with pytest.raises(CaptionerUnavailable, match="clip 0, window 1"):
        caption(tmp_path, told, [moving(3), moving(4, row=1)])
    assert [request.place.window for request in told.requests if request.place.clip == 1] == [0, 1, 2, 3]


def test_after_an_outage_the_next_run_asks_only_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CaptionerUnavailable):
        caption(tmp_path, Told(unavailable_at(Place("street", 0, 2))), [moving(4), moving(4, row=1)])
    again = Told()
    caption(tmp_path, again, [moving(4), moving(4, row=1)])
    assert [(request.place.clip, request.place.window) for request in again.requests] == [(0, 2), (0, 3)]


def test_a_rerun_says_the_same_and_asks_nobody(tmp_path: Path) -> None:
    first = caption(tmp_path, Told(), [moving(3)])
    silent = Told()
    assert (caption(tmp_path, silent, [moving(3)]), silent.requests) == (first, [])


def test_a_window_that_looks_like_the_one_before_is_held_back_by_the_gate(tmp_path: Path) -> None:
    told = Told()
    said = caption(tmp_path, told, [[plain(), plain(), with_square(40, 40)]], ChainPolicy())
    assert [(one.outcome, one.gated, one.call_key == "") for one in said] == [("ok", False, False), ("no_change", True, True), ("ok", False, False)]
    assert [request.place.window for request in told.requests] == [0, 2]


def test_a_drift_too_slow_for_any_single_window_is_noticed_in_the_end(tmp_path: Path) -> None:
    drifting = [Image.new("RGB", plain().size, (100 + 4 * window,) * 3) for window in range(5)]
    said = caption(tmp_path, Told(), [drifting], ChainPolicy())
    assert [one.gated for one in said] == [False, True, True, False, True]


def test_a_window_where_the_captioner_saw_no_change_becomes_what_later_ones_are_compared_with(tmp_path: Path) -> None:
    told = replies(w1=says("", no_change=True))
    said = caption(tmp_path, told, [[plain(), with_square(40, 40), with_square(40, 40)]], ChainPolicy())
    assert [one.gated for one in said] == [False, False, True]


def test_a_failed_window_does_not_become_what_later_ones_are_compared_with(tmp_path: Path) -> None:
    told = replies(w1=BLOCKED)
    said = caption(tmp_path, told, [[plain(), with_square(40, 40), plain(), with_square(40, 40, colour="red")]], ChainPolicy())
    assert [(one.outcome, one.gated) for one in said[1:]] == [("blocked", False), ("no_change", True), ("ok", False)]


def test_while_nothing_was_captioned_yet_the_gate_holds_nothing_back(tmp_path: Path) -> None:
    said = caption(tmp_path, replies(w0=BLOCKED, w1=BLOCKED), [[plain()] * 3], ChainPolicy())
    assert [one.gated for one in said] == [False, False, False]


def test_a_caption_carries_its_evidence(tmp_path: Path) -> None:
    one = caption(tmp_path, Told(), [moving(2), moving(2, row=1)])[3]
    frames = [frame for frame in read_frames(tmp_path / "street.parquet") if (frame.clip, frame.window) == (1, 1)]
    assert one.frame_sha256 == tuple(frame.sha256 for frame in frames)
    assert one.frame_pts_s == tuple(frame.pts_s for frame in frames)
    assert (one.start_s, one.end_s) == (102.0, 104.0)
    assert (one.captioner, one.model) == ("told", "made-up")
    assert one.history_sha256 == history_sha256(["clip 1 window 0"])
    assert CallStore(FolderStorage(tmp_path), "street").get(one.call_key) is not None


def test_each_delta_is_reported_when_it_is_done_gated_or_not(tmp_path: Path) -> None:
    ticks: list[int] = []
    caption(tmp_path, Told(), [[plain(), plain(), with_square(8, 8)], moving(2, row=1)], ChainPolicy(), lambda: ticks.append(1))
    assert len(ticks) == 3


def test_chains_that_wait_for_an_answer_hold_no_file_open(tmp_path: Path) -> None:
    before = sum(1 for _ in Path("/dev/fd").iterdir())
    open_files: list[int] = []

    def count(request: CaptionRequest) -> CaptionReply:
        open_files.append(sum(1 for _ in Path("/dev/fd").iterdir()))
        return spoken(request)

    caption(tmp_path, Told(count), [[plain(), plain()] for _ in range(60)])
    assert max(open_files) < before + 40


def test_a_video_without_clips_has_no_captions(tmp_path: Path) -> None:
    assert caption(tmp_path, Told(), []) == []


def test_a_clip_whose_frames_are_missing_is_named(tmp_path: Path) -> None:
    frames = frames_file(tmp_path / "street.parquet", [moving(2)])
    asker = Asker(Told(), CallStore(FolderStorage(tmp_path), "street"), Underway())
    initials = asyncio.run(caption_initials("street", clips_of(3), frames, asker, ALWAYS_ASK))
    with pytest.raises(ObjectUnreadable, match=r"frames/street\.parquet cannot be read: clip 0 has no frames for window 2 of its 3"):
        asyncio.run(caption_deltas("street", clips_of(3), frames, initials, asker, ALWAYS_ASK, print))


def test_a_caption_tells_whether_its_pictures_were_counted_as_they_were_sent(tmp_path: Path) -> None:
    counted = {0: True, 1: False, 2: None}
    told = Told(lambda request: replace(spoken(request), bill=Bill(attested=counted[request.place.window])))
    assert [one.attested for one in caption(tmp_path, told, [moving(3)])] == [True, False, None]


def test_a_picture_from_after_its_window_is_never_captioned(tmp_path: Path) -> None:
    frames = [frame(picture, 0, window, k) for window, picture in enumerate(moving(2)) for k in range(8)]
    late = [*frames[:7], replace(frames[7], pts_s=2.5), *frames[8:]]
    write_frames(tmp_path / "street.parquet", late, "by hand")
    told = Told()
    asker = Asker(told, CallStore(FolderStorage(tmp_path), "street"), Underway())

    with pytest.raises(FramesAhead, match=r"window 0: a frame shown at 2\.5 s is later than the end of its window, 2\.0 s"):
        asyncio.run(caption_initials("street", clips_of(2), tmp_path / "street.parquet", asker, ALWAYS_ASK))

    assert told.requests == []


def test_a_stored_caption_of_a_later_picture_is_no_caption(tmp_path: Path) -> None:
    said = caption(tmp_path, Told(), [moving(2)])[0]
    with pytest.raises(ValidationError, match=r"ends at 2\.0 s"):
        Caption.model_validate({**said.model_dump(), "frame_pts_s": (0.0, 2.01)})


def test_no_more_windows_are_read_than_may_have_their_pictures_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, seen = list[int](), list[int]()
    read_window = WindowFrames.read

    def note(self: WindowFrames, clip: Clip, window: int) -> tuple[Frame, ...]:
        read.append(clip.clip)
        return read_window(self, clip, window)

    class Watched(Told):
        async def complete(self, request: CaptionRequest) -> CaptionReply:
            await asyncio.sleep(0.1)
            seen.append(len(read) - len(self.requests))
            return await super().complete(request)

    async def ask() -> Captions:
        asker = Asker(Watched(), CallStore(FolderStorage(tmp_path), "street"), Underway(Room(2)))
        return await caption_initials("street", clips, frames, asker, ALWAYS_ASK)

    monkeypatch.setattr(WindowFrames, "read", note)
    frames, clips = frames_file(tmp_path / "street.parquet", [moving(2, row) for row in range(4)]), clips_of(2, 2, 2, 2)
    assert len(asyncio.run(ask()).captions) == 4
    assert max(seen) == 2
