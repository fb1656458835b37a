"""`streamcap forget`: what is left of a video that was taken down, in storage, in the dataset and in Dagster's tables."""

import json
import re
import shutil
import sqlite3

import dagster as dg
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from streamcap_dagster.cli import app
from streamcap_dagster.errors import SettingError
from streamcap_dagster.settings import PREFIX
from tests.assets.project import PER_VIDEO_NAMES, Project
from tests.media import make_video

LISTED = {"tombstones/life.json", ".streamcap/leases/life", "raw/manifest.csv", "ledger/scan.csv"}
"""Where a forgotten video is named while its file is in the source."""


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


def forget_here(project: Project, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """The command in this process, which is sooner ready."""
    for name, value in project.env.items():
        if name.startswith((PREFIX, "DAGSTER_", "COLUMNS")):
            monkeypatch.setenv(name, value)
    return CliRunner().invoke(app, ["forget", *arguments])


def captions_of(project: Project, video_id: str) -> list[str]:
    kinds = ("initial_captions", "delta_captions")
    said = [caption["text"] for kind in kinds for caption in json.loads((project.storage / kind / f"{video_id}.json").read_text())["captions"]]
    return [text for text in said if text]


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory, _made_once: Project) -> tuple[Project, list[str]]:
    """A project in which life was forgotten after its file was removed, and the words of its captions."""
    root = tmp_path_factory.mktemp("gone")
    shutil.copytree(_made_once.root, root, dirs_exist_ok=True)
    project = Project(root)
    words = captions_of(project, "life")
    (project.source / "life.mp4").unlink()
    done = project.streamcap("forget", "life", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    return project, words


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory, _made_once: Project) -> tuple[Project, str]:
    """A project in which life was forgotten while its file stayed in the source, together with its twin, and what was told."""
    root = tmp_path_factory.mktemp("listed")
    shutil.copytree(_made_once.root, root, dirs_exist_ok=True)
    project = Project(root)
    shutil.copy(project.source / "life.mp4", project.source / "twin.mp4")
    assert project.streamcap("run").returncode == 0
    return project, project.streamcap("forget", "life", "--yes").stdout


def test_nothing_of_a_forgotten_video_is_left_but_its_tombstone(gone: tuple[Project, list[str]]) -> None:
    project, words = gone

    assert holding(project, "life", *words) == {"tombstones/life.json", ".streamcap/leases/life"}
    assert not [path for path in project.storage.rglob("*") if path.is_dir() and path.name == "life"]


def test_no_event_or_table_about_assets_knows_it_any_more(gone: tuple[Project, list[str]]) -> None:
    project, words = gone
    told = told_by_dagster(project, "life", "life.mp4", *words)

    assert not {place for place in told if not place.startswith("event_logs") or "ASSET" in place}
    assert all(project.materialized(name) == {"clock", "still"} for name in PER_VIDEO_NAMES)


def test_what_was_made_of_the_others_is_as_it_was_and_they_are_the_dataset(gone: tuple[Project, list[str]], undisturbed: dict[str, str]) -> None:
    project, _ = gone
    left = project.final_files()

    assert {key: left.get(key) for key in undisturbed if "clock" in key or "still" in key} == {
        key: sha256 for key, sha256 in undisturbed.items() if "clock" in key or "still" in key
    }
    assert {row["video_id"] for row in json.loads((project.storage / "processed/train.json").read_text())} <= {"clock", "still"}
    assert "life" not in (project.storage / "processed/dataset/README.md").read_text()


def test_every_video_with_the_same_bytes_goes_too(listed: tuple[Project, str]) -> None:
    project, told = listed

    assert "twin goes too: it has the same bytes as life" in told
    assert project.materialized("frames") == {"clock", "still"}
    assert not (project.storage / "frames/twin.parquet").exists()


def test_while_its_file_is_in_the_source_a_run_is_well_and_makes_nothing_of_it(listed: tuple[Project, str]) -> None:
    project, told = listed
    done = project.streamcap("run")

    assert "'life.mp4' is still in the source" in told
    assert done.returncode == 0
    assert "2 videos, 0 that cannot be used, 2 forgotten" in done.stdout
    assert f"0 made, {2 * len(PER_VIDEO_NAMES)} reused" in done.stdout
    assert holding(project, "life") == LISTED


def test_a_partition_made_by_hand_is_refused_and_leaves_nothing(listed: tuple[Project, str]) -> None:
    project, _ = listed
    with dg.DagsterInstance.from_config(str(project.home)) as instance:
        instance.add_dynamic_partitions("videos", ["life"])
    done = project.materialize(["frames", "clips", "raw_videos"], "--partition", "life")

    assert done.returncode == 1
    assert "the catalog lists it as forgotten" in done.stderr + done.stdout
    assert holding(project, "life") == LISTED


def test_taken_back_it_is_made_again_by_the_next_run(made: Project, undisturbed: dict[str, str]) -> None:
    made.streamcap("forget", "life", "--yes")
    back = made.streamcap("forget", "--undo", "life")
    assert back.returncode == 0
    assert "streamcap run" in back.stdout

    assert made.streamcap("run").returncode == 0
    assert made.final_files() == undisturbed


def test_a_dry_run_tells_what_would_go_and_removes_nothing(made: Project, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    done = forget_here(made, monkeypatch, "life", "--dry-run")

    assert done.exit_code == 0
    assert re.search(r"life +\d+ +[\d.]+ kB +\d+", done.stdout)
    assert re.search(r"and \d\d events of Dagster", done.stdout)
    assert made.final_files() == undisturbed


def test_what_tags_of_old_releases_keep_on_the_hub_is_told(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMCAP_HUB_REPO", "somebody/captions")
    told = forget_here(made, monkeypatch, "life", "--dry-run").stdout

    assert "`HfApi().super_squash_history('somebody/captions', repo_type='dataset')`" in told
    assert "`HfApi().delete_tag('somebody/captions', tag=…, repo_type='dataset')`" in told


def test_shards_of_a_build_that_was_killed_before_its_card_go_too(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (made.storage / "processed/dataset/README.md").unlink()

    assert forget_here(made, monkeypatch, "life", "--yes").exit_code == 0
    shards = (made.storage / "processed/dataset").rglob("*.parquet")
    assert {video_id for shard in shards for video_id in pq.read_table(shard, columns=["video_id"])["video_id"].to_pylist()} == {"clock", "still"}


def test_copies_and_listings_of_a_source_on_the_hub_go_though_the_source_is_a_folder_by_now(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [made.root / "cache" / name for name in ("files/0a/copy", "hub/listing.json", "hub/table.rows", "hub/tmpkilled/listing.json")]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("life.mp4")

    done = forget_here(made, monkeypatch, "life", "--yes")

    assert done.exit_code == 0
    assert not [path for path in (made.root / "cache").rglob("*") if path.is_file()]
    assert "exports (./exports" in done.stdout


def test_where_nobody_can_be_asked_nothing_is_removed_without_yes(made: Project, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    done = forget_here(made, monkeypatch, "life")

    assert isinstance(done.exception, SettingError)
    assert "add --yes to remove" in str(done.exception)
    assert made.final_files() == undisturbed


@pytest.mark.parametrize(("arguments", "said"), [(("lief",), "is life meant?"), (("--undo", "life"), "it was not taken down; nothing is")])
def test_an_id_that_cannot_be_meant_is_refused(made: Project, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str) -> None:
    assert said in str(forget_here(made, monkeypatch, *arguments, "--yes").exception)


@pytest.mark.heavy
def test_the_only_video_can_be_forgotten(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("clock.mp4", "life.mp4"):
        (project.source / name).unlink()
    make_video(project.source / "still.mp4", seconds=4, size="64x48", fps="5")
    assert project.streamcap("run").returncode == 0

    assert forget_here(project, monkeypatch, "still", "--yes").exit_code == 0
    assert json.loads((project.storage / "processed/train.json").read_text()) == []
