"""`streamcap drill`: everything comes back from what is left, and a drill says so when it does not."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamcap_dagster.cli import app, disaster
from streamcap_dagster.cli.disaster import Drilled, DrillUnfit, Scene, drill
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.sync import carry_out, plan_sync
from streamcap_dagster.wiring import storage_for
from tests.media import make_video

DONE = Drilled(video_id="cat", deleted={"processed": 4, "clips": 1}, spared=False, restored=1, final=9)


@pytest.fixture(scope="session")
def _two_videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    for name, picture in {"cat": "testsrc2", "dog": "testsrc"}.items():
        make_video(folder / f"{name}.mp4", seconds=4.5, size="64x48", fps="8", picture=picture)
    return folder


@pytest.fixture
def scene(tmp_path: Path, _two_videos: Path) -> Scene:
    shutil.copytree(_two_videos, tmp_path / "videos")
    settings = read_settings(
        source=str(tmp_path / "videos"),
        storage=str(tmp_path / "data"),
        cache=tmp_path / "cache",
        captioner="offline",
        decoder="ffmpeg",
        decode_workers=1,
        no_change_threshold=0,
    )
    return Scene(settings, tmp_path / "instance")


def in_bucket(scene: Scene) -> Scene:
    return replace(scene, settings=scene.settings.model_copy(update={"storage": "gs://bucket/some/prefix"}))


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A bucket that keeps nothing that is deleted."""
    with running(Options(buckets=("bucket",), soft_delete_s=0)) as emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
        yield emulator


def test_a_folder_comes_back_from_the_answers_that_are_left(scene: Scene) -> None:
    drilled = drill(scene)

    assert drilled.troubles == []
    assert drilled.spared
    assert drilled.deleted["processed"] > 10
    assert drilled.deleted["receipts"] == drilled.deleted["frames"] == 1
    assert "calls" not in drilled.deleted
    assert (drilled.answers, drilled.from_store) == (0, 3)
    assert (drilled.made["frames"], drilled.reused["frames"]) == (1, 1)
    assert drilled.made["hf_dataset"] == drilled.made["train_json"] == 1


def test_a_bucket_comes_back_with_the_answers_that_it_had_deleted_too(scene: Scene, gcs: Running) -> None:
    drilled = drill(in_bucket(scene))

    assert drilled.troubles == []
    assert (drilled.spared, drilled.deleted["calls"], drilled.restored) == (False, 1, 1)
    assert (drilled.answers, drilled.from_store) == (0, 3)
    assert "some/prefix/processed/train.json" in gcs.objects("bucket")


@pytest.mark.heavy
def test_answers_of_a_bucket_that_keeps_nothing_are_spared(scene: Scene, forgetful: Running) -> None:
    drilled = drill(in_bucket(scene))

    assert drilled.troubles == []
    assert drilled.spared
    assert "calls" not in drilled.deleted


def test_a_drill_fails_when_the_answers_are_lost(scene: Scene, forgetful: Running) -> None:
    forgetful.deny("storage.buckets.get")  # so that nobody knows that nothing is kept
    drilled = drill(in_bucket(scene))

    assert drilled.restored == 0
    assert drilled.troubles == ["3 questions were asked again, which a paid captioner would have billed again"]


@pytest.mark.heavy
def test_lost_answers_of_a_paid_captioner_are_not_paid_again_to_see(scene: Scene, forgetful: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disaster, "_FREE", ())
    forgetful.deny("storage.buckets.get")
    drilled = drill(in_bucket(scene))

    assert drilled.troubles == ["the answers could not be restored, and asking again would have cost money"]
    assert drilled.made == {}


def test_a_dataset_that_cannot_be_built_is_no_drill(scene: Scene) -> None:
    (Path(scene.settings.source) / "cat.mp4").unlink()
    (Path(scene.settings.source) / "dog.mp4").write_text("no video")

    with pytest.raises(DrillUnfit, match="before anything was deleted: the source has no usable video"):
        drill(scene)


def test_objects_that_are_not_what_they_were_are_told_with_one_of_them() -> None:
    assert replace(DONE, differing=("processed/train.json", "raw/manifest.csv")).troubles == [
        "2 of 9 objects are not what they were, such as processed/train.json"
    ]


@pytest.mark.heavy
def test_the_command_drills_beside_a_folder_and_leaves_nothing(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = sorted(path.name for path in tmp_path.iterdir())
    done = CliRunner().invoke(app, ["drill", scene.settings.source, "--no-emulator", "--videos", "1"], env={"STREAMCAP_DECODER": "ffmpeg", "COLUMNS": "200"})

    assert done.exit_code == 0, done.output
    assert "of the video cat" in done.stdout
    assert re.search("building a dataset …\nlosing it …\nbuilding it again …\n(.*\n)*ok everything came back", done.stdout)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.heavy
def test_the_command_drills_in_the_bucket_of_the_storage_and_leaves_nothing(scene: Scene, gcs: Running) -> None:
    arguments = ["drill", scene.settings.source, "--storage", "gs://bucket/some/prefix", "--videos", "1"]
    done = CliRunner().invoke(app, arguments, env={"STREAMCAP_DECODER": "ffmpeg", "COLUMNS": "200"})

    assert done.exit_code == 0, done.output
    assert "in gs://bucket/some/prefix-drill-" in done.stdout
    assert "1 object restored from soft delete" in done.stdout
    assert not [name for name in gcs.objects("bucket") if "/.streamcap/processes/" not in name]  # a heartbeat goes when its process does


def test_keeping_what_an_emulator_holds_is_wrong_usage() -> None:
    assert "the emulator is gone with the drill" in str(CliRunner().invoke(app, ["drill", "--keep"]).exception)


@pytest.mark.heavy
def test_videos_that_are_in_a_bucket_are_taken_before_an_emulator_stands_in_for_it(scene: Scene, gcs: Running) -> None:
    source, target = FolderStorage(Path(scene.settings.source)), storage_for(in_bucket(scene).settings).open()
    carry_out(source, target, plan_sync(source, target))
    done = CliRunner().invoke(app, ["drill", "gs://bucket/some/prefix", "--videos", "1"], env={"STREAMCAP_DECODER": "ffmpeg", "COLUMNS": "200"})

    assert done.exit_code == 0, done.output
    assert "of the video cat" in done.stdout


def test_files_that_are_no_usable_videos_are_passed_over(scene: Scene) -> None:
    for name in ("a", "b"):
        (Path(scene.settings.source) / f"{name}.mp4").write_text("no video")
    done = CliRunner().invoke(app, ["drill", scene.settings.source, "--no-emulator", "--videos", "1"], env={"STREAMCAP_DECODER": "ffmpeg", "COLUMNS": "200"})

    assert done.exit_code == 0, done.output
    assert "of the video cat" in done.stdout


def test_a_source_without_a_usable_video_is_told_before_anything_is_built(scene: Scene) -> None:
    for name in ("cat", "dog"):
        (Path(scene.settings.source) / f"{name}.mp4").write_text("no video")
    done = CliRunner().invoke(app, ["drill", scene.settings.source, "--no-emulator"])

    assert isinstance(done.exception, DrillUnfit)
    assert "the source has no usable video" in str(done.exception)
    assert "building" not in done.output
