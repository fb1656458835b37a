"""A storage over another: what is tried out above leaves no trace below, but for what is let through."""

import tempfile
from pathlib import Path

import pytest

from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.overlay import Overlay, tried_out
from streamcap_dagster.storage.processes import process_name


@pytest.fixture
def below(tmp_path: Path) -> FolderStorage:
    storage = FolderStorage(tmp_path / "below")
    storage.write("clips/cat.json", b"below")
    storage.write("clips/dog.json", b"below")
    return storage


@pytest.fixture
def overlay(below: FolderStorage, tmp_path: Path) -> Overlay:
    return Overlay(below, FolderStorage(tmp_path / "upper"), through=("calls/",))


def listed(storage: Overlay | FolderStorage, prefix: str = "") -> list[tuple[str, int]]:
    return [(stored.key, stored.size_bytes) for stored in storage.list(prefix)]


def test_what_was_not_written_here_is_read_from_below(overlay: Overlay) -> None:
    assert overlay.read("clips/cat.json") == b"below"
    with overlay.open("clips/cat.json") as file, overlay.local("clips/cat.json") as path:
        assert file.read() == path.read_bytes() == b"below"


def test_what_is_written_stays_above(overlay: Overlay, below: FolderStorage) -> None:
    overlay.write("clips/cat.json", b"tried out")
    with overlay.staged("clips/emu.json") as path:
        path.write_bytes(b"new")

    assert (overlay.read("clips/cat.json"), overlay.read("clips/emu.json")) == (b"tried out", b"new")
    assert listed(below) == [("clips/cat.json", 5), ("clips/dog.json", 5)]
    assert below.read("clips/cat.json") == b"below"


def test_what_is_deleted_is_gone_above_and_there_below_until_it_is_written_again(overlay: Overlay, below: FolderStorage) -> None:
    overlay.delete("clips/cat.json")

    assert (overlay.stat("clips/cat.json"), listed(overlay)) == (None, [("clips/dog.json", 5)])
    with pytest.raises(ObjectMissing, match=r"clips/cat\.json does not exist"):
        overlay.afresh().read("clips/cat.json")
    assert below.read("clips/cat.json") == b"below"
    overlay.write("clips/cat.json", b"again")
    assert overlay.read("clips/cat.json") == b"again"


def test_a_list_holds_each_key_once_as_it_is_here(overlay: Overlay) -> None:
    overlay.write("clips/cat.json", b"longer than below")
    overlay.write("clips/bee.json", b"")

    assert listed(overlay, "clips/") == [("clips/bee.json", 0), ("clips/cat.json", 17), ("clips/dog.json", 5)]


def test_what_is_let_through_is_written_and_deleted_below(overlay: Overlay, below: FolderStorage) -> None:
    overlay.write("calls/cat/a.json", b"answer")
    overlay.write("calls/cat/b.json", b"answer")
    overlay.delete("calls/cat/b.json")

    assert listed(below, "calls/") == listed(overlay, "calls/") == [("calls/cat/a.json", 6)]


def test_a_turn_is_that_of_the_storage_below(overlay: Overlay, below: FolderStorage) -> None:
    with below.lease("cat"), overlay.lease("cat") as held:
        assert not held


def test_a_try_leaves_nothing_and_clears_what_a_killed_one_left(below: FolderStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    host, _, _ = process_name().rsplit("-", 2)
    for name in (f"streamcap-sample-{host}-{2**22 + 1}-cafe", "streamcap-sample-elsewhere-17-cafe"):
        (tmp_path / "temporary" / name).mkdir(parents=True)

    with tried_out(below, through=()) as overlay:
        overlay.write("clips/cat.json", b"tried out")

    assert [path.name for path in (tmp_path / "temporary").iterdir()] == ["streamcap-sample-elsewhere-17-cafe"]
