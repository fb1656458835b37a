"""Publishing to a Hub over HTTP: what is sent, what is not sent again, what is taken away, and what a reader sees."""

import re
import threading

import pytest

from streamcap_dagster.emulators.hub.server import Running
from streamcap_dagster.errors import SettingError
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs import open_storage
from tests.hub.published import REPO, build, commits, dataset_files, dataset_folder, publisher, shards

VIDEOS = ["clock", "life", "still"]


def test_the_repository_is_private_and_holds_the_dataset_byte_for_byte(hub: Running, storage: FolderStorage) -> None:
    publisher(hub, storage).publish()

    assert hub.repository(REPO).private
    assert {path: data for path, data in hub.files(REPO).items() if path in dataset_files(storage)} == dataset_files(storage)


def test_where_nothing_is_new_nothing_is_sent_or_committed(hub: Running, storage: FolderStorage) -> None:
    first = publisher(hub, storage).publish()
    hub.journal.clear()
    second = publisher(hub, storage).publish()

    assert (second.commit, second.tag, bool(second.changes)) == (first.commit, first.tag, False)
    assert hub.journal.sent_bytes() == 0
    assert len(commits(hub)) == 1


def test_a_video_more_sends_its_own_shards_and_the_card_again(hub: Running, storage: FolderStorage) -> None:
    publisher(hub, storage).publish()
    before = shards(hub)
    hub.journal.clear()
    build(storage, [*VIDEOS, "rain"])
    publisher(hub, storage).publish()

    large = {file.lfs: path for path, file in hub.repository(REPO).at("main").files.items()}
    sent = {large[row.path] for row in hub.journal.rows if row.kind == "lfs_put"}
    assert before < shards(hub)
    assert {path for path in sent if path.endswith(".parquet")} == shards(hub) - before


def test_all_that_changes_does_so_in_one_commit(hub: Running, storage: FolderStorage) -> None:
    publisher(hub, storage).publish()
    build(storage, ["clock", "rain"])
    publisher(hub, storage).publish()

    assert len(commits(hub)) == 2
    assert hub.journal.count("commit") == 2


def test_a_video_that_was_taken_down_is_in_no_file_of_the_next_release(hub: Running, storage: FolderStorage) -> None:
    publisher(hub, storage).publish()
    build(storage, ["clock", "still"])
    published = publisher(hub, storage).publish()

    assert published.difference is not None
    assert (published.difference.videos_added, published.difference.videos_removed) == (0, 1)
    assert not [path for path, data in hub.files(REPO).items() if b"life" in data]
    assert shards(hub) == {path for path in dataset_files(storage) if path.endswith(".parquet")}


def test_a_release_is_tagged_and_told_in_the_changelog(hub: Running, storage: FolderStorage) -> None:
    first = publisher(hub, storage).publish()
    build(storage, ["clock", "life", "rain"])
    second = publisher(hub, storage).publish()

    assert re.fullmatch(r"\d{4}-\d\d-\d\d\.1", first.tag)
    assert second.tag == first.tag[:-1] + "2"
    assert hub.repository(REPO).tags == {first.tag: first.commit, second.tag: second.commit}
    newest, oldest = hub.files(REPO)["CHANGELOG.md"].decode().split("\n## ")[1:]
    assert newest.startswith(f"{second.tag}\n\n1 video added and 1 video removed. There are 3 now.\n")
    assert oldest.startswith(f"{first.tag}\n\n3 videos added. There are 3 now.\n")
    assert re.search(r"\| `sft` \| \d+ \| \d+ \| \d+ \|", newest)


def test_what_others_put_into_the_repository_stays_and_what_was_ours_goes(hub: Running, storage: FolderStorage) -> None:
    publisher(hub, storage).publish()
    pictures = {path for path in hub.files(REPO) if path.startswith("card/")}
    hub.commit(REPO, {"NOTES.md": b"Read me too.", "card/mine.png": b"mine"})
    build(storage, ["rain"])
    publisher(hub, storage).publish()

    assert hub.files(REPO)["NOTES.md"] == b"Read me too."
    assert "card/mine.png" in hub.files(REPO)
    assert pictures - hub.files(REPO).keys()


def test_what_else_lies_in_the_folder_is_not_published(hub: Running, storage: FolderStorage) -> None:
    for name in (".env", ".DS_Store", "notes.txt", "sft/.DS_Store", "card/film-0123456789abcdef.jpg", "card/.DS_Store", "sft/old.parquet"):
        (dataset_folder(storage) / name).write_bytes(b"STREAMCAP_API_KEY=secret")
    publisher(hub, storage).publish()

    assert not [path for path, data in hub.files(REPO).items() if b"secret" in data]
    assert "croissant.json" in hub.files(REPO)


def test_a_release_can_be_named_but_not_like_another(hub: Running, storage: FolderStorage) -> None:
    assert publisher(hub, storage, tag="v1.0").publish().tag == "v1.0"
    build(storage, ["clock"])

    with pytest.raises(SettingError, match="has a release of that name already"):
        publisher(hub, storage, tag="v1.0").publish()
    assert len(commits(hub)) == 1


def test_where_nothing_is_new_the_name_of_an_older_release_is_refused(hub: Running, storage: FolderStorage) -> None:
    publisher(hub, storage, tag="v1").publish()
    build(storage, ["clock"])
    publisher(hub, storage, tag="v2").publish()

    assert publisher(hub, storage, tag="v2").publish().tag == "v2"
    with pytest.raises(SettingError, match="has an older release of that name, and nothing is new: the newest is v2"):
        publisher(hub, storage, tag="v1").publish()
    assert publisher(hub, storage, tag="final").publish().tag == "final"
    assert publisher(hub, storage, tag="final").publish().tag == "final"


def test_the_name_of_a_release_whose_tag_was_deleted_is_not_given_again(hub: Running, storage: FolderStorage) -> None:
    publisher(hub, storage, tag="v1").publish()
    build(storage, ["clock"])
    del hub.repository(REPO).tags["v1"]

    with pytest.raises(SettingError, match="has a release of that name already"):
        publisher(hub, storage, tag="v1").publish()


@pytest.mark.parametrize("tag", ["a release", "v1..2", "v1.", "v1.lock", "HEAD", "main", "vé"])
def test_a_name_that_git_does_not_take_is_refused(hub: Running, storage: FolderStorage, tag: str) -> None:
    with pytest.raises(SettingError, match=r"such as v1\.2"):
        publisher(hub, storage, tag=tag)


@pytest.mark.parametrize("tag", ["v1.2", "1", "2026-11-21.1", "v1_final-b"])
def test_a_name_that_git_takes_may_be_given(hub: Running, storage: FolderStorage, tag: str) -> None:
    assert publisher(hub, storage, tag=tag).publish().tag == tag


def test_of_two_at_once_one_publishes_and_the_other_finds_it_done(hub: Running, storage: FolderStorage) -> None:
    both = [threading.Thread(target=publisher(hub, storage).publish) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert len(commits(hub)) == 1


def test_a_dataset_in_a_bucket_is_published_alike(hub: Running, gcs: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.mktemp("cache")
    bucket = open_storage("gs://bucket/captions", cache, 1.0, 8, 30.0)
    build(bucket, ["clock"])
    publisher(hub, bucket).publish()

    assert {path: bucket.read(f"processed/dataset/{path}") for path in shards(hub)} == {path: hub.files(REPO)[path] for path in shards(hub)}
