"""A copy of the repository's set-up on a machine that has only the programs a test gives it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BASICS = ("sh", "env", "make", "git", "cat", "sed", "awk", "dirname", "pwd", "rm", "mv", "cp", "mkdir", "find", "printf", "id", "touch")
"""What every machine with make and git has."""


class Stranger:
    """Runs commands in a copy of what sets the repository up, with a PATH that holds the basics and this test's own programs."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "a folder with spaces" / "streamcap"
        self.repository.mkdir(parents=True)
        for name in ("Makefile", "pyproject.toml", "constraints.txt", "dagster.yaml"):
            shutil.copy(REPOSITORY / name, self.repository)
        shutil.copytree(REPOSITORY / "setup", self.repository / "setup", ignore=shutil.ignore_patterns("__pycache__"))
        self.programs = folder / "programs"
        self.programs.mkdir()
        for name in BASICS:
            (self.programs / name).symlink_to(str(shutil.which(name)))

    def has(self, program: str, script: str) -> None:
        """Put a program on the PATH, written in sh."""
        (self.programs / program).unlink(missing_ok=True)
        (self.programs / program).write_text(f"#!/bin/sh\n{script}\n")
        (self.programs / program).chmod(0o755)

    def has_python(self, *lacking: str) -> None:
        """Put the Python of these tests on the PATH as python3, without the modules named; its `-m venv` and `-m pip` only note that they were asked."""
        lacks = "".join(f'case "$*" in *"{module}"*) echo "No module named {module}" >&2; exit 1;; esac\n' for module in lacking)
        note = f'echo "$*" >> "{self.notes}"'
        venv = 'for folder; do :; done; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python"'
        asked = f'case "$*" in *"-m venv"*) {note}; {venv}; exit;; *"-m pip"*|*torch_download*) {note}; exit;; esac'
        self.has("python3", f'{lacks}{asked}\nexec "{sys.executable}" "$@"')

    @property
    def notes(self) -> Path:
        """Where this test's programs note what they were asked."""
        return self.programs.parent / "notes.txt"

    def noted(self) -> list[str]:
        """What the programs were asked, in order."""
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the repository."""
        environment = {"PATH": str(self.programs), "HOME": str(self.programs.parent), "LANG": os.environ.get("LANG", "C.UTF-8"), **variables}
        return subprocess.run(command, cwd=self.repository, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
