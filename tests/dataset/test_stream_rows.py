"""A clip's captions at longer cadences: merged from the same captions, over the same pictures."""

from pathlib import Path

import datasets
import pytest

from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.dataset.stream import MergedStream, StreamClip, stream_clip
from streamcap_dagster.policies import Windowing
from streamcap_dagster.records import Outcome
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import FRAMES_PER_WINDOW, Said, captions_of, columns_of, store_video, video, with_anchors

FIVE: tuple[Said, ...] = (("ok", "A door."), ("ok", "It opens."), ("no_change", ""), ("no_change", ""), ("ok", "A cat."))


def merged(chain: tuple[Said, ...], *cadences_s: float, window_s: float = 2.0) -> tuple[MergedStream, ...]:
    captions = captions_of("a", [chain], window_s=window_s)
    return stream_clip(video("a"), captions, columns_of(captions), window_s, cadences_s).merged


def test_merged_windows_hold_the_words_and_pictures_of_those_that_they_are_made_of() -> None:
    (four,) = merged(FIVE, 4)
    assert four.window_duration == 4
    assert [(window.start_s, window.end_s, window.text) for window in four.windows] == [(0, 4, "A door. It opens."), (4, 8, ""), (8, 10, "A cat.")]
    assert four.frames_per_window == (2 * FRAMES_PER_WINDOW, 2 * FRAMES_PER_WINDOW, FRAMES_PER_WINDOW)


def test_each_cadence_has_its_own_windows() -> None:
    assert [(one.window_duration, len(one.windows)) for one in merged(FIVE, 8, 4)] == [(4, 3), (8, 2)]


def test_only_the_first_merged_window_is_initial() -> None:
    assert [window.kind for window in merged(FIVE, 4)[0].windows] == ["initial", "delta", "delta"]


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        (("ok", "no_change"), "ok"),
        (("blocked", "ok"), "blocked"),
        (("ok", "truncated"), "truncated"),
        (("no_change", "no_change"), "no_change"),
        (("no_change", "truncated"), "truncated"),
        (("blocked", "empty"), "blocked"),
    ],
)
def test_a_merged_window_ended_as_the_first_failure_in_it_and_else_is_spoken_if_any_is(outcomes: tuple[Outcome, Outcome], outcome: Outcome) -> None:
    chain: tuple[Said, ...] = (("ok", "A."), ("ok", "B."), *((one, "C." if one == "ok" else "") for one in outcomes))
    window = merged(chain, 4)[0].windows[1]
    assert (window.outcome, bool(window.text)) == (outcome, outcome == "ok")


def test_a_merged_window_of_which_the_initial_caption_failed_says_nothing() -> None:
    window = merged((("blocked", ""), ("ok", "It opens."), ("ok", "A cat.")), 4)[0].windows[0]
    assert (window.kind, window.outcome, window.text) == ("initial", "blocked", "")


@pytest.mark.parametrize(
    ("cadence_s", "window_s"), [(3, 2.0), (4, 2.5), (2, 2.0), (1, 2.0), (0, 2.0), (10, 2.0)], ids=["odd", "odd too", "itself", "shorter", "none", "all of it"]
)
def test_a_cadence_that_the_windows_do_not_add_up_to_or_that_leaves_no_stream_is_skipped(cadence_s: float, window_s: float) -> None:
    assert merged(FIVE, cadence_s, window_s=window_s) == ()


def test_windows_of_an_uneven_length_add_up_exactly() -> None:
    assert [len(one.windows) for one in merged(FIVE, 0.3, window_s=0.1)] == [2]


def test_cadences_are_loaded_with_the_row_and_its_pictures_are_stored_once(storage: FolderStorage) -> None:
    entries = [store_video(storage, "a", [FIVE])]
    build_dataset(storage, entries)
    without = _size(storage)
    build_dataset(storage, entries, cadences_s=(4, 8))

    (row,) = datasets.load_dataset(str(storage.root / keys.DATASET), "stream", split="train")

    assert [(one["window_duration"], one["frames_per_window"]) for one in row["merged"]] == [(4.0, [4, 4, 2]), (8.0, [8, 2])]
    told = {"start_s": 0.0, "end_s": 4.0, "kind": "initial", "outcome": "ok", "text": "A door. It opens."}
    assert told.items() <= row["merged"][0]["windows"][0].items()
    assert len(row["images"]) == sum(row["frames_per_window"]) == 10
    assert _size(storage) - without < 3_000


def test_a_cadence_fits_some_videos_and_not_others(storage: FolderStorage) -> None:
    lengths = {"a": 2.0, "b": 3.0}
    entries = [store_video(storage, video_id, [FIVE], windowing=Windowing(window_duration_s=length)) for video_id, length in lengths.items()]
    build_dataset(storage, entries, cadences_s=(4, 9))
    rows = datasets.load_dataset(str(storage.root / keys.DATASET), "stream", split="train")
    assert {row["video_id"]: [one["window_duration"] for one in row["merged"]] for row in rows} == {"a": [4.0], "b": [9.0]}


def _size(storage: FolderStorage) -> int:
    (shard,) = Path(storage.root / keys.DATASET, "stream").iterdir()
    return shard.stat().st_size


SEVEN: tuple[Said, ...] = tuple(("ok", f"{word}.") for word in ["One", "Two", "Three", "Four", "Five", "Six", "Seven"])


def anchored(chain: tuple[Said, ...], every: int, *cadences_s: float) -> StreamClip:
    captions = with_anchors(captions_of("a", [chain]), every)
    return stream_clip(video("a"), captions, columns_of(captions), 2.0, cadences_s)


def test_the_windows_of_a_clip_with_anchors_tell_which_they_are() -> None:
    assert [(window.kind, window.text) for window in anchored(SEVEN, 3).windows[2:5]] == [("delta", "Three."), ("anchor", "Four."), ("delta", "Five.")]


def test_an_anchor_that_failed_is_told_as_a_delta_that_failed_for_it_opens_no_segment() -> None:
    windows = anchored((*SEVEN[:3], ("blocked", ""), *SEVEN[4:]), 3).windows
    assert [(window.kind, window.outcome) for window in windows[3:7]] == [("delta", "blocked"), ("delta", "ok"), ("delta", "ok"), ("anchor", "ok")]


def test_merged_windows_begin_anew_with_each_anchor() -> None:
    (four,) = anchored(SEVEN, 3, 4).merged
    assert [(window.kind, window.start_s, window.end_s, window.text) for window in four.windows] == [
        ("initial", 0, 4, "One. Two."),
        ("delta", 4, 6, "Three."),
        ("anchor", 6, 10, "Four. Five."),
        ("delta", 10, 12, "Six."),
        ("anchor", 12, 14, "Seven."),
    ]
    assert four.frames_per_window == tuple(FRAMES_PER_WINDOW * windows for windows in (2, 1, 2, 1, 1))


def test_a_merged_window_that_begins_with_an_anchor_and_failed_after_it_is_an_anchor_without_words() -> None:
    window = anchored((*SEVEN[:5], ("blocked", "")), 4, 4).merged[0].windows[2]
    assert (window.kind, window.outcome, window.text) == ("anchor", "blocked", "")


def test_rows_of_pairs_tell_as_history_what_was_said_in_their_segment(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", [SEVEN], anchor_every=3)])

    rows = datasets.load_dataset(str(storage.root / keys.DATASET), "sft", split="train")

    assert [(row["window"], row["history"]) for row in rows] == [
        (1, ["One."]),
        (2, ["One.", "Two."]),
        (4, ["Four."]),
        (5, ["Four.", "Five."]),
    ]


def test_the_card_tells_of_anchors_where_there_are_some(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", [SEVEN], anchor_every=3)])
    card = storage.read(f"{keys.DATASET}/README.md").decode()
    assert "2 later windows are described in full again" in card
    assert "half of the anchors have 1 words or fewer" in card


def test_the_card_of_a_dataset_without_anchors_speaks_of_none(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", [SEVEN])])
    assert "anchor" not in storage.read(f"{keys.DATASET}/README.md").decode()
