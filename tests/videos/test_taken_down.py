"""The catalog and what was taken down: bytes that never come back, whatever they are called, and ids that nobody else gets."""

from pathlib import Path

import pytest

from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.tombstones import lay_tombstone, lift_tombstone
from streamcap_dagster.videos import catalog
from streamcap_dagster.videos.catalog import CatalogUpdate, update_catalog
from streamcap_dagster.videos.copying import hash_file
from streamcap_dagster.videos.manifest import read_manifest, read_seen
from streamcap_dagster.videos.source import FolderSource
from tests.media import make_video


class Corpus:
    """A source with the videos cat and dog, of which cat was taken down after a first scan."""

    def __init__(self, root: Path) -> None:
        self.folder, self.storage = root / "source", FolderStorage(root / "storage")
        self.folder.mkdir()
        self.cat = make_video(self.folder / "cat.mp4", 1, "64x48", "25", "color=red")
        self.dog = make_video(self.folder / "dog.mp4", 1, "64x48", "25", "color=blue")
        self.cat_bytes = self.cat.read_bytes()
        self.scan()
        lay_tombstone(self.storage, "cat", hash_file(self.cat))

    def scan(self) -> CatalogUpdate:
        return update_catalog(FolderSource(self.folder), self.storage, workers=2, on_video=lambda done, total, uri: None)

    def statuses(self) -> dict[str, str]:
        self.scan()
        return {video_id: video.status for video_id, video in read_manifest(self.storage).items()}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(tmp_path)


def test_a_video_that_was_taken_down_is_listed_as_forgotten_and_how_to_take_it_back(corpus: Corpus) -> None:
    assert corpus.statuses() == {"cat": "forgotten", "dog": "ok"}
    row = read_manifest(corpus.storage)["cat"]
    assert row.reason.startswith("Its content was taken down on 20")
    assert row.reason.endswith("`streamcap forget --undo cat` takes it back.")
    assert (row.codec, row.duration_s) == ("", 0.0)


def test_it_is_neither_failed_nor_changed_again_at_the_next_scan(corpus: Corpus) -> None:
    corpus.scan()
    again = corpus.scan()
    assert (again.added, again.changed, again.removed, again.failed) == ((), (), (), ())


def test_the_same_bytes_under_a_new_name_are_forgotten_too(corpus: Corpus) -> None:
    corpus.cat.rename(corpus.folder / "kitten.mp4")
    assert corpus.statuses() == {"dog": "ok", "kitten": "forgotten"}


def test_they_are_hashed_once_and_never_probed(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.cat.rename(corpus.folder / "kitten.mp4")
    opened: list[str] = []

    def hashed(path: Path) -> str:
        opened.append(path.name)
        return hash_file(path)

    monkeypatch.setattr(catalog, "hash_file", hashed)
    monkeypatch.setattr(catalog, "probe_video", lambda path, uri: pytest.fail(f"{uri} was probed"))
    corpus.scan()
    corpus.scan()
    assert opened == ["kitten.mp4"]


def test_once_the_file_is_gone_nothing_names_it(corpus: Corpus) -> None:
    corpus.scan()
    corpus.storage.write(keys.SURVEY, b"of cat.mp4")
    corpus.cat.unlink()
    assert corpus.statuses() == {"dog": "ok"}
    assert corpus.storage.stat(keys.SURVEY) is None
    assert b"cat" not in corpus.storage.read(keys.MANIFEST)
    assert set(read_seen(corpus.storage)) == {"dog.mp4"}


def test_other_bytes_under_its_old_name_are_another_video_with_another_id(corpus: Corpus) -> None:
    corpus.scan()
    make_video(corpus.cat, 1, "64x48", "25", "color=green")
    found = corpus.statuses()
    other = next(video_id for video_id in found if video_id != "dog")
    assert (found[other], other[:4], len(other)) == ("ok", "cat-", 12)
    assert corpus.statuses() == found


def test_its_id_stays_taken_once_it_is_gone(corpus: Corpus) -> None:
    corpus.cat.unlink()
    corpus.scan()
    (corpus.folder / "sub").mkdir()
    make_video(corpus.folder / "sub" / "cat.mp4", 1, "64x48", "25", "color=green")
    assert "cat" not in corpus.statuses()


def test_taken_back_it_is_taken_in_again_under_its_id(corpus: Corpus) -> None:
    corpus.scan()
    lift_tombstone(corpus.storage, "cat")
    assert corpus.statuses() == {"cat": "ok", "dog": "ok"}


def test_a_video_whose_file_is_replaced_by_what_was_taken_down_is_forgotten(corpus: Corpus) -> None:
    corpus.dog.write_bytes(corpus.cat_bytes)
    assert corpus.statuses() == {"cat": "forgotten", "dog": "forgotten"}
