"""Publishing to a Hub over HTTP: what is sent, what is not sent again, and what a reader sees."""

from streamcap_dagster.emulators.hub.server import Running
from streamcap_dagster.storage.folder import FolderStorage
from tests.hub.published import REPO, build, publisher, shards


def local_files(storage: FolderStorage) -> dict[str, bytes]:
    folder = storage.root / "processed/dataset"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_repository_is_private_and_holds_the_dataset_byte_for_byte(hub: Running, storage: FolderStorage) -> None:
    publisher(hub, storage).publish()

    assert hub.repository(REPO).private
    assert {path: data for path, data in hub.files(REPO).items() if path in local_files(storage)} == local_files(storage)
