"""A judge of two captions: asked in both orders, believed only where both agree."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest
from streamcap_dagster.captions.judging import Contest, Judged, conduct, judge
from streamcap_dagster.captions.prompts import Telling
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.records import Clip, Frame
from streamcap_dagster.storage.folder import FolderStorage
from tests.captions.captioners import Told
from tests.dataset.corpus import HELLO, frames_of

CLIP = Clip(clip=0, start_s=0, end_s=6, windows=3, reason="by hand")
POOR, GOOD = "It is there.", "A red door opens."


class Frames:
    def read(self, clip: Clip, window: int) -> tuple[Frame, ...]:
        return tuple(frame for frame in frames_of("a", HELLO) if frame.window == window)


def contest(window: int = 1, old: str = POOR, new: str = GOOD) -> Contest:
    return Contest(CLIP, window, Telling(("A wall.",), old), Telling(("A wall with a door.",), new))


def says(better: Callable[[CaptionRequest], str]) -> Told:
    return Told(lambda request: CaptionReply(json.dumps({"why": "So.", "better": better(request)}), "stop", "m"))


def good_one(request: CaptionRequest) -> str:
    return "first" if request.prompt.index(GOOD) < request.prompt.index("The second person had said") else "second"


def judged(tmp_path: Path, told: Told, *contests: Contest, frames: Frames | None = None) -> list[Judged]:
    return asyncio.run(judge("a", contests, frames, Asker(told, CallStore(FolderStorage(tmp_path), "a"), Underway())))


@pytest.mark.parametrize(("old", "new", "verdict"), [(POOR, GOOD, "new"), (GOOD, POOR, "old")])
def test_what_both_orders_prefer_wins(tmp_path: Path, old: str, new: str, verdict: str) -> None:
    (one,) = judged(tmp_path, says(good_one), contest(old=old, new=new))
    assert (one.verdict, one.consistent) == (verdict, True)


@pytest.mark.parametrize("always", ["first", "second"])
def test_a_judge_that_always_takes_the_same_place_makes_ties_and_is_found_out(tmp_path: Path, always: str) -> None:
    heard = judged(tmp_path, says(lambda _: always), contest(1), contest(2))
    manner = conduct(heard)
    assert ({one.verdict for one in heard}, manner.consistency) == ({"tie"}, 0.0)
    assert manner.first_share == (1.0 if always == "first" else 0.0)


def test_a_judge_without_a_preference_is_consistent_and_shows_no_liking_for_a_place(tmp_path: Path) -> None:
    manner = conduct(judged(tmp_path, says(lambda _: "neither"), contest()))
    assert (manner.consistency, manner.first_share) == (1.0, None)


def test_a_judge_that_goes_by_the_captions_takes_each_place_as_often(tmp_path: Path) -> None:
    assert conduct(judged(tmp_path, says(good_one), contest(1), contest(2))).first_share == 0.5


def test_each_is_judged_after_what_the_same_run_had_said_and_silence_is_told_in_words(tmp_path: Path) -> None:
    told = says(lambda _: "neither")
    judged(tmp_path, told, contest(new=""))
    first = next(request.prompt for request in told.requests if request.prompt.startswith("The first person had said:\n- A wall.\n"))
    assert first.endswith("The second person had said:\n- A wall with a door.\nThe second person says now:\nNo change.")


@pytest.mark.parametrize(("frames", "shown"), [(Frames(), 2), (None, 0)])
def test_the_judge_sees_the_window_unless_it_is_to_read_only(tmp_path: Path, frames: Frames | None, shown: int) -> None:
    told = says(lambda _: "neither")
    judged(tmp_path, told, contest(), frames=frames)
    assert [len(request.frames) for request in told.requests] == [shown, shown]


def test_a_judgement_that_was_blocked_is_no_tie_but_none(tmp_path: Path) -> None:
    heard = judged(tmp_path, Told(lambda _: CaptionReply("", "blocked", "m", "SAFETY")), contest())
    assert (heard[0].reason, conduct(heard).windows) == ("the judgement is blocked: SAFETY", 0)


def test_no_judgement_is_asked_for_twice_also_when_the_runs_change_places(tmp_path: Path) -> None:
    told = says(good_one)
    judged(tmp_path, told, contest())
    turned = Contest(CLIP, 1, contest().new, contest().old)
    assert (judged(tmp_path, told, turned)[0].verdict, len(told.requests)) == ("old", 2)
