"""Programs that are not Python's come from apt or Homebrew; where neither can, one sentence says what to install."""

import pytest

from tests.setup.stranger import Stranger

FFMPEG = ("sh", "setup/system_package.sh", "ffmpeg", "ffmpeg", "ffprobe")


@pytest.fixture
def bare(tmp_path) -> Stranger:
    """A machine without ffmpeg, whose user is root."""
    machine = Stranger(tmp_path)
    machine.has("id", "echo 0")
    return machine


def _apt_get(machine: Stranger, needs_update: bool) -> None:
    """An apt-get that installs programs that do nothing, after an update only if it needs one."""
    made = " ".join(f'cp "{machine.programs}/true-program" "{machine.programs}/{name}";' for name in ("ffmpeg", "ffprobe"))
    machine.has("true-program", "exit 0")
    ready = "exit 100" if needs_update else ":"
    lists = machine.programs.parent / "lists"
    machine.has("apt-get", f'echo "apt-get $1" >> "{machine.notes}"\ncase $1 in update) touch "{lists}";; install) [ -e "{lists}" ] || {ready}; {made} esac')


def test_what_is_there_is_not_installed_again(bare: Stranger) -> None:
    _apt_get(bare, needs_update=False)
    for program in ("ffmpeg", "ffprobe"):
        bare.has(program, "exit 0")
    assert bare.run(*FFMPEG).returncode == 0
    assert bare.noted() == []


def test_apt_installs_without_an_update_when_its_lists_do(bare: Stranger) -> None:
    _apt_get(bare, needs_update=False)
    assert bare.run(*FFMPEG).returncode == 0
    assert bare.noted() == ["apt-get install"]


def test_apt_updates_its_lists_when_they_do_not_do(bare: Stranger) -> None:
    _apt_get(bare, needs_update=True)
    assert bare.run(*FFMPEG).returncode == 0
    assert bare.noted() == ["apt-get install", "apt-get update", "apt-get install"]


def test_who_is_not_root_installs_with_sudo(bare: Stranger) -> None:
    _apt_get(bare, needs_update=False)
    bare.has("id", "echo 1000")
    bare.has("sudo", f'echo "sudo $1" >> "{bare.notes}"; shift; exec "$@"')
    assert bare.run(*FFMPEG).returncode == 0
    assert bare.noted() == ["sudo -n", "apt-get install"]


def test_without_sudo_the_command_for_root_is_told(bare: Stranger) -> None:
    _apt_get(bare, needs_update=False)
    bare.has("id", "echo 1000")
    refused = bare.run(*FFMPEG)
    assert refused.returncode != 0
    assert "run apt-get install ffmpeg as root" in refused.stderr


def test_without_apt_brew_installs(bare: Stranger) -> None:
    bare.has("true-program", "exit 0")
    bare.has("brew", f'echo "brew $*" >> "{bare.notes}"; cd "{bare.programs}"; cp true-program ffmpeg; cp true-program ffprobe')
    assert bare.run(*FFMPEG).returncode == 0
    assert bare.noted() == ["brew install ffmpeg"]


def test_with_neither_the_programs_are_named(bare: Stranger) -> None:
    refused = bare.run(*FFMPEG)
    assert refused.returncode != 0
    assert refused.stderr.strip() == (
        "ffmpeg is missing and could not be installed from here: install it so that these programs are on the PATH, then try again: ffmpeg ffprobe."
    )


def test_a_browser_that_is_there_is_found(bare: Stranger) -> None:
    bare.has("google-chrome", "exit 0")
    assert bare.run("sh", "setup/chromium.sh").stdout.strip() == str(bare.programs / "google-chrome")


def test_a_browser_that_does_not_start_does_not_count(bare: Stranger) -> None:
    bare.has("chromium", "exit 1")
    refused = bare.run("sh", "setup/chromium.sh")
    assert refused.returncode != 0
    assert "install Chromium or Google Chrome" in refused.stderr


def test_the_programs_of_a_postgres_that_is_there_are_found(bare: Stranger) -> None:
    for program in ("initdb", "pg_ctl"):
        bare.has(program, "exit 0")
    assert bare.run("sh", "setup/postgres.sh").stdout.strip() == str(bare.programs)
