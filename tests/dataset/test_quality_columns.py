"""Rows tell the quality of their captions, and the card tells how many have which flag."""

from datetime import UTC, datetime

import datasets
import pytest

from streamcap_dagster.dataset.hub_dataset import CARD, build_dataset
from streamcap_dagster.dataset.quality_columns import QualityColumns, quality_of_all
from streamcap_dagster.quality.records import CaptionQuality, PairingAudit
from streamcap_dagster.reviews.reviewed import Reviewed, ReviewedWindow
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import Said, preference_pair, store_preferences, store_video

NAMES = ("novelty", "redundancy", "words_per_s", "quality_flags")
CHAIN: tuple[Said, ...] = (
    ("ok", "A red door. A dog sleeps on the floor."),
    ("ok", "The door opens slowly."),
    ("no_change", ""),
    ("blocked", ""),
    ("ok", "A dog sleeps on the floor."),
)
NEW, SILENT = {"novelty": 1.0, "redundancy": 0.0, "words_per_s": 2.0, "quality_flags": []}, QualityColumns().model_dump(mode="json")
REPEATED = {"novelty": 0.0, "redundancy": 1.0, "words_per_s": 3.0, "quality_flags": ["redundancy", "redundancy_error", "novelty", "novelty_error"]}


def rows(storage: FolderStorage, config: str) -> list[dict[str, object]]:
    found = datasets.load_dataset(str(storage.root / keys.DATASET), config, split="train")
    return list(found.remove_columns([name for name in found.column_names if name.startswith("frames_window") or name == "images"]))


def told(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name] for name in NAMES}


@pytest.mark.parametrize("config", ["sft", "rl", "preference"])
def test_a_row_of_two_windows_tells_the_quality_of_the_second(storage: FolderStorage, config: str) -> None:
    chain = (*CHAIN[:2], CHAIN[4])
    entry = store_video(storage, "a", [chain])
    store_preferences(storage, "a", *(preference_pair(window, text, "A red door.") for window, (_, text) in enumerate(chain) if window))
    build_dataset(storage, [entry])

    assert {row["window"]: told(row) for row in rows(storage, config)} == {1: NEW, 2: REPEATED}


def test_a_silent_pair_is_neither_new_nor_repeated(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", [CHAIN[:3]])])
    assert [told(row) for row in rows(storage, "sft")] == [NEW, SILENT]


def test_every_window_of_a_clip_tells_its_own(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", [CHAIN])])
    (row,) = rows(storage, "stream")
    assert [told(window) for window in row["windows"]][1:] == [NEW, SILENT, SILENT, REPEATED]  # type: ignore[attr-defined]


def test_merged_windows_are_told_together_and_without_words_where_one_failed(storage: FolderStorage) -> None:
    chain: tuple[Said, ...] = (*CHAIN[:2], CHAIN[4], CHAIN[2], CHAIN[3], CHAIN[1])
    build_dataset(storage, [store_video(storage, "a", [chain])], cadences_s=(4,))
    (row,) = rows(storage, "stream")
    first, repeated, failed = row["merged"][0]["windows"]  # type: ignore[index]
    assert told(first) == {"novelty": 1.0, "redundancy": 0.0, "words_per_s": 3.25, "quality_flags": []}
    assert told(repeated) == {**REPEATED, "words_per_s": 1.5}
    assert told(failed) == SILENT


def reviewed(window: int, text: str | None, dropped: bool = False) -> Reviewed:
    decided = ReviewedWindow(
        clip=0, window=window, dropped=dropped, text=text, ranking=(), said="", outcome="ok", by="ann", at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    return Reviewed(video_id="a", windows=(decided,))


def test_what_a_person_wrote_is_measured_with_what_follows_it(storage: FolderStorage) -> None:
    entry = store_video(storage, "a", [(CHAIN[0], CHAIN[4], ("ok", "The cat yawns."))])
    write_record(storage, keys.reviewed("a"), reviewed(1, "The cat yawns."))
    build_dataset(storage, [entry])

    (row,) = rows(storage, "stream")
    _, edited, after = row["windows"]  # type: ignore[misc]
    assert (edited["text"], edited["novelty"]) == ("The cat yawns.", 1.0)
    assert (after["novelty"], "repeats" in after["quality_flags"]) == (0.0, True)


def test_a_window_that_a_person_dropped_tells_no_quality(storage: FolderStorage) -> None:
    entry = store_video(storage, "a", [CHAIN])
    write_record(storage, keys.reviewed("a"), reviewed(4, None, dropped=True))
    build_dataset(storage, [entry])

    (row,) = rows(storage, "stream")
    assert told(row["windows"][4]) == SILENT  # type: ignore[index]


def test_what_a_person_dropped_counts_in_no_figure_and_stays_what_was_said_before(storage: FolderStorage) -> None:
    entry = store_video(storage, "a", [(CHAIN[0], ("ok", "I cannot help with that."), CHAIN[1], CHAIN[1])])
    before = build_dataset(storage, [entry]).contents.measures
    write_record(storage, keys.reviewed("a"), reviewed(1, None, dropped=True))
    after = build_dataset(storage, [entry]).contents.measures

    assert [(found.quality["spoken"], found.quality["refusal"], found.quality["repeats"]) for found in (before, after)] == [(4, 1, 1), (3, 0, 1)]
    assert after.words["delta"].total() == 2

    write_record(storage, keys.reviewed("a"), reviewed(2, None, dropped=True))
    assert build_dataset(storage, [entry]).contents.measures.quality["repeats"] == 1


def test_of_a_video_of_which_all_is_dropped_nothing_is_judged(storage: FolderStorage) -> None:
    entry = store_video(storage, "a", [CHAIN[:2]])
    quality = read_record(storage, keys.caption_quality("a"), CaptionQuality)
    audit = PairingAudit(by="features", windows=40, own=0.4, shuffled=0.5, margin=-0.1, spread=0.01)
    write_record(storage, keys.caption_quality("a"), quality.model_copy(update={"pairing": audit}))
    every = tuple(window for number in range(2) for window in reviewed(number, None, dropped=True).windows)
    write_record(storage, keys.reviewed("a"), Reviewed(video_id="a", windows=every))
    counts = build_dataset(storage, [entry]).contents.measures.quality

    assert {name: count for name, count in counts.items() if count} == {"measured": 1}


def test_of_windows_together_novelty_is_that_of_their_words() -> None:
    new, old = QualityColumns(novelty=1.0, words_per_s=3.0), QualityColumns(novelty=0.0, redundancy=1.0, words_per_s=1.0, quality_flags=("novelty",))
    assert quality_of_all([(2.0, new), (2.0, old)]) == QualityColumns(novelty=0.75, redundancy=1.0, words_per_s=2.0, quality_flags=("novelty",))
    assert quality_of_all([(2.0, new), (6.0, old)]) == QualityColumns(novelty=0.5, redundancy=1.0, words_per_s=1.5, quality_flags=("novelty",))


def test_numbers_are_those_that_come_back_from_a_file(storage: FolderStorage) -> None:
    report = build_dataset(
        storage, [store_video(storage, "a", [(CHAIN[0], ("ok", "The dog wakes; its owner is at the red door. A dog sleeps on the floor."))])]
    )
    (row,) = rows(storage, "sft")
    assert (0 < row["novelty"] < 1, report.found.faults) == (True, [])  # type: ignore[operator]


def test_a_video_whose_captions_were_not_measured_says_so(storage: FolderStorage) -> None:
    entries = [store_video(storage, "a"), store_video(storage, "b")]
    storage.delete(keys.caption_quality("b"))

    report = build_dataset(storage, entries)

    assert "materializing `caption_quality`" in report.skipped["b"]
    assert {row["video_id"] for row in rows(storage, "sft")} == {"a"}


def test_a_window_that_was_not_measured_is_named(storage: FolderStorage) -> None:
    entry = store_video(storage, "a")
    quality = read_record(storage, keys.caption_quality("a"), CaptionQuality)
    write_record(storage, keys.caption_quality("a"), quality.model_copy(update={"windows": quality.windows[:2]}))

    report = build_dataset(storage, [entry])

    assert "it tells nothing of window 2 of clip 0" in report.skipped["a"]


def test_the_card_tells_how_many_captions_have_which_flag(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", [CHAIN]), store_video(storage, "b", [CHAIN[:2]])])
    card = storage.read(CARD).decode().replace("\\", "")
    assert "## Quality of the captions" in card
    assert "1 of 3 deltas (33.3%) repeat a sentence of an earlier one" in card
    assert "On average a delta that says something has 2.3 words a second" in card


def test_the_card_tells_of_drift_where_there_are_anchors_and_not_a_word_of_it_where_there_are_none(storage: FolderStorage) -> None:
    chain: tuple[Said, ...] = (("ok", "A red door."), ("no_change", ""), ("ok", "Two cats sleep."))
    build_dataset(storage, [store_video(storage, "a", [chain], anchor_every=2)])
    card = storage.read(CARD).decode().replace("\\", "")
    assert "| `drift` | 1 anchor, from which what was said before them has drifted away by 1.00 on average" in card

    build_dataset(storage, [store_video(storage, "a", [chain])])
    assert "drift" not in storage.read(CARD).decode()


def test_the_card_of_a_dataset_without_captions_speaks_of_no_quality(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", [])])
    assert "Quality of the captions" not in storage.read(CARD).decode()
