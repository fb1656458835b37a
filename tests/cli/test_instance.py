import subprocess
import sys
from pathlib import Path

_OPEN_ALL = """
import os, sys, time
from pathlib import Path
from streamcap_dagster.cli.instance import open_instance
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
