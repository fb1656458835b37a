"""Checks of videos: what does not pass stops its video, is not vouched for, and is a red result of its own in Dagster; the others are green."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import pytest

from streamcap_dagster.assets.checks import NAMED, Checked
from streamcap_dagster.assets.per_video import per_video_assets
from streamcap_dagster.assets.progress import unwatched
from streamcap_dagster.assets.rechecking import check_videos
from streamcap_dagster.assets.work import PerVideoAsset, VideoCheck, VideoWork
from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.resources.captioner import OfflineCaptionerResource
from streamcap_dagster.resources.run_end import run_end
from streamcap_dagster.resources.storage import FolderStorageResource
from streamcap_dagster.resources.video_source import FolderSourceResource
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.failures import read_failures
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import read_receipts
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.walking import Walked, asset, settings, video, walk, workshop

ANIMALS = ("cat", "dog", "owl")
ALL = {"dagster/asset_partition_range_start": ANIMALS[0], "dagster/asset_partition_range_end": ANIMALS[-1]}
LOOK = dg.AssetCheckKey(dg.AssetKey("look"), "words_are_kind")


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


class Unkind:
    """What is wrong with the words of each video, and how often somebody looked."""

    def __init__(self, **faults: str) -> None:
        self.faults = faults
        self.looks: list[str] = []

    def __call__(self, work: VideoWork) -> Iterator[str]:
        self.looks.append(work.video_id)
        yield from filter(None, self.faults.get(work.video_id, "").split(","))

    def graph(self, version: str = "1") -> list[PerVideoAsset]:
        check = VideoCheck("words_are_kind", "No unkind word.", version, self, "Say it again.")
        return [asset("look", check=check), asset("say", ("look",))]


def red(walked: Walked) -> dict[str, tuple[str, ...]]:
    return {result.video_id: result.faults for result in walked.results if isinstance(result, Checked)}


def test_a_video_that_does_not_pass_fails_there_and_the_others_go_on(storage: FolderStorage) -> None:
    walked = walk(Unkind(dog="a growl").graph(), workshop(storage), [video(name) for name in ANIMALS])

    assert sorted(walked.finished) == [("cat", "look"), ("cat", "say"), ("owl", "look"), ("owl", "say")]
    assert [failure.reason for failure in walked.failures] == ["video dog: look did not pass the check words_are_kind: a growl. Say it again."]
    assert red(walked) == {"dog": ("a growl",)}
    assert [noted.video_id for noted in read_failures(storage)] == ["dog"]


def test_nothing_vouches_for_what_did_not_pass(storage: FolderStorage) -> None:
    walk(Unkind(cat="a hiss").graph(), workshop(storage))

    assert read_receipts(storage, "cat").receipts == ()


def test_a_failure_names_a_few_faults_and_counts_the_others(storage: FolderStorage) -> None:
    (failure,) = walk(Unkind(cat="a,b,c,d,e").graph(), workshop(storage)).failures

    assert NAMED == 3
    assert ": a; b; c (and 2 more). Say it again." in failure.reason


def test_what_cannot_be_read_does_not_pass(storage: FolderStorage) -> None:
    def unreadable(work: VideoWork) -> Iterator[str]:
        raise ObjectUnreadable("look/cat.txt", "it is smudged")
        yield

    wanted = [asset("look", check=VideoCheck("can_be_read", "It can.", "1", unreadable, "Wipe it."))]

    assert red(walk(wanted, workshop(storage))) == {"cat": ("look/cat.txt cannot be read: it is smudged. Delete it and make its asset again",)}


def test_what_has_passed_is_not_looked_at_again(storage: FolderStorage) -> None:
    unkind = Unkind()
    walk(unkind.graph(), workshop(storage))

    again = walk(unkind.graph(), workshop(storage))

    assert again.reused == ["look", "say"]
    assert unkind.looks == ["cat"]


def test_what_was_made_before_there_were_checks_is_checked_where_a_run_comes_past(storage: FolderStorage) -> None:
    walk([asset("look"), asset("say", ("look",))], workshop(storage))
    unkind = Unkind()

    passed = [walk(unkind.graph(), workshop(storage)).reused for _ in range(2)]

    assert passed == [["look", "say"], ["look", "say"]]
    assert unkind.looks == ["cat"]


def test_another_version_of_a_check_looks_once_more_and_makes_nothing(storage: FolderStorage) -> None:
    unkind = Unkind()
    walk(unkind.graph(), workshop(storage))

    assert walk(unkind.graph(version="2"), workshop(storage)).reused == ["look", "say"]
    assert unkind.looks == ["cat", "cat"]


def test_what_no_longer_passes_is_made_anew_by_the_next_run(storage: FolderStorage) -> None:
    walk([asset("look"), asset("say", ("look",))], workshop(storage))
    assert walk(Unkind(cat="a hiss").graph(), workshop(storage)).failures

    assert walk(Unkind().graph(), workshop(storage)).made == ["look"]
    assert list(read_failures(storage)) == []


class Instance:
    """Runs the graph in Dagster, and reads what its pages would show of the check."""

    def __init__(self, storage: FolderStorage, instance: dg.DagsterInstance) -> None:
        self._storage = storage
        self._instance = instance
        write_manifest(storage, [video(name) for name in ANIMALS])
        instance.add_dynamic_partitions("videos", list(ANIMALS))

    def run(self, unkind: Unkind, select: dg.AssetSelection | None = None, tags: Mapping[str, str] = ALL) -> dg.ExecuteInProcessResult:
        resources = {
            "storage": FolderStorageResource(root=self._storage.uri),
            "video_source": FolderSourceResource(root="nowhere"),
            "captioner": OfflineCaptionerResource(),
            "run_end": run_end,
        }
        job = dg.define_asset_job("animals", selection=select)
        definitions = dg.Definitions([per_video_assets(unkind.graph(), settings(self._storage), unwatched)], jobs=[job], resources=resources)
        return definitions.resolve_job_def("animals").execute_in_process(instance=self._instance, tags=dict(tags), raise_on_error=False)

    def shown(self) -> dict[str, str]:
        """By video, whether it passed; of results about an older materialization, as on the pages, nothing."""
        infos = self._instance.event_log_storage.get_asset_check_partition_info([LOOK])
        return {info.partition_key: info.latest_execution_status.value for info in infos if info.is_current and info.partition_key}


@pytest.fixture
def instance(storage: FolderStorage) -> Iterator[Instance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield Instance(storage, ephemeral)


def test_in_a_run_of_many_videos_each_has_a_result_of_its_own(instance: Instance) -> None:
    result = instance.run(Unkind(dog="a growl"))

    assert not result.success
    assert instance.shown() == {"cat": "SUCCEEDED", "dog": "FAILED", "owl": "SUCCEEDED"}


def test_a_result_says_what_was_found(instance: Instance) -> None:
    result = instance.run(Unkind(dog="a growl,a bark"))

    found = {event.partition: event for event in result.get_asset_check_evaluations()}
    assert found["dog"].description == "a growl; a bark"
    assert found["dog"].metadata["faults"].value == ["a growl", "a bark"]
    assert found["cat"].metadata["words"].value == 2


def test_an_asset_that_is_asked_for_without_its_check_must_pass_it_all_the_same(instance: Instance) -> None:
    instance.run(Unkind(dog="a growl"), dg.AssetSelection.assets("look").without_checks())

    assert instance.shown() == {"cat": "SUCCEEDED", "dog": "FAILED", "owl": "SUCCEEDED"}


def test_a_result_stays_with_what_is_reused(instance: Instance) -> None:
    instance.run(Unkind())
    instance.run(Unkind())

    assert instance.shown() == dict.fromkeys(ANIMALS, "SUCCEEDED")


def test_a_check_can_be_made_alone(instance: Instance, storage: FolderStorage) -> None:
    instance.run(Unkind())

    result = instance.run(Unkind(owl="a screech"), dg.AssetSelection.checks(LOOK))

    assert [event for event in result.all_events if event.is_step_materialization] == []
    assert instance.shown() == {"cat": "SUCCEEDED", "dog": "SUCCEEDED", "owl": "FAILED"}
    assert read_receipts(storage, "owl").of("look") is None


def test_a_check_alone_passes_over_what_does_not_exist(instance: Instance) -> None:
    unkind = Unkind()

    assert instance.run(unkind, dg.AssetSelection.checks(LOOK)).success
    assert unkind.looks == []


def test_a_check_alone_passes_over_what_would_be_made_anew(instance: Instance, storage: FolderStorage) -> None:
    unkind = Unkind()
    instance.run(unkind)
    write_manifest(storage, [video(name, words="another one") for name in ANIMALS])

    assert instance.run(unkind, dg.AssetSelection.checks(LOOK)).success
    assert sorted(unkind.looks) == sorted(ANIMALS)


def test_a_check_without_partitions_is_one_of_all_videos(instance: Instance) -> None:
    """As the button does that executes all checks of an asset."""
    instance.run(Unkind())

    result = instance.run(Unkind(owl="a screech"), dg.AssetSelection.checks(LOOK), tags={})

    assert {event.partition: event.passed for event in result.get_asset_check_evaluations()} == {"cat": True, "dog": True, "owl": False}
    assert instance.shown() == {"cat": "SUCCEEDED", "dog": "SUCCEEDED", "owl": "FAILED"}


def test_a_video_whose_receipts_cannot_be_read_keeps_no_other_from_being_checked_again(storage: FolderStorage) -> None:
    graph = Unkind().graph()
    walk(graph, workshop(storage), [video(name) for name in ANIMALS])
    storage.write(keys.receipts("dog"), b"{")
    walked = Walked()
    asyncio.run(check_videos([video(name) for name in ANIMALS], graph[:1], workshop(storage), walked.results.append))

    assert red(walked) == {"cat": (), "owl": ()}
    assert [failure.video_id for failure in walked.failures] == ["dog"]
    assert walked.stopped == []
