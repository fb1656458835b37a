import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from sqlalchemy.exc import OperationalError

from streamcap_dagster.cli.instance import open_instance, said_by_database
from streamcap_dagster.cli.run import Graph
from streamcap_dagster.errors import InstanceLost

_OPEN_ALL = """
import os, sys, time
from pathlib import Path
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.run import Graph
ready, root = Path(sys.argv[1]), Path(sys.argv[2])
ready.touch()
while len(list(ready.parent.glob("ready-*"))) < 4:
    time.sleep(0.001)
for number in range(6):
    os.environ["DAGSTER_HOME"] = str(root / str(number))
    with open_instance() as instance:
        assert instance.get_runs_count() == 0
"""


def test_processes_that_begin_together_make_a_fresh_instance_together(tmp_path: Path) -> None:
    homes = tmp_path / "homes"
    for number in range(6):
        (homes / str(number)).mkdir(parents=True)
        (homes / str(number) / "dagster.yaml").touch()

    commands = [[sys.executable, "-c", _OPEN_ALL, str(tmp_path / f"ready-{number}"), str(homes)] for number in range(4)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]

    assert [process.communicate(timeout=120)[1] for process in running] == [""] * 4


def test_a_database_that_cannot_be_read_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "history").mkdir()
    (tmp_path / "dagster.yaml").touch()
    (tmp_path / "history/runs.db").write_bytes(b"no database at all " * 100)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with pytest.raises(InstanceLost) as lost, open_instance():
        pass
    assert str(lost.value) == (
        f"Dagster's database cannot be read or written: file is not a database. {tmp_path}/dagster.yaml says where it is. "
        "What was made is in the storage: once the database is back, run the same command again to go on."
    )


def test_a_database_on_a_disk_that_is_full_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dagster.yaml").touch()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(InstanceLost) as lost, open_instance():
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("disk I/O error"))
    assert str(lost.value) == (
        f"Dagster's database cannot be read or written: disk I/O error. The disk of {tmp_path} is full: free some space. "
        "What was made is in the storage: once there is room, run the same command again to go on."
    )


def test_an_event_that_the_database_does_not_take_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dagster.yaml").touch()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with open_instance():
        sys.stderr.write(
            "Exception while writing logger call to event log: (sqlite3.OperationalError) database is locked\n[SQL: INSERT INTO …]\n(Background …)\n"
        )
        sys.stderr.write("something else\n")
    told = capsys.readouterr().err
    assert told == "Dagster's database does not take an event: (sqlite3.OperationalError) database is locked\nsomething else\n"


def test_what_is_not_of_the_database_passes_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dagster.yaml").touch()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with pytest.raises(ZeroDivisionError), open_instance():
        raise ZeroDivisionError


def test_a_run_whose_database_was_away_is_made_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dagster.yaml").touch()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    tries: list[str] = []

    @dg.asset
    def thing(context: dg.AssetExecutionContext) -> None:
        tries.append(context.run.run_id)
        if len(tries) == 1:
            raise OperationalError("INSERT", {}, ConnectionError("the server closed the connection"))

    with open_instance() as instance:
        Graph(dg.Definitions([thing]), instance).make(["thing"])
        statuses = [instance.get_run_by_id(run_id).status.value for run_id in tries]
    assert statuses == ["FAILURE", "SUCCESS"]


def test_an_error_that_comes_from_itself_was_said_by_no_database() -> None:
    first, second = ValueError("one"), ValueError("two")
    first.__context__, second.__context__ = second, first

    assert said_by_database(first) == ""
