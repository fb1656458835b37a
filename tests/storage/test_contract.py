"""What every storage does the same: a folder, a bucket over HTTP, and one laid over another."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamcap_dagster.errors import ObjectMissing, StorageError
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.checksums import crc32c_of
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs import open_storage
from streamcap_dagster.storage.overlay import Overlay
from tests.gcs import BUCKET

ODD = ("a#b.json", "a?b.json", "100 %.json", "a%2Fb.json", "[x]+y & z.json", "größe.json", "日本/🎬.json", "a/ b /c.json", "a'\"`$(x).json", "~x.json")
LARGE = bytes(range(256)) * 40_000


@pytest.fixture(params=["folder", "bucket", "bucket with an odd prefix", "folder over a folder"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """An empty one, beside which there are other things."""
    if request.param == "folder":
        (tmp_path / "beside").write_bytes(b"x")
        return FolderStorage(tmp_path / "root")
    if request.param == "folder over a folder":
        return Overlay(FolderStorage(tmp_path / "root"), FolderStorage(tmp_path / "upper"), through=("calls/",))
    prefix = "data" if request.param == "bucket" else "größe [1] #?%+🎬/data"
    request.getfixturevalue("gcs")
    elsewhere = open_storage(f"gs://{BUCKET}", tmp_path / "cache", cache_gb=1, connections=16, deadline_s=10)
    elsewhere.write(f"{prefix}2/beside", b"x")
    elsewhere.write("beside", b"x")
    return open_storage(f"gs://{BUCKET}/{prefix}", tmp_path / "cache", cache_gb=1, connections=16, deadline_s=10)


def keys(storage: Storage, prefix: str = "") -> list[str]:
    return [stored.key for stored in storage.list(prefix)]


def test_what_was_written_is_read_back(storage: Storage) -> None:
    storage.write("clips/cat.json", b"{}")
    assert storage.read("clips/cat.json") == b"{}"


def test_an_empty_object_is_an_object(storage: Storage) -> None:
    storage.write("clips/cat.json", b"")
    assert storage.read("clips/cat.json") == b""
    with storage.open("clips/cat.json") as file:
        assert file.read() == b""
    with storage.local("clips/cat.json") as path:
        assert path.read_bytes() == b""


def test_a_new_object_replaces_the_old_one(storage: Storage) -> None:
    storage.write("clips/cat.json", b"long and old")
    storage.write("clips/cat.json", b"new")
    assert storage.read("clips/cat.json") == b"new"
    assert keys(storage) == ["clips/cat.json"]


def test_keys_are_listed_in_order_wherever_the_prefix_ends(storage: Storage) -> None:
    for key in ("raw/videos/dog.mp4", "raw/videos/cat2.mp4", "raw/videos/cat.mp4", "raw/manifest.csv", "raw.json", "a/b/c", "a-b", "Z"):
        storage.write(key, b"x")

    assert keys(storage) == ["Z", "a-b", "a/b/c", "raw.json", "raw/manifest.csv", "raw/videos/cat.mp4", "raw/videos/cat2.mp4", "raw/videos/dog.mp4"]
    assert keys(storage, "raw/videos/cat.") == ["raw/videos/cat.mp4"]
    assert keys(storage, "raw/videos/") == ["raw/videos/cat.mp4", "raw/videos/cat2.mp4", "raw/videos/dog.mp4"]
    assert keys(storage, "raw") == ["raw.json", "raw/manifest.csv", "raw/videos/cat.mp4", "raw/videos/cat2.mp4", "raw/videos/dog.mp4"]
    assert keys(storage, "none/") == keys(storage, "raw/n") == []


def test_what_is_known_of_an_object_is_its_size_and_where_it_is_told_its_checksum(storage: Storage) -> None:
    storage.write("clips/cat.json", b"12345")
    stored = storage.stat("clips/cat.json")
    assert stored is not None
    assert (stored.key, stored.size_bytes) == ("clips/cat.json", 5)
    assert stored.crc32c in ("", crc32c_of(b"12345"))
    assert list(storage.list("clips/")) == [stored]


def test_a_missing_object_is_a_file_not_found_error_that_names_key_storage_and_fix(storage: Storage) -> None:
    said = r"delta_captions/cat\.json does not exist in .*Make it by materializing `delta_captions`"
    with pytest.raises(FileNotFoundError, match=said) as missing:
        storage.read("delta_captions/cat.json")
    assert storage.uri in str(missing.value)
    with pytest.raises(ObjectMissing, match=said), storage.local("delta_captions/cat.json"):
        pass
    with pytest.raises(ObjectMissing, match=said), storage.open("delta_captions/cat.json"):
        pass
    assert storage.stat("delta_captions/cat.json") is None


def test_a_part_of_a_key_is_no_object(storage: Storage) -> None:
    storage.write("clips/cat.json", b"{}")
    assert storage.stat("clips") is None or storage.uri.startswith("/")
    assert storage.stat("clips/cat.json/more") is None


def test_deleting_removes_one_object_and_what_is_not_there_is_fine(storage: Storage) -> None:
    storage.write("clips/cat.json", b"{}")
    storage.write("clips/cat.json.bak", b"{}")
    for _ in range(2):
        storage.delete("clips/cat.json")
    storage.delete("clips/never.json")
    assert keys(storage) == ["clips/cat.json.bak"]


def test_what_was_deleted_can_be_written_again(storage: Storage) -> None:
    storage.write("clips/cat.json", b"one")
    storage.delete("clips/cat.json")
    storage.write("clips/cat.json", b"two")
    assert storage.read("clips/cat.json") == b"two"


@pytest.mark.parametrize("data", [b"", b"small", LARGE], ids=["empty", "small", "large"])
def test_a_file_becomes_an_object_from_its_start_wherever_it_stands(storage: Storage, data: bytes) -> None:
    file = io.BytesIO(data)
    file.seek(len(data) // 2)
    storage.write_from("raw/videos/cat.mp4", file)
    assert storage.read("raw/videos/cat.mp4") == data


def test_an_open_object_is_read_wherever_one_wants(storage: Storage) -> None:
    storage.write("frames/cat.parquet", LARGE)
    with storage.open("frames/cat.parquet") as file:
        file.seek(-4, io.SEEK_END)
        assert file.read() == LARGE[-4:]
        file.seek(1000)
        assert file.tell() == 1000
        assert file.read(10) == LARGE[1000:1010]
        file.seek(0)
        assert file.read() == LARGE
    with pytest.raises(ValueError, match="closed"):
        file.read()


def test_a_staged_file_becomes_the_object_at_the_end(storage: Storage) -> None:
    with storage.staged("frames/cat.parquet") as path:
        assert path.suffix == ".parquet"
        path.write_bytes(b"whole")
        assert storage.stat("frames/cat.parquet") is None
    assert storage.read("frames/cat.parquet") == b"whole"
    with storage.local("frames/cat.parquet") as copy:
        assert copy.read_bytes() == b"whole"


def test_an_error_while_a_file_is_staged_leaves_the_old_object_and_nothing_else(storage: Storage) -> None:
    storage.write("clips/cat.json", b"old")
    staged: list[Path] = []

    def write_badly() -> None:
        with storage.staged("clips/cat.json") as path:
            staged.append(path)
            path.write_bytes(b"half of the n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_badly()

    assert storage.read("clips/cat.json") == b"old"
    assert keys(storage) == ["clips/cat.json"]
    assert not staged[0].exists()


def test_what_a_staged_block_could_not_read_elsewhere_is_not_blamed_on_the_storage(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"original\.mp4"), storage.staged("raw/videos/cat.mp4"):
        (tmp_path / "original.mp4").read_bytes()


def test_a_local_file_has_the_suffix_of_its_object_and_the_bytes_that_are_there_now(storage: Storage) -> None:
    for data in (b"one", b"other"):
        storage.write("raw/videos/cat.mp4", data)
        with storage.local("raw/videos/cat.mp4") as path:
            assert path.suffix == ".mp4"
            assert path.read_bytes() == data


def test_names_with_odd_characters_are_names_like_others(storage: Storage) -> None:
    for key in ODD:
        storage.write(key, key.encode())

    assert keys(storage) == sorted(ODD)
    for key in ODD:
        assert storage.read(key) == key.encode()
        with storage.local(key) as path:
            assert path.read_bytes() == key.encode()
        storage.delete(key)
    assert keys(storage) == []


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../outside", ".."])
def test_a_key_cannot_leave_the_root(storage: Storage, key: str) -> None:
    with pytest.raises(StorageError, match="a key is a relative path"):
        storage.write(key, b"x")
    with pytest.raises(StorageError, match="a key is a relative path"):
        storage.read(key)
    with pytest.raises(StorageError, match="a key is a relative path"):
        list(storage.list(key))


def test_threads_read_and_write_side_by_side(storage: Storage) -> None:
    def work(number: int) -> bytes:
        key = f"calls/cat/{number}.json"
        storage.write(key, key.encode())
        return storage.read(key)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(100))) == [f"calls/cat/{number}.json".encode() for number in range(100)]
    assert len(keys(storage, "calls/cat/")) == 100


def test_a_lease_has_one_holder_at_a_time(storage: Storage) -> None:
    with storage.lease("cat") as mine:
        assert mine
        with storage.lease("cat") as second, storage.lease("dog") as other:
            assert not second
            assert other
    with storage.lease("cat") as again:
        assert again


def test_of_threads_that_want_a_lease_one_has_it(storage: Storage) -> None:
    began = threading.Barrier(8)
    ended = threading.Barrier(8)

    def want(_: int) -> bool:
        began.wait()
        with storage.lease("cat") as mine:
            ended.wait()
            return mine

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(want, range(8))) == [False] * 7 + [True]


def test_a_lease_is_no_object(storage: Storage) -> None:
    with storage.lease("cat"):
        assert keys(storage) == []


def test_lines_of_a_journal_are_an_object_when_its_block_has_ended(storage: Storage) -> None:
    with storage.journal("ledger/attempts/1.jsonl") as append:
        for number in range(3):
            append(f"{number}\n".encode())
    assert storage.read("ledger/attempts/1.jsonl") == b"0\n1\n2\n"
    assert keys(storage, "ledger/") == ["ledger/attempts/1.jsonl"]


def test_a_page_to_look_at_an_object_is_given_where_there_is_one(storage: Storage) -> None:
    link = storage.link("clips/a b#c.json")
    assert link == "" or (link.startswith("https://console.cloud.google.com/") and link.endswith("clips/a%20b%23c.json"))


@pytest.mark.parametrize("old", [b"old", None])
def test_what_is_as_expected_is_replaced(storage: Storage, old: bytes | None) -> None:
    if old is not None:
        storage.write("reviews/cat.json", old)

    assert storage.replace("reviews/cat.json", old, b"new")
    assert storage.read("reviews/cat.json") == b"new"
    storage.write("reviews/cat.json", b"newer")  # which whoever replaced it may do
    assert storage.read("reviews/cat.json") == b"newer"


@pytest.mark.parametrize(("there", "expected"), [(b"theirs", b"old"), (b"theirs", None), (None, b"old")])
def test_what_is_not_as_expected_stays(storage: Storage, there: bytes | None, expected: bytes | None) -> None:
    if there is not None:
        storage.write("reviews/cat.json", there)

    assert not storage.replace("reviews/cat.json", expected, b"new")
    assert (storage.read("reviews/cat.json") if storage.stat("reviews/cat.json") else None) == there


def test_of_many_who_replace_the_same_one_does(storage: Storage) -> None:
    storage.write("reviews/cat.json", b"old")
    if isinstance(storage, Overlay):
        pytest.skip("it is for one process alone, which tries something out")
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda number: storage.replace("reviews/cat.json", b"old", b"%d" % number), range(8)))

    assert done.count(True) == 1
    assert storage.read("reviews/cat.json") == b"%d" % done.index(True)


def test_replacing_leaves_nothing_beside_it(storage: Storage) -> None:
    storage.replace("reviews/cat.json", None, b"new")
    assert keys(storage) == ["reviews/cat.json"]
