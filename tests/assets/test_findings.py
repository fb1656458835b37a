"""Findings of quality in Dagster: a result for each video and metric, with its severity, that makes nothing fail and holds up nothing."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import pytest

from streamcap_dagster.assets.corpus_checks import forbids, quality_checks, quality_of
from streamcap_dagster.assets.per_video import per_video_assets
from streamcap_dagster.assets.progress import unwatched
from streamcap_dagster.assets.work import PerVideoAsset, VideoFindings
from streamcap_dagster.quality.thresholds import METRICS, POOR, Verdict
from streamcap_dagster.quality.verdicts import Judged
from streamcap_dagster.resources.captioner import OfflineCaptionerResource
from streamcap_dagster.resources.run_end import run_end
from streamcap_dagster.resources.storage import FolderStorageResource
from streamcap_dagster.resources.video_source import FolderSourceResource
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.walking import asset, settings, video

SAID = {"cat": "fine words", "dog": "some longer words", "owl": "far too many words here"}
WORDS = METRICS["words_per_s"]
LOOK = dg.AssetCheckKey(dg.AssetKey("look"), WORDS.name)
WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


def judge(counts: Mapping[str, int]) -> Iterator[Judged]:
    """Three words are worth a look, five are wrong."""
    verdict: Verdict = "error" if counts["words"] >= 5 else "warn" if counts["words"] >= 3 else "ok"
    yield Judged(WORDS, verdict, 0.5, counts["words"], f"{counts['words']} words")


def graph() -> list[PerVideoAsset]:
    found = VideoFindings((WORDS,), judge)
    return [asset("look", words=lambda work: SAID[work.video_id], findings=found), asset("say", ("look",))]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    storage = FolderStorage(tmp_path / "data")
    write_manifest(storage, [video(name) for name in SAID])
    return storage


def run(storage: FolderStorage, instance: dg.DagsterInstance, select: dg.AssetSelection | None = None) -> dg.ExecuteInProcessResult:
    instance.add_dynamic_partitions("videos", list(SAID))
    resources = {
        "storage": FolderStorageResource(root=storage.uri),
        "video_source": FolderSourceResource(root="nowhere"),
        "captioner": OfflineCaptionerResource(),
        "run_end": run_end,
    }
    job = dg.define_asset_job("animals", selection=select)
    definitions = dg.Definitions([per_video_assets(graph(), settings(storage), unwatched)], jobs=[job], resources=resources)
    tags = {"dagster/asset_partition_range_start": "cat", "dagster/asset_partition_range_end": "owl"}
    return definitions.resolve_job_def("animals").execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def test_each_video_has_a_result_with_its_severity_and_all_go_on(storage: FolderStorage, instance: dg.DagsterInstance) -> None:
    result = run(storage, instance)

    assert result.success
    found = {event.partition: (event.passed, event.severity, event.description) for event in result.get_asset_check_evaluations()}
    assert found == {"cat": (True, WARN, "2 words"), "dog": (False, WARN, "3 words"), "owl": (False, ERROR, "5 words")}
    assert set(instance.get_materialized_partitions(dg.AssetKey("say"))) == set(SAID)


def test_results_are_there_again_for_what_is_reused(storage: FolderStorage, instance: dg.DagsterInstance) -> None:
    run(storage, instance)
    again = run(storage, instance)

    assert {event.partition: event.passed for event in again.get_asset_check_evaluations()} == {"cat": True, "dog": False, "owl": False}
    assert all(event.metadata["reused"].value for event in again.get_asset_check_evaluations())
    infos = instance.event_log_storage.get_asset_check_partition_info([LOOK])
    assert all(info.is_current for info in infos)


def test_findings_can_be_asked_for_alone(storage: FolderStorage, instance: dg.DagsterInstance) -> None:
    run(storage, instance)
    alone = run(storage, instance, dg.AssetSelection.checks(LOOK))

    assert alone.success
    assert [event for event in alone.all_events if event.is_step_materialization] == []
    assert {event.partition: event.passed for event in alone.get_asset_check_evaluations()} == {"cat": True, "dog": False, "owl": False}


def test_the_dataset_has_a_result_for_every_metric_also_of_nothing() -> None:
    results = {result.check_name: (result.passed, result.description) for result in quality_of({}, [])}

    assert list(results) == [spec.name for spec in quality_checks("hf_dataset")]
    assert set(results.values()) == {(True, "there is nothing to judge")}


def test_an_error_of_quality_does_not_forbid_that_the_dataset_is_there() -> None:
    results = quality_of({"spoken": 40, "refusal": 40, "measured": 40, "poor": 40}, ["dog"])
    found = {result.check_name: result for result in results}

    assert (found["refusal"].passed, found["refusal"].severity) == (False, ERROR)
    assert found["refusal"].description == "40 of 40 captions (100.0%) are refusals"
    assert (found[POOR.name].severity, found[POOR.name].metadata["videos"].value) == (ERROR, ["dog"])
    assert not any(map(forbids, results))
