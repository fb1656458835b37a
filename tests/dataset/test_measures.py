"""What is measured of captions depends on the captions alone, and holds a bounded number of them."""

import hashlib
import tracemalloc
from collections import Counter

import pytest

from streamcap_dagster.dataset.card_pictures import middle
from streamcap_dagster.dataset.card_yaml import size_category
from streamcap_dagster.dataset.draws import Draw
from streamcap_dagster.dataset.measures import Measures
from streamcap_dagster.dataset.rows import VideoRows, read_rows
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import Said, store_video

CHAIN: tuple[Said, ...] = (
    ("ok", "A red door."),
    ("ok", "It opens."),
    ("no_change", ""),
    ("blocked", ""),
    ("ok", "A red door."),
    ("ok", "Ten dogs run out here."),
)


def measured(storage: FolderStorage, *video_ids: str) -> Measures:
    measures = Measures()
    for video_id in video_ids:
        measures.add(read_rows(storage, store_video(storage, video_id, [CHAIN])))
    return measures


def test_words_are_counted_per_kind_and_silence_is_no_caption(storage: FolderStorage) -> None:
    assert measured(storage, "a").words == {"initial": Counter({3: 1}), "delta": Counter({2: 1, 3: 1, 5: 1}), "anchor": Counter()}


def test_novelty_is_that_of_each_delta_against_what_was_said_before(storage: FolderStorage) -> None:
    assert sorted(measured(storage, "a").novelty) == [0.0, 1.0, 1.0]


def test_cases_hold_the_objectives_of_their_own_window(storage: FolderStorage) -> None:
    cases = {case.sample_id: case for case in measured(storage, "a").cases}
    assert cases["a/0/1"].about.objectives == ("says It opens.",)
    assert (cases["a/0/2"].about.objectives, cases["a/0/2"].about.gold_is_silent) == ((), True)
    assert cases["a/0/5"].about.history == ("A red door.", "It opens.", "A red door.")


def test_of_a_call_less_is_kept_than_its_key(storage: FolderStorage) -> None:
    entry = store_video(storage, "a", [CHAIN])
    said = read_rows(storage, entry).captions[0]
    measures, calls = Measures(), 20_000
    tracemalloc.start()
    for first in range(0, calls, 500):
        names = (hashlib.sha256(str(number).encode()).hexdigest() for number in range(first, first + 500))
        measures.add(VideoRows(entry, tuple(said.model_copy(update={"call_key": name}) for name in names)))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(measures.calls) == calls
    assert hashlib.sha256(b"19999").hexdigest() in measures.calls
    assert "another" not in measures.calls
    assert held < 170 * calls


def test_the_order_of_videos_does_not_matter(storage: FolderStorage) -> None:
    one, other = measured(storage, "a", "b", "c"), measured(storage, "c", "a", "b")
    assert (one.cases, one.shown, one.words) == (other.cases, other.shown, other.words)


def test_a_draw_is_the_same_in_any_order_and_holds_no_more_than_asked_for() -> None:
    names = [f"name{number}" for number in range(500)]
    forth, back = Draw[str](7), Draw[str](7)
    for name in names:
        forth.offer(name, name)
    for name in reversed(names):
        back.offer(name, name)
    assert forth.drawn == back.drawn
    assert len(set(forth.drawn)) == 7


def test_a_smaller_draw_is_the_beginning_of_a_larger() -> None:
    large, small = Draw[int](50), Draw[int](5)
    for number in range(200):
        large.offer(str(number), number)
        small.offer(str(number), number)
    assert large.drawn[:5] == small.drawn


@pytest.mark.parametrize(("words", "half"), [({3: 1}, 3), ({1: 1, 9: 1}, 1), ({1: 1, 5: 1, 9: 1}, 5), ({2: 10, 50: 9}, 2)])
def test_half_of_the_captions_have_as_many_words_as_the_middle_or_fewer(words: dict[int, int], half: int) -> None:
    assert middle(Counter(words)) == half


@pytest.mark.parametrize(
    ("rows", "category"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (1_000_000, "1M<n<10M"), (300_000_000, "100M<n<1B")],
)
def test_sizes_have_the_names_of_the_hub(rows: int, category: str) -> None:
    assert size_category(rows) == category
