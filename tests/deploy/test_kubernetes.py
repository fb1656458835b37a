"""The values for Dagster's Helm chart: read strictly, and by the code that will read what the chart makes of them.

The chart comes by Helm alone: no package index has it or its schema. So `chart.py` says which keys it knows, as its documentation lists them,
and any other is refused.
"""

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config

from streamcap_dagster.settings import GEMINI_KEYS, PREFIX, Settings
from tests.deploy.chart import Values
from tests.setup.stranger import REPOSITORY

K8S = REPOSITORY / "deploy/k8s"


@pytest.fixture
def values() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((K8S / "values.yaml").read_text())
    return loaded


def test_every_value_is_one_that_the_chart_knows(values: dict[str, Any]) -> None:
    Values.model_validate(values, strict=True)


def test_a_key_that_the_chart_does_not_know_is_refused(values: dict[str, Any]) -> None:
    values["dagsterDaemon"]["runMonitoring"]["startTimeout"] = 1
    with pytest.raises(ValueError, match="startTimeout"):
        Values.model_validate(values, strict=True)


def test_the_chart_has_the_version_of_dagster(values: dict[str, Any]) -> None:
    version = importlib.metadata.version("dagster")
    assert set(re.findall(r"(?:--version|version) ([0-9.]+[0-9])", (K8S / "README.md").read_text() + (K8S / "values.yaml").read_text())) == {version}


def test_every_setting_of_the_code_location_is_one(values: dict[str, Any]) -> None:
    (location,) = values["dagster-user-deployments"]["deployments"]
    assert {name for name in location["env"] if name.startswith(PREFIX)} <= {PREFIX + name.upper() for name in Settings.model_fields}
    assert not [name for name in location["env"] if not name.startswith(PREFIX)]


def test_no_secret_is_in_the_values(values: dict[str, Any]) -> None:
    text = json.dumps(values)
    assert not [name for name in (*GEMINI_KEYS, "HF_TOKEN", "postgresqlPassword") if name in text]


def test_dagster_takes_what_the_chart_makes_of_the_settings_of_its_instance(values: dict[str, Any], tmp_path: Path) -> None:
    queue = {"module": "dagster.core.run_coordinator", "class": "QueuedRunCoordinator", "config": {"dequeue_use_threads": True}}
    made = {
        "run_coordinator": queue,
        "concurrency": {name: _snaked(values["concurrency"][name]) for name in ("runs", "pools")},
        "run_monitoring": _snaked(values["dagsterDaemon"]["runMonitoring"]),
        "retention": {name: _snaked(values["retention"][name]) for name in ("sensor", "schedule")},
        "telemetry": values["telemetry"],
    }
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({**made, **values["additionalInstanceConfig"]}))
    taken, _ = dagster_instance_config(str(tmp_path))
    assert made.keys() & values["additionalInstanceConfig"].keys() == set()
    assert taken["run_retries"]["retry_on_asset_or_op_failure"] is False


@pytest.mark.heavy
def test_the_launcher_takes_its_configuration(values: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster._config import process_config

    from streamcap_dagster.launchers.kubernetes import PodRunLauncher

    for name in ("DAGSTER_K8S_PIPELINE_RUN_NAMESPACE", "DAGSTER_K8S_PIPELINE_RUN_ENV_CONFIGMAP"):
        monkeypatch.setenv(name, "given-by-the-chart")
    launcher = values["runLauncher"]["config"]["customRunLauncher"]
    assert (launcher["module"], launcher["class"]) == (PodRunLauncher.__module__, PodRunLauncher.__name__)
    taken = process_config(PodRunLauncher.config_type(), launcher["config"])
    assert taken.errors in (None, [])
    assert taken.value["env_config_maps"] == ["given-by-the-chart"]


def test_runs_get_the_account_and_the_password_that_everything_else_gets(values: dict[str, Any]) -> None:
    launcher = values["runLauncher"]["config"]["customRunLauncher"]["config"]
    assert launcher["service_account_name"] == values["global"]["serviceAccountName"]
    assert launcher["postgres_password_secret"] == values["global"]["postgresqlSecretName"]


def test_runs_find_the_settings_of_the_release_that_the_page_installs(values: dict[str, Any]) -> None:
    """The chart calls the settings of the instance after the release and itself."""
    (release,) = re.findall(r"--install (\S+) dagster/dagster", (K8S / "README.md").read_text())
    assert values["runLauncher"]["config"]["customRunLauncher"]["config"]["instance_config_map"] == f"{release}-dagster-instance"


@pytest.mark.heavy
def test_kubernetes_takes_what_the_launcher_makes_of_a_run(values: dict[str, Any]) -> None:
    from dagster_k8s.job import UserDefinedDagsterK8sConfig, get_user_defined_k8s_config

    UserDefinedDagsterK8sConfig.from_dict(values["runLauncher"]["config"]["customRunLauncher"]["config"]["run_k8s_config"])
    (tag,) = re.findall(r"^```json\n(.*?)\n```", (K8S / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    asked = get_user_defined_k8s_config({name: json.dumps(config) for name, config in json.loads(tag).items()})
    assert asked.container_config["resources"]["requests"] == {"cpu": "8", "memory": "32Gi"}


def _snaked(values: dict[str, Any]) -> dict[str, Any]:
    """The keys as Dagster spells them: the chart does the same."""
    return {re.sub(r"([A-Z])", lambda capital: "_" + capital.group().lower(), name): value for name, value in values.items()}
