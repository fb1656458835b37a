"""`streamcap run`: the whole graph in one process, again and again, with nothing made twice and nothing lost."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import datasets
import pytest

from tests.assets.project import PER_VIDEO_NAMES, Project
from tests.media import ffmpeg, make_video

ASSETS = len(PER_VIDEO_NAMES)
BEFORE_CAPTIONS = PER_VIDEO_NAMES.index("initial_captions")
SMALL = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "5", "-pix_fmt", "yuv420p")


def test_a_folder_of_videos_becomes_a_dataset_that_loads(made: Project, tmp_path: Path) -> None:
    dataset = datasets.load_dataset(str(made.storage / "processed/dataset"), "stream", cache_dir=str(tmp_path / "cache"))["train"]

    assert sorted(dataset["video_id"]) == ["clock", "life", "still"]
    assert {len(windows) for windows in dataset["windows"]} == {3}
    rows = json.loads((made.storage / "processed/train.json").read_text())
    assert {row["video_id"] for row in rows} >= {"clock", "life"}
    assert all((made.storage / "processed" / name).is_file() for row in rows for name in (*row["frames_window1"], *row["frames_window2"]))


def test_a_second_run_makes_nothing_and_says_so(made: Project) -> None:
    before = made.final_files()

    done = made.streamcap("run")

    assert f"0 made, {3 * ASSETS} reused" in done.stdout
    assert made.final_files() == before
    assert done.returncode == 0


def test_a_lost_instance_is_filled_again_from_storage_without_making_anything(made: Project) -> None:
    shutil.rmtree(made.home)
    made = Project(made.root)

    done = made.streamcap("run")

    assert f"0 made, {3 * ASSETS} reused" in done.stdout
    assert all(made.materialized(name) == {"clock", "life", "still"} for name in PER_VIDEO_NAMES)


def test_a_file_with_other_bytes_under_the_same_name_is_made_again_and_no_other(made: Project) -> None:
    before = made.final_files()
    make_video(made.source / "still.mp4", seconds=7, size="160x120", fps="15", picture="color=c=maroon")

    done = made.streamcap("run")

    assert f"{ASSETS} made, {2 * ASSETS} reused" in done.stdout
    changed = {key for key, content in made.final_files().items() if before.get(key) != content}
    assert not any("clock" in key or "life" in key for key in changed)
    assert {"frames/still.parquet", "initial_captions/still.json"} <= changed


def test_a_changed_setting_makes_again_only_what_reads_it(made: Project) -> None:
    done = made.streamcap("run", STREAMCAP_MAX_SILENT_SHARE="1")

    assert f"6 made, {3 * ASSETS - 6} reused" in done.stdout


def test_run_only_makes_the_named_and_rebuilds_the_dataset_from_all_that_exist(project: Project) -> None:
    assert project.streamcap("run", "--only", "clock").returncode == 0
    done = project.streamcap("run", "--only", "life")

    assert f"{ASSETS} made, 0 reused" in done.stdout
    assert {row["video_id"] for row in json.loads((project.storage / "processed/train.json").read_text())} == {"clock", "life"}
    assert project.statuses()["still"]["state"] == "incomplete"


def test_only_with_an_unknown_video_is_wrong_usage(project: Project) -> None:
    done = project.streamcap("run", "--only", "nobody")

    assert done.returncode == 2
    assert "--only='nobody'" in done.stderr


def test_an_unusable_file_is_named_with_the_reason_and_the_others_are_done(project: Project) -> None:
    (project.source / "notes.mp4").write_text("this is no video")

    done = project.streamcap("run")

    assert done.returncode == 1
    assert f"{3 * ASSETS} made" in done.stdout
    assert "notes.mp4" in done.stdout
    assert project.statuses()["notes"]["state"] == "unusable"


def test_a_video_that_fails_midway_is_named_and_the_others_are_done(project: Project) -> None:
    """The recorded captioner knows what to say of two videos only."""
    answers = project.root / "answers.jsonl"
    answers.write_text("".join(f"{json.dumps(line)}\n" for video_id in ("clock", "life") for line in _answers(video_id)))

    done = project.streamcap("run", "--captioner", "recorded", STREAMCAP_RECORDED_ANSWERS=str(answers))

    assert done.returncode == 1
    assert f"{2 * ASSETS + BEFORE_CAPTIONS} made" in done.stdout
    standing = {
        video_id: video["state"] for video_id, video in project.statuses_with(STREAMCAP_CAPTIONER="recorded", STREAMCAP_RECORDED_ANSWERS=str(answers)).items()
    }
    assert standing == {"clock": "complete", "life": "complete", "still": "failed"}
    assert {row["video_id"] for row in json.loads((project.storage / "processed/train.json").read_text())} == {"clock", "life"}


def test_a_lost_image_is_written_again(made: Project) -> None:
    image = sorted((made.storage / "processed/images/clock").iterdir())[3]
    image.unlink()

    assert made.statuses()["clock"]["state"] == "incomplete"
    assert made.streamcap("run").returncode == 0
    assert image.is_file()


def test_the_images_of_a_video_that_is_gone_leave_with_it(made: Project) -> None:
    (made.source / "life.mp4").unlink()
    made.streamcap("run")

    assert sorted(path.name for path in (made.storage / "processed/images").iterdir() if any(path.iterdir())) == ["clock"]


def test_a_misspelt_video_in_the_manual_selection_is_told(project: Project) -> None:
    selection = project.root / "clips.csv"
    selection.write_text("video_id,start_s,end_s\nclock,0,4\nlive,0,4\n")

    done = project.streamcap("run", "--only", "clock", STREAMCAP_CLIP_POLICY="manual", STREAMCAP_CLIPS_CSV=str(selection))

    assert f"{selection} names 'live', which the catalog does not know" in done.stdout


def test_a_source_without_videos_is_one_clear_sentence(project: Project) -> None:
    shutil.rmtree(project.source)
    project.source.mkdir()

    done = project.streamcap("run")

    assert done.returncode == 1
    assert str(project.source) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "value"), [("STREAMCAP_FPS", "-1"), ("STREAMCAP_CAPTIONER", "nobody"), ("STREAMCAP_STORAGE", "answers.txt")])
def test_a_wrong_setting_is_wrong_usage_in_one_sentence(project: Project, name: str, value: str) -> None:
    (project.root / "answers.txt").write_text("a file")

    done = project.streamcap("run", **{name: value})

    assert done.returncode == 2
    assert f"{name}=" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_video_too_short_for_two_windows_is_skipped_with_empty_records(project: Project) -> None:
    make_video(project.source / "blink.mp4", seconds=1, size="160x120", fps="15")

    done = project.streamcap("run")

    assert done.returncode == 0
    assert json.loads((project.storage / "delta_captions/blink.json").read_text())["captions"] == []
    assert not (project.storage / "captions/blink.srt").exists()
    assert "skipped video blink: " in done.stdout
    assert project.statuses()["blink"]["state"] == "skipped"


def test_subtitles_are_read_by_ffmpeg(made: Project, tmp_path: Path) -> None:
    for suffix in ("srt", "vtt"):
        ffmpeg("-i", made.storage / f"captions/clock.{suffix}", tmp_path / f"{suffix}.ass")


def test_two_runs_at_once_make_everything_once(project: Project) -> None:
    running = [subprocess.Popen(project.command("run"), env=project.env, cwd=project.root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [run.communicate(timeout=240)[0] for run in running]

    assert [run.returncode for run in running] == [0, 0]
    assert sum(int(match) for output in said for match in re.findall(r"(\d+) made", output)) == 3 * ASSETS
    assert all(video["state"] == "complete" for video in project.statuses().values())


def test_a_disk_too_full_for_one_video_is_one_clear_sentence_and_the_others_are_done(project: Project) -> None:
    make_video(project.source / "large.mp4", seconds=20, size="640x384", fps="4", picture="color=c=gray", arguments=("-vf", "noise=alls=90:allf=t", *SMALL))
    limited = ["bash", "-c", 'ulimit -f 16000; trap "" XFSZ; exec "$@"', "bash", *project.command("run")]

    done = subprocess.run(limited, env=project.env, cwd=project.root, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "writing raw/videos/large.mp4 failed" in done.stdout
    assert "file-size limit" in done.stdout
    states = {video_id: video["state"] for video_id, video in project.statuses().items()}
    assert states == {"clock": "complete", "large": "failed", "life": "complete", "still": "complete"}
    assert not (project.storage / "raw/videos/large.mp4").exists()
    assert project.streamcap("run").returncode == 0


def _answers(video_id: str) -> list[dict[str, object]]:
    place = {"video_id": video_id, "clip": 0}
    return [
        {**place, "window": 0, "caption": "A picture."},
        *({**place, "window": window, "caption": f"Change {window}."} for window in (1, 2)),
        *({**place, "window": window, "objectives": [f"change {window} happens"]} for window in (1, 2)),
    ]
