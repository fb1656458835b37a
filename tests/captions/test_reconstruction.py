"""Reconstruction tests of windows: who is shown what, what counts as answered, and that nothing kept is asked for again."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest
from streamcap_dagster.captions.reconstruction.drawing import draw_windows
from streamcap_dagster.captions.reconstruction.rebuilding import rebuild, still_said
from streamcap_dagster.captions.reconstruction.records import Reconstruction
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.errors import CaptionerUnavailable
from streamcap_dagster.records import Caption, Clip, Frame
from streamcap_dagster.storage.folder import FolderStorage
from tests.captions.captioners import Told
from tests.dataset.corpus import Said, captions_of, clips_of, frames_of

SAID: tuple[tuple[Said, ...], ...] = (
    (("ok", "A red door."), ("ok", "It opens."), ("no_change", ""), ("ok", "A cat comes out.")),
    (("ok", "A lake."), ("ok", "A boat.")),
)
FULL = "A red door is open; a cat sits before it."
QUESTIONS = (("Which colour is the door?", "red"), ("Which animal is there?", "cat"), ("How many lamps are lit?", "two"))


class Frames:
    """The pictures of the corpus, as windows of it."""

    def read(self, clip: Clip, window: int) -> tuple[Frame, ...]:
        return tuple(frame for frame in frames_of("a", SAID) if (frame.clip, frame.window) == (clip.clip, window))


def examinee(given: tuple[str, ...] = ("red", "kitten", "three"), same: bool = True, full: str = FULL) -> Callable[[CaptionRequest], CaptionReply]:
    """Describes every window alike, asks three questions, and gives these answers."""

    def answer(request: CaptionRequest) -> CaptionReply:
        said: dict[str, object] = {
            "full": {"caption": full},
            "questions": {"questions": [{"question": question, "answer": right} for question, right in QUESTIONS]},
            "answers": {"answers": [{"id": number, "answer": one} for number, one in zip(request.ids, given, strict=False)]},
            "grades": {"grades": [{"id": number, "same": same} for number in request.ids]},
        }
        return CaptionReply(json.dumps(said[request.kind]), "stop", "m")

    return answer


def rebuilt(tmp_path: Path, told: Told, *windows: tuple[int, int], captions: list[Caption] | None = None) -> Reconstruction:
    captions = captions or captions_of("a", SAID)
    drawn = [caption for caption in captions if (caption.clip, caption.window) in windows]
    asker = Asker(told, CallStore(FolderStorage(tmp_path), "a"), Underway())
    return asyncio.run(rebuild(clips_of("a", SAID), Frames(), captions, drawn, asker))


def asked(told: Told, kind: str) -> list[CaptionRequest]:
    return [request for request in told.requests if request.kind == kind]


def test_the_full_caption_is_asked_for_with_the_pictures_of_its_window_and_without_a_look_back(tmp_path: Path) -> None:
    told = Told(examinee())
    rebuilt(tmp_path, told, (0, 3))
    (request,) = asked(told, "full")
    assert ([frame.window for frame in request.frames], request.history, "red door" in request.prompt) == ([3, 3], (), False)


def test_who_answers_knows_what_was_said_of_the_clip_until_then_and_nothing_else(tmp_path: Path) -> None:
    told = Told(examinee())
    rebuilt(tmp_path, told, (0, 1))
    (request,) = asked(told, "answers")
    assert "- A red door.\n- It opens.\n\n" in request.prompt
    assert request.frames == ()
    assert not any(unknown in request.prompt for unknown in ("cat comes", "lake", FULL, "two"))


def test_after_an_anchor_only_its_segment_counts_as_said(tmp_path: Path) -> None:
    told = Told(examinee())
    later = [one.model_copy(update={"segment": int(one.window > 1)}) for one in captions_of("a", SAID)]
    rebuilt(tmp_path, told, (0, 3), captions=later)
    assert "Said so far, in order:\n- A cat comes out.\n\n" in asked(told, "answers")[0].prompt


def test_an_answer_is_graded_by_its_words_and_by_the_captioner_where_these_do_not_tell(tmp_path: Path) -> None:
    told = Told(examinee(given=("red", "kitten", "three")))
    (window,) = rebuilt(tmp_path, told, (0, 3)).windows
    assert [(one.given, one.right, one.graded_by) for one in window.questions] == [
        ("red", True, "words"),
        ("kitten", True, "captioner"),
        ("three", False, "words"),
    ]
    assert asked(told, "grades")[0].prompt == "[2] Which animal is there? Expected: cat Given: kitten"


def test_nobody_grades_what_words_tell(tmp_path: Path) -> None:
    told = Told(examinee(given=("red", "", "2")))
    (window,) = rebuilt(tmp_path, told, (0, 3)).windows
    assert ([one.right for one in window.questions], asked(told, "grades")) == ([True, False, True], [])


def test_words_of_the_delta_are_counted_against_those_of_the_full_caption(tmp_path: Path) -> None:
    windows = rebuilt(tmp_path, Told(examinee()), (0, 2), (0, 3)).windows
    assert [(window.words_delta, window.words_full) for window in windows] == [(0, 10), (4, 10)]


def useless(kind: str, reply: CaptionReply) -> Told:
    """Replies so to one kind of question about window 1. No question of it is that of another window, which would share its answer."""

    def answer(request: CaptionRequest) -> CaptionReply:
        window = request.place.window
        return reply if (request.kind, window) == (kind, 1) else examinee(("red", f"kitten {window}", "three"), full=f"Window {window}.")(request)

    return Told(answer)


@pytest.mark.parametrize("kind", ["full", "questions", "answers", "grades"])
def test_a_window_that_comes_to_nothing_keeps_the_reason_and_the_others_are_tested(tmp_path: Path, kind: str) -> None:
    told = useless(kind, CaptionReply("", "blocked", "m", "SAFETY"))
    first, second = rebuilt(tmp_path, told, (0, 1), (0, 3)).windows
    what = "full caption is" if kind == "full" else f"{kind} are"
    assert (first.questions, first.reason, len(second.questions)) == ((), f"the {what} blocked: SAFETY", 3)


@pytest.mark.parametrize("kind", ["answers", "grades"])
@pytest.mark.parametrize(("reply", "outcome"), [(CaptionReply("{", "truncated", "m"), "truncated"), (CaptionReply("{}", "stop", "m"), "invalid")])
def test_a_reply_that_cannot_be_used_says_nothing_of_what_the_captions_keep(tmp_path: Path, kind: str, reply: CaptionReply, outcome: str) -> None:
    test = rebuilt(tmp_path, useless(kind, reply), (0, 1), (0, 3))
    assert [window.window for window in test.tested] == [3]
    assert test.windows[0].reason.startswith(f"the {kind} are {outcome}: ")


def test_what_is_kept_is_not_asked_for_again_and_comes_to_the_same(tmp_path: Path) -> None:
    told = Told(examinee())
    first = rebuilt(tmp_path, told, (0, 1), (1, 1))
    so_far = len(told.requests)
    assert (rebuilt(tmp_path, told, (0, 1), (1, 1)), len(told.requests)) == (first, so_far)


def test_windows_that_are_described_alike_share_their_questions(tmp_path: Path) -> None:
    told = Told(examinee())
    rebuilt(tmp_path, told, (0, 1), (1, 1))
    assert [len(asked(told, kind)) for kind in ("full", "questions", "answers")] == [2, 1, 2]


def test_a_test_that_broke_off_goes_on_where_it_was(tmp_path: Path) -> None:
    def dead(request: CaptionRequest) -> CaptionReply:
        if request.kind == "answers":
            raise CaptionerUnavailable("told", str(request.place), "the line is dead", "Wait.")
        return examinee()(request)

    with pytest.raises(CaptionerUnavailable):
        rebuilt(tmp_path, Told(dead), (0, 1))
    told = Told(examinee())
    rebuilt(tmp_path, told, (0, 1))
    assert [request.kind for request in told.requests] == ["answers", "grades"]


def test_a_larger_sample_holds_the_smaller_and_another_seed_draws_others() -> None:
    captions = [captions_of("a", SAID)[1].model_copy(update={"window": window}) for window in range(1, 21)]
    few, more, others = ({one.window for one in draw_windows("a", captions, count, seed)} for count, seed in ((5, 0), (9, 0), (5, 1)))
    assert few < more
    assert few != others


def test_only_deltas_are_drawn() -> None:
    assert {(one.clip, one.window) for one in draw_windows("a", captions_of("a", SAID), 99, 0)} == {(0, 1), (0, 2), (0, 3), (1, 1)}


class Noting(list[Caption]):
    """Notes how often somebody goes through it."""

    times = 0

    def __iter__(self) -> Iterator[Caption]:
        self.times += 1
        return super().__iter__()


def test_whether_the_run_still_says_the_same_is_looked_up_for_windows_that_were_tested_alone(tmp_path: Path) -> None:
    captions = Noting(captions_of("a", SAID))
    test = rebuilt(tmp_path, Told(examinee()), (0, 3))
    assert (still_said(test, captions), captions.times) == (test.windows, 2)
