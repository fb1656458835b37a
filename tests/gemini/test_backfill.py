"""`streamcap backfill` with a paid captioner: what it says it would ask is what it asks."""

import json
from pathlib import Path

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import running
from tests.gemini.runs import gemini_project


def test_a_look_counts_the_calls_and_asks_none_and_the_backfill_asks_just_these(tmp_path: Path) -> None:
    project = gemini_project(tmp_path, videos=1)
    with running(Options()) as emulator:
        address = {"STREAMCAP_GEMINI_BASE_URL": emulator.url}

        looked = project.streamcap("backfill", "--catalog", "--dry-run", "--json", **address)

        estimate = json.loads(looked.stdout)["estimate"]
        assert estimate["standard_usd"] > 0
        assert len(emulator.journal.rows) == 0
        made = project.streamcap("backfill", "--yes", **address)
        assert made.returncode == 0, made.stderr
        assert f"up to {estimate['calls']} calls" in made.stdout
        assert len(emulator.journal.rows) == estimate["calls"]
        assert "Nothing is due." in project.streamcap("backfill", **address).stdout
