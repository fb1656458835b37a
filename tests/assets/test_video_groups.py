"""`video_groups`: which videos belong together, told in storage and in Dagster, and what the dataset makes of it."""

from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest

from streamcap_dagster.assets.clips import clips
from streamcap_dagster.assets.corpus import read_corpus
from streamcap_dagster.assets.frames import frame_hashes, frames
from streamcap_dagster.assets.groups import COMPARED, SMALL, video_groups_asset
from streamcap_dagster.assets.videos import raw_videos
from streamcap_dagster.assets.walk import inputs_of
from streamcap_dagster.assets.wiping import traces_of, wipe_traces
from streamcap_dagster.dataset.grouping.likeness import HashedVideo
from streamcap_dagster.dataset.grouping.stored import read_groups
from streamcap_dagster.errors import SettingError
from streamcap_dagster.records import FrameHash, FrameHashes, Video
from streamcap_dagster.resources.storage import FolderStorageResource
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import write_frames
from streamcap_dagster.storage.receipts import Receipt, Receipts, StoredObject, content_hash, write_receipts
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.project import Project
from tests.assets.walking import settings, video
from tests.dataset.grouping.hashes import film, worn
from tests.frames.drawn import drawn_frame, drawn_picture

CHAIN = (raw_videos, clips, frames, frame_hashes)


class Corpus:
    """A storage whose videos are nothing but their hashes."""

    def __init__(self, storage: FolderStorage) -> None:
        self.storage = storage
        self.instance = dg.DagsterInstance.ephemeral()
        self._draw = np.random.default_rng(11)
        self._films: dict[str, HashedVideo] = {}
        self._rows: dict[str, Video] = {}

    def add(self, video_id: str, like: str = "", hashed: bool = True, **row: Any) -> None:
        """List a video, which looks like another if that is given."""
        shown = worn(self._draw, self._films[like], bits=3) if like else film(self._draw, 12)
        self._films[video_id], self._rows[video_id] = shown, video(video_id, words=f"bytes of {video_id}", **row)
        write_manifest(self.storage, self._rows.values())
        if hashed:
            _vouch(self.storage, self._rows[video_id], shown)

    def row(self, video_id: str, **changes: Any) -> None:
        """Change the row of a video."""
        self._rows[video_id] = self._rows[video_id].model_copy(update=changes)
        write_manifest(self.storage, self._rows.values())

    def group(self, **more: Any) -> dg.ExecuteInProcessResult:
        """Materialize `video_groups`."""
        asset = video_groups_asset(settings(self.storage, **more))
        resources = {"storage": FolderStorageResource(root=self.storage.uri)}
        return dg.materialize([asset], resources=resources, instance=self.instance)

    @property
    def groups(self) -> dict[str, str]:
        return {member.video_id: group.group for group in read_groups(self.storage).groups for member in group.videos}

    def left_out(self) -> dict[str, str]:
        return read_corpus(self.storage, settings(self.storage), CHAIN, ("frames",)).left_out


def _vouch(storage: FolderStorage, row: Video, shown: HashedVideo) -> None:
    """Store the hashes, and receipts as a walk leaves them."""
    hashes = [" ".join(f"{bits:016x}" for bits in picture) for picture in shown.hashes.tolist()]
    stored = tuple(FrameHash(at_s=at_s, plain=False, hashes=line) for at_s, line in zip(shown.at_s.tolist(), hashes, strict=True))
    key = keys.frame_hashes(row.video_id)
    data = write_record(storage, key, FrameHashes(video_id=row.video_id, hashes=stored))
    receipts = Receipts(owner=row.video_id)
    for asset in CHAIN:
        made = content_hash([str(hash(data)), asset.name])
        receipt = Receipt(asset=asset.name, fingerprint="", inputs=inputs_of(asset, row, receipts), content_hash=made, objects=(), counts={})
        receipts = receipts.with_receipt(receipt.model_copy(update={"objects": (StoredObject(key=key, size_bytes=len(data)),)}))
    write_receipts(storage, receipts)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    corpus = Corpus(FolderStorage(tmp_path / "data"))
    corpus.add("cat")
    corpus.add("dog")
    corpus.add("cat_again", like="cat")
    return corpus


def told(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node("video_groups")
    return {name: value.value for name, value in event.metadata.items()}


def checked(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {check.check_name: check for check in result.get_asset_check_evaluations()}


def test_a_copy_shares_a_group_and_dagster_shows_who_with_whom(corpus: Corpus) -> None:
    found = told(corpus.group())

    assert corpus.groups["cat"] == corpus.groups["cat_again"] != corpus.groups["dog"]
    assert (found["videos"], found["groups"], found["groups_of_several"], found["videos_in_these"]) == (3, 2, 1, 2)
    assert "cat, cat\\_again | 100% alike" in found["groups_found"]


def store_frames(corpus: Corpus, video_id: str) -> None:
    with corpus.storage.staged(keys.frames(video_id)) as path:
        write_frames(path, [drawn_frame(number, drawn_picture(number), float(number)) for number in range(12)], "drawn")


def test_dagster_shows_the_videos_of_a_pair_side_by_side(corpus: Corpus) -> None:
    for video_id in ("cat", "cat_again"):
        store_frames(corpus, video_id)

    found = told(corpus.group())

    assert found["least_alike"].startswith("cat and cat\\_again\n\n![pairs of videos](data:image/jpeg;base64,")
    assert len(found["least_alike"]) < 12_000


def test_what_dagster_shows_of_a_pair_goes_with_one_of_its_videos_whatever_its_id(corpus: Corpus) -> None:
    corpus.add("cat_again-1", like="cat")
    for video_id in ("cat", "cat_again", "cat_again-1"):
        store_frames(corpus, video_id)
    assert "data:image/jpeg" in told(corpus.group())["least_alike"]

    wipe_traces(corpus.instance, traces_of({"cat_again-1": "cat_again-1.mp4"}))

    assert corpus.instance.get_latest_materialization_event(dg.AssetKey("video_groups")) is None


def test_a_pair_whose_frames_are_gone_is_told_without_a_picture(corpus: Corpus) -> None:
    assert "not shown: frames/cat.parquet does not exist" in told(corpus.group())["least_alike"]


def test_what_is_grouped_already_is_not_grouped_again(corpus: Corpus) -> None:
    first, second = corpus.group(), corpus.group()

    assert [told(result)["reused"] for result in (first, second)] == [False, True]
    assert told(first)["groups_found"] == told(second)["groups_found"]


def test_a_video_that_turns_out_to_be_two_that_are_known_merges_their_groups_and_that_is_told(corpus: Corpus) -> None:
    corpus.group()
    before = corpus.groups
    corpus.add("both", like="cat")
    corpus.group()
    corpus.add("dog_or_cat", like="dog")
    groups_csv = corpus.storage.root / "groups.csv"
    groups_csv.write_text(f"video_id,group\ndog_or_cat,{before['cat']}\n")

    found = told(corpus.group(groups_csv=groups_csv))

    assert set(corpus.groups.values()) == {before["cat"]}
    assert found["merged"] == {before["dog"]: before["cat"]}


def test_what_a_person_says_goes_before_what_the_source_says(corpus: Corpus, tmp_path: Path) -> None:
    corpus.row("cat", group="the source's")
    corpus.row("dog", group="the source's")
    corpus.group()
    by_source = corpus.groups
    (tmp_path / "groups.csv").write_text("video_id,group\ncat,mine\nyak,mine\n")
    found = told(corpus.group(groups_csv=tmp_path / "groups.csv"))

    assert by_source == dict.fromkeys(("cat", "cat_again", "dog"), "the source's")
    assert corpus.groups == {"cat": "mine", "cat_again": "mine", "dog": "the source's"}
    assert found["unknown_in_groups_csv"] == ["yak"]


def test_a_copy_that_another_uploader_has_merges_the_groups_of_both_and_that_is_told(corpus: Corpus) -> None:
    corpus.row("cat", group="ann")
    corpus.row("cat_again", group="bob")
    corpus.row("dog", group="bob")

    found = told(corpus.group())

    assert set(corpus.groups.values()) == {"ann"}
    assert found["merged"] == {"bob": "ann"}


def test_a_file_of_groups_that_is_wrong_is_refused_with_the_line(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("video_id,group\ncat,mine\nCat!,mine\n")

    with pytest.raises(SettingError, match=r"STREAMCAP_GROUPS_CSV=.* line 3: 'Cat!' is not a video id"):
        corpus.group(groups_csv=tmp_path / "groups.csv")


def test_a_video_without_hashes_is_named_and_left_out_of_the_dataset_until_it_was_compared(corpus: Corpus) -> None:
    corpus.group()
    corpus.add("owl", hashed=False)
    check = checked(corpus.group())[COMPARED]
    _vouch(corpus.storage, corpus._rows["owl"], film(np.random.default_rng(5), 12))
    before = corpus.left_out()
    corpus.group()

    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "owl: raw_videos, clips, frames, frame_hashes not made yet" in str(check.description)
    assert before == {"owl": "video owl: it was not compared with the other videos yet; make video_groups"}
    assert corpus.left_out() == {}


def test_a_video_that_is_gone_for_a_while_has_its_group_when_it_comes_back(corpus: Corpus) -> None:
    corpus.group()
    before = corpus.groups
    corpus.row("cat", status="removed", reason="It is gone.")
    corpus.group()
    corpus.row("cat", status="ok", reason="")
    corpus.group()

    assert corpus.groups == before


def test_a_forgotten_video_is_in_no_group_and_its_copies_keep_theirs(corpus: Corpus) -> None:
    corpus.group()
    before = corpus.groups
    corpus.row("cat", status="forgotten", reason="It was taken down.")
    corpus.group()

    assert corpus.groups == {video_id: group for video_id, group in before.items() if video_id != "cat"}
    assert b'"cat"' not in corpus.storage.read(keys.GROUPS)


def test_hashes_that_cannot_be_read_leave_out_only_their_video_and_are_tried_again(corpus: Corpus) -> None:
    whole = corpus.storage.read(keys.frame_hashes("dog"))
    corpus.storage.write(keys.frame_hashes("dog"), b"{" + whole[1:-3])
    first = corpus.group()
    corpus.storage.write(keys.frame_hashes("dog"), whole)
    second = corpus.group()

    assert "frame_hashes/dog.json cannot be read" in str(checked(first)[COMPARED].description)
    assert corpus.groups["cat"] == corpus.groups["cat_again"]
    assert (told(second)["reused"], checked(second)[COMPARED].passed) == (False, True)


def test_a_group_of_a_large_part_of_the_videos_is_warned_of(tmp_path: Path) -> None:
    corpus = Corpus(FolderStorage(tmp_path / "data"))
    corpus.add("v00")
    for number in range(1, 20):
        corpus.add(f"v{number:02d}", like="v00" if number < 8 else "")

    check = checked(corpus.group())[SMALL]

    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "holds 8 of 20 videos" in str(check.description)


def test_another_group_builds_the_files_and_the_dataset_anew_and_nothing_else(made: Project) -> None:
    (made.root / "groups.csv").write_text("video_id,group\nclock,mine\nlife,mine\n")

    done = made.streamcap("run", STREAMCAP_GROUPS_CSV=str(made.root / "groups.csv"))

    assert done.returncode == 0, done.stdout + done.stderr
    with dg.DagsterInstance.from_config(str(made.home)) as instance:
        whole = ("video_groups", "train_json", "rl_json", "hf_dataset")
        latest = {name: instance.get_latest_materialization_event(dg.AssetKey(name)) for name in whole}
        assert all(event and event.asset_materialization.metadata["reused"].value is False for event in latest.values())  # type: ignore[union-attr]
    assert "0 made" in done.stdout
