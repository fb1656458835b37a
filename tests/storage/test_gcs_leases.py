"""Leases in a bucket: one holder at a time, whatever happens to it and whatever its clock says."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import StorageLost
from streamcap_dagster.storage.gcs.bucket import NONE, Bucket
from streamcap_dagster.storage.gcs.leases import Leases
from streamcap_dagster.storage.processes import process_name
from tests.storage.leasing import HEARTBEAT_S, PREFIX, leases

LEASE = f"{PREFIX}leases/cat.json"


@pytest.fixture
def bucket(gcs: Running) -> Bucket:
    return Bucket("bucket", connections=8, deadline_s=10)


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def observer(bucket: Bucket, clock: Clock) -> Leases:
    """Whoever wants a lease, and a clock that moves when told."""
    return Leases(bucket, PREFIX, heartbeat_s=15, clock=clock)


@pytest.fixture
def started(gcs: Running) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    processes: list[subprocess.Popen[str]] = []

    def start(what: str, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.storage.leasing", what, *arguments]
        processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def taken(by: Leases) -> bool:
    with by.lease("cat") as held:
        return held


def taken_within(by: Leases, seconds: float) -> float | None:
    """After how long; None when never."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < seconds:
        if taken(by):
            return time.monotonic() - began_s
        time.sleep(0.02)
    return None


@contextmanager
def held_within(by: Leases, seconds: float) -> Iterator[None]:
    deadline_s = time.monotonic() + seconds
    while True:
        assert time.monotonic() < deadline_s
        with by.lease("cat") as held:
            if held:
                yield
                return
        time.sleep(0.02)


def claim(bucket: Bucket, process: str = "elsewhere-1-00000000") -> int:
    """The lease of a holder on another machine."""
    return bucket.write(LEASE, json.dumps({"process": process, "token": "theirs"}).encode(), NONE).generation


def beat(bucket: Bucket, process: str = "elsewhere-1-00000000") -> None:
    bucket.write(f"{PREFIX}processes/{process}.json", b"{}")


def names(bucket: Bucket) -> list[str]:
    return [blob.name for blob in bucket.list(PREFIX)]


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_a_lease_has_one_holder_at_a_time(bucket: Bucket) -> None:
    ours, theirs = leases(), leases()
    with ours.lease("cat") as held:
        assert held
        with theirs.lease("cat") as second, ours.lease("cat") as again, theirs.lease("dog") as other:
            assert (second, again, other) == (False, False, True)
    assert taken(theirs)
    assert LEASE not in names(bucket)


def test_an_error_in_the_block_lets_the_lease_go(bucket: Bucket) -> None:
    with pytest.raises(ZeroDivisionError), leases().lease("cat"):
        raise ZeroDivisionError
    assert taken(leases())


def test_a_holder_that_beats_keeps_its_lease(bucket: Bucket, observer: Leases, clock: Clock) -> None:
    claim(bucket)
    for _ in range(6):
        beat(bucket)
        assert not taken(observer)
        clock.now_s += 44


def test_a_holder_that_stands_still_for_three_heartbeats_loses_its_lease(bucket: Bucket, observer: Leases, clock: Clock) -> None:
    claim(bucket)
    beat(bucket)
    assert not taken(observer)
    clock.now_s += 44.9
    assert not taken(observer)
    clock.now_s += 0.1
    assert taken(observer)


def test_a_holder_without_a_heartbeat_stands_still(bucket: Bucket, observer: Leases, clock: Clock) -> None:
    claim(bucket)
    assert not taken(observer)
    clock.now_s += 45
    assert taken(observer)


def test_what_counts_is_how_long_the_observer_itself_has_looked(bucket: Bucket, observer: Leases, clock: Clock) -> None:
    claim(bucket)
    clock.now_s += 1e6
    assert not taken(observer)


def test_a_lease_that_changed_hands_meanwhile_is_watched_anew(bucket: Bucket, observer: Leases, clock: Clock) -> None:
    generation = claim(bucket)
    assert not taken(observer)
    clock.now_s += 45
    bucket.delete(LEASE, generation)
    claim(bucket, "elsewhere-2-00000000")
    assert not taken(observer)


def test_what_is_no_lease_at_all_is_taken_for_one_whose_holder_stands_still(bucket: Bucket, observer: Leases, clock: Clock) -> None:
    bucket.write(LEASE, b"\xff nonsense")
    assert not taken(observer)
    clock.now_s += 45
    assert taken(observer)


def test_a_gone_process_of_this_machine_loses_its_lease_at_once(bucket: Bucket, observer: Leases) -> None:
    gone = process_name().split("-")
    claim(bucket, "-".join([*gone[:-2], "4194304", "00000000"]))
    assert taken(observer)


def test_who_takes_over_removes_the_heartbeat_that_was_left(bucket: Bucket, observer: Leases, clock: Clock) -> None:
    claim(bucket)
    beat(bucket)
    taken(observer)
    clock.now_s += 45
    taken(observer)
    assert f"{PREFIX}processes/elsewhere-1-00000000.json" not in names(bucket)


def test_a_lease_that_was_taken_over_is_not_let_go_by_its_former_holder(bucket: Bucket) -> None:
    with leases().lease("cat"):
        bucket.delete(LEASE)
        theirs = claim(bucket)
    found = bucket.look(LEASE)
    assert found is not None
    assert found.generation == theirs


def test_a_creation_whose_answer_was_lost_is_recognised(gcs: Running, bucket: Bucket) -> None:
    gcs.order(Fault("lost_answer", on="upload", where="leases/cat"))
    assert taken(leases())
    assert LEASE not in names(bucket)


def test_what_this_process_could_neither_create_nor_remove_for_sure_is_not_in_its_own_way(gcs: Running) -> None:
    ours = Leases(Bucket("bucket", connections=8, deadline_s=0.5), PREFIX, heartbeat_s=15)
    gcs.order(Fault("lost_answer", on="upload", where="leases/cat"), Fault("slow", where="leases/cat"))
    with pytest.raises(StorageLost), ours.lease("cat"):
        pass
    with ours.lease("dog"):
        assert taken(ours)


def test_a_process_that_only_fails_to_get_leases_writes_no_heartbeat(bucket: Bucket, observer: Leases) -> None:
    claim(bucket)
    assert not taken(observer)
    assert names(bucket) == [LEASE]


def test_a_heartbeat_stops_and_is_removed_when_nothing_was_held_for_a_while(bucket: Bucket) -> None:
    assert taken(leases(heartbeat_s=0.05))
    until(lambda: len(names(bucket)) == 1)
    until(lambda: names(bucket) == [])


def test_many_leases_share_one_heartbeat(gcs: Running, bucket: Bucket) -> None:
    ours = leases()
    with ours.lease("cat"), ours.lease("dog"), ours.lease("owl"):
        until(lambda: len(names(bucket)) == 4)
        time.sleep(1.1 * HEARTBEAT_S)
    beats = [row for row in gcs.journal.rows if "processes/" in row.name and row.method == "POST"]
    assert 2 <= len(beats) <= 3


def test_a_heartbeat_does_not_wait_for_large_objects_that_take_every_connection(gcs: Running) -> None:
    one = Bucket("bucket", connections=1, deadline_s=10)
    one.write("video.mp4", b"x")
    gcs.order(Fault("slow", on="download", where="video.mp4", seconds=4 * HEARTBEAT_S))
    with Leases(one, PREFIX, heartbeat_s=HEARTBEAT_S).lease("cat"):
        one.read("video.mp4")
        beats = [row for row in gcs.journal.rows if "processes/" in row.name]
    assert len(beats) >= 4


def test_a_killed_holder_loses_its_lease_at_once_on_its_own_machine(started: Callable[..., "subprocess.Popen[str]"]) -> None:
    holder = started("hold")
    assert said(holder) == "True"
    assert not taken(leases())
    holder.kill()
    holder.wait()
    assert taken(leases())


def test_a_holder_that_ends_leaves_nothing_behind(started: Callable[..., "subprocess.Popen[str]"], bucket: Bucket) -> None:
    holder = started("hold_and_end")
    holder.wait()
    assert said(holder) == "True"
    assert names(bucket) == []


def test_a_holder_that_is_stopped_for_three_heartbeats_loses_its_lease_and_lets_go_of_nothing_later(
    started: Callable[..., "subprocess.Popen[str]"], bucket: Bucket
) -> None:
    holder, theirs = started("hold"), leases()
    assert said(holder) == "True"
    assert taken_within(theirs, 4 * HEARTBEAT_S) is None

    holder.send_signal(signal.SIGSTOP)
    with held_within(theirs, 10 * HEARTBEAT_S):
        holder.send_signal(signal.SIGCONT)
        holder.communicate("\n")
        assert holder.returncode == 0
        assert LEASE in names(bucket)


def test_clocks_that_are_days_apart_change_nothing(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    with leases().lease("cat"):
        for days in (-3, 3):
            monkeypatch.setattr(time, "time", lambda: 1.8e9 + days * 86400)  # noqa: B023  it is asked within this round
            assert taken_within(leases(), 4 * HEARTBEAT_S) is None


def test_two_processes_never_hold_a_lease_at_once(started: Callable[..., "subprocess.Popen[str]"], tmp_path: Path) -> None:
    log = tmp_path / "log"
    processes = [started("take_turns", "100", str(log)) for _ in range(2)]
    assert [said(process) for process in processes] == ["done", "done"]
    assert log.read_text().split() == ["begins", "ends"] * 200
