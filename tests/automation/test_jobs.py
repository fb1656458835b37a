"""The jobs that can be launched by name."""

import tomllib

import dagster as dg
import pytest
import yaml

from streamcap_dagster.settings import read_settings
from streamcap_dagster.wiring import build_definitions
from tests.assets.project import PER_VIDEO_NAMES, REPOSITORY, WHOLE


@pytest.mark.parametrize(
    ("job", "assets"),
    [("caption_videos", PER_VIDEO_NAMES), ("build_dataset", WHOLE), ("everything", ["video_catalog", "due_videos"])],
)
def test_a_job_makes_what_its_name_says(job: str, assets: list[str]) -> None:
    made = build_definitions(read_settings()).resolve_job_def(job).asset_layer.executable_asset_keys
    assert made == {dg.AssetKey(name) for name in assets}


def test_videos_are_captioned_a_partition_each() -> None:
    job = build_definitions(read_settings()).resolve_job_def("caption_videos")
    assert isinstance(job.partitions_def, dg.DynamicPartitionsDefinition)


def test_every_job_says_what_it_does_and_whether_it_costs_money() -> None:
    jobs = {job.name: job.description or "" for job in build_definitions(read_settings()).resolve_all_job_defs()}
    assert all(word in jobs[job] for job, word in [("caption_videos", "cost money"), ("build_dataset", "asks no captioner"), ("everything", "cost money")])


def test_dg_and_dagster_load_the_same_definitions() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    (served,) = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text())["load_from"]
    assert project["code_location_target_module"] == served["python_module"]["module_name"]
