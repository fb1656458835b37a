"""Decisions are kept in a folder and in a bucket, and of two people who decide at the same time neither overwrites the other."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import StorageError
from streamcap_dagster.reviews.records import Choice, Span
from streamcap_dagster.reviews.storing import Conflict, ReviewUnusable, Saved, VideoTakenDown, read_review, save
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs import open_storage
from streamcap_dagster.storage.tombstones import lay_tombstone
from tests.ordinary import as_ordinary_user
from tests.reviews.places import kept, on, on_clip

KEEP, DROP = {"verdict": "keep"}, {"verdict": "drop"}


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "data")
    request.getfixturevalue("gcs")
    return open_storage("gs://bucket/data", tmp_path / "cache", 1, 8, 30)


def test_what_somebody_decided_is_read_back_with_who_and_when(storage: Storage) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    kept(save(storage, "v", "", [on(1, **DROP), on(3, text="A dog comes out."), Span(start_s=2, end_s=6)], "ann"))

    review = read_review(storage, "v")
    first, second = review.decisions
    assert (first.window, first.verdict, second.window, second.text) == (1, "drop", 3, "A dog comes out.")
    assert {decision.by for decision in review.decisions} == {"ann"}
    assert before <= first.at <= datetime.now(UTC)
    assert [(mark.start_s, mark.end_s, mark.keep, mark.by) for mark in review.marks] == [(2, 6, True, "ann")]


def test_where_nobody_decided_anything_a_review_is_empty_and_nothing_is_written(storage: Storage) -> None:
    assert read_review(storage, "v").decisions == ()
    kept(save(storage, "v", "", [on(1), Span(start_s=0, end_s=1, keep=None)], "ann"))  # which takes back nothing
    assert list(storage.list(keys.REVIEWS)) == []


def test_decisions_on_other_windows_of_somebody_else_are_kept_beside_mine(storage: Storage) -> None:
    opened = read_review(storage, "v").version
    kept(save(storage, "v", opened, [on(1, **DROP)], "ann"))
    mine = kept(save(storage, "v", opened, [on(3, **KEEP), on_clip(0, **KEEP)], "bob"))

    assert [(decision.window, decision.by) for decision in mine.decisions] == [(None, "bob"), (1, "ann"), (3, "bob")]
    assert read_review(storage, "v") == mine


def test_a_decision_on_the_same_window_comes_back_and_theirs_stays(storage: Storage) -> None:
    opened = read_review(storage, "v").version
    kept(save(storage, "v", opened, [on(1, text="It opens slowly.")], "ann"))
    conflict = save(storage, "v", opened, [on(1, **DROP), on(3, **KEEP)], "bob")

    assert isinstance(conflict, Conflict)
    (clash,) = conflict.clashes
    assert isinstance(clash.yours, Choice)
    assert (clash.yours.verdict, clash.theirs.by) == ("drop", "ann")
    assert [(decision.window, decision.by) for decision in read_review(storage, "v").decisions] == [(1, "ann"), (3, "bob")]


def test_who_has_seen_the_other_decision_may_replace_it(storage: Storage) -> None:
    opened = read_review(storage, "v").version
    kept(save(storage, "v", opened, [on(1, **KEEP)], "ann"))
    conflict = save(storage, "v", opened, [on(1, **DROP)], "bob")

    assert kept(save(storage, "v", conflict.review.version, [on(1, **DROP)], "bob")).of(0, 1).verdict == "drop"  # type: ignore[union-attr]


def test_one_person_decides_again_and_again_without_a_conflict(storage: Storage) -> None:
    version = ""
    for choice in (KEEP, DROP, {"text": "It opens slowly."}, KEEP):
        version = kept(save(storage, "v", version, [on(1, **choice)], "ann")).version

    (decision,) = read_review(storage, "v").decisions
    assert (decision.verdict, decision.text) == ("keep", None)


def test_two_who_decide_the_same_have_no_conflict(storage: Storage) -> None:
    for by in ("ann", "bob"):
        assert isinstance(save(storage, "v", "", [on(1, **DROP), Span(start_s=0, end_s=4)], by), Saved)
    assert [decision.by for decision in read_review(storage, "v").decisions] == ["ann"]


def test_what_somebody_took_back_is_told_to_who_did_not_see_that(storage: Storage) -> None:
    seen = kept(save(storage, "v", "", [on(1, **DROP)], "ann")).version
    kept(save(storage, "v", seen, [on(1)], "ann"))
    conflict = save(storage, "v", seen, [on(1, **KEEP)], "bob")

    assert isinstance(conflict, Conflict)
    assert conflict.clashes[0].theirs.is_nothing


def test_marks_of_the_same_span_clash_and_others_do_not(storage: Storage) -> None:
    kept(save(storage, "v", "", [Span(start_s=0, end_s=4)], "ann"))
    conflict = save(storage, "v", "", [Span(start_s=0, end_s=4, keep=False), Span(start_s=4, end_s=8)], "bob")

    assert isinstance(conflict, Conflict)
    assert [(clash.yours.place, clash.theirs.by) for clash in conflict.clashes] == [((0, 4), "ann")]
    assert [(mark.start_s, mark.by) for mark in conflict.review.marks] == [(0, "ann"), (4, "bob")]


def test_a_mark_is_no_decision_on_the_window_of_the_same_numbers(storage: Storage) -> None:
    review = kept(save(storage, "v", "", [on(1, **DROP), Span(start_s=0, end_s=1)], "ann"))
    assert (len(review.decisions), len(review.marks)) == (1, 1)


def test_of_a_review_that_was_begun_anew_nothing_was_seen(storage: Storage) -> None:
    seen = kept(save(storage, "v", "", [on(1, **KEEP)], "ann")).version
    storage.delete(keys.reviews("v"))
    save(storage, "v", "", [on(1, **DROP)], "ann")

    assert isinstance(save(storage, "v", seen, [on(1, text="No.")], "bob"), Conflict)


def test_a_video_that_was_taken_down_keeps_nothing(storage: Storage) -> None:
    lay_tombstone(storage, "v", "ab")

    with pytest.raises(VideoTakenDown, match="video v was taken down meanwhile"):
        save(storage, "v", "", [on(1, **DROP)], "ann")
    assert storage.stat(keys.reviews("v")) is None


def test_a_video_that_is_taken_down_at_that_very_moment_keeps_nothing(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tombstone is laid, and what was there is removed, between the look for one and the write."""
    replace = type(storage).replace

    def late(self: Storage, key: str, old: bytes | None, new: bytes) -> bool:
        lay_tombstone(self.afresh(), "v", "ab")
        return replace(self, key, old, new)

    monkeypatch.setattr(type(storage), "replace", late)
    with pytest.raises(VideoTakenDown):
        save(storage, "v", "", [on(1, **DROP)], "ann")
    assert storage.stat(keys.reviews("v")) is None


@pytest.mark.parametrize("spoiled", [b"", b"{", b"[]", b"\xff\xfe", b'{"video_id": "v", "decisions": [{"clip": -1}]}', b'{"format": 0}'])
def test_a_review_that_cannot_be_read_is_told_by_name_and_stays_as_it_is(storage: Storage, spoiled: bytes) -> None:
    storage.write(keys.reviews("v"), spoiled)

    with pytest.raises(ReviewUnusable, match=r"^reviews/v.json cannot be read: it holds no review"):
        save(storage, "v", "", [on(1, **DROP)], "ann")
    assert storage.read(keys.reviews("v")) == spoiled


def test_a_review_of_a_later_version_is_told_as_such_and_stays_as_it_is(storage: Storage) -> None:
    later = b'{"format": 2, "video_id": "v", "decisions": {"0/1": "drop"}}'
    storage.write(keys.reviews("v"), later)

    with pytest.raises(ReviewUnusable, match=r"written by a later version of streamcap \(format 2, and this one knows 1\)\. Update streamcap"):
        save(storage, "v", "", [on(1, **DROP)], "ann")
    assert storage.read(keys.reviews("v")) == later


def test_a_folder_that_is_read_only_refuses_with_what_to_do(tmp_path: Path) -> None:
    root = Path("/tmp") / f"read-only-{tmp_path.name}-{id(tmp_path)}"
    storage = FolderStorage(root)
    try:
        kept(save(storage, "v", "", [on(1, **DROP)], "ann"))
        for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
            folder.chmod(0o555)
        told = as_ordinary_user(_refusal, root)
        assert told.startswith("writing reviews/v.json failed in")
        assert "Give this user write permission on the folder" in told
    finally:
        _remove(root)


def _refusal(root: Path) -> str:
    try:
        save(FolderStorage(root), "v", "", [on(2, **DROP)], "bob")
    except StorageError as error:
        return str(error)
    return ""


def _remove(root: Path) -> None:
    import shutil

    for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    shutil.rmtree(root)


def test_a_bucket_that_is_read_only_refuses_with_what_to_do(gcs: Running, tmp_path: Path) -> None:
    storage = open_storage("gs://bucket/data", tmp_path / "cache", 1, 8, 30)
    gcs.service.permissions.deny("storage.objects.create")

    with pytest.raises(StorageError, match=r"reviews/v.json.*storage\.objects\.create"):
        save(storage, "v", "", [on(1, **DROP)], "ann")


def test_an_answer_that_is_lost_after_the_write_is_no_conflict_with_oneself(gcs: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = open_storage("gs://bucket/data", tmp_path / "cache", 1, 8, 30)
    write = storage._bucket.write

    def twice(name: str, data: bytes, if_generation: int | None = None) -> object:
        write(name, data, if_generation)
        return write(name, data, if_generation)

    monkeypatch.setattr(storage._bucket, "write", twice)
    assert kept(save(storage, "v", "", [on(1, **DROP)], "ann")).of(0, 1) is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"window": None, "text": "words"},
        {"window": None, "ranking": ("a", "b")},
        {"window": 1, "ranking": ("a",)},
        {"window": 1, "ranking": ("a", "a")},
        {"window": -1},
        {"clip": -1},
        {"window": 1, "text": "x" * 20_001},
        {"window": 1, "verdict": "maybe"},
    ],
)
def test_a_choice_that_makes_no_sense_cannot_be_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Choice.model_validate({"clip": 0, "caption_sha256": "x", **wrong})


def test_a_text_is_kept_in_one_line_as_captions_are() -> None:
    choice = Choice(clip=0, window=1, text=" a\r\nman\x00 \u2028 with 👩\u200d🚀 שלום\u200f ", caption_sha256="x")
    assert choice.text == "a man with 👩\u200d🚀 שלום\u200f"


@pytest.mark.parametrize("name", ["", "  \n", "x" * 101])
def test_somebody_without_a_name_keeps_nothing(storage: Storage, name: str) -> None:
    with pytest.raises(ValidationError):
        save(storage, "v", "", [on(1, **DROP)], name)
    assert storage.stat(keys.reviews("v")) is None
