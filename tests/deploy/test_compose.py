"""deploy/compose agrees with the code, the image and Docker Compose itself."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config

from streamcap_dagster.cli import app
from streamcap_dagster.settings import PREFIX, SECRETS, Settings
from streamcap_dagster.wiring import build_definitions
from tests.setup.stranger import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
COMPOSE = DEPLOY / "compose"
EXAMPLE = (COMPOSE / ".env.example").read_text()
OF_DATABASE = {"DAGSTER_PG_HOST", "DAGSTER_PG_PORT", "DAGSTER_PG_USER", "DAGSTER_PG_PASSWORD", "DAGSTER_PG_DB"}
OF_POSTGRES = {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"}
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.fixture
def services() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load((COMPOSE / "docker-compose.yaml").read_text())["services"]
    return loaded


def test_every_variable_of_a_service_means_something_to_it(services: dict[str, dict[str, Any]]) -> None:
    named = {name for service in services.values() for name in service.get("environment", {})}
    assert named <= OF_DATABASE | OF_POSTGRES | SETTINGS


def test_every_variable_that_is_filled_in_is_in_the_example() -> None:
    filled_in = set(re.findall(r"\$\{([A-Z_]+)", (COMPOSE / "docker-compose.yaml").read_text()))
    assert filled_in == set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE)) - {"GEMINI_API_KEY", "STREAMCAP_BUDGET_USD"} | {"STREAMCAP_SOURCE"}


def test_only_the_code_server_gets_the_keys(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "env_file" in service] == ["code"]
    assert not [name for service in services.values() for name in service.get("environment", {}) if name in SECRETS]


def test_every_service_is_kept_up_and_looked_at(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if service["restart"] != "unless-stopped" or "healthcheck" not in service] == []


def test_nothing_is_open_to_other_machines(services: dict[str, dict[str, Any]]) -> None:
    assert [port for service in services.values() for port in service.get("ports", []) if not port.startswith("127.0.0.1:")] == []


def test_no_service_has_the_socket_of_docker(services: dict[str, dict[str, Any]]) -> None:
    assert "docker.sock" not in str(services)


def test_the_instance_reads_what_every_service_of_dagster_is_given(services: dict[str, dict[str, Any]]) -> None:
    read = set(re.findall(r"env: (\w+)", (DEPLOY / "dagster.prod.yaml").read_text()))
    assert read == OF_DATABASE
    assert [name for name in ("code", "webserver", "daemon") if not read <= set(services[name]["environment"])] == []


def test_dagster_takes_the_settings_of_its_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OF_DATABASE:
        monkeypatch.setenv(name, "5432")
    shutil.copy(DEPLOY / "dagster.prod.yaml", tmp_path / "dagster.yaml")
    settings, _ = dagster_instance_config(str(tmp_path))
    assert settings["storage"]["postgres"]["postgres_db"]["scheme"] == "postgresql+psycopg2"
    assert settings["telemetry"] == {"enabled": False}


def test_only_runs_that_walk_videos_take_a_place_in_the_pool_of_their_captioner() -> None:
    job = build_definitions(Settings(_env_file=None, captioner="offline")).resolve_implicit_global_asset_job_def()
    assert {node.name: node.definition.pool for node in job.nodes if node.definition.pool} == {"per_video": "offline"}


def test_the_pool_leaves_a_place_for_the_dataset() -> None:
    concurrency = yaml.safe_load((DEPLOY / "dagster.prod.yaml").read_text())["concurrency"]
    assert concurrency["pools"]["default_limit"] < concurrency["runs"]["max_concurrent_runs"]


def test_the_webserver_and_the_daemon_look_for_the_code_where_it_serves(services: dict[str, dict[str, Any]]) -> None:
    (loaded,) = yaml.safe_load((COMPOSE / "workspace.yaml").read_text())["load_from"]
    command = services["code"]["command"]
    assert loaded["grpc_server"]["host"] in services
    assert str(loaded["grpc_server"]["port"]) == command[command.index("--port") + 1]


def test_the_image_copies_only_what_exists_and_what_the_builder_is_given() -> None:
    copied = [name for line in re.findall(r"^COPY (.+) \S+$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE) for name in line.split()]
    given = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert [name for name in copied if not (REPOSITORY / name).exists()] == []
    assert set(copied) == given


@pytest.mark.parametrize("page", ["README.md", "k8s/README.md"])
def test_every_command_test_and_link_of_a_page_exists(page: str) -> None:
    text = (DEPLOY / page).read_text()
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert set(re.findall(r"(?:`|exec code )streamcap ([a-z-]+)", text)) <= known
    assert [name for name in re.findall(r"tests/[a-z_/]+\.py", text) if not (REPOSITORY / name).is_file()] == []
    assert [link for link in links if not (DEPLOY / page).parent.joinpath(link).exists()] == []


@pytest.mark.heavy
def test_docker_compose_takes_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "deploy/compose"
    shutil.copytree(COMPOSE, folder, ignore=shutil.ignore_patterns(".env"))
    folder.joinpath(".env").write_text(EXAMPLE.replace("POSTGRES_PASSWORD=", "POSTGRES_PASSWORD=secret"))
    told = subprocess.run(["docker-compose", "config"], cwd=folder, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert set(yaml.safe_load(told.stdout)["services"]) == {"postgres", "code", "webserver", "daemon"}


@pytest.mark.heavy
def test_docker_compose_asks_for_the_password(tmp_path: Path) -> None:
    folder = tmp_path / "deploy/compose"
    shutil.copytree(COMPOSE, folder, ignore=shutil.ignore_patterns(".env"))
    shutil.copy(folder / ".env.example", folder / ".env")
    refused = subprocess.run(["docker-compose", "config"], cwd=folder, capture_output=True, text=True, check=False)
    assert "copy .env.example to .env and give it a password" in refused.stderr
