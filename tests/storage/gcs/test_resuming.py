"""A large upload that is cut off goes on from what the service has kept, wherever it was cut."""

import io
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.emulators.gcs.sessions import Sessions
from streamcap_dagster.storage.checksums import crc32c_of
from streamcap_dagster.storage.gcs.bucket import NONE, Bucket, OtherGeneration
from streamcap_dagster.storage.gcs.resumable import PART_BYTES
from tests.gcs import BUCKET

QUANTUM = 256 * 1024
DATA = random.Random(1).randbytes(9 * (1 << 20) + 12_345)
CUTS = [*range(0, PART_BYTES + 1, QUANTUM), 1, QUANTUM - 1, 300_000, PART_BYTES - 1]


def _upload(bucket: Bucket, gcs: Running, *faults: Fault | None) -> list[int]:
    """How many bytes each part brought."""
    gcs.order(*faults)
    made = bucket.upload("raw/cat.mp4", io.BytesIO(DATA))
    assert gcs.service.faults.pending == 0
    assert gcs.objects(BUCKET)["raw/cat.mp4"] == DATA
    assert (made.size_bytes, made.crc32c) == (len(DATA), crc32c_of(DATA))
    return [row.sent_bytes for row in gcs.journal.rows if row.kind == "upload_part"]


@pytest.mark.parametrize("cut", CUTS)
def test_a_part_that_is_cut_off_goes_on_from_what_was_kept(bucket: Bucket, gcs: Running, cut: int) -> None:
    kept = cut // QUANTUM * QUANTUM
    sent = _upload(bucket, gcs, Fault("cut_upload", on="upload_part", after=cut))

    second = min(PART_BYTES, len(DATA) - kept)
    assert sent[1:] == [second, len(DATA) - kept - second][: 2 if second < len(DATA) - kept else 1]
    assert gcs.journal.count("upload_start") == 1


@pytest.mark.parametrize("cut", [*range(0, len(DATA) - PART_BYTES, QUANTUM), len(DATA) - PART_BYTES - 1])
def test_the_last_part_that_is_cut_off_goes_on_too(bucket: Bucket, gcs: Running, cut: int) -> None:
    kept = PART_BYTES + cut // QUANTUM * QUANTUM
    sent = _upload(bucket, gcs, *_on_part(2, Fault("cut_upload", on="upload_part", after=cut)))

    assert sent[0] == PART_BYTES
    assert sent[2:] == [len(DATA) - kept]


def _on_part(number: int, fault: Fault) -> list[Fault]:
    return [*[Fault("none", on="upload_part")] * (number - 1), fault]


@pytest.mark.parametrize("part", [1, 2])
def test_what_was_kept_although_the_answer_was_lost_is_not_sent_again(bucket: Bucket, gcs: Running, part: int) -> None:
    sent = _upload(bucket, gcs, *_on_part(part, Fault("lost_answer", on="upload_part")))
    assert sent == [PART_BYTES, len(DATA) - PART_BYTES]


@pytest.mark.parametrize("name", ["busy_503", "html_502", "too_fast_429", "dropped", "lost_answer"])
@pytest.mark.parametrize("kind", ["upload_start", "upload_status"])
def test_starting_and_asking_are_tried_again(bucket: Bucket, gcs: Running, kind: str, name: Any) -> None:
    cut = [Fault("cut_upload", on="upload_part", after=QUANTUM)] if kind == "upload_status" else []
    _upload(bucket, gcs, *cut, Fault(name, on=kind), Fault(name, on=kind))


def test_an_upload_that_is_cut_off_again_and_again_arrives(bucket: Bucket, gcs: Running) -> None:
    _upload(bucket, gcs, *[Fault("cut_upload", on="upload_part", after=2 * QUANTUM + 7)] * 12)
    assert gcs.journal.count("upload_start") == 1


def test_bytes_that_came_spoilt_are_refused_and_sent_anew(bucket: Bucket, gcs: Running) -> None:
    _upload(bucket, gcs, Fault("corrupted_upload", on="upload_part", after=1_000_000))
    assert gcs.journal.count("upload_start") == 2


class _Forgetting(io.BytesIO):
    """A file in the middle of which the service forgets all uploads."""

    def __init__(self, data: bytes, gcs: Running) -> None:
        super().__init__(data)
        self._gcs: Running | None = gcs

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() and self._gcs:
            self._gcs.service.uploading.sessions = Sessions()
            self._gcs = None
        return super().read(size)


def test_an_upload_that_the_service_has_forgotten_begins_anew(bucket: Bucket, gcs: Running) -> None:
    bucket.upload("raw/cat.mp4", _Forgetting(DATA, gcs))
    assert gcs.objects(BUCKET)["raw/cat.mp4"] == DATA
    assert gcs.journal.count("upload_start") == 2


def test_a_condition_that_does_not_hold_is_told(bucket: Bucket, gcs: Running) -> None:
    bucket.write("raw/cat.mp4", b"theirs")
    with pytest.raises(OtherGeneration):
        bucket.upload("raw/cat.mp4", io.BytesIO(DATA), NONE)
    assert gcs.objects(BUCKET)["raw/cat.mp4"] == b"theirs"


def test_parts_are_read_from_the_file_as_they_are_sent(bucket: Bucket) -> None:
    sizes: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            sizes.append(len(data))
            return data

    bucket.upload("raw/cat.mp4", Watched(DATA))
    assert max(sizes) == PART_BYTES


def test_of_many_large_uploads_few_have_their_bytes_in_memory(bucket: Bucket) -> None:
    alone, now, most = threading.Lock(), 0, 0

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal now, most
            with alone:
                now += 1
                most = max(most, now)
            time.sleep(0.05)
            with alone:
                now -= 1
            return super().read(size)

    with ThreadPoolExecutor(24) as walk:
        list(walk.map(lambda number: bucket.upload(f"{number}", Watched(bytes(1_100_000))), range(24)))

    assert most <= 16
