"""An open object: only what is read of it comes over the network, and all of one generation."""

import io
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import StorageError
from streamcap_dagster.storage.gcs import GcsStorage
from streamcap_dagster.storage.gcs.ranges import BLOCK_BYTES

GROUPS = 12
GROUP_BYTES = 3 << 20


@pytest.fixture
def frames(storage: GcsStorage) -> str:
    """A table of twelve row groups of 3 MB each."""
    schema = pa.schema([("k", pa.int32()), ("jpeg", pa.binary())])
    draws = random.Random(2)
    made = io.BytesIO()
    with pq.ParquetWriter(made, schema, compression="none", use_dictionary=False) as writer:
        for group in range(GROUPS):
            writer.write_table(pa.table({"k": [group], "jpeg": [draws.randbytes(GROUP_BYTES)]}, schema=schema))
    storage.write_from("frames/cat.parquet", made)
    return "frames/cat.parquet"


def _fetched_bytes(gcs: Running) -> int:
    return sum(row.answered_bytes for row in gcs.journal.rows if row.kind == "download")


def test_the_footer_of_a_table_and_one_row_group_are_read_without_the_rest(storage: GcsStorage, gcs: Running, frames: str) -> None:
    with storage.open(frames) as file, pq.ParquetFile(file) as table:
        assert table.metadata.num_rows == GROUPS
        after_footer = _fetched_bytes(gcs)
        assert table.read_row_group(6)["k"].to_pylist() == [6]
    assert after_footer <= BLOCK_BYTES + 65_536
    assert _fetched_bytes(gcs) - after_footer <= 3 * BLOCK_BYTES


def test_a_whole_table_is_fetched_once(storage: GcsStorage, gcs: Running, frames: str) -> None:
    with storage.open(frames) as file, pq.ParquetFile(file) as table:
        for group in range(GROUPS):
            assert table.read_row_group(group)["k"].to_pylist() == [group]
    assert _fetched_bytes(gcs) <= GROUPS * GROUP_BYTES + 2 * BLOCK_BYTES


def test_a_small_object_is_checked_although_it_is_read_in_parts(storage: GcsStorage, gcs: Running) -> None:
    storage.write("clips/cat.json", b"whole and right")
    gcs.order(Fault("corrupted", on="download"))
    with storage.open("clips/cat.json") as file:
        assert file.read(5) == b"whole"
    assert gcs.service.faults.pending == 0


def test_a_part_that_is_cut_off_is_fetched_to_its_end(storage: GcsStorage, gcs: Running, frames: str) -> None:
    gcs.order(Fault("cut_download", on="download", after=1_000_000), Fault("truncated", on="download", after=1_000_000))
    with storage.open(frames) as file, storage.local(frames) as path:
        assert file.read() == path.read_bytes()


def test_what_is_replaced_while_it_is_read_is_a_clear_error_and_never_a_mixture(storage: GcsStorage, opened: Callable[[], GcsStorage], frames: str) -> None:
    with storage.open(frames) as file:
        file.read(10)
        opened().write_from(frames, io.BytesIO(b"x" * GROUPS * GROUP_BYTES))
        file.seek(-10, io.SEEK_END)
        with pytest.raises(StorageError, match=r"reading frames/cat\.parquet failed .* was replaced or removed while it was being read\. Run the same"):
            file.read()


def test_what_is_kept_as_an_older_version_is_read_to_its_end(storage: GcsStorage, opened: Callable[[], GcsStorage], gcs: Running, frames: str) -> None:
    gcs.service.store.bucket("bucket").versioning = True
    with storage.open(frames) as file:
        first = file.read(10)
        opened().write_from(frames, io.BytesIO(b"x"))
        file.seek(0)
        whole = file.read()
    assert whole[:10] == first
    assert pq.ParquetFile(io.BytesIO(whole)).metadata.num_rows == GROUPS


def test_a_download_in_spans_is_the_object(storage: GcsStorage, gcs: Running, frames: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamcap_dagster.storage.gcs.bucket._SPAN_BYTES", 10 << 20)
    gcs.order(None, Fault("cut_download", on="download", after=5 << 20))
    blob = storage._bucket.look(f"data/{frames}")
    assert blob is not None
    storage._bucket.download(blob, tmp_path / "copy")
    with storage.local(frames) as path:
        assert (tmp_path / "copy").read_bytes() == path.read_bytes()


def test_nothing_is_fetched_of_what_lies_on_this_machine(storage: GcsStorage, gcs: Running, frames: str) -> None:
    with storage.local(frames):
        pass
    before = _fetched_bytes(gcs)
    with storage.open(frames) as file:
        assert pq.ParquetFile(file).metadata.num_rows == GROUPS
    assert _fetched_bytes(gcs) == before


def test_a_copy_of_an_older_generation_is_not_what_is_opened(storage: GcsStorage, opened: Callable[[], GcsStorage], frames: str) -> None:
    with storage.local(frames):
        pass
    opened().write(frames, b"new")
    with storage.open(frames) as file:
        assert file.read() == b"new"
