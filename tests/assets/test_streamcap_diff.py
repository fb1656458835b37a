"""`streamcap diff` on a real dataset: what a changed setting makes stale, and a sample of what would be said then."""

import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from streamcap_dagster.cli import app
from streamcap_dagster.errors import SettingError
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.assets.project import Project

KILLED_AFTER_AN_ANSWER = """
import os, signal, sys
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.cli import main

keep = CallStore.keep

def keep_and_die(self, call):
    keep(self, call)
    os.kill(os.getpid(), signal.SIGKILL)

CallStore.keep = keep_and_die
sys.argv = ["streamcap", "diff", "--sample", "3"]
main()
"""
ALWAYS_ASKED = {"STREAMCAP_NO_CHANGE_THRESHOLD": "0"}
"""Under it the video `still` is asked about in every window."""
COARSE = {"STREAMCAP_FPS": "1"}


@pytest.fixture(autouse=True)
def scratch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, made: Project) -> Path:
    """Temporary files of this test alone."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.chdir(made.root)
    return scratch


def commanded(made: Project, *arguments: str, **settings: str) -> Result:
    return CliRunner().invoke(app, ["diff", *arguments], env={**made.env, **settings})


def diffed(made: Project, *arguments: str, **settings: str) -> str:
    done = commanded(made, *arguments, **settings)
    assert (done.exit_code, done.exception) == (0, None), done.output
    return " ".join(done.stdout.split())


def as_json(made: Project, *arguments: str, **settings: str) -> Any:
    done = commanded(made, "--json", *arguments, **settings)
    assert (done.exit_code, done.exception) == (0, None), done.output
    return json.loads(done.stdout)


def everything(project: Project) -> dict[str, tuple[str, int]]:
    """Every object with its hash and time, but for the answers."""
    found = ((path.relative_to(project.storage).as_posix(), path) for path in project.storage.rglob("*") if path.is_file())
    kept = ((key, path) for key, path in found if not key.startswith((keys.CALLS, ".streamcap/")))
    return {key: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for key, path in kept}


def test_where_nothing_changed_nothing_is_stale(made: Project) -> None:
    assert diffed(made).endswith(": 3 up to date.")


def test_a_changed_setting_is_told_with_what_it_makes_stale_and_what_that_takes(made: Project) -> None:
    before = everything(made)

    told = as_json(made, **ALWAYS_ASKED)

    assert [(group["videos"], group["causes"][0]["says"]) for group in told["groups"]] == [(3, "no_change_threshold 10.0 → 0.0")]
    assert told["groups"][0]["made_anew"] == ["initial_captions", "delta_captions", "sft_examples", "preference_examples"]
    assert told["groups"][0]["follows"] == ["objectives", "reviews", "caption_files", "rl_examples", "caption_quality"]
    assert told["to_redo"]["to_ask"]["calls"] == 3  # both deltas of the video `still`, and statements about them
    assert everything(made) == before


def test_it_is_told_as_a_table_and_a_paragraph(made: Project) -> None:
    told = diffed(made, **ALWAYS_ASKED)

    assert "3 no_change_threshold 10.0 → 0.0 (clock and others) initial_captions" in told
    assert "3 stale; 0 up to date. offline (offline-2): 3 videos of 21 s in 9 windows." in told


def test_only_the_videos_that_are_named_are_looked_at(made: Project) -> None:
    assert as_json(made, "--only", "life", **ALWAYS_ASKED)["groups"][0]["video_ids"] == ["life"]


@dataclass(frozen=True)
class Tried:
    """A sample of all videos under other frames."""

    told: str
    page: str
    before: dict[str, tuple[str, int]]
    after: dict[str, tuple[str, int]]
    left: list[str]


@pytest.fixture(scope="module")
def tried(_made_once: Project, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    root, scratch = tmp_path_factory.mktemp("tried"), tmp_path_factory.mktemp("scratch")
    shutil.copytree(_made_once.root, root / "made")
    made, page = Project(root / "made"), root / "page.html"
    before = everything(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(scratch))
        told = diffed(made, "--sample", "3", "--output", str(page), **COARSE)
    return Tried(told, page.read_text(), before, everything(made), [path.name for path in scratch.iterdir()])


def test_a_sample_touches_nothing_but_the_answers_and_leaves_nothing_behind(tried: Tried) -> None:
    assert tried.after == tried.before
    assert tried.left == []


def test_a_sample_is_shown_side_by_side_and_in_numbers(tried: Tried) -> None:
    assert [name for name in ("clock", "life", "still") if f" {name}: " in tried.told] == ["clock", "life", "still"]
    assert "seconds ┃ old ┃ new" in tried.told
    assert re.search(r"[1-9] of 9 windows changed \(\d+%\); words a caption: [\d.]+ → [\d.]+; silent: \d+% → \d+%\.", tried.told)
    assert "The dataset is as it was." in tried.told


def test_a_page_has_a_row_and_a_picture_for_each_window_that_changed(tried: Tried) -> None:
    changed = int(re.findall(r"(\d+) of 9 windows changed", tried.told)[0])
    assert tried.page.count("data:image/jpeg;base64,") == tried.page.count("<tr><td>") == changed
    assert "fps 4.0 → 1.0" in tried.page


def test_for_programs_a_sample_is_json_beside_the_rest(made: Project) -> None:
    told = as_json(made, "--sample", "3", **ALWAYS_ASKED)["sample"]

    assert [video["video_id"] for video in told["videos"]] == ["clock", "life", "still"]
    assert (told["windows"], told["old"]["windows"], told["new"]["windows"], told["stopped"]) == (9, 9, 9, "")


def test_the_same_seed_draws_the_same_videos(made: Project) -> None:
    def drawn(seed: int) -> str:
        told: str = as_json(made, "--sample", "1", "--seed", str(seed), **ALWAYS_ASKED)["sample"]["videos"][0]["video_id"]
        return told

    assert drawn(1) == drawn(1)
    assert {drawn(seed) for seed in range(6)} > {drawn(1)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--yes",), "add --sample N"),
        (("--output", "page.html"), "add --sample N"),
        (("--sample", "1", "--output", "page.pdf"), r"end it in \.html or \.md"),
        (("--sample", "1", "--output", "nowhere/page.md"), "is its folder there"),
        (("--only", "dog"), "the catalog has no such video"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(made: Project, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        raise commanded(made, *arguments).exception or AssertionError("nothing was wrong")


def test_a_change_that_no_caption_notices_leaves_nothing_to_compare(made: Project) -> None:
    told = diffed(made, "--sample", "2", STREAMCAP_MAX_SILENT_SHARE="0.5")

    assert "max_silent_share 0.2 → 0.5" in told
    assert "there is nothing to compare" in told


def test_a_sample_of_a_video_that_a_run_works_on_waits_for_its_turn(made: Project) -> None:
    held, let_go = threading.Event(), threading.Event()

    def work() -> None:
        with FolderStorage(made.storage).lease("clock"):
            held.set()
            let_go.wait(1.0)

    other = threading.Thread(target=work)
    other.start()
    held.wait()
    told = diffed(made, "--sample", "1", "--only", "clock", **ALWAYS_ASKED)
    let_go.set()
    other.join()

    assert "clock is being worked on by another process; the sample waits for its turn." in told
    assert "The dataset is as it was." in told


def test_a_video_that_cannot_be_captioned_is_told_and_the_others_are_shown(made: Project) -> None:
    (made.storage / keys.delta_captions("clock")).unlink()

    done = commanded(made, "--json", "--sample", "3", **ALWAYS_ASKED)

    assert done.exit_code == 1
    told = json.loads(done.stdout)["sample"]["videos"]
    assert [bool(video["trouble"]) for video in told] == [True, False, False]
    assert "delta_captions/clock.json does not exist" in told[0]["trouble"]


def test_a_sample_that_is_killed_leaves_the_dataset_as_it_was_and_the_next_one_goes_on_and_clears_up(made: Project, scratch: Path) -> None:
    before = everything(made)
    environment = {**made.env, **ALWAYS_ASKED, "TMPDIR": str(scratch)}
    killed = subprocess.run([sys.executable, "-c", KILLED_AFTER_AN_ANSWER], env=environment, cwd=made.root, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert [path.name.startswith("streamcap-sample-") for path in scratch.iterdir()] == [True]
    assert everything(made) == before

    told = as_json(made, "--sample", "3", **ALWAYS_ASKED)

    assert told["to_redo"]["to_ask"]["calls"] < 3
    assert everything(made) == before
    assert list(scratch.iterdir()) == []
