"""Decisions as CSV: every one of them, and none that a spreadsheet would run."""

import csv
import io
from pathlib import Path

import pytest

from streamcap_dagster.reviews.export import COLUMNS, Written, cell, write_csv
from streamcap_dagster.reviews.records import Span
from streamcap_dagster.reviews.storing import read_review, save
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.reviews.places import DOOR, decide, on, on_clip, said


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    storage = FolderStorage(tmp_path / "data")
    store(storage, "v")
    return storage


def store(storage: FolderStorage, video_id: str, chain: tuple[tuple[str, str], ...] = DOOR) -> None:
    initials, deltas = said(chain, video_id=video_id)  # type: ignore[arg-type]
    write_record(storage, keys.initial_captions(video_id), initials)
    write_record(storage, keys.delta_captions(video_id), deltas)


def exported(storage: FolderStorage, only: tuple[str, ...] = ()) -> tuple[list[dict[str, str]], Written]:
    text = io.StringIO(newline="")
    written = write_csv(storage, text, only)
    return list(csv.DictReader(io.StringIO(text.getvalue(), newline=""))), written


def test_every_decision_and_mark_is_a_line_with_what_it_is_of(storage: FolderStorage) -> None:
    decide(storage, "v", on(3, text="A dog, big."), on(1, verdict="drop"), on_clip(0, verdict="keep"), on(2, ranking=("No change.", "A bell.")))
    save(storage, "v", read_review(storage, "v").version, [Span(start_s=2, end_s=6.5), Span(start_s=8, end_s=9, keep=False)], "bob")
    rows, written = exported(storage)

    assert tuple(rows[0]) == COLUMNS
    assert [row["place"] for row in rows] == ["clip v/0", "window v/0/1", "window v/0/2", "window v/0/3", "mark v", "mark v"]
    assert [row["verdict"] for row in rows] == ["keep", "drop", "", "", "mark", "mark as dropped"]
    assert (rows[1]["caption"], rows[1]["start_s"], rows[1]["by"], rows[1]["counts"]) == ("It opens.", "2.0", "ann", "yes")
    assert (rows[2]["ranking"], rows[2]["outcome"], rows[3]["text"]) == ('["No change.", "A bell."]', "no_change", "A dog, big.")
    assert (rows[4]["end_s"], rows[4]["by"]) == ("6.5", "bob")
    assert (written.videos, written.decisions, written.troubles) == (1, 6, [])


def test_what_does_not_count_any_more_is_told_as_such(storage: FolderStorage) -> None:
    decide(storage, "v", on(1, verdict="drop"), on(3, verdict="drop"))
    store(storage, "v", (DOOR[0], ("ok", "It is opened."), *DOOR[2:]))

    assert [row["counts"] for row in exported(storage)[0]] == ["no, the caption is another one now", "yes"]


def test_a_window_that_stands_elsewhere_now_is_told_where(storage: FolderStorage) -> None:
    decide(storage, "v", on(1, verdict="drop"))
    for key, captions in zip((keys.initial_captions("v"), keys.delta_captions("v")), said(), strict=True):
        write_record(storage, key, captions.model_copy(update={"captions": tuple(one.model_copy(update={"clip": 2}) for one in captions.captions)}))
    (row,) = exported(storage)[0]

    assert (row["place"], row["clip"], row["window"], row["caption"], row["counts"]) == ("window v/2/1", "2", "1", "It opens.", "yes")


def test_what_was_taken_back_is_left_out(storage: FolderStorage) -> None:
    decide(storage, "v", on(1, verdict="drop"))
    decide(storage, "v", on(1))
    assert exported(storage)[0] == []


def test_silence_that_somebody_wrote_is_told_in_words(storage: FolderStorage) -> None:
    decide(storage, "v", on(1, text=""))
    assert exported(storage)[0][0]["text"] == "(silence)"


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", " =1+1", '=HYPERLINK("http://a.example")', "＝1+1"])
def test_no_cell_is_a_formula_whoever_wrote_it(storage: FolderStorage, formula: str) -> None:
    store(storage, "w", (("ok", formula), *DOOR[1:]))
    decide(storage, "w", on(0, said((("ok", formula), *DOOR[1:])), text=f"{formula} and more"), by=formula)
    (row,) = exported(storage)[0]

    assert [row[name][:1] for name in ("text", "caption", "by")] == ["'", "'", "'"]
    assert row["text"].removeprefix("'").strip() == f"{formula} and more".strip()


def test_tabs_and_line_ends_begin_no_formula_either() -> None:
    assert [cell(text)[0] for text in ("\t=1", "\r=1", "\n=1")] == ["'", "'", "'"]


def test_words_of_every_kind_come_back_as_they_were(storage: FolderStorage) -> None:
    words = 'He says "no", שלום; <script>alert(1)</script> 日本 👩\u200d🚀'
    decide(storage, "v", on(1, text=words))
    assert exported(storage)[0][0]["text"] == words


def test_a_review_that_cannot_be_read_is_told_and_the_others_are_written(storage: FolderStorage) -> None:
    decide(storage, "v", on(1, verdict="drop"))
    storage.write(keys.reviews("broken"), b"{")
    rows, written = exported(storage)

    assert len(rows) == 1
    assert [trouble.partition(":")[0] for trouble in written.troubles] == ["reviews/broken.json cannot be read"]


def test_a_review_of_captions_that_are_no_more_is_written_without_them(storage: FolderStorage) -> None:
    decide(storage, "gone", on(1, verdict="drop"))
    (row,) = exported(storage, only=("gone",))[0]
    assert (row["place"], row["caption"], row["counts"]) == ("window gone/0/1", "", "no, the caption is another one now")
