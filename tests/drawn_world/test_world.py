"""The folder of a drawn world: whole, ours, and the same each time; and the perfect captioner it comes with."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from PIL import Image

from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.backends.recorded import RecordedCaptioner
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.chain import caption_deltas, caption_initials
from streamcap_dagster.captions.objectives import state_objectives
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.clips.policies import choose_clips
from streamcap_dagster.drawn_world.world import DrawnWorld, draw_world
from streamcap_dagster.errors import SettingError
from streamcap_dagster.frames.sampling import SamplingJob, sample_frames
from streamcap_dagster.policies import ChainPolicy, ClipPolicy, Sampling, Windowing
from streamcap_dagster.records import Captions, Objectives, Video
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.truth import DrawnTruth, reference
from streamcap_dagster.videos.probe import probe_video

OF_EACH = (("videos/", ".mp4"), ("truth/", ".json"), ("contact_sheets/", ".jpg"))


def drawn(folder: Path, videos: int = 1, seed: int = 0) -> DrawnWorld:
    return draw_world(folder, videos, seed, lambda _: None)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> DrawnWorld:
    return drawn(tmp_path_factory.mktemp("drawn") / "world", 2)


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_draws_the_same_bytes(world: DrawnWorld, tmp_path: Path) -> None:
    drawn(tmp_path, 2)
    assert files(tmp_path) == files(world.folder)


def test_everything_that_is_promised_is_there(world: DrawnWorld) -> None:
    names = {
        f"{folder}/drawn-0-00{number}{ending}" for number in (0, 1) for folder, ending in (("videos", ".mp4"), ("truth", ".json"), ("contact_sheets", ".jpg"))
    }
    assert set(files(world.folder)) == names | {"answers.jsonl", "README.md", ".env", "drawn_world.json"}
    assert "$" not in (world.folder / "README.md").read_text()


def test_a_truth_is_read_back_as_it_was(world: DrawnWorld) -> None:
    texts = [(world.folder / "truth" / f"{truth.video_id}.json").read_text() for truth in world.truths]
    assert [DrawnTruth.model_validate_json(text) for text in texts] == list(world.truths)


def test_a_contact_sheet_shows_every_window(world: DrawnWorld) -> None:
    truth = world.truths[0]
    with Image.open(world.folder / "contact_sheets" / f"{truth.video_id}.jpg") as sheet:
        assert sheet.width > 4 * truth.width
        assert sheet.height > truth.height * (truth.duration_s / 2 / 4)


def test_a_call_that_broke_off_is_gone_on_with(world: DrawnWorld, tmp_path: Path) -> None:
    shutil.copytree(world.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "truth" / "drawn-0-001.json").unlink()
    (tmp_path / "videos" / "drawn-0-000.mp4").write_bytes(b"a mark to know it by")
    assert drawn(tmp_path, 2).kept == 1
    assert (tmp_path / "videos" / "drawn-0-000.mp4").read_bytes() == b"a mark to know it by"
    assert files(tmp_path)["truth/drawn-0-001.json"] == files(world.folder)["truth/drawn-0-001.json"]


def test_what_an_older_version_drew_is_drawn_again(world: DrawnWorld, tmp_path: Path) -> None:
    shutil.copytree(world.folder, tmp_path, dirs_exist_ok=True)
    mark = json.loads((tmp_path / "drawn_world.json").read_text())
    (tmp_path / "drawn_world.json").write_text(json.dumps({**mark, "drawn_by": "drawn-world-0"}))
    assert drawn(tmp_path).kept == 0


def test_a_smaller_world_has_no_videos_of_the_larger(world: DrawnWorld, tmp_path: Path) -> None:
    shutil.copytree(world.folder, tmp_path, dirs_exist_ok=True)
    drawn(tmp_path, 1)
    assert [path.name for path in (tmp_path / "videos").iterdir()] == ["drawn-0-000.mp4"]
    assert "drawn-0-001" not in (tmp_path / "answers.jsonl").read_text()


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SettingError, match="it holds files that are not of a drawn world"):
        drawn(tmp_path)
    assert files(tmp_path).keys() == {"thesis.txt"}


def test_a_file_is_no_folder_to_write_to(tmp_path: Path) -> None:
    (tmp_path / "world").touch()
    with pytest.raises(SettingError, match="it is a file"):
        drawn(tmp_path / "world")


@pytest.mark.parametrize(("videos", "seed", "setting"), [(0, 0, "--videos"), (1, -1, "--seed")])
def test_nothing_is_drawn_of_numbers_that_mean_nothing(tmp_path: Path, videos: int, seed: int, setting: str) -> None:
    with pytest.raises(SettingError, match=setting):
        drawn(tmp_path / "world", videos, seed)
    assert not (tmp_path / "world").exists()


def test_the_answers_are_perfect_captions_of_the_clips_that_the_pipeline_cuts(world: DrawnWorld, tmp_path: Path) -> None:
    """All settings as they are by default, so that the no-change gate is in force too."""
    truth = world.truths[0]
    captions, objectives = asyncio.run(_captioned(world, truth, tmp_path))
    said = {caption.window: caption.text for caption in captions.captions}
    assert said == {window: reference(truth, window * 2.0, window * 2.0 + 2.0, initial=False) for window in range(1, round(truth.duration_s / 2))}
    assert {pair.window for pair in objectives.pairs if pair.objectives} == {window for window, text in said.items() if text}


async def _captioned(world: DrawnWorld, truth: DrawnTruth, folder: Path) -> tuple[Captions, Objectives]:
    path = world.folder / "videos" / f"{truth.video_id}.mp4"
    facts = {"video_id": truth.video_id, "uri": path.name, "sha256": "0" * 64, "size_bytes": path.stat().st_size, "status": "ok"}
    video = Video(**facts, **asdict(probe_video(path, path.name)))
    clips = choose_clips(video, Windowing(), ClipPolicy())
    sample_frames(SamplingJob(video, path, clips, Windowing(), Sampling(decoder="ffmpeg"), folder / "frames.parquet"))
    asker = Asker(RecordedCaptioner(world.answers), CallStore(FolderStorage(folder), truth.video_id), Underway())
    initials = await caption_initials(truth.video_id, clips, folder / "frames.parquet", asker, ChainPolicy())
    assert initials.captions[0].text == reference(truth, 0.0, 2.0, initial=True)
    deltas = await caption_deltas(truth.video_id, clips, folder / "frames.parquet", initials, asker, ChainPolicy(), lambda: None)
    return deltas, await state_objectives(truth.video_id, initials, deltas, asker)


def command(*arguments: str | Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "streamcap_dagster.cli", *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_the_command_tells_what_it_drew_and_what_to_do_with_it(tmp_path: Path) -> None:
    done = command("drawn-world", "--out", "a world", "--videos", "1", "--seed", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "drawn-3-000: " in done.stdout
    assert "STREAMCAP_RECORDED_ANSWERS='a world/answers.jsonl' streamcap run 'a world/videos' --storage 'a world/data' --captioner recorded" in done.stdout
    assert "streamcap evaluate 'a world/data' --truth 'a world'" in done.stdout


def test_a_folder_that_cannot_be_used_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    done = command("drawn-world", "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "it holds files that are not of a drawn world" in done.stderr
    assert "Traceback" not in done.stderr
