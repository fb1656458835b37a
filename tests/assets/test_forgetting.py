"""`streamcap forget`: what is left of a video that was taken down, in storage, in the dataset and in Dagster's tables."""

import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.assets.project import PER_VIDEO_NAMES, Project
from tests.media import make_video

PAID = "ledger/attempts/"


def holding(project: Project, *words: str) -> set[str]:
    """Every object of the storage whose key or bytes hold one of the words."""
    found = [path for path in project.storage.rglob("*") if path.is_file()]
    keys = {path.relative_to(project.storage).as_posix(): path.read_bytes() for path in found}
    return {key for key, data in keys.items() if any(word in key or word.encode() in data for word in words)}


def told_by_dagster(project: Project, *words: str) -> set[str]:
    """Every table about assets in DAGSTER_HOME that holds one of the words, with the kind of event."""
    found = set()
    for path in project.home.rglob("*.db"):
        with sqlite3.connect(path) as database:
            tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
            for table in tables & {"event_logs", "asset_keys", "asset_event_tags", "asset_check_executions", "dynamic_partitions"}:
                database.row_factory = sqlite3.Row
                for row in database.execute(f"select * from {table}"):
                    kind = row["dagster_event_type"] or "log" if table == "event_logs" else ""
                    if any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", str(value)) for value in row for word in words):
                        found.add(f"{table} {kind}".strip())
    return found


def captions_of(project: Project, video_id: str) -> list[str]:
    kinds = ("initial_captions", "delta_captions")
    said = [caption["text"] for kind in kinds for caption in json.loads((project.storage / kind / f"{video_id}.json").read_text())["captions"]]
    return [text for text in said if text]


def test_nothing_of_a_forgotten_video_is_left_but_its_tombstone(made: Project) -> None:
    words = ["life", *captions_of(made, "life")]
    (made.source / "life.mp4").unlink()
    done = made.streamcap("forget", "life", "--yes")

    assert done.returncode == 0, done.stdout + done.stderr
    assert holding(made, *words) == {"tombstones/life.json", ".streamcap/leases/life"}
    assert not [path for path in made.storage.rglob("*") if path.is_dir() and path.name == "life"]


def test_no_table_about_assets_knows_it_any_more(made: Project) -> None:
    words = ["life", "life.mp4", *captions_of(made, "life")]
    (made.source / "life.mp4").unlink()
    assert made.streamcap("forget", "life", "--yes").returncode == 0

    about_assets = {told for told in told_by_dagster(made, *words) if not told.startswith("event_logs")}
    assert about_assets == set()
    assert not {told for told in told_by_dagster(made, *words) if "ASSET" in told}
    assert all(made.materialized(name) == {"clock", "still"} for name in PER_VIDEO_NAMES)


def test_the_other_videos_and_their_dataset_are_those_of_a_run_that_never_saw_it(made: Project, tmp_path: Path) -> None:
    other = Project(tmp_path / "other")
    for name in ("clock.mp4", "still.mp4"):
        shutil.copy(made.source / name, other.source)
    assert other.streamcap("run").returncode == 0
    (made.source / "life.mp4").unlink()
    made.streamcap("forget", "life", "--yes")

    def of_videos(project: Project) -> dict[str, str]:
        return {key: sha256 for key, sha256 in project.final_files().items() if not key.startswith("tombstones/")}

    assert of_videos(made) == of_videos(other)


def test_while_its_file_is_in_the_source_a_run_is_well_and_makes_nothing_of_it(made: Project) -> None:
    forgot = made.streamcap("forget", "life", "--yes")
    assert "'life.mp4' is still in the source" in forgot.stdout
    done = made.streamcap("run")

    assert done.returncode == 0
    assert "2 videos, 0 that cannot be used, 1 forgotten" in done.stdout
    assert "0 made, 18 reused" in done.stdout
    assert holding(made, "life") == {"tombstones/life.json", ".streamcap/leases/life", "raw/manifest.csv", "ledger/scan.csv"}


def test_every_video_with_the_same_bytes_goes_too(made: Project) -> None:
    shutil.copy(made.source / "life.mp4", made.source / "twin.mp4")
    made.streamcap("run")
    done = made.streamcap("forget", "life", "--yes")

    assert "twin goes too: it has the same bytes as life" in done.stdout
    assert made.materialized("frames") == {"clock", "still"}
    assert not (made.storage / "frames/twin.parquet").exists()


def test_taken_back_it_is_made_again_by_the_next_run(made: Project, undisturbed: dict[str, str]) -> None:
    made.streamcap("forget", "life", "--yes")
    back = made.streamcap("forget", "--undo", "life")
    assert back.returncode == 0
    assert "streamcap run" in back.stdout

    assert made.streamcap("run").returncode == 0
    assert made.final_files() == undisturbed


def test_a_dry_run_tells_what_would_go_and_removes_nothing(made: Project, undisturbed: dict[str, str]) -> None:
    done = made.streamcap("forget", "life", "--dry-run")

    assert done.returncode == 0
    assert re.search(r"life +\d+ +[\d.]+ kB +\d+", done.stdout)
    assert re.search(r"and \d\d events of Dagster", done.stdout)
    assert made.final_files() == undisturbed


def test_where_nobody_can_be_asked_nothing_is_removed_without_yes(made: Project, undisturbed: dict[str, str]) -> None:
    done = made.streamcap("forget", "life")

    assert done.returncode == 2
    assert "add --yes to remove" in done.stderr
    assert made.final_files() == undisturbed


@pytest.mark.parametrize(("arguments", "said"), [(("lief",), "is life meant?"), (("--undo", "life"), "it was not taken down; nothing is")])
def test_an_id_that_cannot_be_meant_is_refused(made: Project, arguments: tuple[str, ...], said: str) -> None:
    done = made.streamcap("forget", *arguments, "--yes")

    assert done.returncode == 2
    assert said in done.stderr


def test_a_partition_made_by_hand_is_refused_and_leaves_nothing(made: Project) -> None:
    import dagster as dg

    made.streamcap("forget", "life", "--yes")
    with dg.DagsterInstance.from_config(str(made.home)) as instance:
        instance.add_dynamic_partitions("videos", ["life"])
    done = made.materialize(["frames", "clips", "raw_videos"], "--partition", "life")

    assert done.returncode == 1
    assert "the catalog lists it as forgotten" in done.stderr + done.stdout
    assert holding(made, "life") == {"tombstones/life.json", ".streamcap/leases/life", "raw/manifest.csv", "ledger/scan.csv"}


def test_the_only_video_can_be_forgotten(project: Project) -> None:
    for name in ("clock.mp4", "life.mp4"):
        (project.source / name).unlink()
    make_video(project.source / "still.mp4", seconds=4, size="64x48", fps="5")
    project.streamcap("run")
    done = project.streamcap("forget", "still", "--yes")

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((project.storage / "processed/train.json").read_text()) == []
    assert project.streamcap("run").returncode == 0
