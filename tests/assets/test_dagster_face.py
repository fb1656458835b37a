"""The same graph through Dagster's own command and API: partitions, subsets, a bad video among good ones, staleness, loading."""

from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContext

from streamcap_dagster.records import Captions
from streamcap_dagster.settings import Settings, read_settings
from streamcap_dagster.wiring import build_definitions
from tests.assets.project import PER_VIDEO_NAMES, WHOLE, Project
from tests.media import make_video


def settings_of(project: Project, **more: Any) -> Settings:
    return read_settings(source=str(project.source), storage=str(project.storage), decoder="ffmpeg", **more)


def test_the_dagster_command_makes_everything_step_by_step(project: Project) -> None:
    assert project.materialize(["video_catalog"]).returncode == 0
    for video_id in ("clock", "life", "still"):
        done = project.materialize(PER_VIDEO_NAMES, "--partition", video_id)
        assert done.returncode == 0, done.stderr
    done = project.materialize(WHOLE)

    assert done.returncode == 0, done.stderr
    assert (project.storage / "processed/dataset/README.md").is_file()
    assert {video["state"] for video in project.statuses().values()} == {"complete"}


def test_the_dagster_command_and_streamcap_leave_the_same_files(project: Project, undisturbed: dict[str, str]) -> None:
    project.materialize(["video_catalog"])
    for video_id in ("clock", "life", "still"):
        project.materialize(PER_VIDEO_NAMES, "--partition", video_id)
    project.materialize(WHOLE)

    assert project.final_files() == undisturbed


def test_one_bad_video_through_the_dagster_command_is_red_and_named(project: Project) -> None:
    project.materialize(["video_catalog"])
    _spoil(project)

    done = project.materialize(PER_VIDEO_NAMES, "--partition", "life")

    assert done.returncode == 1
    assert "video life" in done.stderr
    assert "other bytes" in done.stderr


def test_one_bad_video_in_a_range_run_stops_only_itself(project: Project) -> None:
    with _instance(project) as instance:
        graph = build_definitions(settings_of(project)).resolve_implicit_global_asset_job_def()
        graph.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("video_catalog")])
        _spoil(project)

        result = graph.execute_in_process(instance=instance, asset_selection=_keys(PER_VIDEO_NAMES), tags=_range("clock", "still"), raise_on_error=False)

        assert not result.success
        assert all(instance.get_materialized_partitions(dg.AssetKey(name)) == {"clock", "still"} for name in PER_VIDEO_NAMES)
        failure = next(event for event in result.all_events if event.is_step_failure).step_failure_data.user_failure_data
        assert failure is not None
        assert failure.metadata["failed"].value == ["life"]
        assert "1 of 3 videos failed" in str(failure.description)


def test_a_catalog_counts_the_videos_whose_licence_nobody_told(project: Project) -> None:
    (project.source / "metadata.csv").write_text("file_name,license\nclock.mp4,cc-by-4.0\nlife.mp4,n/a\n")
    with _instance(project) as instance:
        graph = build_definitions(settings_of(project)).resolve_implicit_global_asset_job_def()
        result = graph.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("video_catalog")])

    (made,) = result.asset_materializations_for_node("video_catalog")
    assert made.metadata["without_licence"].value == 2


def test_a_subset_of_the_assets_makes_only_those(project: Project) -> None:
    project.materialize(["video_catalog"])
    done = project.materialize(["raw_videos", "clips"], "--partition", "clock")

    assert done.returncode == 0
    assert project.statuses()["clock"]["assets"] == {name: "made" if name in ("raw_videos", "clips") else "missing" for name in PER_VIDEO_NAMES}


def test_an_asset_whose_input_is_missing_says_which(project: Project) -> None:
    project.materialize(["video_catalog"])

    done = project.materialize(["delta_captions"], "--partition", "clock")

    assert done.returncode == 1
    assert "delta_captions is made from clips, which does not exist yet" in done.stderr


def test_stored_values_load_from_a_python_prompt(made: Project) -> None:
    defs = build_definitions(settings_of(made))
    with _instance(made) as instance:
        captions = defs.load_asset_value("delta_captions", partition_key="clock", instance=instance)
        manifest = defs.load_asset_value("video_catalog")
        frames = defs.load_asset_value("frames", partition_key="clock", instance=instance)

    assert isinstance(captions, Captions)
    assert [caption.window for caption in captions.captions] == [1, 2]
    assert isinstance(manifest, pd.DataFrame)
    assert list(manifest["video_id"]) == ["clock", "life", "still"]
    assert frames.num_rows == 24


def test_a_missing_value_is_a_file_not_found_error_with_key_and_fix(made: Project) -> None:
    (made.storage / "delta_captions/clock.json").unlink()
    with _instance(made) as instance, pytest.raises(FileNotFoundError, match=r"delta_captions/clock\.json .*materializing `delta_captions`"):
        build_definitions(settings_of(made)).load_asset_value("delta_captions", partition_key="clock", instance=instance)


def test_a_hard_linked_video_is_hashed_again_before_it_is_decoded(project: Project) -> None:
    project.environment["STREAMCAP_LINK"] = "hard"
    project.materialize(["video_catalog"])
    assert project.materialize(["raw_videos", "clips"], "--partition", "clock").returncode == 0
    assert (project.storage / "raw/videos/clock.mp4").samefile(project.source / "clock.mp4")
    with (project.source / "clock.mp4").open("r+b") as file:
        file.seek(-9, 2)
        file.write(b"scribbled")

    done = project.materialize(["frames"], "--partition", "clock")

    assert done.returncode == 1
    assert "other bytes than when it was cataloged" in done.stderr
    assert not (project.storage / "frames/clock.parquet").exists()


def test_everything_is_fresh_after_a_run(made: Project) -> None:
    assert _stale(made, settings_of(made)) == set()


def test_a_changed_source_file_is_stale_from_the_raw_video_on(made: Project) -> None:
    make_video(made.source / "life.mp4", seconds=7, size="160x120", fps="15", picture="smptebars")
    made.materialize(["video_catalog"])

    assert _stale(made, settings_of(made)) == {("raw_videos", "life")}
    assert made.statuses()["life"]["state"] == "stale"
    assert made.statuses()["clock"]["state"] == "complete"


def test_a_change_that_another_instance_cataloged_is_seen_by_this_one(made: Project) -> None:
    make_video(made.source / "life.mp4", seconds=7, size="160x120", fps="15", picture="smptebars")
    elsewhere = Project(made.root, {"DAGSTER_HOME": str(made.root / "elsewhere")})
    (made.root / "elsewhere").mkdir()
    assert elsewhere.materialize(["video_catalog"]).returncode == 0

    made.materialize(["video_catalog"])

    assert _stale(made, settings_of(made)) == {("raw_videos", "life")}


def test_a_changed_setting_makes_stale_what_reads_it(made: Project) -> None:
    changed = settings_of(made, max_silent_share=0.5)
    assert {name for name, _ in _stale(made, changed)} == {"sft_examples", "rl_examples"}


def test_a_removed_file_stays_in_the_manifest_and_leaves_the_dataset(made: Project) -> None:
    (made.source / "life.mp4").unlink()

    done = made.streamcap("run")

    assert made.statuses()["life"]["state"] == "removed"
    assert "life" in done.stdout
    assert '"life"' not in (made.storage / "processed/train.json").read_text()
    assert (made.storage / "delta_captions/life.json").exists()


def test_publishing_is_idle_without_a_repository_and_says_so(made: Project) -> None:
    done = made.materialize(["published_dataset"])

    assert done.returncode == 0
    assert "no repository is configured" in done.stderr
    assert made.materialized("published_dataset") == set()


def test_every_asset_is_described_grouped_and_owned() -> None:
    graph = build_definitions(read_settings()).resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]

    assert all(node.description and node.kinds for node in nodes)
    assert {node.group_name for node in nodes} == {"source", "frames", "captions", "examples", "dataset"}
    assert all(node.owners for node in nodes if node.is_materializable)


def _spoil(project: Project) -> None:
    """Change a video's bytes behind the catalog's back."""
    with (project.source / "life.mp4").open("ab") as file:
        file.write(b"more")


def _instance(project: Project) -> dg.DagsterInstance:
    return dg.DagsterInstance.from_config(str(project.home))


def _keys(names: list[str]) -> list[dg.AssetKey]:
    return [dg.AssetKey(name) for name in names]


def _range(first: str, last: str) -> dict[str, str]:
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


class _Loading(LoadingContext):
    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._loaders: dict[Any, Any] = {}

    @property
    def instance(self) -> dg.DagsterInstance:
        return self._instance

    @property
    def loaders(self) -> dict[Any, Any]:
        return self._loaders


def _stale(project: Project, settings: Settings) -> set[tuple[str, str]]:
    """What Dagster itself calls stale."""
    with _instance(project) as instance:
        graph = build_definitions(settings).resolve_asset_graph()
        resolver = CachingStaleStatusResolver(instance, graph, _Loading(instance))
        videos = instance.get_dynamic_partitions("videos")
        places = [(name, video_id) for name in PER_VIDEO_NAMES for video_id in videos]
        return {(name, video_id) for name, video_id in places if resolver.get_status(dg.AssetKey(name), video_id) == StaleStatus.STALE}
