"""The cache: fetched once, checked, never taken away while in use, and bounded."""

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from streamcap_dagster.errors import ObjectMissing, StorageError
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.checksums import crc32c_of
from tests.storage.contents import content

SIZE = 1000


@pytest.fixture
def cache(tmp_path: Path) -> FileCache:
    """Room for three files."""
    return FileCache(tmp_path / "cache", 3 * SIZE)


class Origin:
    """Where files come from; counts how often each is fetched."""

    def __init__(self, cache: FileCache) -> None:
        self.cache = cache
        self.fetched: list[str] = []

    def use(self, name: str, whole: bytes | None = None) -> bytes:
        with ExitStack() as using:
            return self.hold(using, name, whole).read_bytes()

    def hold(self, using: ExitStack, name: str, whole: bytes | None = None) -> Path:
        data = content(name, SIZE) if whole is None else whole

        def fetch(path: Path) -> None:
            self.fetched.append(name)
            path.write_bytes(data)

        return using.enter_context(self.cache.file(name, len(data), crc32c_of(data), fetch))

    def here(self) -> set[str]:
        return {path.name for path in kept(self.cache)}


@pytest.fixture
def origin(cache: FileCache) -> Origin:
    return Origin(cache)


def kept(cache: FileCache) -> list[Path]:
    return [path for path in (cache.root / "files").rglob("*") if path.is_file()]


def scratch_files(cache: FileCache) -> list[Path]:
    return [path for path in (cache.root / "scratch").rglob("*") if path.is_file() and path.name != "lock"]


def start(cache: FileCache, what: str, *arguments: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.storage.caching", str(cache.root), str(cache.limit_bytes), what, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def stopped(cache: FileCache) -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """Starts a process that stops in the middle of something; it is killed at the latest when the test ends."""
    processes: list[subprocess.Popen[str]] = []

    def stop(what: str) -> "subprocess.Popen[str]":
        processes.append(start(cache, what))
        assert said(processes[-1]) == "waiting"
        return processes[-1]

    yield stop
    for process in processes:
        kill(process)


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_file_is_fetched_once_and_found_again_by_another_process(cache: FileCache, origin: Origin) -> None:
    assert origin.use("cat.mp4") == content("cat.mp4")
    assert Origin(FileCache(cache.root, SIZE)).use("cat.mp4") == content("cat.mp4")
    origin.use("cat.mp4")

    assert origin.fetched == ["cat.mp4"]


@pytest.mark.parametrize("damaged", [b"", b"y" * SIZE, b"y" * (SIZE + 1)], ids=["empty", "other bytes", "longer"])
def test_a_copy_that_is_not_what_it_should_be_is_fetched_again(cache: FileCache, damaged: bytes) -> None:
    Origin(cache).use("cat.mp4")
    (copy,) = kept(cache)
    copy.write_bytes(damaged)

    again = Origin(FileCache(cache.root, SIZE))
    assert again.use("cat.mp4") == content("cat.mp4")
    assert again.fetched == ["cat.mp4"]


def test_a_copy_that_is_damaged_after_it_was_checked_is_noticed_when_its_time_tells(origin: Origin) -> None:
    origin.use("cat.mp4")
    kept(origin.cache)[0].write_bytes(b"y" * SIZE)

    assert origin.use("cat.mp4") == content("cat.mp4")


def test_the_least_recently_used_goes_when_room_is_needed(origin: Origin) -> None:
    for name in ("a", "b", "c", "a", "d"):
        origin.use(name)
        time.sleep(0.001)

    assert origin.here() == {"a", "c", "d"}
    assert origin.fetched == ["a", "b", "c", "d"]


def test_what_somebody_uses_stays(origin: Origin) -> None:
    with ExitStack() as using:
        held = origin.hold(using, "a")
        for name in ("b", "c", "d", "e"):
            origin.use(name)
        assert held.read_bytes() == content("a")

    assert origin.here() == {"a", "d", "e"}


def test_what_another_process_uses_stays(origin: Origin, stopped: Callable[[str], "subprocess.Popen[str]"]) -> None:
    user = stopped("stop_while_using")
    for name in ("b", "c", "d", "e"):
        origin.use(name)
    assert "0.bin" in origin.here()

    kill(user)
    for name in ("f", "g", "h"):
        origin.use(name)
    assert origin.here() == {"f", "g", "h"}


def test_what_another_user_keeps_to_himself_stays(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        origin.use(name)
    refuse(monkeypatch, "a")

    origin.use("d")

    assert origin.here() == {"a", "c", "d"}


def refuse(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As another user's file would, were this user not root."""
    opened = Path.open

    def open_or_refuse(path: Path, *how: Any, **more: Any) -> Any:
        if path.name == name:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *how, **more)

    monkeypatch.setattr(Path, "open", open_or_refuse)


def test_a_disk_that_keeps_no_locks_apart_is_refused(cache: FileCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", lambda *_: None)  # over NFS a process is given again what it holds
    with pytest.raises(StorageError, match=r"over NFS\. Point STREAMCAP_CACHE"), cache.scratch(""):
        pass


def test_it_goes_over_its_limit_rather_than_fail(origin: Origin) -> None:
    with ExitStack() as using:
        for name in "abcd":
            origin.hold(using, name)
    assert origin.here() == {"a", "b", "c", "d"}

    assert origin.use("large", b"x" * 5 * SIZE) == b"x" * 5 * SIZE
    assert origin.here() == {"large"}


def test_what_other_processes_brought_counts_too(cache: FileCache, origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamcap_dagster.storage.room._COUNT_AGAIN_S", 0.0)
    origin.use("a")
    elsewhere = Origin(FileCache(cache.root, cache.limit_bytes))
    for name in ("b", "c"):
        elsewhere.use(name)
    origin.use("d")

    assert origin.here() == {"b", "c", "d"}


def test_a_full_cache_is_not_counted_anew_for_each_file(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    scandir = os.scandir
    wide = Origin(FileCache(origin.cache.root, 100 * SIZE))
    for number in range(100):
        wide.use(f"{number}")
    monkeypatch.setattr("streamcap_dagster.storage.room.os.scandir", lambda path: (counted.append(1), scandir(path))[1])
    for number in range(100, 150):
        wide.use(f"{number}")

    assert len(counted) <= 257, "each of the 256 folders is looked into once"
    assert len(kept(wide.cache)) == 100


def test_threads_that_want_the_same_file_fetch_it_once(origin: Origin) -> None:
    threads = [threading.Thread(target=origin.use, args=("cat.mp4",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert origin.fetched == ["cat.mp4"]


def test_processes_that_want_the_same_files_fetch_each_once(tmp_path: Path) -> None:
    processes = [start(FileCache(tmp_path, 10**9), "fetch_all", 100) for _ in range(3)]

    fetched = [int(process.communicate()[0]) for process in processes]
    assert sum(fetched) == 100


def test_processes_that_crowd_a_small_cache_always_find_whole_files(tmp_path: Path) -> None:
    processes = [start(FileCache(tmp_path, 5 * SIZE), "fetch_all", 100) for _ in range(3)]

    assert all(int(process.communicate()[0]) <= 100 for process in processes)
    assert [process.returncode for process in processes] == [0, 0, 0]


def test_a_fetch_that_fails_leaves_nothing_and_the_error_is_its_own(cache: FileCache, origin: Origin) -> None:
    def fetch(path: Path) -> None:
        path.write_bytes(b"half")
        raise ObjectMissing("raw/videos/cat.mp4", "gs://bucket", "")

    with pytest.raises(ObjectMissing), cache.file("cat.mp4", SIZE, "", fetch):
        pass
    assert kept(cache) == scratch_files(cache) == []
    assert origin.use("cat.mp4") == content("cat.mp4")


def test_a_fetch_that_brings_less_is_an_error(cache: FileCache) -> None:
    with (
        pytest.raises(StorageError, match=r"fetching cat\.mp4 failed .*4 bytes came instead of 1000"),
        cache.file("cat.mp4", SIZE, "", lambda path: (path.write_bytes(b"half"), None)[1]),
    ):
        pass
    assert kept(cache) == scratch_files(cache) == []


def test_a_kill_in_the_middle_of_a_fetch_leaves_nothing_that_is_taken_for_the_file(origin: Origin, stopped: Callable[[str], "subprocess.Popen[str]"]) -> None:
    kill(stopped("stop_while_fetching"))

    assert origin.use("0.bin") == content("0.bin")
    assert origin.fetched == ["0.bin"]
    assert origin.here() == {"0.bin"}
    assert scratch_files(origin.cache) == []


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_writes_is_not(cache: FileCache, stopped: Callable[[str], "subprocess.Popen[str]"]) -> None:
    kill(stopped("stop_in_scratch"))
    stopped("stop_in_scratch")
    with cache.scratch(".mp4") as path:
        path.write_bytes(b"whole")
        left = scratch_files(cache)

    assert len(left) == 2
    assert path in left
    assert len(scratch_files(cache)) == 1


def test_a_scratch_file_vanishes_with_its_block(cache: FileCache) -> None:
    with cache.scratch(".mp4") as path:
        path.write_bytes(b"whole")
    assert path.suffix == ".mp4"
    assert scratch_files(cache) == []


def test_an_adopted_file_is_moved_and_need_not_be_fetched(cache: FileCache, origin: Origin) -> None:
    with cache.scratch(".mp4") as path:
        path.write_bytes(content("cat.mp4"))
        inode = path.stat().st_ino
        cache.adopt(path, "cat.mp4")

    assert origin.use("cat.mp4") == content("cat.mp4")
    assert origin.fetched == []
    assert kept(cache)[0].stat().st_ino == inode


def test_room_is_made_for_what_is_adopted(cache: FileCache, origin: Origin) -> None:
    for name in "abc":
        origin.use(name)
    with cache.scratch("") as path:
        path.write_bytes(content("d"))
        cache.adopt(path, "d")

    assert origin.here() == {"b", "c", "d"}


def test_a_full_disk_is_cleared_of_what_nobody_uses_and_tried_once_more(cache: FileCache, origin: Origin) -> None:
    origin.use("a")
    origin.use("b")

    def fetch(path: Path) -> None:
        if kept_names(cache) - {"a", "cat.mp4.lock"}:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        path.write_bytes(b"x" * SIZE)

    with ExitStack() as using:
        origin.hold(using, "a")
        using.enter_context(cache.file("cat.mp4", SIZE, "", fetch))
        assert origin.here() == {"a", "cat.mp4"}


def kept_names(cache: FileCache) -> set[str]:
    return {path.name for path in kept(cache)}


def full(path: Path) -> None:
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_stays_full_is_an_error_that_says_what_to_do(cache: FileCache) -> None:
    with pytest.raises(StorageError, match="the disk is full") as error, cache.file("cat.mp4", SIZE, "", full):
        pass
    assert all(part in str(error.value) for part in (str(cache.root), "STREAMCAP_CACHE_GB", "point STREAMCAP_CACHE at"))
    assert kept(cache) == scratch_files(cache) == []


def test_a_disk_that_becomes_full_while_a_file_is_written_is_an_error_that_says_what_to_do(cache: FileCache, origin: Origin) -> None:
    origin.use("a")
    with pytest.raises(StorageError, match=r"the disk is full.*STREAMCAP_CACHE_GB"), cache.scratch(".mp4") as path:
        full(path)
    assert kept(cache) == scratch_files(cache) == []


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "cache", Path("/proc/streamcap")):
        cache = FileCache(root, SIZE)
        with pytest.raises(StorageError, match="Point STREAMCAP_CACHE at a folder that can be written"), cache.scratch(""):
            pass
        with pytest.raises(StorageError, match=f"the cache {root}"), cache.file("cat.mp4", SIZE, "", full):
            pass


def test_a_cache_that_is_removed_while_it_is_used_is_made_again(cache: FileCache, origin: Origin) -> None:
    origin.use("a")
    shutil.rmtree(cache.root)
    origin.use("a")
    with cache.scratch("") as path:
        path.write_bytes(b"x")

    assert origin.fetched == ["a", "a"]
