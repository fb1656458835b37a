"""The files that set the project up agree with the code and with each other."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from streamcap_dagster.settings import PREFIX, Settings
from tests.setup.stranger import REPOSITORY

PINS = {
    canonicalize_name(name): version
    for name, _, version in (line.partition("==") for line in (REPOSITORY / "constraints.txt").read_text().splitlines() if not line.startswith("#"))
}
SETTING = re.compile(r"^#([A-Z0-9_]+)=(.*)$", re.MULTILINE)


@pytest.fixture
def example() -> str:
    return (REPOSITORY / ".env.example").read_text(encoding="utf-8")


def test_the_example_lists_every_setting_once(example: str) -> None:
    assert sorted(name for name, _ in SETTING.findall(example) if name.startswith(PREFIX)) == sorted(PREFIX + name.upper() for name in Settings.model_fields)


def test_the_example_shows_the_defaults(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    uncommented = tmp_path / ".env"
    uncommented.write_text(re.sub(SETTING, r"\1=\2", example), encoding="utf-8")
    shown, default = Settings(_env_file=uncommented).model_dump(), Settings(_env_file=None).model_dump()
    assert {name: value for name, value in shown.items() if value != default[name] and name != "decode_workers"} == {}


def test_every_setting_of_the_example_has_a_comment(example: str) -> None:
    lines = example.splitlines()
    assert [line for before, line in pairwise(lines) if SETTING.match(line) and not before.startswith("# ")] == []


@pytest.mark.parametrize("extras", ["dev", pytest.param("dev,postgres,ray,k8s,dg", marks=pytest.mark.heavy)])
def test_every_package_that_gets_installed_is_pinned(extras: str) -> None:
    wanted, seen = [f"streamcap-dagster[{extras}]"], set()
    while wanted:
        requirement = Requirement(wanted.pop())
        seen.add(canonicalize_name(requirement.name))
        wanted += [text for text in _requirements(requirement) if canonicalize_name(Requirement(text).name) not in seen]
    assert seen - {"streamcap-dagster"} - set(PINS) == set()


def _requirements(of: Requirement) -> list[str]:
    needed = [Requirement(text) for text in importlib.metadata.requires(of.name) or []]
    extras = of.extras or {""}
    return [str(r) for r in needed if r.marker is None or any(r.marker.evaluate({"extra": extra}) for extra in extras)]


def test_dagsters_packages_are_pinned_together() -> None:
    its_own = {name: version for name, version in PINS.items() if name.startswith("dagster") and name != "dagster-ray"}
    assert set(its_own.values()) == {"1.13.27", "0.29.27"}  # an integration library of 1.13 is 0.29


@pytest.mark.heavy
def test_the_extras_agree_with_the_rest_of_the_environment() -> None:
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_a_pin_is_a_name_and_a_version_that_any_index_has() -> None:
    assert [pin for pin in PINS.items() if not re.fullmatch(r"[0-9][0-9a-z.]*", pin[1])] == []


def test_no_set_up_file_names_a_package_index() -> None:
    files = [REPOSITORY / name for name in ("Makefile", "constraints.txt", "pyproject.toml", ".ci/run", "demo/fetch_videos.py")]
    files += sorted((REPOSITORY / "setup").glob("*.*"))
    assert [file.name for file in files if re.search(r"index-url[= ]+[\"']?http|find-links|download\.pytorch|pypi\.|file:/", file.read_text())] == []


A_RUN = """
import dagster as dg
@dg.asset
def thing(): print("said")
instance = dg.DagsterInstance.get()
dg.materialize([thing], instance=instance)
print(instance.telemetry_enabled, instance.nux_enabled)
"""


def test_dagster_reads_its_settings_and_git_ignores_what_a_run_writes(tmp_path: Path) -> None:
    for name in ("dagster.yaml", ".gitignore"):
        shutil.copy(REPOSITORY / name, tmp_path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    home = {**os.environ, "DAGSTER_HOME": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", A_RUN], cwd=tmp_path, env=home, capture_output=True, text=True, check=True).stdout
    git = ["git", "ls-files", "--others", "--exclude-standard"]
    assert told.split()[-2:] == ["False", "False"]
    assert (tmp_path / "history").is_dir()
    assert subprocess.run(git, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split() == [".gitignore", "dagster.yaml"]


def test_the_workspace_names_a_module_that_exists() -> None:
    (loaded,) = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text())["load_from"]
    assert importlib.util.find_spec(loaded["python_module"]["module_name"]) is not None
