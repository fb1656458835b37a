"""A machine of a test's own making, which names its processes by what the test has it tell of itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from streamcap_dagster.storage import processes
from streamcap_dagster.storage.processes import process_name, this_machine


@dataclass(frozen=True)
class Machine:
    """What a machine tells of itself, in files."""

    id: Path
    boot: Path
    process_ids: Path

    def process(self) -> str:
        """A new name of this process, by what is told now."""
        this_machine.cache_clear()
        return process_name()

    def restart(self) -> None:
        """Only what is told changes: this process, and its id, stay."""
        if self.boot.exists():
            self.boot.write_text("11111111-9bee-4552-83ce-fdf656af795a\n")
        this_machine.cache_clear()

    def enter_container(self) -> None:
        """With the same host name and the same files, but process ids of its own."""
        self.process_ids.rename(self.process_ids.with_name("outside"))
        self.process_ids.touch()
        this_machine.cache_clear()

    def tell_id(self, machine_id: str | None) -> None:
        if machine_id is None:
            self.id.unlink()
        else:
            self.id.write_text(machine_id)
        this_machine.cache_clear()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """This machine, until it is told otherwise."""
    told = tmp_path / "told"
    told.mkdir()
    machine = Machine(told / "machine-id", told / "boot_id", told / "pid")
    machine.id.write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    machine.boot.write_text("00000000-9bee-4552-83ce-fdf656af795a\n")
    machine.process_ids.touch()
    monkeypatch.setattr(processes, "_MACHINE_ID", machine.id)
    monkeypatch.setattr(processes, "_BOOT", machine.boot)
    monkeypatch.setattr(processes, "_PROCESS_IDS", machine.process_ids)
    this_machine.cache_clear()
    yield machine
    this_machine.cache_clear()
