"""Faults: ordered for a request, a storm for a while, or drawn by a seed; each leaves behind what it says."""

import http.client
import time

import pytest
from google.cloud.storage.exceptions import DataCorruption

from streamcap_dagster.emulators.gcs.faults import Fault, Name
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from tests.emulators.gcs.asking import QUANTUM, UPLOADS, ask, bucket, download, look, multipart, put, soon

GONE = (http.client.HTTPException, OSError)
DATA = bytes(range(256)) * 4


@pytest.mark.parametrize(
    ("name", "status", "words"), [("busy_503", 503, "internal error"), ("error_500", 500, "internal error"), ("too_fast_429", 429, "rate limit")]
)
def test_a_refusal_comes_once_and_nothing_happens(gcs: Running, name: Name, status: int, words: str) -> None:
    gcs.order(Fault(name))

    refused = put(gcs, "a")

    assert (refused.status, refused.json["error"]["code"]) == (status, status)
    assert words in refused.message
    assert gcs.objects("bucket") == {}
    assert put(gcs, "a").status == 200


def test_a_gateway_answers_in_html(gcs: Running) -> None:
    gcs.order(Fault("html_502"))

    refused = put(gcs, "a")

    assert (refused.status, refused.headers["content-type"]) == (502, "text/html; charset=UTF-8")


def test_a_fault_waits_for_a_request_that_it_fits(gcs: Running) -> None:
    gcs.order(Fault("busy_503", on="upload"), Fault("busy_503", on="download", where="b"), None)

    assert look(gcs, "a").status == 404, "None let it through"
    assert [put(gcs, name).status for name in "aab"] == [503, 200, 200]
    assert [download(gcs, name).status for name in "abb"] == [200, 503, 200]


def test_dropped_before_anything_happened(gcs: Running) -> None:
    gcs.order(Fault("dropped"))

    with pytest.raises(GONE):
        put(gcs, "a")

    assert gcs.objects("bucket") == {}
    assert gcs.journal.rows[-1].status == 0


def test_a_lost_answer_means_it_happened(gcs: Running) -> None:
    gcs.order(Fault("lost_answer"))

    with pytest.raises(GONE):
        put(gcs, "a")

    assert gcs.objects("bucket") == {"a": b"data"}
    assert gcs.journal.rows[-1].generation == int(look(gcs, "a").json["generation"])


def test_a_whole_upload_that_is_cut_leaves_nothing(gcs: Running) -> None:
    gcs.order(Fault("cut_upload", after=QUANTUM))

    with pytest.raises(GONE):
        put(gcs, "a", bytes(2 * QUANTUM))

    assert gcs.objects("bucket") == {}
    assert QUANTUM <= gcs.journal.rows[-1].sent_bytes <= 2 * QUANTUM


def test_bytes_spoilt_on_their_way_in_are_refused_when_their_hash_came_too(gcs: Running) -> None:
    said = multipart(b'{"name": "a", "crc32c": "AAAAAA=="}', bytes(50))
    gcs.order(None, Fault("corrupted_upload", after=len(said) - 20))

    for _ in range(2):
        refused = ask(gcs, "POST", f"{UPLOADS}?uploadType=multipart", said, {"content-type": "multipart/related; boundary=abc"})
        assert refused.status == 400
    put(gcs, "b", bytes(50))
    gcs.order(Fault("corrupted_upload", after=7))
    put(gcs, "c", bytes(50))

    assert gcs.objects("bucket") == {"b": bytes(50), "c": bytes(7) + b"\1" + bytes(42)}


def test_a_download_that_is_cut_is_shorter_than_it_said(gcs: Running) -> None:
    put(gcs, "a", DATA)
    gcs.order(Fault("cut_download", after=100))

    with pytest.raises(http.client.IncompleteRead) as cut:
        download(gcs, "a")

    assert cut.value.partial == DATA[:100]


def test_a_truncated_download_says_a_length_that_is_right_and_a_hash_that_is_not(gcs: Running) -> None:
    put(gcs, "a", DATA)
    gcs.order(Fault("truncated", after=100), Fault("truncated", after=100))

    assert download(gcs, "a").body == DATA[:100]
    assert bucket().blob("a").download_as_bytes() == DATA, "the client asks again when less came than is stored"
    assert gcs.journal.count("download") == 3


def test_a_corrupted_download_is_of_the_right_length(gcs: Running) -> None:
    put(gcs, "a", DATA)
    gcs.order(Fault("corrupted", after=5), Fault("corrupted", after=5))

    spoilt = download(gcs, "a").body

    assert len(spoilt) == len(DATA)
    assert [place for place in range(len(DATA)) if spoilt[place] != DATA[place]] == [5]
    with pytest.raises(DataCorruption):
        bucket().blob("a").download_as_bytes()
    assert gcs.objects("bucket") == {"a": DATA}


def test_a_slow_answer_comes_late(gcs: Running) -> None:
    gcs.order(Fault("slow", seconds=0.3))
    begin = time.monotonic()

    assert put(gcs, "a").status == 200
    assert time.monotonic() - begin >= 0.3


def test_a_large_upload_that_is_refused_at_once_can_be_sent_again_over_the_same_connection(gcs: Running) -> None:
    home, large = bucket(), bytes(5 << 20)
    gcs.order(Fault("busy_503", on="upload"), Fault("busy_503", on="upload"))

    home.blob("a").upload_from_string(large, retry=soon())

    assert gcs.objects("bucket") == {"a": large}


def test_a_storm_ends(gcs: Running) -> None:
    gcs.storm(0.3)
    assert {put(gcs, "a").status, look(gcs, "a").status, ask(gcs, "GET", "/storage/v1/b/bucket").status} == {503}

    bucket().blob("a").upload_from_string(DATA, retry=soon())

    assert gcs.objects("bucket") == {"a": DATA}


def test_drawn_faults_hit_the_share_that_was_asked_for_and_never_thrice_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Options(buckets=("bucket",), faults=0.3, seed=4)) as gcs:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
        home = bucket()
        for number in range(60):
            home.blob(f"{number}").upload_from_string(DATA, retry=soon())
            assert home.blob(f"{number}").download_as_bytes(retry=soon()) == DATA

        hit = [row for row in gcs.journal.rows if row.fault]
        assert 0.2 < len(hit) / len(gcs.journal.rows) < 0.4
        assert {row.fault for row in hit} >= {"busy_503", "dropped", "lost_answer", "cut_upload", "cut_download"}


def test_the_same_seed_draws_the_same_faults() -> None:
    drawn = []
    for _ in range(2):
        with running(Options(buckets=("bucket",), faults=0.5, seed=7)) as gcs:
            for number in range(20):
                try:
                    put(gcs, f"{number}")
                except GONE:
                    continue
            drawn.append([row.fault for row in gcs.journal.rows])

    assert drawn[0] == drawn[1]
