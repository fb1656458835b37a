"""`make` on a fresh machine: what it says when something is missing, what it does once and what it leaves alone."""

import sys
from pathlib import Path

import pytest

from streamcap_dagster.settings import SECRETS
from tests.setup.stranger import REPOSITORY, Stranger


def test_make_alone_lists_every_target(stranger: Stranger) -> None:
    listed = stranger.run("make").stdout
    phony = next(line for line in (REPOSITORY / "Makefile").read_text().splitlines() if line.startswith(".PHONY"))
    assert [target for target in phony.split()[1:] if f"make {target} " not in listed] == []


def test_set_up_makes_the_environment_with_every_version_pinned(stranger: Stranger) -> None:
    done = stranger.run("make", "setup")
    assert done.returncode == 0, done.stderr
    assert stranger.noted()[-1] == "-m pip install --disable-pip-version-check -c constraints.txt --no-build-isolation -e .[torchcodec,dev]"


def test_the_size_of_the_torch_download_is_told_before_it_begins(stranger: Stranger) -> None:
    stranger.run("make", "setup")
    asked = stranger.noted()
    assert asked.index("setup/torch_download.py constraints.txt") < asked.index(asked[-1])


def test_set_up_with_the_ffmpeg_decoder_never_asks_for_torch(stranger: Stranger) -> None:
    stranger.run("make", "setup", "DECODER=ffmpeg")
    assert not [line for line in stranger.noted() if "torch" in line]


def test_the_cpu_only_build_comes_from_the_index_that_is_named(stranger: Stranger) -> None:
    stranger.run("make", "setup", "TORCH_INDEX=http://127.0.0.1/cpu")
    assert "--extra-index-url http://127.0.0.1/cpu" in stranger.noted()[-1]


def test_a_second_set_up_does_nothing(stranger: Stranger) -> None:
    stranger.run("make", "setup")
    before = stranger.noted()
    again = stranger.run("make", "setup")
    assert (again.returncode, again.stdout, stranger.noted()) == (0, "", before)


def test_later_targets_keep_the_decoder_that_was_chosen(stranger: Stranger) -> None:
    stranger.run("make", "setup", "DECODER=ffmpeg")
    before = stranger.noted()
    stranger.run("make", "setup")
    assert stranger.noted() == before


def test_another_decoder_is_installed_into_the_same_environment(stranger: Stranger) -> None:
    stranger.run("make", "setup", "DECODER=ffmpeg")
    stranger.run("make", "setup", "DECODER=torchcodec")
    assert "[torchcodec,dev]" in stranger.noted()[-1]
    assert sum("-m venv" in line for line in stranger.noted()) == 1


def test_new_pins_are_installed(stranger: Stranger) -> None:
    stranger.run("make", "setup")
    before = len(stranger.noted())
    (stranger.repository / "constraints.txt").write_text("dagster==0.0.1\n")
    stranger.run("make", "setup")
    assert len(stranger.noted()) > before


def test_a_repository_that_was_moved_gets_a_new_environment(stranger: Stranger) -> None:
    stranger.run("make", "setup")
    stranger.repository = stranger.repository.rename(stranger.repository.with_name("moved"))
    stranger.run("make", "setup")
    assert sum("-m venv --clear" in line for line in stranger.noted()) == 2


def test_a_set_up_that_was_cut_short_is_done_again(stranger: Stranger) -> None:
    stranger.has("ffmpeg", "exit 0")
    (stranger.programs / "ffprobe").unlink()
    assert stranger.run("make", "setup").returncode != 0
    stranger.has("ffprobe", "exit 0")
    assert "ready in .venv" in stranger.run("make", "setup").stdout


def test_extras_are_added_at_their_pinned_versions_and_only_once(stranger: Stranger) -> None:
    stranger.run("make", "setup")
    extras = ("sh", "setup/extras.sh", "postgres", "ray")
    assert "installing the extras postgres,ray into .venv" in stranger.run(*extras).stdout
    added = stranger.noted()
    assert added[-1] == "-m pip install --disable-pip-version-check -c constraints.txt --no-build-isolation -e .[postgres,ray]"
    assert (stranger.run(*extras).stdout, stranger.noted()) == ("", added)


def test_an_extra_that_needs_torch_takes_it_from_the_index_that_is_named(stranger: Stranger) -> None:
    stranger.run("make", "setup")
    stranger.run("sh", "setup/extras.sh", "train", TORCH_INDEX="http://127.0.0.1/cpu")
    assert "--extra-index-url http://127.0.0.1/cpu" in stranger.noted()[-1]


def test_extras_are_added_again_after_a_new_set_up(stranger: Stranger) -> None:
    stranger.run("make", "setup")
    stranger.run("sh", "setup/extras.sh", "postgres")
    stranger.run("make", "setup", "DECODER=ffmpeg")
    stranger.run("sh", "setup/extras.sh", "postgres")
    assert "[postgres]" in stranger.noted()[-1]


@pytest.mark.parametrize("version", ["3.10.12", "3.15.0"])
def test_an_unsuitable_python_is_refused_in_one_sentence_that_says_what_to_install(stranger: Stranger, version: str) -> None:
    pretend = f"import sys; sys.version_info = ({version.replace('.', ', ')}); exec(sys.argv[1])"
    stranger.has("python3", f'if [ "$1" = --version ]; then echo "Python {version}"; else exec "{sys.executable}" -c "{pretend}" "$2"; fi')
    refused = stranger.run("make", "setup")
    assert refused.returncode != 0
    assert f"Python 3.11 to 3.14 is needed, and this machine has Python {version}. Install one" in refused.stderr
    assert not (stranger.repository / ".venv").exists()


def test_a_python_without_venv_is_told_which_package_brings_it(stranger: Stranger) -> None:
    stranger.has_python("venv, ensurepip")
    refused = stranger.run("make", "setup")
    assert "has no venv module" in refused.stderr
    assert "sudo apt-get install python3." in refused.stderr


def test_an_unknown_decoder_is_refused_with_the_known_ones(stranger: Stranger) -> None:
    refused = stranger.run("make", "setup", "DECODER=vlc")
    assert "DECODER=vlc is not known; it is torchcodec or ffmpeg." in refused.stderr


@pytest.mark.parametrize("target", ["demo", "test", "bench"])
def test_no_key_and_no_server_of_the_user_reaches_what_is_not_to_be_paid(stranger: Stranger, target: str) -> None:
    stranger.run("make", "setup")
    for program in ("python", "streamcap"):
        (stranger.repository / ".venv/bin" / program).write_text(f'#!/bin/sh\nenv >> "{stranger.notes}"\n')
        (stranger.repository / ".venv/bin" / program).chmod(0o755)
    done = stranger.run("make", target, **dict.fromkeys((*SECRETS, "STREAMCAP_CAPTIONER"), "hunter2"))
    assert done.returncode == 0, done.stderr
    last = {name: value for name, _, value in (line.partition("=") for line in stranger.noted())}
    assert {name: last[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")
    assert last["STREAMCAP_CAPTIONER"] == "offline"


def test_clean_leaves_what_is_the_users(stranger: Stranger) -> None:
    kept = [".env", "data/raw/manifest.csv", "videos/mine.mp4", "history/runs.db"]
    removed = [".venv/bin/python", "demo/data/raw/manifest.csv", "demo/videos/bikes.mp4", "demo/instance/dagster.yaml", "setup/__pycache__/a.pyc"]
    for name in [*kept, *removed, "demo/fetch_videos.py", "streamcap_dagster/__init__.py", "tests/__init__.py"]:
        _touch(stranger.repository / name)
    done = stranger.run("make", "clean")
    assert done.returncode == 0, done.stderr
    assert [name for name in kept if not (stranger.repository / name).exists()] == []
    assert [name for name in removed if (stranger.repository / name).exists()] == []


def _touch(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
