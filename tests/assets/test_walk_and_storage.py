"""What goes wrong outside the making of assets: a look stops only its video, a storage that is lost stops them all."""

import errno
import os
from pathlib import Path

import pytest

from streamcap_dagster.assets.work import Made, VideoWork
from streamcap_dagster.errors import ObjectChanged, StorageLost
from streamcap_dagster.storage import Stored
from streamcap_dagster.storage.failures import read_failures
from streamcap_dagster.storage.folder import FolderStorage
from tests.assets.walking import asset, put, video, walk, workshop


def test_a_fault_in_the_look_before_a_turn_stops_only_its_video(tmp_path: Path) -> None:
    shop = workshop(FolderStorage(tmp_path))
    cat, dog = video("cat"), video("dog")
    walk([asset("frames")], shop, [cat, dog])

    def fault(work: VideoWork) -> dict[str, str]:
        return {"share": str(1 / (work.video_id == "dog"))}

    walked = walk([asset("frames", also_from=fault)], shop, [cat, dog])

    assert [failure.video_id for failure in walked.failures] == ["cat"]
    assert "ZeroDivisionError" in walked.failures[0].reason
    assert walked.finished == [("dog", "frames")]


class Lost(FolderStorage):
    """A storage that refuses everything from some moment on."""

    lost = False

    def write(self, key: str, data: bytes) -> None:
        self._refuse()
        super().write(key, data)

    def read(self, key: str) -> bytes:
        self._refuse()
        return super().read(key)

    def stat(self, key: str) -> Stored | None:
        self._refuse()
        return super().stat(key)

    def _refuse(self) -> None:
        if self.lost:
            raise StorageLost(self.uri, "asking", "nobody answers", "Check the network.")


def test_a_storage_that_is_lost_stops_the_run_and_fails_no_video(tmp_path: Path) -> None:
    storage = Lost(tmp_path / "data")

    def lose(work: VideoWork) -> Made:
        storage.lost = storage.lost or work.video_id == "v2"
        return put(work, "look", "some words")

    one_at_a_time = workshop(storage, videos_in_flight=1)
    walked = walk([asset("look", make=lose), asset("say")], one_at_a_time, [video(f"v{number}") for number in range(5)])

    assert {video_id for video_id, _ in walked.finished} == {"v0", "v1"}
    assert walked.failures == []
    assert [(stopped.unfinished, "nobody answers" in stopped.reason) for stopped in walked.stopped] == [(("v2", "v3", "v4"), True)]


@pytest.mark.parametrize("refusal", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_of_the_storage_that_takes_nothing_more_stops_the_run_and_fails_no_video(tmp_path: Path, refusal: int) -> None:
    storage = FolderStorage(tmp_path)

    def fill(work: VideoWork) -> Made:
        if work.video_id == "v1":
            with work.staged("look/v1.txt"):
                raise OSError(refusal, os.strerror(refusal))
        return put(work, "look", "some words")

    walked = walk([asset("look", make=fill)], workshop(storage, videos_in_flight=1), [video(f"v{number}") for number in range(3)])

    assert walked.finished == [("v0", "look")]
    assert [(stopped.unfinished, os.strerror(refusal) in stopped.reason) for stopped in walked.stopped] == [(("v1", "v2"), True)]
    assert walked.failures == list(read_failures(storage)) == []


def test_a_file_too_large_for_this_process_fails_only_its_video(tmp_path: Path) -> None:
    def too_large(work: VideoWork) -> Made:
        if work.video_id == "v0":
            with work.staged("look/v0.txt"):
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return put(work, "look", "some words")

    walked = walk([asset("look", make=too_large)], workshop(FolderStorage(tmp_path)), [video("v0"), video("v1")])

    assert [failure.video_id for failure in walked.failures] == ["v0"]
    assert walked.finished == [("v1", "look")]


def test_a_storage_that_is_lost_when_a_failure_is_to_be_noted_stops_the_run(tmp_path: Path) -> None:
    storage = Lost(tmp_path / "data")

    def fail_and_lose(work: VideoWork) -> Made:
        storage.lost = True
        raise ZeroDivisionError

    walked = walk([asset("look", make=fail_and_lose)], workshop(storage))

    assert [stopped.unfinished for stopped in walked.stopped] == [("cat",)]


def test_an_object_that_somebody_else_wrote_meanwhile_fails_only_its_video(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)

    def overtaken(work: VideoWork) -> Made:
        if work.video_id == "dog":
            raise ObjectChanged(storage.uri, "look/dog.txt", 1, 2)
        return put(work, "look", "fine")

    walked = walk([asset("look", make=overtaken)], workshop(storage), [video("cat"), video("dog"), video("owl")])

    assert sorted(walked.finished) == [("cat", "look"), ("owl", "look")]
    assert ["generation 1 was there" in failure.reason for failure in walked.failures] == [True]
