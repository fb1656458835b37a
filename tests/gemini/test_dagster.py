"""Gemini from Dagster's own command line, and what its pages tell of it."""

from pathlib import Path

import dagster as dg

from streamcap_dagster.emulators.gemini.server import running
from tests.assets.project import PER_VIDEO_NAMES
from tests.gemini.runs import gemini_project, key_of, spilled


def test_a_materialization_tells_requests_tokens_and_cost_and_never_the_key(tmp_path: Path) -> None:
    project = gemini_project(tmp_path, videos=2)
    with running() as emulator:
        project.environment["STREAMCAP_GEMINI_BASE_URL"] = emulator.url
        assert project.materialize(["video_catalog"]).returncode == 0
        done = project.materialize(PER_VIDEO_NAMES, "--partition", "video1")

    assert done.returncode == 0, done.stderr
    assert len(emulator.journal.rows) == 4
    with dg.DagsterInstance.from_config(str(project.home)) as instance:
        told = {name: _metadata(instance, name) for name in ("initial_captions", "delta_captions", "objectives")}
    assert [told[name]["requests"] for name in told] == [1, 2, 1]
    assert sum(told[name]["input_tokens"] for name in told) == sum(row.input_tokens for row in emulator.journal.rows)
    assert all(told[name]["cost_usd"] > 0 for name in told)
    assert spilled(key_of(project), project.root) == []
    assert key_of(project) not in done.stdout + done.stderr


def _metadata(instance: dg.DagsterInstance, name: str) -> dict[str, float]:
    event = instance.get_latest_materialization_event(dg.AssetKey(name))
    assert event is not None
    assert event.asset_materialization is not None
    return {key: value.value for key, value in event.asset_materialization.metadata.items()}  # type: ignore[misc]
