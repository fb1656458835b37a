"""What the assets of the whole corpus are made from, and when they are made again."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from streamcap_dagster.assets import dataset
from streamcap_dagster.assets.corpus import Built, Corpus, materialize, read_corpus
from streamcap_dagster.assets.corpus_checks import ROWS, SPLITS_APART, corpus_checks, few_failed, outcome_check
from streamcap_dagster.assets.work import PerVideoAsset
from streamcap_dagster.dataset.checking import ReadBack
from streamcap_dagster.errors import ObjectChanged, StorageLost, StreamcapError
from streamcap_dagster.partitions import Materialized
from streamcap_dagster.quality.thresholds import METRICS, Levels
from streamcap_dagster.records import Video
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.failures import Failure, note_failure
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import Receipts, StoredObject, read_receipts, write_receipts
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.walking import asset, put, settings, video, walk, workshop
from tests.storage.counted import CountedStorage

GRAPH = (asset("look", words=lambda work: work.video.sha256), asset("say", ("look",), words=lambda work: work.video.sha256))


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


def catalog(storage: FolderStorage, *videos: Video, made: bool = True) -> None:
    """List videos, and make what can be made of them."""
    write_manifest(storage, videos)
    if made:
        walk(GRAPH, workshop(storage), [video for video in videos if video.status == "ok"])


def corpus(storage: FolderStorage, **more: Any) -> Corpus:
    return read_corpus(storage, settings(storage, **more), GRAPH, ("say",))


def test_videos_that_have_what_is_needed_are_in_by_order_of_id(storage: FolderStorage) -> None:
    catalog(storage, video("dog"), video("cat"))

    found = corpus(storage)

    assert [video.video_id for video in found.videos] == ["cat", "dog"]
    assert found.contents.keys() == {"cat/say", "dog/say"}
    assert found.splits == {"cat": "train", "dog": "train"}
    assert found.left_out == {}


def test_every_video_that_is_left_out_has_its_reason(storage: FolderStorage) -> None:
    catalog(storage, video("cat"))
    usable = [video("cat"), video("dog"), video("owl")]
    write_manifest(storage, [*usable, video("rat", status="failed", reason="It is an empty file."), video("yak", status="removed", reason="It is gone.")])
    note_failure(storage, Failure(video_id="owl", asset="look", reason="video owl: it is too sad."))

    found = corpus(storage)

    assert [video.video_id for video in found.videos] == ["cat"]
    assert found.left_out == {
        "dog": "video dog: look, say not made yet",
        "owl": "video owl: it is too sad.",
        "rat": "'rat.mp4': It is an empty file.",
        "yak": "'yak.mp4': It is gone.",
    }


def test_a_video_that_failed_anew_but_has_what_is_needed_is_in(storage: FolderStorage) -> None:
    catalog(storage, video("cat"))
    note_failure(storage, Failure(video_id="cat", asset="look", reason="video cat: it is too sad."))

    assert [video.video_id for video in corpus(storage).videos] == ["cat"]


def test_a_video_whose_assets_do_not_fit_each_other_is_left_out(storage: FolderStorage) -> None:
    catalog(storage, video("cat"))
    walk(GRAPH[:1], workshop(storage), [video("cat", words="another cat")])
    write_manifest(storage, [video("cat", words="another cat")])

    assert corpus(storage).left_out == {"cat": "video cat: say was made from something older than there is now; make it again"}


def test_a_video_whose_file_changed_since_is_left_out(storage: FolderStorage) -> None:
    catalog(storage, video("cat"))
    write_manifest(storage, [video("cat", words="another cat")])

    assert "look was made from something older" in corpus(storage).left_out["cat"]


def test_a_video_that_fails_leaves_the_others_in_their_splits(storage: FolderStorage) -> None:
    videos = [video(f"v{number}", words=f"bytes of v{number}") for number in range(20)]
    catalog(storage, *videos)
    before = corpus(storage, validation_share=0.3, test_share=0.3).splits
    write_receipts(storage, Receipts(owner="v0"))

    assert len(set(before.values())) == 3
    assert corpus(storage, validation_share=0.3, test_share=0.3).splits == {video_id: split for video_id, split in before.items() if video_id != "v0"}


def test_the_same_file_under_two_names_is_in_one_split(storage: FolderStorage) -> None:
    catalog(storage, *(video(f"v{number}", words=str(number // 2)) for number in range(60)))

    splits = corpus(storage).splits

    assert len(set(splits.values())) == 3
    assert all(splits[f"v{number}"] == splits[f"v{number + 1}"] for number in range(0, 60, 2))


def test_a_removed_video_is_dropped_although_everything_of_it_is_there(storage: FolderStorage) -> None:
    catalog(storage, video("cat"), video("dog"))
    write_manifest(storage, [video("cat"), video("dog", status="removed", reason="It is gone.")])

    assert [video.video_id for video in corpus(storage).videos] == ["cat"]


def test_receipts_that_cannot_be_read_leave_out_only_their_video(storage: FolderStorage) -> None:
    catalog(storage, video("cat"), video("dog"))
    storage.write(keys.receipts("dog"), b"{")

    found = corpus(storage)

    assert [video.video_id for video in found.videos] == ["cat"]
    assert "receipts/dog.json cannot be read" in found.left_out["dog"]


def test_without_a_manifest_there_is_nothing(storage: FolderStorage) -> None:
    assert corpus(storage).videos == ()


class Building:
    """An asset of the whole corpus that lists its videos, built through Dagster."""

    def __init__(self, storage: FolderStorage) -> None:
        self.storage = storage
        self.builds = 0
        self.left_out: dict[str, str] = {}
        self.found = ReadBack()
        self.blocked = False
        """Whether its checks are expected to forbid that anything is made of it."""
        self.more: dict[str, Any] = {}
        """What else it is made from or checked for."""

    def __call__(self, **more: Any) -> dg.MaterializeResult[None]:
        """Materialize it; the settings may be others each time."""
        results: list[dg.MaterializeResult[None]] = []

        @dg.asset(name="list", code_version="1", check_specs=[*corpus_checks("list"), *([outcome_check("list")] if "more_checks" in self.more else [])])
        def listed(context: dg.AssetExecutionContext) -> Materialized:
            results.append(materialize(context, self.storage, lambda: corpus(self.storage, **more), self._build, **self.more))
            return results[0]

        run = dg.materialize([listed], instance=dg.DagsterInstance.ephemeral(), raise_on_error=not self.blocked)
        assert run.success is not self.blocked
        return results[0]

    def _build(self, found: Corpus) -> Built:
        assert read_receipts(self.storage, "_list").of("list") is None, "a receipt speaks for what is being built"
        self.builds += 1
        data = " ".join(video.video_id for video in found.videos).encode()
        self.storage.write("list/all.txt", data)
        return Built((StoredObject(key="list/all.txt", size_bytes=len(data)),), (str(hash(data)),), {"names": len(found.videos)}, self.left_out, self.found)


@pytest.fixture
def build(storage: FolderStorage) -> Building:
    return Building(storage)


def reused(result: dg.MaterializeResult[None]) -> bool:
    return bool((result.metadata or {})["reused"].value)  # type: ignore[union-attr]


def checked(result: dg.MaterializeResult[None]) -> dict[str, dg.AssetCheckResult]:
    return {str(check.check_name): check for check in result.check_results or ()}


def test_what_was_built_from_the_same_is_reused(storage: FolderStorage, build: Building) -> None:
    catalog(storage, video("cat"))

    assert [reused(build()), reused(build())] == [False, True]
    assert build.builds == 1


def test_the_numbers_and_the_data_version_of_a_reused_build_are_those_of_the_first(storage: FolderStorage, build: Building) -> None:
    catalog(storage, video("cat"))
    first, second = build(), build()

    assert first.data_version == second.data_version
    assert (second.metadata or {})["names"] == dg.MetadataValue.int(1)


@pytest.mark.parametrize("fact", ["license", "credit", "url"])
@pytest.mark.parametrize("told", [True, False], ids=["the dataset", "a JSON file"])
def test_what_the_source_says_of_a_video_makes_anew_what_tells_it_and_nothing_else(storage: FolderStorage, build: Building, fact: str, told: bool) -> None:
    build.more = {"also_from": dataset._told} if told else {}
    catalog(storage, video("cat"))
    build()
    write_manifest(storage, [video("cat", **{fact: "another"})])

    assert reused(build()) is not told
    assert reused(build())


@pytest.mark.parametrize("change", ["other content", "a new video", "a removed video", "the object is gone"])
def test_it_is_built_again_when_what_it_is_made_from_changes(storage: FolderStorage, build: Building, change: str) -> None:
    catalog(storage, video("cat"), video("dog"))
    build()
    match change:
        case "other content":
            catalog(storage, video("cat", words="another cat"), video("dog"))
        case "a new video":
            catalog(storage, video("cat"), video("dog"), video("owl"))
        case "a removed video":
            catalog(storage, video("cat"), video("dog", status="removed", reason="It is gone."))
        case "the object is gone":
            storage.delete("list/all.txt")

    assert not reused(build())
    assert reused(build())


def test_other_splits_of_the_same_videos_are_built_again(storage: FolderStorage, build: Building) -> None:
    catalog(storage, *(video(f"v{number}", words=str(number)) for number in range(20)))
    build()

    assert not reused(build(test_share=0.5))


def test_a_build_that_left_something_out_is_vouched_for_and_tried_again(storage: FolderStorage, build: Building) -> None:
    catalog(storage, video("cat"), video("dog"))
    build.left_out = {"dog": "video dog: its frames are gone."}
    first = build()
    (vouched,) = read_receipts(storage, "_list").receipts
    build.left_out = {}

    assert vouched.content_hash == (first.data_version or dg.DataVersion("")).value
    assert (first.metadata or {})["left_out"] == dg.MetadataValue.json({"dog": "video dog: its frames are gone."})
    assert not reused(build())
    assert reused(build())


def test_what_too_much_failed_of_is_not_vouched_for_until_that_is_allowed(storage: FolderStorage, build: Building) -> None:
    catalog(storage, video("cat"))
    build()
    build.more, build.blocked = {"more_checks": lambda corpus, counts: [few_failed({"ok": 20, "blocked": 20}, 1, [], read_settings())]}, True
    build()

    assert read_receipts(storage, "_list").of("list") is None
    build.more, build.blocked = {}, False
    build()
    assert read_receipts(storage, "_list").of("list") is not None


def test_what_was_counted_when_it_was_built_is_what_is_checked_also_when_it_is_reused(storage: FolderStorage, build: Building) -> None:
    catalog(storage, video("cat"), video("dog"))
    seen: list[Mapping[str, int]] = []
    build.more = {"more_checks": lambda corpus, counts: seen.append(counts) or [few_failed({"ok": 2}, 2, [], read_settings())]}

    assert [reused(build()), reused(build())] == [False, True]
    assert seen == [{"names": 2}] * 2


def test_the_check_warns_of_what_is_left_out_and_passes_when_all_are_in(storage: FolderStorage, build: Building) -> None:
    catalog(storage, video("cat"))
    fine = checked(build())["every_video_is_in"]
    write_manifest(storage, [video("cat"), video("dog")])
    warned = checked(build())["every_video_is_in"]

    assert fine.passed
    assert (warned.passed, warned.severity, warned.description) == (False, dg.AssetCheckSeverity.WARN, "video dog: look, say not made yet")


def test_a_build_that_is_not_what_the_videos_gave_is_told_and_built_again(storage: FolderStorage, build: Building) -> None:
    catalog(storage, video("cat"))
    build.found, build.blocked = ReadBack(faults=["list/all.txt: video cat is not in it"]), True
    wrong = build()
    build.found, build.blocked = ReadBack(), False
    right = build()

    assert (checked(wrong)[ROWS].passed, checked(wrong)[ROWS].description) == (False, "list/all.txt: video cat is not in it")
    assert (checked(right)[ROWS].passed, reused(right)) == (True, False)


def test_splits_that_were_written_with_the_same_video_are_told(storage: FolderStorage, build: Building) -> None:
    catalog(storage, video("cat", words="one and the same"), video("dog", words="one and the same"))
    build.found, build.blocked = ReadBack(seen={"train": {"cat"}, "validation": set(), "test": {"dog"}}), True

    assert checked(build())[SPLITS_APART].description == "video cat in train and video dog in test are of one group"


def test_what_is_reused_passed_when_it_was_built(storage: FolderStorage, build: Building) -> None:
    catalog(storage, video("cat"))
    build()

    assert {name: check.passed for name, check in checked(build()).items()} == {"every_video_is_in": True, ROWS: True, SPLITS_APART: True}


def test_the_outcomes_of_the_windows_are_counted_and_the_videos_that_failed_named(storage: FolderStorage) -> None:
    def told(name: str, **counts: int) -> PerVideoAsset:
        return asset(name, make=lambda work: replace(put(work, name, "words"), counts={"windows": sum(counts.values()), **counts}))

    write_manifest(storage, [video("cat"), video("dog"), video("owl")])
    walk([*GRAPH, told("initial_captions", ok=1), told("delta_captions", ok=1, blocked=2)], workshop(storage), [video("cat")])
    note_failure(storage, Failure(video_id="owl", asset="look", reason="video owl: it is too sad."))

    found = corpus(storage)

    assert (found.failed, dict(found.outcomes)) == (("owl",), {"ok": 2, "blocked": 2})


class LosesItsObjects(FolderStorage):
    """A storage whose objects cannot be written, for a reason."""

    refusal: StreamcapError | None = None

    def write(self, key: str, data: bytes) -> None:
        if self.refusal is not None and key.startswith("list/"):
            raise self.refusal
        super().write(key, data)


@pytest.mark.parametrize(
    "refusal",
    [StorageLost("gs://bucket", "writing list/all.txt", "nobody answers", "Check the network."), ObjectChanged("gs://bucket", "list/all.txt", 1, 2)],
    ids=["lost", "changed"],
)
def test_a_storage_that_refuses_ends_the_build_with_a_sentence_and_leaves_it_to_be_made(tmp_path: Path, refusal: StreamcapError) -> None:
    storage = LosesItsObjects(tmp_path / "data")
    catalog(storage, video("cat"))
    build = Building(storage)
    storage.refusal = refusal

    with pytest.raises(type(refusal), match=r"writing list/all\.txt failed in gs://bucket"):
        build()

    assert read_receipts(storage, "_list").of("list") is None
    storage.refusal = None
    assert not reused(build())


def test_shards_that_are_written_in_another_way_make_the_dataset_another(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    def version() -> str | None:
        return dataset.dataset_assets(settings(storage))[-1].code_versions_by_key[dg.AssetKey("hf_dataset")]

    before = version()
    monkeypatch.setattr(dataset, "LAYOUT", "another", raising=False)
    assert version() != before


def test_another_threshold_of_videos_makes_the_dataset_another_for_it_counts_the_poor_ones(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    def version() -> str | None:
        return dataset.dataset_assets(settings(storage))[-1].code_versions_by_key[dg.AssetKey("hf_dataset")]

    before = version()
    monkeypatch.setitem(METRICS, "repetition", replace(METRICS["repetition"], video=Levels(0.9)))
    assert version() != before


def test_the_receipts_of_many_videos_are_read_side_by_side(tmp_path: Path) -> None:
    storage = CountedStorage(tmp_path / "data")
    catalog(FolderStorage(tmp_path / "data"), *(video(f"v{number:02d}") for number in range(20)))
    far = CountedStorage(tmp_path / "data", latency_s=0.01)

    found = read_corpus(far, settings(storage), GRAPH, ("say",))

    assert [video.video_id for video in found.videos] == [f"v{number:02d}" for number in range(20)]
    assert far.counted["read"] == 22
    assert 1 < far.most_at_once <= far.lanes + 1  # whoever waits for a lane does some of the work
