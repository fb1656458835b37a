"""The catalog over several commits of a dataset of real videos."""

from pathlib import Path

import pytest

from streamcap_dagster.storage import keys
from streamcap_dagster.storage.tombstones import lay_tombstone
from streamcap_dagster.videos import catalog
from streamcap_dagster.videos.copying import copy_video, hash_file
from tests.media import make_video
from tests.videos.hub_dataset import REPO, HubDataset, embedded, table_of

SHARD = "data/train-{:05}-of-00009.parquet"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("made")
    return {name: make_video(folder / f"{name}.mp4", 1, "64x48", "25", f"color={name}").read_bytes() for name in ("red", "blue", "green")}


@pytest.fixture
def dataset(dataset: HubDataset, made: dict[str, bytes]) -> HubDataset:
    rows = [embedded(made["red"], id="red", license="cc0-1.0"), embedded(made["blue"], id="blue", license=None)]
    dataset.hub.make(REPO, {SHARD.format(0): table_of(rows), "README.md": b"---\nlicense: mit\n---\n"})
    return dataset


def test_every_video_of_the_column_is_cataloged_with_what_is_known_of_it(dataset: HubDataset, made: dict[str, bytes]) -> None:
    update = dataset.catalog()
    rows = dataset.rows()
    assert (update.added, update.failed, update.remarks) == (("blue", "red"), (), ())
    assert [(row.license, row.credit, row.size_bytes, row.duration_s) for row in (rows["red"], rows["blue"])] == [
        ("cc0-1.0", REPO, len(made["red"]), 1.0),
        ("mit", REPO, len(made["blue"]), 1.0),
    ]


def test_a_second_scan_is_one_request_and_changes_no_byte(dataset: HubDataset) -> None:
    dataset.catalog()
    before = dataset.storage.read(keys.MANIFEST)
    dataset.hub.journal.clear()
    dataset.catalog()
    assert dict(dataset.hub.journal.by_kind) == {"info": 1}
    assert dataset.storage.read(keys.MANIFEST) == before


def test_a_new_row_in_a_file_of_its_own_is_the_only_one_that_is_fetched(dataset: HubDataset, made: dict[str, bytes]) -> None:
    dataset.catalog()
    dataset.hub.commit(REPO, {SHARD.format(1): table_of([embedded(made["green"], id="green", license="x")])})
    dataset.root.joinpath("cache", "files").rename(dataset.root / "lost")
    dataset.hub.journal.clear()
    update = dataset.catalog()
    assert (update.added, update.changed, update.removed) == (("green",), (), ())
    videos = [row for row in dataset.hub.journal.rows if row.kind == "download" and row.path == SHARD.format(0)]
    assert sum(row.answered_bytes for row in videos) <= 2 * len(dataset.hub.files(REPO)[SHARD.format(0)])  # twice, as it is small: its end and its ids


def test_a_file_that_was_written_again_with_one_more_row_makes_only_that_row_new(
    dataset: HubDataset, made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.catalog()
    probed: list[str] = []
    probe = catalog.probe_video
    monkeypatch.setattr(catalog, "probe_video", lambda path, uri: (probed.append(uri), probe(path, uri))[1])
    rows = [embedded(data, id=name, license=None) for name, data in made.items()]
    dataset.hub.commit(REPO, {SHARD.format(0): None, "data/train-00000-of-00001.parquet": table_of(rows)})
    update = dataset.catalog()
    assert (update.added, update.changed, update.removed, probed) == (("green",), (), (), ["green.mp4"])


def test_a_licence_that_changes_in_the_card_is_noticed_without_fetching_a_video(dataset: HubDataset) -> None:
    dataset.catalog()
    dataset.hub.commit(REPO, {"README.md": b"---\nlicense: cc-by-4.0\n---\n"})
    source = dataset.source
    before = source.described_by
    update = dataset.catalog()
    assert (dataset.rows()["blue"].license, dataset.rows()["red"].license, update.changed) == ("cc-by-4.0", "cc0-1.0", ())
    assert before == dataset.source.described_by


def test_a_row_that_is_gone_is_marked_and_its_id_goes_to_no_other(dataset: HubDataset, made: dict[str, bytes]) -> None:
    dataset.catalog()
    dataset.hub.commit(REPO, {SHARD.format(0): table_of([embedded(made["red"], id="red", license="x")])})
    assert dataset.catalog().removed == ("blue",)


def test_a_table_that_cannot_be_read_any_more_removes_no_video(dataset: HubDataset, made: dict[str, bytes]) -> None:
    dataset.hub.commit(REPO, {SHARD.format(1): table_of([embedded(made["green"], id="green")])})
    before = dataset.catalog()
    dataset.hub.commit(REPO, {SHARD.format(1): b"PAR1 but no more"})
    update = dataset.catalog()
    assert (update.videos, update.removed) == (before.videos, ())
    assert update.remarks[0] == "A part of the source cannot be listed, so what is known of 1 video that may still be there stays as it was."


def test_what_was_taken_down_stays_so_under_whatever_id_it_comes_back(dataset: HubDataset, made: dict[str, bytes]) -> None:
    dataset.catalog()
    lay_tombstone(dataset.storage, "red", dataset.rows()["red"].sha256)
    dataset.hub.commit(REPO, {SHARD.format(1): table_of([embedded(made["red"], id="innocent", license="x")])})
    dataset.catalog()
    rows = dataset.rows()
    assert {video_id: row.status for video_id, row in rows.items()} == {"red": "forgotten", "innocent": "forgotten", "blue": "ok"}
    assert (rows["red"].license, rows["red"].size_bytes, rows["innocent"].size_bytes) == ("", len(made["red"]), len(made["red"]))
    before = dataset.storage.read(keys.MANIFEST)
    dataset.hub.journal.clear()
    dataset.catalog()
    assert dataset.downloads() == 0
    assert dataset.storage.read(keys.MANIFEST) == before


def test_a_bad_row_fails_alone(dataset: HubDataset) -> None:
    dataset.hub.commit(REPO, {SHARD.format(1): table_of([embedded(b"no video at all", id="bad", license="x"), embedded(None, id="none", license="x")])})
    update = dataset.catalog()
    assert update.failed == ("bad", "none")
    assert [dataset.rows()[name].reason.partition(".")[0] for name in update.failed] == [
        "It is not a video: no known format recognises its bytes",
        "Its row holds no video, and names none that is in the dataset",
    ]


def test_a_video_is_copied_out_of_its_row_as_it_was_cataloged(dataset: HubDataset, tmp_path: Path) -> None:
    dataset.catalog()
    row = dataset.rows()["blue"]
    with dataset.source.local(row.uri) as original:
        copy_video(original, row, tmp_path / "copy.mp4", "hard")
    assert hash_file(tmp_path / "copy.mp4") == row.sha256
