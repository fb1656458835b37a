"""A folder as storage: whole objects, clear errors, leases that die with their holder."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from streamcap_dagster.errors import ObjectMissing, StorageError
from streamcap_dagster.storage import Stored
from streamcap_dagster.storage.folder import FolderStorage
from tests.ordinary import as_ordinary_user


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "root")


def test_what_was_written_is_read_back_and_listed_in_order(storage: FolderStorage) -> None:
    for key in ("b/2.json", "a/1.json", "b/1.json"):
        storage.write(key, key.encode())

    assert storage.read("b/1.json") == b"b/1.json"
    assert list(storage.list("b/")) == [Stored("b/1.json", 8), Stored("b/2.json", 8)]
    assert [stored.key for stored in storage.list("")] == ["a/1.json", "b/1.json", "b/2.json"]


def test_a_prefix_that_ends_inside_a_name_lists_what_starts_with_it(storage: FolderStorage) -> None:
    for key in ("raw/videos/cat.mp4", "raw/videos/cat2.mp4", "raw/videos/dog.mp4"):
        storage.write(key, b"x")

    assert [stored.key for stored in storage.list("raw/videos/cat.")] == ["raw/videos/cat.mp4"]


def test_a_folder_that_cannot_be_listed_is_not_empty() -> None:
    with TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        FolderStorage(root).write("tombstones/cat.json", b"x")
        (root / "tombstones").chmod(0)
        told = as_ordinary_user(_why_not_listed, root)
        (root / "tombstones").chmod(0o700)
    assert told.startswith(f"listing tombstones/ failed in {root}: Permission denied. Give this user permission to read")


def _why_not_listed(root: Path) -> str:
    try:
        return str([stored.key for stored in FolderStorage(root).list("tombstones/")])
    except StorageError as error:
        return str(error)


def test_a_folder_that_cannot_be_listed_for_too_many_open_files_is_not_empty(storage: FolderStorage) -> None:
    script = """
        import os, resource, sys
        from pathlib import Path
        from streamcap_dagster.errors import StorageError
        from streamcap_dagster.storage.folder import FolderStorage
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        held = []
        try:
            while True:
                held.append(os.dup(0))
        except OSError:
            pass
        try:
            print(list(FolderStorage(Path(sys.argv[1])).list("")))
        except StorageError as error:
            print(error)
    """
    storage.write("tombstones/cat.json", b"x")

    told = _python(script, storage.root).stdout

    assert told.startswith(f"listing what is there failed in {storage.root}: Too many open files. ")
    assert "`ulimit -n`" in told


def test_a_folder_of_the_storage_that_lies_elsewhere_is_listed_like_any_other(storage: FolderStorage, tmp_path: Path) -> None:
    for folder in ("frames", "raw/videos"):
        (tmp_path / "elsewhere" / folder).mkdir(parents=True)
        (storage.root / folder).parent.mkdir(parents=True, exist_ok=True)
        (storage.root / folder).symlink_to(tmp_path / "elsewhere" / folder)
    for key in ("frames/cat.parquet", "raw/manifest.csv", "raw/videos/cat.mp4"):
        storage.write(key, b"x")

    assert [stored.key for stored in storage.list("")] == ["frames/cat.parquet", "raw/manifest.csv", "raw/videos/cat.mp4"]
    assert [stored.key for stored in storage.list("raw/")] == ["raw/manifest.csv", "raw/videos/cat.mp4"]


def test_a_link_to_any_other_folder_is_refused_by_name_where_all_is_asked_for(storage: FolderStorage, tmp_path: Path) -> None:
    storage.write("clips/cat.json", b"x")
    (storage.root / "notes").symlink_to(tmp_path)
    with pytest.raises(StorageError, match=rf"^listing notes failed in {storage.root}: it is a link to {tmp_path}, .*take the link away"):
        list(storage.list(""))


def test_what_lies_behind_a_link_among_a_videos_objects_is_none_of_them(storage: FolderStorage, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/holiday.jpg").write_bytes(b"x")
    storage.write("processed/images/cat/1.jpg", b"x")
    (storage.root / "processed/images/cat/mine").symlink_to(tmp_path / "mine")
    assert [stored.key for stored in storage.list("processed/images/cat/")] == ["processed/images/cat/1.jpg"]


def test_another_name_for_a_folder_of_the_storage_lists_nothing_twice(storage: FolderStorage) -> None:
    storage.write("processed/dataset/README.md", b"x")
    (storage.root / "processed/latest").symlink_to("dataset")
    (storage.root / "processed/up").symlink_to("..")
    assert [stored.key for stored in storage.list("")] == ["processed/dataset/README.md"]


def test_a_folder_of_the_storage_that_leads_back_into_it_is_refused_by_name(storage: FolderStorage) -> None:
    storage.write("clips/cat.json", b"x")
    (storage.root / "frames").symlink_to(".")
    with pytest.raises(StorageError, match="listing frames failed in "):
        list(storage.list(""))


@pytest.mark.parametrize("prefix", ["", "raw/videos/", "raw/videos/cat."])
def test_a_folder_that_is_linked_to_a_disk_that_is_away_is_not_empty(storage: FolderStorage, tmp_path: Path, prefix: str) -> None:
    storage.write("clips/cat.json", b"x")
    (storage.root / "raw").symlink_to(tmp_path / "away")
    with pytest.raises(StorageError, match=r"a link that it lies behind leads to no folder\. Bring back the disk"):
        list(storage.list(prefix))


def test_what_the_file_system_of_a_disk_keeps_for_itself_is_no_object(storage: FolderStorage) -> None:
    storage.write("lost+found/#1234", b"x")
    storage.write("clips/cat.json", b"x")
    assert [stored.key for stored in storage.list("")] == ["clips/cat.json"]


def test_a_missing_object_is_a_file_not_found_error_that_names_key_and_fix(storage: FolderStorage) -> None:
    with pytest.raises(FileNotFoundError, match=r"delta_captions/cat\.json does not exist in .*Make it by materializing `delta_captions`"):
        storage.read("delta_captions/cat.json")
    with pytest.raises(ObjectMissing), storage.local("delta_captions/cat.json"):
        pass


def test_an_error_while_writing_leaves_the_old_object_and_nothing_else(storage: FolderStorage) -> None:
    storage.write("clips/cat.json", b"old")

    def write_badly() -> None:
        with storage.staged("clips/cat.json") as path:
            path.write_bytes(b"half of the n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_badly()
    assert storage.read("clips/cat.json") == b"old"
    assert [stored.key for stored in storage.list("")] == ["clips/cat.json"]
    assert not any(path.is_file() for path in storage.root.rglob("staging/*"))


def test_a_key_cannot_leave_the_root(storage: FolderStorage) -> None:
    for key in ("../outside", "/etc/passwd", "a/../../outside"):
        with pytest.raises(StorageError):
            storage.write(key, b"x")


def test_deleting_what_is_not_there_is_fine(storage: FolderStorage) -> None:
    storage.delete("clips/never.json")


def test_what_a_block_could_not_read_elsewhere_is_not_blamed_on_the_storage(storage: FolderStorage, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"original\.mp4"), storage.staged("raw/videos/cat.mp4"):
        (tmp_path / "original.mp4").read_bytes()


def test_a_file_where_the_root_should_be_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file")
    with pytest.raises(StorageError, match="A file stands where a folder is needed"):
        FolderStorage(tmp_path / "root").write("clips/cat.json", b"x")


def test_a_full_disk_leaves_the_old_object_whole_and_says_what_to_do(tmp_path: Path) -> None:
    script = """
        import resource, signal, sys
        from pathlib import Path
        from streamcap_dagster.errors import StorageError
        from streamcap_dagster.storage.folder import FolderStorage
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            FolderStorage(Path(sys.argv[1])).write("frames/cat.parquet", b"x" * 5000)
        except StorageError as error:
            print(error)
    """
    storage = FolderStorage(tmp_path)
    storage.write("frames/cat.parquet", b"old")

    said = _python(script, tmp_path).stdout

    assert "writing frames/cat.parquet failed" in said
    assert "nothing that exists was changed" in said
    assert storage.read("frames/cat.parquet") == b"old"


def test_a_kill_in_the_middle_of_a_write_leaves_no_object_and_the_rest_is_swept(storage: FolderStorage) -> None:
    script = """
        import os, signal, sys
        from pathlib import Path
        from streamcap_dagster.storage.folder import FolderStorage
        with FolderStorage(Path(sys.argv[1])).staged("frames/cat.parquet") as path:
            path.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert _python(script, storage.root).returncode == -signal.SIGKILL

    assert storage.stat("frames/cat.parquet") is None
    assert storage.sweep() == 1
    assert storage.sweep() == 0


def test_sweeping_spares_what_a_living_process_writes(storage: FolderStorage) -> None:
    with storage.staged("frames/cat.parquet") as path:
        path.write_bytes(b"whole")
        assert storage.sweep() == 0
    assert storage.read("frames/cat.parquet") == b"whole"


def test_a_lease_has_one_holder_at_a_time(storage: FolderStorage) -> None:
    with storage.lease("cat") as mine:
        assert mine
        with storage.lease("cat") as second, storage.lease("dog") as other:
            assert not second
            assert other
    with storage.lease("cat") as again:
        assert again


def test_a_lease_ends_when_its_holder_is_killed(storage: FolderStorage) -> None:
    script = """
        import sys, time
        from pathlib import Path
        from streamcap_dagster.storage.folder import FolderStorage
        with FolderStorage(Path(sys.argv[1])).lease("cat") as mine:
            print(mine, flush=True)
            time.sleep(60)
    """
    holder = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), str(storage.root)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "True"
    with storage.lease("cat") as mine:
        assert not mine

    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    with storage.lease("cat") as mine:
        assert mine


def _python(script: str, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(root)], capture_output=True, text=True, check=False)


def test_appended_lines_stay_although_the_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom streamcap_dagster.storage.folder import FolderStorage\n"
        "with FolderStorage(Path(sys.argv[1])).journal('ledger/a.jsonl') as append:\n"
        "    append(b'one\\n')\n    append(b'two\\n')\n    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert FolderStorage(tmp_path).read("ledger/a.jsonl") == b"one\ntwo\n"


@pytest.fixture
def full_at() -> Iterator[Callable[[int], None]]:
    """Files take no more than so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size_bytes: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_a_full_disk_takes_only_in_part_is_no_line_of_a_journal(tmp_path: Path, full_at: Callable[[int], None]) -> None:
    storage = FolderStorage(tmp_path)
    with storage.journal("ledger/a.jsonl") as append:
        append(b"one\n")
        full_at(10)
        with pytest.raises(StorageError):
            append(b"a line that is too long\n")
        full_at(-1)
        append(b"two\n")
    assert storage.read("ledger/a.jsonl") == b"one\ntwo\n"
