"""Records as JSON: readable, the same bytes every time, and refused by name when they are something else."""

from pathlib import Path

import pytest

from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Clip, Clips
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.failures import Failure, forget_failure, note_failure, read_failures
from streamcap_dagster.storage.folder import FolderStorage

CLIPS = Clips(video_id="cat", window_duration_s=0.1, clips=(Clip(clip=0, start_s=0.1 + 0.2, end_s=1e-7 + 4, windows=2, reason="“odd” 🐈\n"),))


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


def test_a_record_is_read_back_to_the_last_digit_and_letter(storage: FolderStorage) -> None:
    written = write_record(storage, "clips/cat.json", CLIPS)

    assert read_record(storage, "clips/cat.json", Clips) == CLIPS
    assert storage.read("clips/cat.json") == written
    assert "🐈".encode() in written


def test_the_same_record_is_the_same_bytes(storage: FolderStorage) -> None:
    again = Clips.model_validate_json(write_record(storage, "clips/cat.json", CLIPS))

    assert write_record(storage, "clips/cat2.json", again) == storage.read("clips/cat.json")


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe", b"null", b'{"video_id": "cat"}', b'{"video_id": "../cat", "window_duration_s": 2, "clips": []}'],
    ids=["empty", "cut off", "no text", "null", "a field lacks", "a value cannot be"],
)
def test_what_is_no_such_record_is_refused_with_its_key_and_what_to_do(storage: FolderStorage, data: bytes) -> None:
    storage.write("clips/cat.json", data)

    with pytest.raises(ObjectUnreadable, match=r"^clips/cat\.json cannot be read: it is not a Clips record .*Delete it and make its asset again\.$"):
        read_record(storage, "clips/cat.json", Clips)


def test_a_field_that_nobody_knows_is_refused(storage: FolderStorage) -> None:
    """It was written by another version, and dropping it silently would lose it for good."""
    storage.write("clips/cat.json", b'{"video_id": "cat", "window_duration_s": 2, "clips": [], "mood": "sad"}')

    with pytest.raises(ObjectUnreadable):
        read_record(storage, "clips/cat.json", Clips)


def test_a_missing_record_is_a_missing_object(storage: FolderStorage) -> None:
    with pytest.raises(ObjectMissing):
        read_record(storage, "clips/cat.json", Clips)


def test_failures_are_noted_by_video_and_forgotten(storage: FolderStorage) -> None:
    for video_id, reason in (("dog", "sad"), ("cat", "sad"), ("dog", "sadder")):
        note_failure(storage, Failure(video_id=video_id, asset="frames", reason=reason))

    assert [(failure.video_id, failure.reason) for failure in read_failures(storage)] == [("cat", "sad"), ("dog", "sadder")]
    forget_failure(storage, "dog", {"clips", "frames"})
    forget_failure(storage, "dog", {"clips", "frames"})
    assert [failure.video_id for failure in read_failures(storage)] == ["cat"]


def test_a_failure_is_not_forgotten_while_its_own_asset_was_not_made(storage: FolderStorage) -> None:
    note_failure(storage, Failure(video_id="dog", asset="frames", reason="sad"))
    forget_failure(storage, "dog", {"raw_videos", "clips"})

    assert [failure.reason for failure in read_failures(storage)] == ["sad"]


def test_a_failure_note_that_cannot_be_read_is_still_a_failure(storage: FolderStorage) -> None:
    storage.write("ledger/failures/dog.json", b"{")

    assert [failure.video_id for failure in read_failures(storage)] == ["dog"]
