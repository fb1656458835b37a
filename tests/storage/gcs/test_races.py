"""Two who write to one object at the same time: one wins whole, and the other is told or wrote the same."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import ObjectChanged
from streamcap_dagster.storage.gcs import GcsStorage
from tests.gcs import BUCKET
from tests.storage.gcs.writer import KEY, content

ROUNDS = 200
Open = Callable[[], GcsStorage]


class Writer:
    """One of two processes, which write when they are told to."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        command = [sys.executable, "-m", "tests.storage.gcs.writer", f"gs://{BUCKET}/data", str(ROUNDS), name]
        env = {**os.environ, "STORAGE_EMULATOR_HOST": url}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=env)

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")

    def said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        self._process.communicate(timeout=30)


def test_of_two_processes_that_write_at_once_one_wins_whole_and_the_other_is_told(gcs: Running) -> None:
    writers = [Writer("ann", gcs.url), Writer("bob", gcs.url)]
    ended: Counter[tuple[str, ...]] = Counter()
    for number in range(ROUNDS):
        assert [writer.said() for writer in writers] == ["ready", "ready"]
        for writer in writers:
            writer.go()
        outcomes = {writer.name: writer.said() for writer in writers}
        winners = {content(name, number) for name, outcome in outcomes.items() if outcome == "won"}
        assert winners == {gcs.objects(BUCKET)[f"data/{KEY}"]}, f"round {number}: {outcomes}"
        ended[tuple(sorted(outcomes.values()))] += 1
        for writer in writers:
            writer.go()
    for writer in writers:
        writer.end()
    assert ended == {("won", "won"): ROUNDS // 4, ("lost", "won"): ROUNDS - ROUNDS // 4}


def test_whoever_comes_too_late_is_told_both_generations_and_the_other_object_stays(opened: Open, gcs: Running) -> None:
    late, quick = opened(), opened()
    quick.write(KEY, b"old")
    late.read(KEY)
    quick.write(KEY, b"theirs")
    first, second = sorted({row.generation or 0 for row in gcs.journal.rows if row.kind == "upload_whole"})

    with pytest.raises(ObjectChanged, match=rf"generation {first} was there when this run looked, and generation {second} with other bytes is there now"):
        late.write(KEY, b"mine")

    assert quick.read(KEY) == b"theirs"


def test_what_appeared_where_nothing_was_seen_stays(opened: Open) -> None:
    late, quick = opened(), opened()
    assert late.stat(KEY) is None
    quick.write(KEY, b"theirs")
    with pytest.raises(ObjectChanged, match="nothing was there when this run looked"):
        late.write(KEY, b"mine")


@pytest.mark.parametrize("see", [lambda storage: list(storage.list("")), lambda storage: storage.stat(KEY), lambda storage: storage.read(KEY)])
def test_whatever_way_an_object_was_seen_it_is_that_one_that_may_be_replaced(opened: Open, see: Callable[[GcsStorage], object]) -> None:
    late, quick = opened(), opened()
    quick.write(KEY, b"old")
    see(late)
    late.write(KEY, b"new")
    quick_again = opened()
    see(late)
    quick_again.write(KEY, b"theirs")
    with pytest.raises(ObjectChanged):
        late.write(KEY, b"newer")


def test_what_is_written_while_a_file_is_staged_stays(opened: Open) -> None:
    late, quick = opened(), opened()

    def stage() -> None:
        with late.staged(KEY) as path:
            path.write_bytes(b"mine")
            quick.write(KEY, b"theirs")

    with pytest.raises(ObjectChanged):
        stage()
    assert quick.read(KEY) == b"theirs"


def test_the_same_bytes_are_no_race(opened: Open, gcs: Running) -> None:
    late, quick = opened(), opened()
    late.stat(KEY)
    quick.write(KEY, b"same")
    late.write(KEY, b"same")
    with late.staged(KEY) as path:
        path.write_bytes(b"same")
    late.write(KEY, b"and on from there")
    assert gcs.objects(BUCKET)[f"data/{KEY}"] == b"and on from there"


def test_an_object_that_was_never_looked_at_is_replaced(opened: Open) -> None:
    opened().write(KEY, b"old")
    opened().write(KEY, b"new")
    assert opened().read(KEY) == b"new"


@pytest.mark.parametrize("kind", ["upload_whole", "upload_part"])
def test_a_write_whose_answer_was_lost_is_no_race_with_oneself(storage: GcsStorage, gcs: Running, kind: str) -> None:
    size_bytes = 10 if kind == "upload_whole" else 9 << 20
    for letter in (b"a", b"b"):
        gcs.order(Fault("lost_answer", on=kind))
        storage.write(KEY, letter * size_bytes)
        assert storage.read(KEY) == letter * size_bytes
    assert gcs.service.faults.pending == 0


def test_deleting_leaves_what_was_written_since(opened: Open) -> None:
    late, quick = opened(), opened()
    quick.write(KEY, b"old")
    late.read(KEY)
    quick.write(KEY, b"theirs")
    late.delete(KEY)
    assert quick.read(KEY) == b"theirs"


def test_deleting_what_was_never_looked_at_removes_it(opened: Open) -> None:
    opened().write(KEY, b"old")
    opened().delete(KEY)
    assert opened().stat(KEY) is None


def test_what_somebody_else_deleted_is_written_again(opened: Open) -> None:
    late, quick = opened(), opened()
    late.write(KEY, b"old")
    quick.delete(KEY)
    late.write(KEY, b"new")
    assert quick.read(KEY) == b"new"


def test_a_listing_that_was_fetched_before_a_write_takes_nothing_back(storage: GcsStorage) -> None:
    for key in ("a", "b"):
        storage.write(key, b"old")
    listing = storage.list("")
    next(listing)
    storage.write("b", b"new")
    list(listing)
    storage.write("b", b"newer")
    assert storage.read("b") == b"newer"


def test_a_local_copy_is_of_what_is_there_although_it_is_replaced_while_it_is_fetched(opened: Open, gcs: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, other = opened(), opened()
    other.write("raw/videos/cat.mp4", b"old")
    looked = storage._bucket.look
    replaced = iter([lambda: other.write("raw/videos/cat.mp4", b"new")])

    def look_and_be_overtaken(name: str) -> object:
        blob = looked(name)
        next(replaced, lambda: None)()
        return blob

    monkeypatch.setattr(storage._bucket, "look", look_and_be_overtaken)
    with storage.local("raw/videos/cat.mp4") as path:
        assert path.read_bytes() == b"new"


def test_what_was_staged_is_not_fetched_again(storage: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    with storage.staged("frames/cat.parquet") as path:
        path.write_bytes(b"frames")
    with storage.local("frames/cat.parquet") as copy:
        assert copy.read_bytes() == b"frames"
    assert gcs.journal.count("download") == 0
