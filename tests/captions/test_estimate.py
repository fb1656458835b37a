"""The estimate against the real thing: what is counted beforehand is what a run then asks."""

import asyncio
import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Place
from streamcap_dagster.captions.chain import caption_deltas, caption_initials
from streamcap_dagster.captions.estimate import Estimate, Terms, VideoEstimate
from streamcap_dagster.captions.estimate.counting import MadeBefore, Planner, count_video
from streamcap_dagster.captions.estimate.sentence import amount, amount_of_time, money, summary
from streamcap_dagster.captions.estimate.volume import Volume, typical_answer, volume_of
from streamcap_dagster.captions.objectives import state_objectives
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.captions.replies import read_reply
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.errors import CaptionerUnavailable
from streamcap_dagster.model_table import ModelFacts, Price, TierPrice
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


FACTS = ModelFacts(
    prices=(Price(valid_from=date(2026, 1, 1), input=1.0, output=10.0, flex=TierPrice(input=0.5, output=5.0)),),
    image_tokens={"low": 280, "high": 1120},
)
DAY = date(2026, 11, 20)
HUNDRED = Volume(calls=100, text_tokens=44_000, images=200, output_tokens=5_000)
"""At FACTS 100,000 input tokens: 10 cents for them and 5 for the output."""


def terms(**more: object) -> Terms:
    return replace(Terms("gemini", "gemini-x", paid=True, facts=FACTS, day=DAY), **more)  # type: ignore[arg-type]


def estimate(
    left: Volume = HUNDRED, held: int = 0, steps: int = 5, gated: int | None = 10, whole: Volume | None = HUNDRED, videos: int = 1, **more: object
) -> Estimate:
    video = VideoEstimate("street", 1800.0, 110, gated, held, left, steps, whole)
    return Estimate(terms(**more), (video,) * videos)


def test_money_is_that_of_the_day_for_text_pictures_and_output() -> None:
    assert estimate().usd == pytest.approx(0.15)


def test_closer_looks_cost_more() -> None:
    assert estimate(resolution="high").usd == pytest.approx(0.15 + 200 * 840e-6)


@pytest.mark.parametrize(("tier", "flex_usd", "likely"), [("standard", None, 0.15), ("flex", 0.075, 0.075), ("auto", 0.075, 0.15)])
def test_flex_is_told_where_it_was_chosen_and_auto_is_judged_by_the_standard_price(tier: str, flex_usd: float | None, likely: float) -> None:
    told = estimate(tier=tier)
    assert (told.flex_usd, told.terms.likely_usd(told.left)) == (pytest.approx(flex_usd), pytest.approx(likely))


@pytest.mark.parametrize("facts", [ModelFacts(image_tokens={"low": 280}), ModelFacts(prices=FACTS.prices)], ids=["no price", "no image tokens"])
def test_what_is_not_known_of_a_model_makes_its_cost_unknown_and_not_nothing(facts: ModelFacts) -> None:
    told = estimate(facts=facts, quota=Quota(budget_usd=1))
    assert (told.usd, told.usd_per_hour, told.exceeds_budget) == (None, None, None)
    assert "unknown" in summary(told)


def test_an_hour_of_video_costs_what_all_its_calls_cost_however_many_are_answered() -> None:
    assert estimate(left=Volume(), held=100).usd_per_hour == pytest.approx(0.30)


def test_a_video_that_was_partly_made_before_says_nothing_about_an_hour() -> None:
    assert estimate(whole=None).usd_per_hour is None


@pytest.mark.parametrize(("budget", "spent", "exceeds"), [(None, 0, None), (0.2, 0, False), (0.1, 0, True), (0.2, 0.1, True)])
def test_the_budget_holds_for_what_is_spent_and_what_is_to_come(budget: float | None, spent: float, exceeds: bool | None) -> None:
    assert estimate(quota=Quota(budget_usd=budget), spent_usd=spent).exceeds_budget is exceeds


QUOTAS = [
    ({"quota": Quota(rpm=10, share=1)}, 600, "requests per minute"),
    ({"quota": Quota(rpm=10, share=0.5)}, 1200, "requests per minute"),
    ({"quota": Quota(tpm=1000, share=1)}, 6000, "tokens per minute"),
    ({"quota": Quota(rpd=50, share=0.8)}, 2 * 86_400, "requests per day"),
    ({"quota": Quota(usd_per_10min=0.05, share=0.8)}, 3 * 600, "money per ten minutes"),
    ({"quota": Quota(in_flight=2)}, 150, "STREAMCAP_CALLS_IN_FLIGHT=2"),
    ({"steps": 90}, 270, "the longest chain, 90 calls"),
    ({"steps": 10, "videos": 40, "videos_in_flight": 2, "quota": Quota(in_flight=1000)}, 600, "STREAMCAP_VIDEOS_IN_FLIGHT=2"),
]


@pytest.mark.parametrize(("more", "seconds", "binding"), QUOTAS, ids=[binding for _, _, binding in QUOTAS])
def test_time_is_told_by_what_binds(more: dict[str, object], seconds: float, binding: str) -> None:
    wall = estimate(**more).wall  # type: ignore[arg-type]
    assert wall.seconds == pytest.approx(seconds)
    assert binding in wall.binding


def test_a_quota_of_the_day_that_is_enough_for_all_holds_nothing_up() -> None:
    assert estimate(quota=Quota(rpd=100, usd_per_10min=1, share=1)).wall.seconds == estimate().wall.seconds


def test_a_paragraph_tells_all_of_it() -> None:
    told = summary(estimate(held=25, quota=Quota(rpm=10, share=1, budget_usd=0.1)))
    assert told == (
        "gemini (gemini-x): 1 video of 30 min in 110 windows, 10 of them without a visible change, which nobody is asked about. "
        "They take up to 125 calls, of which 25 (20%) are answered already and 100 are left. "
        "That is 100 k input tokens (56 k of them pictures) and 5 k output tokens. "
        "At the prices of 2026-11-20 they cost about $0.15, $0.30 per hour of video. "
        "That exceeds STREAMCAP_BUDGET_USD=0.1: a run would stop there and keep what it paid for. "
        "It takes at least about 10 min; what it waits for most is the requests per minute of your quota. "
        "Answers of no use are asked again: a few percent more."
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"gated": None}, "There are no up-to-date frames yet, so this is an upper bound: the no-change gate and kept answers are not counted without them."),
        ({"paid": False}, "Nothing is paid: gemini costs nothing."),
        ({"left": Volume(), "held": 7}, "All 7 calls they take are answered already, so nothing is left to ask."),
        ({"left": Volume()}, "There is nothing to ask."),
        ({"quota": Quota(budget_usd=9), "spent_usd": 1.5}, "That is within STREAMCAP_BUDGET_USD=9 with the $1.50 spent so far."),
        ({"tier": "auto"}, "about $0.15 on the standard tier ($0.075 as far as flex serves it), $0.30 per hour"),
        ({"tier": "flex"}, "Flex answers may take minutes each"),
        ({"facts": ModelFacts()}, "200 pictures whose tokens are not known for this model"),
        ({"facts": ModelFacts()}, "the model table has no price for gemini-x (STREAMCAP_MODEL_TABLE can add one)"),
        ({"thinks": True}, "thinks before it answers is billed as output and not counted"),
        ({"canary_every": 50}, "Canaries add one call to every 50."),
        ({"held": 100_000}, "(99%) are answered already"),
    ],
)
def test_the_paragraph_says_how_things_stand(more: dict[str, object], said: str) -> None:
    assert said in summary(estimate(**more))  # type: ignore[arg-type]


def test_what_costs_nothing_is_told_no_price_and_no_budget() -> None:
    told = summary(estimate(paid=False, quota=Quota(budget_usd=0.01)))
    assert "$" not in told
    assert "BUDGET" not in told


@pytest.mark.parametrize(("usd", "said"), [(0, "$0.00"), (0.000123, "$0.00012"), (0.075, "$0.075"), (0.15, "$0.15"), (1234.5, "$1,234.50"), (None, "unknown")])
def test_money_is_readable(usd: float | None, said: str) -> None:
    assert money(usd) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0"), (999, "999"), (1000, "1 k"), (12_345, "12.3 k"), (999_999, "1 M"), (4_500_000, "4.5 M"), (2_000_000_000, "2,000 M")]
)
def test_amounts_are_readable(count: int, said: str) -> None:
    assert amount(count) == said


@pytest.mark.parametrize(("seconds", "said"), [(40, "40 s"), (720, "12 min"), (12_000, "3 h 20 min"), (190_800, "2 days 5 h"), (86_400, "1 day 0 h")])
def test_times_are_readable(seconds: float, said: str) -> None:
    assert amount_of_time(seconds) == said


def test_pictures_that_do_not_change_are_not_asked_about(tmp_path: Path) -> None:
    counted = Video(tmp_path, [[plain()] * 5]).count(Told())
    assert (counted.gated, counted.left.calls) == (4, 1)
