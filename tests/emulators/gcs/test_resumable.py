"""Resumable uploads: sessions, parts, how far one is, what stays of one that broke off."""

import http.client
import io
import os

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.server import Running
from tests.emulators.gcs.asking import QUANTUM, UPLOADS, Reply, ask, bucket, crc32c, soon

DATA = os.urandom(3 * QUANTUM + 1000)
ALL = len(DATA)


def start(gcs: Running, query: str = "", headers: dict[str, str] | None = None) -> str:
    """The address of a session, as far as it is below that of the emulator."""
    reply = ask(gcs, "POST", f"{UPLOADS}?uploadType=resumable&name=a{query}", b"", headers)
    assert reply.status == 200, reply
    return reply.headers["location"].removeprefix(gcs.url)


def send(gcs: Running, session: str, begin: int, end: int, total: int | str = ALL, **headers: str) -> Reply:
    return ask(
        gcs, "PUT", session, DATA[begin:end], {"content-range": f"bytes {begin}-{end - 1}/{total}", **{k.replace("_", "-"): v for k, v in headers.items()}}
    )


def how_far(gcs: Running, session: str) -> str:
    reply = ask(gcs, "PUT", session, b"", {"content-range": f"bytes */{ALL}"})
    assert reply.status == 308
    return reply.headers.get("range", "nothing")


def test_parts_make_an_object_once_the_last_is_in(gcs: Running) -> None:
    session = start(gcs, headers={"x-upload-content-type": "video/mp4", "x-upload-content-length": str(ALL)})

    first = send(gcs, session, 0, 2 * QUANTUM)
    assert (first.status, first.headers["range"]) == (308, f"bytes=0-{2 * QUANTUM - 1}")
    assert gcs.objects("bucket") == {}
    last = send(gcs, session, 2 * QUANTUM, ALL, x_goog_hash=f"crc32c={crc32c(DATA)}")

    assert (last.status, last.json["contentType"], last.json["crc32c"]) == (200, "video/mp4", crc32c(DATA))
    assert gcs.objects("bucket") == {"a": DATA}


def test_the_client_uploads_a_large_object_in_parts(gcs: Running) -> None:
    bucket().blob("a", chunk_size=QUANTUM).upload_from_file(io.BytesIO(DATA))

    assert gcs.objects("bucket") == {"a": DATA}
    assert gcs.journal.by_kind["upload_part"] == 4


@pytest.mark.parametrize("size", [0, 1, QUANTUM, ALL])
def test_the_client_writes_a_file_whose_size_it_does_not_know_yet(gcs: Running, size: int) -> None:
    with bucket().blob("a").open("wb", chunk_size=QUANTUM) as file:
        for begin in range(0, size, 100_000):
            file.write(DATA[begin : min(size, begin + 100_000)])

    assert gcs.objects("bucket") == {"a": DATA[:size]}


def test_all_may_come_in_one_part_that_says_no_place(gcs: Running) -> None:
    assert ask(gcs, "PUT", start(gcs), DATA).status == 200
    assert gcs.objects("bucket") == {"a": DATA}


def test_the_size_may_be_told_at_the_end(gcs: Running) -> None:
    session = start(gcs)

    assert send(gcs, session, 0, QUANTUM, "*").status == 308
    assert send(gcs, session, QUANTUM, QUANTUM + 5, QUANTUM + 5).status == 200
    assert gcs.objects("bucket") == {"a": DATA[: QUANTUM + 5]}


def test_an_upload_whose_bytes_are_all_there_is_finished_by_telling_its_size(gcs: Running) -> None:
    session = start(gcs)
    send(gcs, session, 0, QUANTUM, "*")

    assert ask(gcs, "PUT", session, b"", {"content-range": f"bytes */{QUANTUM}"}).status == 200


def test_an_empty_object_can_be_uploaded_so(gcs: Running) -> None:
    assert ask(gcs, "PUT", start(gcs), b"", {"content-range": "bytes */0"}).status == 200
    assert gcs.objects("bucket") == {"a": b""}


def test_an_upload_of_which_nothing_came_names_no_range(gcs: Running) -> None:
    assert how_far(gcs, start(gcs)) == "nothing"


@pytest.mark.parametrize("after", [1, QUANTUM - 1, QUANTUM, QUANTUM + 1, 2 * QUANTUM, 3 * QUANTUM, ALL - 1, ALL])
def test_what_came_before_a_cut_stays_in_multiples_of_256_kib(gcs: Running, after: int) -> None:
    session = start(gcs)
    gcs.order(Fault("cut_upload", on="upload_part", after=after))

    with pytest.raises((http.client.HTTPException, OSError)):
        send(gcs, session, 0, ALL)

    kept = after // QUANTUM * QUANTUM
    assert how_far(gcs, session) == (f"bytes=0-{kept - 1}" if kept else "nothing")
    assert gcs.objects("bucket") == {}
    assert send(gcs, session, kept, ALL, x_goog_hash=f"crc32c={crc32c(DATA)}").status == 200
    assert gcs.objects("bucket") == {"a": DATA}


def test_bytes_that_are_there_already_are_ignored(gcs: Running) -> None:
    session = start(gcs)
    send(gcs, session, 0, 2 * QUANTUM)

    assert send(gcs, session, QUANTUM, ALL).status == 200
    assert gcs.objects("bucket") == {"a": DATA}


def test_a_gap_is_refused(gcs: Running) -> None:
    session = start(gcs)

    refused = send(gcs, session, QUANTUM, 2 * QUANTUM)

    assert refused.status == 503
    assert refused.message.endswith(f"the upload offset is {QUANTUM} byte(s), which exceeds already uploaded size of 0 byte(s).")
    assert how_far(gcs, session) == "nothing"


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (f"bytes 0-{QUANTUM}/*", DATA[: QUANTUM + 1]),
        (f"bytes 0-{QUANTUM - 1}/*", DATA[:QUANTUM] + b"more"),
        (f"bytes 0-{QUANTUM - 1}/{QUANTUM - 1}", DATA[:QUANTUM]),
        ("bytes 5-2/*", b""),
        ("bits 0-1/2", b"01"),
        ("bytes 0-*/*", b"01"),
    ],
    ids=["no multiple", "other length", "beyond its size", "backwards", "no bytes", "no end"],
)
def test_a_part_that_breaks_the_rules_is_refused(gcs: Running, said: str, body: bytes) -> None:
    session = start(gcs)

    assert ask(gcs, "PUT", session, body, {"content-range": said}).status == 400
    assert how_far(gcs, session) == "nothing"


def test_a_size_other_than_the_one_announced_is_refused(gcs: Running) -> None:
    session = start(gcs, headers={"x-upload-content-length": "5"})

    assert send(gcs, session, 0, ALL).status == 400


def test_a_wrong_hash_at_the_end_is_refused(gcs: Running) -> None:
    refused = send(gcs, start(gcs), 0, ALL, x_goog_hash="crc32c=AAAAAA==")

    assert (refused.status, refused.reason) == (400, "invalid")
    assert gcs.objects("bucket") == {}


def test_a_finished_upload_tells_its_object_again(gcs: Running) -> None:
    session = start(gcs)
    made = send(gcs, session, 0, ALL).json

    assert send(gcs, session, 0, ALL).json == made
    assert ask(gcs, "PUT", session, b"", {"content-range": f"bytes */{ALL}"}).json == made


def test_a_condition_holds_from_the_start_to_the_end(gcs: Running) -> None:
    session = start(gcs, "&ifGenerationMatch=0")
    ask(gcs, "POST", f"{UPLOADS}?uploadType=media&name=a", b"in between")

    assert send(gcs, session, 0, ALL).status == 412
    assert ask(gcs, "POST", f"{UPLOADS}?uploadType=resumable&name=a&ifGenerationMatch=0").status == 412
    assert gcs.objects("bucket") == {"a": b"in between"}


def test_a_cancelled_upload_is_over(gcs: Running) -> None:
    session = start(gcs)
    send(gcs, session, 0, QUANTUM)

    assert ask(gcs, "DELETE", session).status == 499
    assert 400 <= send(gcs, session, QUANTUM, ALL).status < 500


def test_an_unknown_session_is_404(gcs: Running) -> None:
    assert ask(gcs, "PUT", f"{UPLOADS}?uploadType=resumable&upload_id=none", DATA).status == 404


def test_the_client_goes_on_after_faults_in_every_part(gcs: Running) -> None:
    faults = [Fault("busy_503", on="upload_part"), Fault("cut_upload", on="upload_part", after=QUANTUM), Fault("lost_answer", on="upload_part")]
    gcs.order(*faults, Fault("lost_answer", on="upload_start"))

    bucket().blob("a", chunk_size=2 * QUANTUM).upload_from_file(io.BytesIO(DATA), retry=soon())

    assert gcs.objects("bucket") == {"a": DATA}
    assert gcs.service.faults.pending == 0
