"""A journal in a bucket: no line is lost, and its object is written seldom."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from streamcap_dagster.errors import StorageError, StorageLost
from streamcap_dagster.storage.gcs import GcsStorage, open_storage
from tests.gcs import BUCKET

KEY = "ledger/attempts/2026-11-21/host-1-0.jsonl"
NAME = f"data/{KEY}"


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The object is written every few milliseconds."""
    monkeypatch.setattr("streamcap_dagster.storage.gcs.journal.SHIP_EVERY_S", 0.05)
    monkeypatch.setattr("streamcap_dagster.storage.gcs.journal._APART_S", 0.01)


@pytest.fixture
def storage(gcs: Running, tmp_path: Path) -> GcsStorage:
    return opened(tmp_path / "cache")


def opened(cache: Path, uri: str = f"gs://{BUCKET}/data", deadline_s: float = 10) -> GcsStorage:
    return open_storage(uri, cache, cache_gb=1, connections=8, deadline_s=deadline_s)


def spools(cache: Path) -> list[Path]:
    return list((cache / "spools").glob("*"))


def lines(gcs: Running) -> list[str]:
    return gcs.objects(BUCKET)[NAME].decode().split()


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def killed_in_the_middle(cache: Path, after: int) -> int:
    """The last number that the process said it had appended."""
    process = subprocess.Popen([sys.executable, "-m", "tests.storage.journaling", str(cache), KEY], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while int(process.stdout.readline()) < after:
        pass
    process.kill()
    return max([after, *map(int, process.communicate()[0].split())])


def test_what_is_appended_is_in_the_bucket_when_the_block_ends(storage: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    with storage.journal(KEY) as append:
        append(b"1\n")
        append(b"2\n3\n")
    assert lines(gcs) == ["1", "2", "3"]
    assert spools(tmp_path / "cache") == []


@pytest.mark.usefixtures("often")
def test_lines_come_to_the_bucket_while_the_block_lasts(storage: GcsStorage, gcs: Running) -> None:
    with storage.journal(KEY) as append:
        for number in range(3):
            append(f"{number}\n".encode())
            until(lambda: NAME in gcs.objects(BUCKET) and lines(gcs)[-1] == str(number))  # noqa: B023  it is asked within this round
    assert lines(gcs) == ["0", "1", "2"]


def test_the_object_is_written_at_most_every_two_seconds_and_once_at_the_end(storage: GcsStorage, gcs: Running) -> None:
    began_s = time.monotonic()
    with storage.journal(KEY) as append:
        while time.monotonic() - began_s < 2.5:
            append(b"x\n")
            time.sleep(0.01)
    assert [row.status for row in gcs.journal.rows if row.kind.startswith("upload")] == [200, 200]
    assert time.monotonic() - began_s >= 3


def test_a_journal_without_lines_is_no_object(storage: GcsStorage, gcs: Running) -> None:
    with storage.journal(KEY):
        pass
    assert gcs.objects(BUCKET) == {}


def test_a_journal_that_is_opened_again_goes_on(storage: GcsStorage, gcs: Running) -> None:
    for line in (b"1\n", b"2\n"):
        with storage.journal(KEY) as append:
            append(line)
    assert lines(gcs) == ["1", "2"]


def test_what_a_killed_process_appended_is_brought_by_the_next_that_opens_a_journal(storage: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    last = killed_in_the_middle(tmp_path / "cache", after=100)
    assert gcs.objects(BUCKET) == {}

    with storage.journal(KEY) as append:
        append(b"more\n")
    assert lines(gcs) == [*map(str, range(last + 1)), "more"]
    assert spools(tmp_path / "cache") == []


def test_what_a_killed_process_appended_is_there_for_the_next_that_looks(storage: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    last = killed_in_the_middle(tmp_path / "cache", after=100)

    assert [stored.key for stored in storage.list("ledger/")] == [KEY]
    assert lines(gcs) == [*map(str, range(last + 1))]


@pytest.mark.usefixtures("often")
def test_whoever_opens_a_storage_leaves_alone_what_a_living_process_writes(storage: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    with storage.journal(KEY) as append:
        append(b"1\n")
        list(opened(tmp_path / "cache").list(""))
        assert len(spools(tmp_path / "cache")) == 1
        append(b"2\n")
    assert lines(gcs) == ["1", "2"]


def test_what_was_left_for_another_prefix_or_bucket_waits_for_whoever_opens_that(storage: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    killed_in_the_middle(tmp_path / "cache", after=10)
    for uri in (f"gs://{BUCKET}/other", "gs://elsewhere/data"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("streamcap_dagster.storage.gcs.Bucket.list", lambda *_: iter(()))
            list(opened(tmp_path / "cache", uri).list(""))
    assert len(spools(tmp_path / "cache")) == 1
    assert gcs.objects(BUCKET) == {}


def test_what_was_left_for_another_service_waits_for_whoever_opens_a_bucket_of_that(storage: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    killed_in_the_middle(tmp_path / "cache", after=10)
    with running(Options(buckets=(BUCKET,))) as another, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", another.url)
        elsewhere = opened(tmp_path / "cache")
        patch.undo()
        list(elsewhere.list(""))
        assert another.objects(BUCKET) == {}
    assert len(spools(tmp_path / "cache")) == 1


def test_what_another_user_left_and_keeps_to_himself_is_passed_over(storage: GcsStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_in_the_middle(tmp_path / "cache", after=10)
    opened = Path.open

    def open_or_refuse(path: Path, *how: Any, **more: Any) -> Any:
        if path.parent.name == "spools":
            raise PermissionError(path)
        return opened(path, *how, **more)

    monkeypatch.setattr(Path, "open", open_or_refuse)
    assert list(storage.list("ledger/")) == []


def test_a_longer_object_is_not_overwritten_by_what_was_left(storage: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    last = killed_in_the_middle(tmp_path / "cache", after=10)
    longer = "".join(f"{number}\n" for number in range(last + 100)).encode()
    storage.write(KEY, longer)

    list(storage.list("ledger/"))
    assert gcs.objects(BUCKET)[NAME] == longer
    assert spools(tmp_path / "cache") == []


def test_who_may_only_read_can_look_although_something_was_left(storage: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    killed_in_the_middle(tmp_path / "cache", after=10)
    gcs.deny("storage.objects.create")
    assert list(storage.list("ledger/")) == []
    assert len(spools(tmp_path / "cache")) == 1


@pytest.mark.usefixtures("often")
def test_what_the_bucket_does_not_take_is_told_at_the_next_append_and_comes_later(storage: GcsStorage, gcs: Running) -> None:
    with storage.journal(KEY) as append:
        gcs.deny("storage.objects.create")
        append(b"1\n")
        until(lambda: any(row.status == 403 for row in gcs.journal.rows))
        time.sleep(0.05)
        with pytest.raises(StorageLost, match=r"storage\.objects\.create"):
            append(b"2\n")
        gcs.allow_all()
        until(lambda: NAME in gcs.objects(BUCKET))
        append(b"3\n")
    assert lines(gcs) == ["1", "3"]


def test_what_the_bucket_does_not_take_at_the_end_stays_on_this_machine(storage: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    gcs.deny("storage.objects.create")
    with pytest.raises(StorageLost), storage.journal(KEY) as append:
        append(b"1\n")
    gcs.allow_all()
    list(opened(tmp_path / "cache").list(""))
    assert lines(gcs) == ["1"]


@pytest.mark.usefixtures("often")
def test_a_bucket_that_is_busy_for_a_while_loses_no_line(storage: GcsStorage, gcs: Running) -> None:
    gcs.order(*[Fault("busy_503", on="upload"), Fault("lost_answer", on="upload"), Fault("too_fast_429", on="upload")])
    with storage.journal(KEY) as append:
        for number in range(100):
            append(f"{number}\n".encode())
            time.sleep(0.001)
    assert lines(gcs) == [*map(str, range(100))]


def test_a_cache_that_cannot_be_written_is_said_in_one_sentence(gcs: Running, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="STREAMCAP_CACHE"), opened(tmp_path / "file").journal(KEY):
        pass
