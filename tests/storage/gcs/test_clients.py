"""One client for a process: few connections, shared by its threads, never with a child."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from streamcap_dagster.storage.gcs.bucket import Bucket
from streamcap_dagster.storage.gcs.clients import service, shared_client
from tests.gcs import BUCKET


def test_threads_share_one_client(gcs: Running) -> None:
    with ThreadPoolExecutor(16) as pool:
        clients = set(pool.map(lambda _: shared_client(8, service()), range(64)))
    assert len(clients) == 1


def test_each_service_and_number_of_connections_has_its_own(gcs: Running) -> None:
    assert shared_client(8, gcs.url) is not shared_client(9, gcs.url)
    assert shared_client(8, gcs.url) is not shared_client(8, "http://127.0.0.1:9")
    assert shared_client(8, "http://127.0.0.1:9").api_endpoint == "http://127.0.0.1:9"


def test_more_threads_than_connections_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Options(buckets=(BUCKET,), latency_ms=(20, 20))) as emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
        bucket = Bucket(BUCKET, connections=4, deadline_s=5)
        bucket.look("a")
        began = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(bucket.look, "a" * 16))
    assert time.monotonic() - began > 4 * 0.02


def test_a_forked_child_opens_connections_of_its_own(bucket: Bucket, gcs: Running) -> None:
    """While the parent goes on reading in another thread, whose lock the child might inherit."""
    for name in ("parent", "child"):
        bucket.write(name, name.encode() * 1000)
    wrong: list[bytes] = []
    stop = threading.Event()

    def read_on() -> None:
        while not stop.is_set():
            if (data := bucket.read("parent")[0]) != b"parent" * 1000:
                wrong.append(data)

    reading = threading.Thread(target=read_on)
    reading.start()
    statuses = [_in_child(lambda: all(bucket.read("child")[0] == b"child" * 1000 for _ in range(20))) for _ in range(3)]
    stop.set()
    reading.join()

    assert statuses == [0, 0, 0]
    assert wrong == []


def _in_child(right: object) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if callable(right) and right() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_nothing_is_asked_but_what_is_wanted(bucket: Bucket, gcs: Running) -> None:
    bucket.write("a", b"x")
    bucket.look("none")
    bucket.look("none")
    time.sleep(0.1)
    assert gcs.journal.by_kind == {"upload_whole": 1, "get": 2}
