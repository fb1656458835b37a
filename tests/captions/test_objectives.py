"""Objectives: asked about many pairs at a time, from text alone, and only about pairs that say something."""

import asyncio
import json
from pathlib import Path

import pytest

from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Place
from streamcap_dagster.captions.objectives import state_objectives
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.errors import CaptionerUnavailable
from streamcap_dagster.records import Caption, Captions, Objectives, Outcome
from streamcap_dagster.storage.folder import FolderStorage
from tests.captions.captioners import Told, unavailable_at


def caption(clip: int, window: int, outcome: Outcome = "ok") -> Caption:
    return Caption(
        clip=clip,
        window=window,
        start_s=2.0 * window,
        end_s=2.0 * window + 2,
        kind="delta" if window else "initial",
        outcome=outcome,
        text=f"clip {clip} window {window}" if outcome == "ok" else "",
        reason="" if outcome == "ok" else f"why {outcome}",
        frame_sha256=(),
        frame_pts_s=(),
        history_sha256="",
        prompt_version="v",
        captioner="told",
        model="m",
    )


def stated(request: CaptionRequest) -> CaptionReply:
    return CaptionReply(json.dumps({"objectives": [{"id": pair.id, "items": [f"states {pair.delta}"]} for pair in request.pairs]}), "stop", "m")


def state(tmp_path: Path, told: Told, captions: list[Caption]) -> Objectives:
    asker = Asker(told, CallStore(FolderStorage(tmp_path), "street"), Underway())
    initials = Captions(video_id="street", captions=tuple(one for one in captions if one.kind == "initial"))
    deltas = Captions(video_id="street", captions=tuple(one for one in captions if one.kind != "initial"))
    return asyncio.run(state_objectives("street", initials, deltas, asker))


def test_every_delta_gets_its_own_objectives(tmp_path: Path) -> None:
    pairs = state(tmp_path, Told(stated), [caption(clip, window) for clip in range(2) for window in range(3)]).pairs
    assert [(pair.clip, pair.window, pair.objectives) for pair in pairs] == [
        (clip, window, (f"states clip {clip} window {window}",)) for clip in range(2) for window in (1, 2)
    ]


def test_pairs_of_a_clip_are_asked_about_twenty_at_a_time(tmp_path: Path) -> None:
    told = Told(stated)
    state(tmp_path, told, [caption(0, window) for window in range(46)] + [caption(1, window) for window in range(2)])
    assert sorted((request.place.clip, len(request.pairs)) for request in told.requests) == [(0, 5), (0, 20), (0, 20), (1, 1)]


def test_a_group_is_shown_what_was_said_before_its_first_pair(tmp_path: Path) -> None:
    told = Told(stated)
    state(tmp_path, told, [caption(0, window) for window in range(24)])
    second = next(request for request in told.requests if request.pairs[0].id == "21")
    assert second.history == tuple(f"clip 0 window {window}" for window in range(21))
    assert "- clip 0 window 20\n" in second.prompt


def test_no_frames_are_sent(tmp_path: Path) -> None:
    told = Told(stated)
    state(tmp_path, told, [caption(0, 0), caption(0, 1)])
    assert told.requests[0].frames == ()


def test_silent_and_failed_windows_are_not_asked_about_and_say_why(tmp_path: Path) -> None:
    told = Told(stated)
    pairs = state(tmp_path, told, [caption(0, 0), caption(0, 1, "no_change"), caption(0, 2, "blocked"), caption(0, 3)]).pairs
    assert [pair.reason for pair in pairs] == ["the window adds nothing, so there is nothing to state", "the delta caption is blocked: why blocked", ""]
    assert [pair.id for pair in told.requests[0].pairs] == ["3"]


def test_a_stream_in_which_nothing_is_new_asks_nobody(tmp_path: Path) -> None:
    told = Told(stated)
    state(tmp_path, told, [caption(0, 0), caption(0, 1, "no_change")])
    assert told.requests == []


def test_a_pair_that_never_gets_valid_statements_has_the_reason_and_the_others_keep_theirs(tmp_path: Path) -> None:
    def partly(request: CaptionRequest) -> CaptionReply:
        return CaptionReply(json.dumps({"objectives": [{"id": "1", "items": ["bus comes"]}, {"id": "2", "items": []}]}), "stop", "m")

    first, second = state(tmp_path, Told(partly), [caption(0, window) for window in range(3)]).pairs
    assert first.objectives == ("bus comes",)
    assert second.reason == "the objectives are invalid: no 1 to 6 statements of at most 120 characters for 2"


def test_after_an_outage_groups_that_were_answered_are_not_asked_about_again(tmp_path: Path) -> None:
    captions = [caption(clip, window) for clip in range(2) for window in range(2)]
    with pytest.raises(CaptionerUnavailable):
        state(tmp_path, Told(lambda request: unavailable_at(Place("street", 0, 1))(request) and stated(request)), captions)
    again = Told(stated)
    state(tmp_path, again, captions)
    assert [request.place.clip for request in again.requests] == [0]


def anchored(captions: list[Caption], window: int) -> list[Caption]:
    """With an anchor at a window."""
    return [one.model_copy(update={"segment": int(one.window >= window), "kind": "anchor" if one.window == window else one.kind}) for one in captions]


def test_an_anchor_gets_no_objectives_and_says_why(tmp_path: Path) -> None:
    pairs = state(tmp_path, Told(stated), anchored([caption(0, window) for window in range(4)], 2)).pairs
    assert [bool(pair.objectives) for pair in pairs] == [True, False, True]
    assert pairs[1].reason == "an anchor describes the window in full, so there is no delta to state anything of"


def test_an_anchor_that_failed_says_so_where_its_objectives_would_be(tmp_path: Path) -> None:
    failed = caption(0, 1, "blocked").model_copy(update={"kind": "anchor"})
    assert state(tmp_path, Told(stated), [caption(0, 0), failed]).pairs[0].reason == "the anchor caption is blocked: why blocked"


def test_deltas_of_two_segments_are_not_asked_about_together_and_the_later_know_nothing_from_before(tmp_path: Path) -> None:
    told = Told(stated)
    state(tmp_path, told, anchored([caption(0, window) for window in range(5)], 2))
    assert [([pair.id for pair in request.pairs], request.history) for request in told.requests] == [
        (["1"], ("clip 0 window 0",)),
        (["3", "4"], ("clip 0 window 2",)),
    ]
