"""Names of processes: one each, and those of this machine tell whether they still run."""

import os
import socket
import subprocess
import sys

import pytest

from streamcap_dagster.storage.processes import is_gone, is_gone_from_here, process_name
from tests.machine import Machine, machine

__all__ = ["machine"]


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
    assert not is_gone_from_here(name)


def test_another_container_of_the_same_name_is_another_machine(machine: Machine) -> None:
    """It was started from the same image on the same host, and numbers its processes by itself."""
    theirs = _ended(machine.process())
    machine.enter_container()

    assert is_gone(_ended(machine.process()))
    assert not is_gone(theirs)
    assert not is_gone_from_here(theirs)


def test_what_ran_here_before_a_restart_is_gone_whatever_now_has_its_number(machine: Machine) -> None:
    before = machine.process()
    assert not is_gone_from_here(before)

    machine.restart()
    assert is_gone_from_here(before)
    assert not is_gone_from_here(machine.process())


def test_what_ran_here_in_another_container_before_a_restart_is_gone(machine: Machine) -> None:
    before = machine.process()
    machine.enter_container()
    machine.restart()
    assert is_gone_from_here(before)


def test_a_restart_says_nothing_where_others_may_have_the_name_too(machine: Machine) -> None:
    """Machines made from one image may differ in nothing but when they were started: in a storage they meet."""
    theirs = _ended(machine.process())
    machine.restart()
    assert not is_gone(theirs)


@pytest.mark.parametrize("machine_id", ["00000000c4c5404aaa1f6d2a48adfda4\n", "", "uninitialized\n", None])
def test_of_another_machine_of_the_same_name_nothing_is_known_whenever_it_was_started(machine: Machine, machine_id: str | None) -> None:
    theirs = _ended(machine.process())
    machine.tell_id(machine_id)
    machine.restart()
    assert not is_gone_from_here(theirs)


@pytest.mark.parametrize("machine_id", ["", "uninitialized\n", None])
def test_of_machines_without_an_id_none_is_taken_for_another_that_was_restarted(machine: Machine, machine_id: str | None) -> None:
    machine.tell_id(machine_id)
    before = _ended(machine.process())
    assert is_gone_from_here(before)

    machine.restart()
    assert not is_gone_from_here(before)


def test_where_no_start_is_told_the_process_id_does(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a Mac, which is called after its network."""
    machine.boot.unlink()
    monkeypatch.setattr(socket, "gethostname", lambda: "mac.home")
    before = machine.process()
    assert not is_gone_from_here(before)
    assert is_gone_from_here(_ended(before))

    monkeypatch.setattr(socket, "gethostname", lambda: "mac.work")
    machine.restart()
    assert not is_gone_from_here(_ended(before))


def _ended(process: str) -> str:
    """That name with an id that no process has: one more than the largest."""
    return process.replace(f"-{os.getpid()}-", "-4194304-")
