"""The estimate against the real thing: what is counted beforehand is what a run then asks."""

import asyncio
import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Place
from streamcap_dagster.captions.chain import caption_deltas, caption_initials
from streamcap_dagster.captions.estimate import VideoEstimate
from streamcap_dagster.captions.estimate.counting import MadeBefore, Planner, count_video
from streamcap_dagster.captions.estimate.volume import Volume, typical_answer, volume_of
from streamcap_dagster.captions.objectives import state_objectives
from streamcap_dagster.captions.replies import read_reply
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.errors import CaptionerUnavailable
from streamcap_dagster.policies import ChainPolicy
from streamcap_dagster.records import Clip, Clips
from streamcap_dagster.storage.folder import FolderStorage
from tests.captions.captioners import Told, says, unavailable_at
from tests.captions.pictures import PER_WINDOW, frames_file, plain, with_square
from tests.captions.requests import request

NONE_MADE = MadeBefore()
EVERYTHING = ChainPolicy(no_change_threshold=0)
SENTENCE = "a man in a red coat walks to the left past two parked cars while rain begins to fall on the grey street near the old station"


class Video:
    """A video with frames in a storage of its own, and the real chain over it."""

    def __init__(self, root: Path, pictures: Sequence[Sequence[Image.Image]], policy: ChainPolicy = ChainPolicy()) -> None:  # noqa: B008
        self.storage = FolderStorage(root)
        root.mkdir(exist_ok=True)
        self.frames = frames_file(root / "street.parquet", pictures)
        self.clips = clips_of(*map(len, pictures))
        self.policy = policy

    def run(self, captioner: Told) -> MadeBefore:
        """Caption all of it and state objectives, keeping answers in the storage."""

        async def walk() -> MadeBefore:
            asker = Asker(captioner, CallStore(self.storage, "street"), Underway())
            initials = await caption_initials("street", self.clips, self.frames, asker, self.policy)
            deltas = await caption_deltas("street", self.clips, self.frames, initials, asker, self.policy, lambda: None)
            return MadeBefore(initials, deltas, await state_objectives("street", initials, deltas, asker))

        return asyncio.run(walk())

    def count(self, captioner: Told, made: MadeBefore = NONE_MADE) -> VideoEstimate:
        answered = CallStore(self.storage, "street").get
        return asyncio.run(count_video(60.0, self.clips, self.frames, captioner, answered, self.policy, made))


def clips_of(*windows: int) -> Clips:
    clips = [Clip(clip=clip, start_s=100.0 * clip, end_s=100.0 * clip + 2 * count, windows=count, reason="by hand") for clip, count in enumerate(windows)]
    return Clips(video_id="street", window_duration_s=2.0, clips=tuple(clips))


def street(windows: int, row: int = 0) -> list[Image.Image]:
    """A square that moves in two of three windows, so that the gate has something to say."""
    return [with_square(8 + 20 * ((window - window // 3) % 12), 8 + 32 * row) for window in range(windows)]


def talker(request: CaptionRequest) -> CaptionReply:
    """Says what people and models say of windows: captions and statements of all lengths, the same for the same question."""
    dice = random.Random(request.prompt + str(request.place.clip) + str(request.place.window))
    if request.kind == "objectives":
        stated = [{"id": pair.id, "items": [_words(dice, 4, 10) for _ in range(dice.randint(2, 6))]} for pair in request.pairs]
        return CaptionReply(str({"objectives": stated}).replace("'", '"'), "stop", "made-up")
    return says(_words(dice, 70, 110) if request.kind == "initial" else _words(dice, 25, 80))


def _words(dice: random.Random, least: int, most: int) -> str:
    return " ".join(dice.choices(SENTENCE.split(), k=dice.randint(least, most)))[: 120 if most == 10 else None]


def read_of(told: Told) -> int:
    """Input tokens of text of what a captioner was asked."""
    return sum(len("".join((asked.system, asked.prompt, *asked.times, asked.closing))) for asked in told.requests) // 4


def written_by(told: Told) -> int:
    return sum(len(talker(asked).text) for asked in told.requests) // 4


@pytest.fixture
def video(tmp_path: Path) -> Video:
    return Video(tmp_path / "data", [street(34), street(9, row=1), street(12, row=2)])


def test_a_run_asks_as_often_and_shows_as_many_pictures_as_was_estimated(video: Video) -> None:
    told = Told(talker)
    before = video.count(told)
    assert told.requests == []

    video.run(told)

    assert before.left.calls == len(told.requests)
    assert before.left.images == sum(len(asked.frames) for asked in told.requests)
    assert before.gated == before.windows - sum(asked.kind != "objectives" for asked in told.requests) > 0


def test_the_tokens_of_a_run_are_within_a_quarter_of_what_was_estimated(video: Video) -> None:
    told = Told(talker)
    before = video.count(told)

    video.run(told)

    assert before.left.text_tokens == pytest.approx(read_of(told), rel=0.25)
    assert before.left.output_tokens == pytest.approx(written_by(told), rel=0.25)


@pytest.mark.parametrize("stopped_at", [Place("street", 0, 0), Place("street", 0, 1), Place("street", 0, 17), Place("street", 2, 11)], ids=str)
def test_after_a_run_that_stopped_halfway_what_is_answered_and_what_is_left_are_exact(video: Video, stopped_at: Place) -> None:
    outage = unavailable_at(stopped_at)
    stopped = Told(lambda request: outage(request) and talker(request))
    with pytest.raises(CaptionerUnavailable):
        video.run(stopped)
    answered = sum(asked.place != stopped_at for asked in stopped.requests)

    between = video.count(Told())
    rest = Told(talker)
    video.run(rest)

    assert (between.held, between.left.calls) == (answered, len(rest.requests))
    assert between.left.text_tokens == pytest.approx(read_of(rest), rel=0.25)


def test_after_a_run_nothing_is_left(video: Video) -> None:
    told = Told(talker)
    video.run(told)

    after = video.count(Told())

    assert (after.held, after.left, after.steps) == (len(told.requests), Volume(), 0)


def test_what_is_up_to_date_counts_as_answered_without_its_frames_or_answers(video: Video) -> None:
    told = Told(talker)
    made = video.run(told)
    video.frames.unlink()
    (video.storage.root / "calls").rename(video.storage.root / "gone")

    after = video.count(Told(), made)

    assert (after.held, after.left, after.whole) == (len(told.requests), Volume(), None)


def test_captions_that_are_up_to_date_leave_only_the_statements(video: Video) -> None:
    made = video.run(Told(talker))
    (video.storage.root / "calls").rename(video.storage.root / "gone")

    after = video.count(Told(), replace(made, objectives=None))

    assert (after.left.images, after.left.calls, after.steps) == (0, 4, 1)


def test_a_kept_answer_of_no_use_leaves_its_question_to_be_asked_again(tmp_path: Path) -> None:
    video = Video(tmp_path, [street(2)])

    def fails_in_the_end(request: CaptionRequest) -> CaptionReply:
        return unavailable_at(request.place)(request) if request.attempt else CaptionReply("no JSON", "stop", "m")

    with pytest.raises(CaptionerUnavailable):
        video.run(Told(fails_in_the_end))

    assert video.count(Told()).held == 0


def test_answers_of_another_model_are_not_counted(video: Video) -> None:
    video.run(Told(talker))
    assert video.count(Told(model="other")).held == 0


def test_windows_that_show_and_were_told_the_same_are_one_question(tmp_path: Path) -> None:
    told = Told(lambda request: says(f"window {request.place.window}"))
    video = Video(tmp_path, [street(4), street(4)], EVERYTHING)
    before = video.count(told)
    video.run(told)
    assert before.left.calls == len([asked for asked in told.requests if asked.kind != "objectives"]) + 1 == 5


def test_estimating_writes_nothing(video: Video) -> None:
    with pytest.raises(CaptionerUnavailable):
        video.run(Told(unavailable_at(Place("street", 0, 10))))
    before = everything_under(video.storage.root)

    video.count(Told())

    assert everything_under(video.storage.root) == before


def everything_under(root: Path) -> dict[str, tuple[str, int]]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


def test_chains_side_by_side_wait_for_the_longest_of_them_and_statements_for_all(video: Video) -> None:
    deltas = [asked.place.clip for asked in _asked_by(video) if asked.kind == "delta"]
    assert video.count(Told()).steps == 1 + max(map(deltas.count, range(3))) + 1


def _asked_by(video: Video) -> list[CaptionRequest]:
    told = Told(talker)
    video.run(told)
    (video.storage.root / "calls").rename(video.storage.root / "gone")
    return told.requests


def planned(clips: Clips, policy: ChainPolicy = EVERYTHING) -> VideoEstimate:
    return asyncio.run(Planner(Told(), policy, PER_WINDOW).plan(60.0, clips))


def test_without_frames_every_window_counts_as_asked(tmp_path: Path) -> None:
    moving = [[with_square(4 + 8 * window, 8 + 32 * row) for window in range(count)] for row, count in enumerate((24, 5))]
    video = Video(tmp_path, moving, EVERYTHING)
    counted = video.count(Told())

    plan = planned(video.clips, ChainPolicy())

    assert plan.gated is None
    assert (plan.left.calls, plan.left.images, plan.left.output_tokens, plan.steps) == (
        counted.left.calls,
        counted.left.images,
        counted.left.output_tokens,
        counted.steps,
    )
    assert plan.left.text_tokens == pytest.approx(counted.left.text_tokens, rel=0.01)


def test_an_estimate_without_frames_is_never_below_one_with_the_gate(video: Video) -> None:
    assert planned(video.clips).left.calls > video.count(Told()).left.calls


def test_the_history_that_is_counted_grows_to_its_cap_and_no_further() -> None:
    short, long = (planned(clips_of(windows), ChainPolicy(history_tokens=500)).left for windows in (100, 200))
    each = (long.text_tokens - short.text_tokens) / (long.calls - short.calls)
    assert 500 < each < 500 + 400


def test_a_video_without_clips_takes_nothing() -> None:
    plan = planned(clips_of())
    assert (plan.left, plan.steps, plan.gated) == (Volume(), 0, 0)


@pytest.mark.parametrize("kind", ["initial", "delta"])
def test_a_typical_answer_is_good_and_says_something(kind: str) -> None:
    asked = request(kind)  # type: ignore[arg-type]
    assert read_reply(asked, CaptionReply(typical_answer(asked), "stop", "m")).outcome == "ok"


def test_the_word_to_give_back_is_counted() -> None:
    assert volume_of(request(prompt="", version="")).text_tokens >= len(replace(request(prompt=""), nonce="12345678").closing) // 4


def test_pictures_that_do_not_change_are_not_asked_about(tmp_path: Path) -> None:
    counted = Video(tmp_path, [[plain()] * 5]).count(Told())
    assert (counted.gated, counted.left.calls) == (4, 1)
