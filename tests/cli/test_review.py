"""`streamcap review` and `streamcap report`: they say where to look, and refuse in words what cannot work."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
import requests
from typer.testing import CliRunner

from streamcap_dagster.cli import app
from streamcap_dagster.errors import SettingError, StorageLost
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import write_frames
from tests.review_page.world import Said, World, frames_of, says


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path)
    world.add("bikes", says("A bike.", "", "It leaves."))
    monkeypatch.setenv("STREAMCAP_STORAGE", str(world.storage.root))
    monkeypatch.setenv("STREAMCAP_SOURCE", str(tmp_path / "videos"))
    return world


def test_the_first_line_is_the_address_and_whoever_opens_it_is_in_until_ctrl_c(world: World) -> None:
    command = [sys.executable, "-m", "streamcap_dagster.cli", "review", "--port", "0", "--no-open", "--by", "Grace"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=world.root) as process, requests.Session() as visitor:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        found = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/enter\?token=[\w-]{43}", address)
        assert found is not None
        visitor.trust_env = False
        assert visitor.get(address, timeout=10).status_code == 200
        chosen = {"clip": 0, "window": None, "verdict": "drop", "text": None, "ranking": None}
        chosen["caption_sha256"] = visitor.get(f"{found[1]}/api/videos/bikes", timeout=10).json()["clips_sha256"]["0"]
        asked = {"version": "0", "choices": [chosen]}
        kept = visitor.put(f"{found[1]}/api/videos/bikes/review", json=asked, headers={"origin": found[1]}, timeout=10).json()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)

    assert [decision["by"] for decision in kept["review"]["decisions"]] == ["Grace"]
    assert (process.returncode, err) == (0, "")


def test_a_port_that_is_taken_is_named(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = CliRunner().invoke(app, ["review", "--no-open", "--port", str(port)])

    assert str(failed.exception).startswith(f"--port={port} cannot be used")


@pytest.mark.parametrize("command", [["review", "--no-open"], ["report"]])
def test_a_storage_without_videos_is_told(world: World, tmp_path: Path, command: list[str]) -> None:
    failed = CliRunner().invoke(app, [*command, "--storage", str(tmp_path / "empty")])

    assert "it holds no videos" in str(failed.exception)


def test_a_person_without_a_name_decides_nothing(world: World) -> None:
    assert str(CliRunner().invoke(app, ["review", "--no-open", "--by", " "]).exception).startswith("--by=")


def test_a_report_says_what_is_in_it_and_how_large_it_is(world: World, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", "--out", str(tmp_path / "r.html"), "--with-video"])

    assert done.exit_code == 0
    assert re.search(r"r\.html: 1 video, 3 windows, 3 pictures; 0\.\d MB in \d+\.\d s\n", done.stdout)
    assert "Too large to be sent along, or gone: bikes." in done.stdout


def test_only_the_named_videos_are_in_a_report(world: World, tmp_path: Path) -> None:
    world.add("rain", says("Rain.", ""))
    done = CliRunner().invoke(app, ["report", "--out", str(tmp_path / "r.html"), "--videos", "rain,rain"])

    assert "1 video, 2 windows" in done.stdout
    assert 'id="video-bikes"' not in (tmp_path / "r.html").read_text()


def test_of_many_videos_those_with_the_most_flags_are_in_a_report(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamcap_dagster.cli.report.MOST_VIDEOS", 1)
    world.add("rain", [Said("Rain."), Said("Rain.", flags=("novelty",))])
    done = CliRunner().invoke(app, ["report", "--out", str(tmp_path / "r.html")])

    assert "Not in it: 1 video with fewer flagged windows" in done.stdout
    assert 'id="video-rain"' in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize(("option", "value"), [("--out", "report.txt"), ("--out", "nowhere/report.html"), ("--videos", "unknown")])
def test_a_report_that_cannot_be_written_is_told(world: World, option: str, value: str) -> None:
    failed = CliRunner().invoke(app, ["report", option, value])

    assert str(failed.exception).startswith(f"{option}='{value}'")


class Lost(FolderStorage):
    """Has everything but what is opened."""

    def open(self, key: str) -> NoReturn:
        raise StorageLost(self.uri, f"reading {key}", "it is gone", "Bring it back.")


def test_a_report_that_fails_leaves_the_old_one_and_nothing_else(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out" / "report.html"
    path.parent.mkdir()
    path.write_text("the old one")
    monkeypatch.setattr(FolderStorage, "open", Lost.open)
    failed = CliRunner().invoke(app, ["report", "--out", str(path)])

    assert isinstance(failed.exception, StorageLost)
    assert {found.name: found.read_text() for found in path.parent.iterdir()} == {"report.html": "the old one"}


def test_a_report_is_read_by_whom_the_person_lets_read_new_files(world: World, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        CliRunner().invoke(app, ["report", "--out", str(tmp_path / "r.html")])
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "r.html").stat().st_mode) == 0o600


def test_a_picture_that_cannot_be_opened_is_not_blamed_on_the_report(world: World, tmp_path: Path) -> None:
    with world.storage.staged(keys.frames("bikes")) as path:
        write_frames(path, (replace(frame, jpeg=b"no picture") for number in range(3) for frame in frames_of(number)), "drawn")
    failed = CliRunner().invoke(app, ["report", "--out", str(tmp_path / "r.html")])

    assert "cannot identify image" in str(failed.exception)
    assert not isinstance(failed.exception, SettingError)
