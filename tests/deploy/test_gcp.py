"""The files for Google Cloud agree with the code, and what the page about them names exists."""

import json
import re

import pytest
import yaml

from streamcap_dagster.cli import app
from streamcap_dagster.cli.doctor_gcs import ALSO_USEFUL, TO_WRITE
from tests.setup.stranger import REPOSITORY

GCP = REPOSITORY / "deploy/gcp"
ACTIONS = {"Delete": {"isLive", "daysSinceNoncurrentTime"}, "AbortIncompleteMultipartUpload": {"age"}}


@pytest.fixture
def page() -> str:
    return (GCP / "README.md").read_text(encoding="utf-8")


def test_the_lifecycle_file_removes_only_old_versions_and_broken_off_uploads() -> None:
    rules = json.loads((GCP / "lifecycle.json").read_text())["rule"]

    assert {rule["action"]["type"]: set(rule["condition"]) for rule in rules} == ACTIONS
    assert all(rule["condition"]["isLive"] is False for rule in rules if rule["action"]["type"] == "Delete")


def test_the_role_has_exactly_the_permissions_that_doctor_asks_for() -> None:
    role = yaml.safe_load((GCP / "runner-role.yaml").read_text())
    assert role["includedPermissions"] == [*TO_WRITE, *ALSO_USEFUL]


def test_every_command_on_the_page_exists(page: str) -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert set(re.findall(r"`streamcap ([a-z-]+)", page)) <= known


def test_every_test_on_the_page_exists(page: str) -> None:
    named = re.findall(r"tests/[a-z_/]+\.py", page)
    assert named
    assert [name for name in named if not (REPOSITORY / name).is_file()] == []
