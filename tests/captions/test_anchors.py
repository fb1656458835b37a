"""Anchors: the scene described in full again inside a chain, by someone who knows nothing of what was said, and the chain that goes on from there."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from streamcap_dagster.captions.anchors import anchor_windows
from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.backends.openai import OpenAICaptioner
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.captioner import Captioner, Place
from streamcap_dagster.captions.chain import caption_deltas, caption_initials
from streamcap_dagster.captions.history import history_sha256
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.emulators.gemini.server import running
from streamcap_dagster.errors import CaptionerUnavailable
from streamcap_dagster.policies import ChainPolicy
from streamcap_dagster.records import Caption
from streamcap_dagster.storage.folder import FolderStorage
from tests.captions.backends.gemini_answers import captioner as gemini
from tests.captions.captioners import Told, says, unavailable_at
from tests.captions.pictures import frames_file, plain, with_square
from tests.captions.test_chain import BLOCKED, at, caption, clips_of, moving, replies
from tests.emulators.openai_server import MODEL, VLLM, serving

EVERY_2 = ChainPolicy(no_change_threshold=0, anchor_every=2)
WITHOUT = ChainPolicy(no_change_threshold=0)


def kinds(said: Sequence[Caption]) -> list[str]:
    return [one.kind for one in said]


@pytest.mark.parametrize(("windows", "every", "anchors"), [(6, 2, [2, 4]), (5, 2, [2, 4]), (4, 4, []), (5, 4, [4]), (3, 7, []), (9, 0, [])])
def test_a_clip_longer_than_the_setting_has_an_anchor_every_so_many_windows(windows: int, every: int, anchors: list[int]) -> None:
    assert list(anchor_windows(windows, every)) == anchors


def test_every_window_still_has_one_caption_and_an_anchor_is_one_of_them(tmp_path: Path) -> None:
    said = caption(tmp_path, Told(), [moving(5), moving(2, row=1)], EVERY_2)
    assert [(one.clip, one.window) for one in said] == [*((0, window) for window in range(5)), (1, 0), (1, 1)]
    assert kinds(said) == ["initial", "delta", "anchor", "delta", "anchor", "initial", "delta"]


def test_an_anchor_is_asked_for_as_an_initial_caption_is_and_is_told_nothing_of_what_was_said(tmp_path: Path) -> None:
    told = Told()
    anchor = caption(tmp_path, told, [moving(4)], EVERY_2)[2]
    first, asked = at(told, 0), at(told, 2)
    assert (asked.kind, asked.system, asked.prompt, asked.max_output_tokens) == (first.kind, first.system, first.prompt, first.max_output_tokens)
    assert asked.history == ()
    assert anchor.history_sha256 == history_sha256([])


def test_after_an_anchor_the_history_is_the_anchor_and_what_was_said_since(tmp_path: Path) -> None:
    told = Told()
    caption(tmp_path, told, [moving(7)], ChainPolicy(no_change_threshold=0, anchor_every=3))
    assert [at(told, window).history for window in (2, 4, 5)] == [
        ("clip 0 window 0", "clip 0 window 1"),
        ("clip 0 window 3",),
        ("clip 0 window 3", "clip 0 window 4"),
    ]


def test_each_anchor_opens_a_segment(tmp_path: Path) -> None:
    said = caption(tmp_path, Told(), [moving(5), moving(3, row=1)], EVERY_2)
    assert [one.segment for one in said] == [0, 0, 1, 1, 2, 0, 0, 1]


@pytest.mark.parametrize("reply", [BLOCKED, says("")], ids=["blocked", "empty"])
def test_an_anchor_that_fails_keeps_its_outcome_and_the_chain_goes_on_as_if_nobody_had_been_asked(tmp_path: Path, reply: object) -> None:
    told = replies(w2=reply)  # type: ignore[arg-type]
    said = caption(tmp_path, told, [moving(5)], EVERY_2)
    assert [(one.kind, one.segment, bool(one.text)) for one in said[2:]] == [("anchor", 0, False), ("delta", 0, True), ("anchor", 1, True)]
    assert at(told, 3).history == ("clip 0 window 0", "clip 0 window 1")


def test_an_anchor_that_is_no_change_is_no_description(tmp_path: Path) -> None:
    said = caption(tmp_path, replies(w2=says("", no_change=True)), [moving(3)], EVERY_2)
    assert (said[2].kind, said[2].outcome) == ("anchor", "empty")


def test_the_gate_holds_no_anchor_back_and_compares_what_follows_with_it(tmp_path: Path) -> None:
    told = Told()
    said = caption(tmp_path, told, [[plain()] * 4], ChainPolicy(anchor_every=2))
    assert [(one.kind, one.gated) for one in said] == [("initial", False), ("delta", True), ("anchor", False), ("delta", True)]


def test_an_anchor_that_shows_what_the_first_window_showed_costs_nothing_where_windows_that_look_the_same_are_one_question(tmp_path: Path) -> None:
    told = Told(lambda request: says("A grey wall."))
    said = caption(tmp_path, told, [[plain()] * 4], ChainPolicy(anchor_every=2))
    assert [request.place.window for request in told.requests] == [0]
    assert said[2].call_key == said[0].call_key


def test_turning_anchors_on_asks_again_only_from_the_first_anchor_of_long_clips_on(tmp_path: Path) -> None:
    pictures = [moving(5), moving(2, row=1)]
    before = caption(tmp_path, Told(), pictures, WITHOUT)
    told = Told()

    after = caption(tmp_path, told, pictures, EVERY_2)

    assert [(request.place.clip, request.place.window) for request in told.requests] == [(0, 2), (0, 3), (0, 4)]
    assert [new for new in after if (new.clip, new.window) not in ((0, 2), (0, 3), (0, 4))] == [*before[:2], *before[5:]]


def test_turning_anchors_off_again_asks_nobody_and_says_what_was_said_before(tmp_path: Path) -> None:
    before = caption(tmp_path, Told(), [moving(5)], WITHOUT)
    caption(tmp_path, Told(), [moving(5)], EVERY_2)
    silent = Told()
    assert (caption(tmp_path, silent, [moving(5)], WITHOUT), silent.requests) == (before, [])


def test_captions_without_anchors_are_stored_in_the_bytes_of_a_record_that_knows_none(tmp_path: Path) -> None:
    said = caption(tmp_path, Told(), [moving(3)], ChainPolicy(no_change_threshold=0, anchor_every=3))
    assert said == caption(tmp_path, Told(), [moving(3)], WITHOUT)
    assert list(said[2].model_dump(mode="json")) == [
        *("clip", "window", "start_s", "end_s", "kind", "outcome", "text", "reason", "gated", "frame_sha256", "frame_pts_s"),
        *("history_sha256", "prompt_version", "captioner", "model", "call_key", "attested"),
    ]


def test_a_segment_is_stored_with_its_captions_and_read_back(tmp_path: Path) -> None:
    anchor = caption(tmp_path, Told(), [moving(3)], EVERY_2)[2]
    assert '"segment":1' in anchor.model_dump_json()
    assert Caption.model_validate_json(anchor.model_dump_json()) == anchor


def test_an_outage_at_an_anchor_stops_the_clip_there_and_the_next_run_goes_on_from_it(tmp_path: Path) -> None:
    (tmp_path / "undisturbed").mkdir()
    whole = caption(tmp_path / "undisturbed", Told(), [moving(5)], EVERY_2)
    with pytest.raises(CaptionerUnavailable, match="window 2"):
        caption(tmp_path, Told(unavailable_at(Place("street", 0, 2))), [moving(5)], EVERY_2)

    again = Told()
    said = caption(tmp_path, again, [moving(5)], EVERY_2)

    assert [request.place.window for request in again.requests] == [2, 3, 4]
    assert said == whole


def chained(tmp_path: Path, captioner: Captioner) -> list[Caption]:
    """A square that goes its way for five windows, with an anchor after every two."""
    frames, clips = frames_file(tmp_path / "street.parquet", [[with_square(8 + 40 * window, 40) for window in range(5)]]), clips_of(5)

    async def both() -> list[Caption]:
        asker = Asker(captioner, CallStore(FolderStorage(tmp_path), "street"), Underway())
        initials = await caption_initials("street", clips, frames, asker, EVERY_2)
        deltas = await caption_deltas("street", clips, frames, initials, asker, EVERY_2, lambda: None)
        await captioner.aclose()
        return [*initials.captions, *deltas.captions]

    return asyncio.run(both())


def test_the_offline_captioner_describes_an_anchor_in_full(tmp_path: Path) -> None:
    said = chained(tmp_path, OfflineCaptioner())
    assert [one.text.split(",")[0] for one in said if one.kind != "delta"] == ["An evenly lit scene"] * 3


def test_gemini_describes_an_anchor_in_full(tmp_path: Path) -> None:
    with running() as service:
        said = chained(tmp_path, gemini(service.url))
    assert [one.text.startswith("A view that is") for one in said] == [True, False, True, False, True]
    assert [one.segment for one in said] == [0, 0, 1, 1, 2]


def test_an_openai_server_is_asked_for_an_anchor_in_the_words_of_an_initial_caption(tmp_path: Path) -> None:
    with serving(VLLM) as server:
        said = chained(tmp_path, OpenAICaptioner(MODEL, key=None, base_url=server.base_url))
        first_words = [str(body["messages"]) for body in server.bodies]
    assert [one.outcome for one in said] == ["ok"] * 5
    assert ["Already said" in words for words in first_words] == [False, True, False, True, False]
