"""WebDataset: what a shard holds, how large it is, and that the same rows give the same bytes."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import datasets

from streamcap_dagster.exporters import webdataset
from streamcap_dagster.exporters.exporter import Exporter
from streamcap_dagster.exporters.exporting import export
from streamcap_dagster.storage.folder import FolderStorage
from tests.exporters.corpus import WORDS, frames, store_dataset, stream_row


def shards(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.tar"))}


def members(data: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getmembers()


def test_a_clip_is_a_picture_per_frame_and_a_json_file_under_one_key(dataset: FolderStorage, out: Path) -> None:
    export(dataset, webdataset.EXPORTER, WORDS, out, splits=["train"])
    with tarfile.open(out / "train-000000.tar") as tar:
        names = tar.getnames()
        content = {name: tar.extractfile(name).read() for name in names}  # type: ignore[union-attr]

    pictures = [f"cat-0000.0000{window}_00{k}.jpg" for window in range(3) for k in range(2)]
    assert names == [*pictures, "cat-0000.json"]
    assert [content[name] for name in pictures] == [*frames("cat", 0), *frames("cat", 1), *frames("cat", 2)]
    about = json.loads(content["cat-0000.json"])
    assert [(window["outcome"], window["text"]) for window in about["windows"]] == [("ok", "A red door."), ("ok", "It opens."), ("no_change", "")]
    assert about["frames_per_window"] == [2, 2, 2]
    assert (about["license"], about["source_sha256"], about["prompt_version"], about["group"]) == ("cc-by-4.0", "0" * 64, "p1", "cat")


def test_every_file_of_a_key_lies_beside_the_others_and_a_key_holds_no_dot(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(f"video_{number}-x") for number in range(3)]]}})
    export(storage, webdataset.EXPORTER, WORDS, out)
    keys = [member.name.split(".", 1)[0] for member in members(shards(out)["train-000000.tar"])]

    assert keys == sorted(keys)
    assert set(keys) == {f"video_{number}-x-0000" for number in range(3)}


def test_videos_with_long_names_have_short_keys_of_their_own(storage: FolderStorage, out: Path) -> None:
    long = ["x" * 81, *("y" * 95 + end for end in "ab")]
    store_dataset(storage, {"stream": {"train": [[stream_row(video_id) for video_id in long]]}})
    export(storage, webdataset.EXPORTER, WORDS, out)
    with tarfile.open(out / "train-000000.tar") as tar:
        about = {name.split(".")[0]: json.load(tar.extractfile(name)) for name in tar.getnames() if name.endswith(".json")}  # type: ignore[arg-type]

    assert [row["video_id"] for row in about.values()] == long
    assert next(iter(about)) == f"{long[0]}-0000"


def test_the_same_rows_give_the_same_bytes_which_tell_no_owner_and_no_time(dataset: FolderStorage, out: Path, tmp_path: Path) -> None:
    export(dataset, webdataset.EXPORTER, WORDS, out)
    export(dataset, webdataset.EXPORTER, WORDS, tmp_path / "again")

    assert shards(out) == shards(tmp_path / "again")
    assert {(member.mtime, member.uid, member.gid, member.uname, member.gname) for member in members(shards(out)["train-000000.tar"])} == {(0, 0, 0, "", "")}


def test_a_shard_ends_before_it_grows_beyond_its_size_and_a_larger_clip_has_one_to_itself(storage: FolderStorage, out: Path) -> None:
    small = [("ok", "A red door.")] * 2
    rows = [stream_row("a", small), stream_row("b", small), stream_row("c", small * 20), stream_row("d", small)]
    store_dataset(storage, {"stream": {"train": [rows]}})
    limit = 2 * tarfile.RECORDSIZE
    tight = Exporter("webdataset", ("stream",), "", webdataset.samples, webdataset.tar_shards(limit))
    tally = export(storage, tight, WORDS, out).splits["train"]

    held = {name: {member.name[0] for member in members(data)} for name, data in shards(out).items()}
    assert held == {"train-000000.tar": {"a", "b"}, "train-000001.tar": {"c"}, "train-000002.tar": {"d"}}
    assert len(shards(out)["train-000000.tar"]) <= limit
    assert (tally.rows, tally.images, tally.files) == (4, 92, tuple(held))


def test_a_shard_that_is_no_more_is_removed(storage: FolderStorage, out: Path) -> None:
    tight = Exporter("webdataset", ("stream",), "", webdataset.samples, webdataset.tar_shards(1))
    store_dataset(storage, {"stream": {"train": [[stream_row("a"), stream_row("b")]]}})
    export(storage, tight, WORDS, out)
    store_dataset(storage, {"stream": {"train": [[stream_row("b")]]}})
    export(storage, tight, WORDS, out)

    assert set(shards(out)) == {"train-000000.tar"}


def test_datasets_streams_it(dataset: FolderStorage, out: Path) -> None:
    export(dataset, webdataset.EXPORTER, WORDS, out)
    rows = datasets.load_dataset("webdataset", data_files=str(out / "train-000000.tar"), split="train", streaming=True).decode(False)
    [row] = rows

    assert row["json"]["video_id"] == "cat"
    assert hashlib.sha256(row["00002_001.jpg"]["bytes"]).digest() == hashlib.sha256(frames("cat", 2)[1]).digest()
