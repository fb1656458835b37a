"""From video files to every format: `streamcap run` with captions written by hand, then `streamcap export` of all that there is."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from streamcap_dagster.cli import app
from streamcap_dagster.exporters.table import EXPORTERS
from tests.assets.project import Project
from tests.exporters.test_placeholders import FORMATS, check, read
from tests.exporters.test_with_videos import check_livecc, turns_of
from tests.media import make_video

RATE = 12

SAID = ("Bars of colour, a running clock 🕐.", "The clock says 2.", "")
"""Of the windows of each video; the last adds nothing."""


def answers(video_id: str) -> Sequence[dict[str, object]]:
    place = {"video_id": video_id, "clip": 0}
    captions = [{**place, "window": window, "caption": text} for window, text in enumerate(SAID)]
    return [*captions, {**place, "window": 1, "objectives": ["clock says 2"]}]


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run has made of two videos."""
    project = Project(tmp_path_factory.mktemp("run"))
    for video_id, picture in (("bars", "testsrc2"), ("dial", "testsrc")):
        make_video(project.source / f"{video_id}.mp4", seconds=6, size="96x64", fps=str(RATE), picture=picture)
    recorded = project.root / "answers.jsonl"
    recorded.write_text("".join(f"{json.dumps(line)}\n" for video_id in ("bars", "dial") for line in answers(video_id)))
    chosen = {"STREAMCAP_CAPTIONER": "recorded", "STREAMCAP_RECORDED_ANSWERS": str(recorded), "STREAMCAP_MAX_SILENT_SHARE": "0.5"}
    done = project.streamcap("run", **chosen)
    assert done.returncode == 0, done.stdout + done.stderr
    return project.storage


def export(storage: Path, name: str, out: Path) -> str:
    done = CliRunner().invoke(app, ["export", name, "--storage", str(storage), "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def files(folder: Path) -> dict[str, str]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.mark.parametrize("name", EXPORTERS)
def test_every_format_comes_out_of_a_run_and_a_second_export_has_the_same_bytes(storage: Path, tmp_path: Path, name: str) -> None:
    export(storage, name, tmp_path / "once")
    export(storage, name, tmp_path / "again")

    assert len(files(tmp_path / "once")) > 1
    assert files(tmp_path / "once") == files(tmp_path / "again")


def test_pictures_are_the_very_bytes_that_were_captioned(storage: Path, tmp_path: Path) -> None:
    export(storage, "llamafactory", tmp_path)
    samples = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines()]
    captioned = [pq.read_table(storage / f"frames/{video_id}.parquet", columns=["jpeg"])["jpeg"].to_pylist() for video_id in ("bars", "dial")]

    assert sorted([(tmp_path / path).read_bytes() for path in sample["images"]] for sample in samples) == sorted(captioned)
    assert {tuple(turn["value"] for turn in sample["conversations"][1::2]) for sample in samples} == {(SAID[0], SAID[1], "No change.")}


@pytest.mark.parametrize("name", FORMATS)
def test_what_trainers_document_holds_for_what_was_really_decoded(storage: Path, tmp_path: Path, name: str) -> None:
    export(storage, name, tmp_path)
    shown = [[len(images) for images, _ in check(sample, name, tmp_path)] for sample in read(tmp_path, name)]

    assert shown == ([[8, 16], [16]] * 2 if name == "llava" else [[8, 16, 24]] * 2)


def test_a_video_is_in_the_folder_as_it_came_and_its_words_fit_its_seconds(storage: Path, tmp_path: Path) -> None:
    export(storage, "livecc", tmp_path)
    samples = [json.loads(line) for line in (tmp_path / "train_with_seeks.jsonl").read_text().splitlines()[:-1]]

    for sample in samples:
        check_livecc(sample, tmp_path)
        assert [word for turn in turns_of(sample, RATE) for word in turn] == f"{SAID[0]} {SAID[1]}".split()
    videos = {Path(sample[0]["content"][0]["video"]).name.split("-")[0]: tmp_path / sample[0]["content"][0]["video"] for sample in samples}
    assert {video_id: path.read_bytes() for video_id, path in videos.items()} == {
        video_id: (storage.parent / f"videos/{video_id}.mp4").read_bytes() for video_id in ("bars", "dial")
    }
