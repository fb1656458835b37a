"""Two runs on one storage at the same time, against the emulator as its command serves it."""

import subprocess
from pathlib import Path

from tests.gemini.runs import answered, captions_of, emulator_process, gemini_project, key_of, ledger_of


def test_two_runs_at_once_ask_every_window_once_in_all_and_both_end_well(tmp_path: Path) -> None:
    project = gemini_project(tmp_path / "project", videos=2)
    with emulator_process(tmp_path / "journal.jsonl", "--latency-ms", "200..400", "--key", key_of(project)) as emulator:
        env = {**project.env, "STREAMCAP_GEMINI_BASE_URL": emulator.url}
        both = [subprocess.Popen(project.command("run"), env=env, cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
        said = [run.communicate(timeout=200)[0].decode() for run in both]

    assert [run.returncode for run in both] == [0, 0], said
    assert len(captions_of(project)) == 2 * 3
    assert (len(emulator.rows()), set(answered(emulator.rows()).values())) == (2 * 4, {1})
    assert len({row["process"] for row in ledger_of(project)}) in (1, 2)
