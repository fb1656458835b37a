"""The server: what it counts, how long it takes, what it keeps in a folder, and how it ends."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.journal import Row
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from tests.emulators.gcs.asking import OBJECTS, ask, download, look, put


def test_the_journal_has_a_row_for_each_request(gcs: Running) -> None:
    made = int(put(gcs, "a", b"hello").json["generation"])
    download(gcs, "a")
    look(gcs, "b", "?generation=5")

    written, read, missed = gcs.journal.rows
    assert (written.method, written.kind, written.bucket, written.name, written.status) == ("POST", "upload_whole", "bucket", "a", 200)
    assert (written.sent_bytes, written.generation) == (5, made)
    assert read == Row("GET", "download", "bucket", "a", 200, 0, 5, made)
    assert (missed.kind, missed.status, missed.generation) == ("get", 404, 5)


def test_kinds_are_counted_alone_and_in_groups(gcs: Running) -> None:
    put(gcs, "a")
    ask(gcs, "POST", "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=b")
    look(gcs, "a")

    assert (gcs.journal.count("upload"), gcs.journal.count("upload_start"), gcs.journal.count("get"), gcs.journal.count()) == (2, 1, 1, 3)
    assert ask(gcs, "GET", "/").json["by_kind"] == {"upload_whole": 1, "upload_start": 1, "get": 1}
    gcs.journal.clear()
    assert gcs.journal.count() == 0


def test_without_memory_only_the_counts_are_kept() -> None:
    with running(Options(buckets=("bucket",), remember=False)) as gcs:
        put(gcs, "a")

    assert (gcs.journal.rows, gcs.journal.count()) == ([], 1)


def test_an_answer_takes_its_time_and_many_take_it_at_once() -> None:
    with running(Options(buckets=("bucket",), latency_ms=(200, 200))) as gcs, ThreadPoolExecutor(20) as pool:
        begin = time.monotonic()
        list(pool.map(lambda number: put(gcs, str(number)), range(20)))
        took = time.monotonic() - begin

    assert 0.2 <= took < 20 * 0.2
    assert gcs.journal.most_in_flight > 5


def test_objects_in_a_folder_are_there_after_a_restart(tmp_path: Path) -> None:
    options = Options(buckets=("bucket",), folder=tmp_path)
    with running(options) as gcs:
        kept = put(gcs, "a/ä", b"new" * 1000, headers={"content-type": "text/plain"}).json
        for name, data in (("empty", b""), ("b", b"old"), ("b", b"new"), ("c", b"gone")):
            put(gcs, name, data)
        ask(gcs, "DELETE", f"{OBJECTS}/c")

    with running(options) as gcs:
        assert gcs.objects("bucket") == {"a/ä": b"new" * 1000, "b": b"new", "empty": b""}
        again = look(gcs, "a/ä").json
        assert {key: again[key] for key in ("generation", "crc32c", "md5Hash", "contentType", "timeCreated")} == {
            key: kept[key] for key in ("generation", "crc32c", "md5Hash", "contentType", "timeCreated")
        }
        assert int(put(gcs, "a/ä").json["generation"]) > int(kept["generation"])


def test_another_can_be_started_on_the_same_port() -> None:
    with running(Options(buckets=("bucket",))) as first:
        put(first, "a")
    port = int(first.url.rsplit(":", 1)[1])

    with running(Options(buckets=("bucket",)), port=port) as second:
        assert look(second, "a").status == 404


def test_no_bucket_of_that_name_is_an_error_here_too(gcs: Running) -> None:
    with pytest.raises(Exception, match="The specified bucket does not exist"):
        gcs.objects("other")
