"""Names of processes: one each, and those of this machine tell whether they still run."""

import os
import subprocess
import sys

import pytest

from streamcap_dagster.storage.processes import is_gone, process_name


def test_every_name_is_another() -> None:
    assert process_name() != process_name()


def test_a_process_of_this_machine_is_gone_when_it_has_ended() -> None:
    script = "from streamcap_dagster.storage.processes import process_name; print(process_name(), flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    name = process.stdout.readline().strip()

    assert not is_gone(name)
    process.communicate("\n")
    assert is_gone(name)


@pytest.mark.parametrize("name", ["elsewhere-4194304-00000000", "", "no process at all", "a-b-c"])
def test_of_other_machines_and_of_nonsense_nothing_is_known(name: str) -> None:
    assert not is_gone(name)


def test_another_container_of_the_same_name_is_another_machine() -> None:
    host = process_name().rsplit("-", 2)[0].rsplit(".", 1)[0]
    assert not is_gone(f"{host}.00000000-4194304-00000000")
    assert not is_gone(process_name())
    assert is_gone(process_name().replace(f"-{os.getpid()}-", "-4194304-"))
