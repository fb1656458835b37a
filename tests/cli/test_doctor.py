"""`streamcap doctor`: every check that fails says how to fix it."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streamcap_dagster.cli import app
from streamcap_dagster.cli.doctor import SECRETS_FOR, diagnose
from streamcap_dagster.cli.finding import Finding
from streamcap_dagster.settings import Settings, read_settings


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "cat.mp4").write_bytes(b"not looked into")
    return folder


def settings(**more: Any) -> Settings:
    return read_settings(decoder="ffmpeg", **more)


def finding(check: str, **more: Any) -> Finding:
    return next(finding for finding in diagnose(settings(**more)) if finding.check == check)


def test_all_is_well_where_everything_is_there(source: Path) -> None:
    done = CliRunner().invoke(app, ["doctor"], env={"STREAMCAP_DECODER": "ffmpeg"})

    assert done.exit_code == 0
    assert "failed" not in done.stdout
    assert "has 1 video file" in done.stdout


def test_json_is_for_programs_and_a_failed_check_is_exit_status_1() -> None:
    done = CliRunner().invoke(app, ["doctor", "--json"], env={"STREAMCAP_DECODER": "ffmpeg"})

    findings = {found["check"]: found for found in json.loads(done.stdout)}
    assert done.exit_code == 1
    assert findings["source"]["verdict"] == "failed"
    assert {"python", "ffmpeg", "ffprobe", "decoder", "storage", "source", "captioner", "dagster", "disk", "HF_TOKEN"} <= findings.keys()


@pytest.mark.parametrize("program", ["ffmpeg", "ffprobe"])
def test_a_program_that_is_not_on_the_path_comes_with_the_line_that_installs_it(source: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setenv("PATH", str(source))
    missing = finding(program)

    assert (missing.verdict, missing.found) == ("failed", "not found on PATH")
    assert "sudo apt-get install ffmpeg" in missing.fix


def test_a_missing_source_says_which_setting_to_change() -> None:
    missing = finding("source", source="elsewhere")

    assert missing.verdict == "failed"
    assert "there is no such folder. Set STREAMCAP_SOURCE to the folder that holds the videos." in missing.found


def test_a_storage_under_a_file_says_to_choose_another() -> None:
    Path("notes.txt").write_text("a file")
    refused = finding("storage", storage="notes.txt/data")

    assert refused.verdict == "failed"
    assert "A file stands where a folder is needed: choose another STREAMCAP_STORAGE." in refused.found


def test_a_storage_that_is_a_file_is_wrong_usage_in_one_sentence() -> None:
    Path("notes.txt").write_text("a file")
    done = CliRunner().invoke(app, ["doctor", "--storage", "notes.txt"])

    assert "it is a file; give a folder" in str(done.exception)


def test_a_read_only_storage_says_to_choose_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", refuse)
    refused = finding("storage")

    assert refused.verdict == "failed"
    assert "The folder is read-only: choose another STREAMCAP_STORAGE." in refused.found


def test_an_error_of_the_disk_fails_one_check_and_not_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "mkdir", refuse)
    refused = finding("storage")

    assert refused.verdict == "failed"
    assert "Input/output error" in refused.found


def test_an_unknown_captioner_is_told_with_the_known_ones() -> None:
    unknown = finding("captioner", captioner="nobody")

    assert unknown.verdict == "failed"
    assert "the captioners are gemini, openai, offline, recorded" in unknown.found


def test_a_dagster_home_that_is_no_folder_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "nowhere")

    assert "make it, or unset it" in finding("dagster").found


def test_every_failed_check_has_a_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    failed = [found for found in diagnose(settings(source="elsewhere", captioner="nobody")) if found.verdict == "failed"]

    assert [found.check for found in failed] == ["ffmpeg", "ffprobe", "source", "captioner"]
    assert all(found.fix for found in failed)


@pytest.mark.parametrize("name", SECRETS_FOR)
def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "very-secret")

    assert finding(name).found.startswith("set (for ")
    assert "very-secret" not in CliRunner().invoke(app, ["doctor"], env={"STREAMCAP_DECODER": "ffmpeg"}).stdout


def test_an_empty_key_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", " ")
    assert finding("GEMINI_API_KEY").found.startswith("not set (for the captioner gemini")


def test_two_different_keys_for_gemini_are_told_with_the_one_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "one")
    monkeypatch.setenv("GOOGLE_API_KEY", "one")
    assert "keys" not in {found.check for found in diagnose(settings())}

    monkeypatch.setenv("GOOGLE_API_KEY", "other")
    assert finding("keys") == Finding(
        "keys", "warning", "GOOGLE_API_KEY and GEMINI_API_KEY hold different keys, and GOOGLE_API_KEY is used", "Unset GOOGLE_API_KEY."
    )


def test_credentials_that_are_not_there_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "nowhere.json")
    assert finding("keys").found == "GOOGLE_APPLICATION_CREDENTIALS names a file that is not there"


def test_words_from_outside_are_printed_as_they_are(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["doctor", "[red]x[/] [/nothing]"], env={"STREAMCAP_DECODER": "ffmpeg"})

    assert "[red]x[/] [/nothing]" in done.stdout
