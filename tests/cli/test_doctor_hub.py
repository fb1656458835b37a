"""`streamcap doctor` of a dataset of the Hub: what is in it, and a sentence for everything that keeps it from being used."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamcap_dagster.cli import doctor_hub
from streamcap_dagster.cli.doctor import diagnose
from streamcap_dagster.cli.finding import Finding
from streamcap_dagster.emulators.hub.faults import Fault
from streamcap_dagster.emulators.hub.server import Running, running
from streamcap_dagster.settings import read_settings
from tests.videos.hub_dataset import REPO, embedded, table_of, use


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running() as emulator:
        use(emulator, monkeypatch)
        yield emulator


def findings(check: str, tmp_path: Path, cache_gb: float = 1) -> list[Finding]:
    settings = read_settings(decoder="ffmpeg", source=f"hf://{REPO}", storage=str(tmp_path / "data"), cache=tmp_path / "cache", cache_gb=cache_gb)
    return [finding for finding in diagnose(settings) if finding.check == check]


def test_a_dataset_that_can_be_used_is_told_with_its_videos_and_their_licences(hub: Running, tmp_path: Path) -> None:
    rows = [embedded(b"one", id="a", license="mit"), embedded(b"two", id="b", license=None)]
    hub.make(REPO, {"rows.parquet": table_of(rows), "README.md": b"# Clips"})
    (found,) = findings("source", tmp_path)
    assert (found.verdict, found.found) == ("ok", f"hf://{REPO} has 2 videos; licence: mit, unknown")
    assert findings("cache", tmp_path) == []


def test_what_is_wrong_with_what_is_said_of_videos_is_a_warning(hub: Running, tmp_path: Path) -> None:
    hub.make(REPO, {"a.mp4": b"video", "metadata.csv": b"name\na.mp4\n"})
    ok, warning = findings("source", tmp_path)
    assert (ok.verdict, warning.verdict) == ("ok", "warning")
    assert "metadata.csv has no column file_name" in warning.found


def test_tables_that_are_larger_than_the_cache_are_a_warning(hub: Running, tmp_path: Path) -> None:
    hub.make(REPO, {"rows.parquet": table_of([embedded(b"\0" * 100_000, id="a")])})
    (found,) = findings("cache", tmp_path, cache_gb=0.00001)
    assert (found.verdict, "Raise STREAMCAP_CACHE_GB" in found.fix) == ("warning", True)


def test_a_dataset_that_there_is_not_fails_with_the_sentence(hub: Running, tmp_path: Path) -> None:
    (found,) = findings("source", tmp_path)
    assert (found.verdict, "there is no dataset of that name" in found.found) == ("failed", True)


def test_a_hub_that_is_away_is_not_waited_for_long(hub: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_hub, "PATIENCE_S", 0.5)
    hub.keep_up(Fault("busy_503"))
    (found,) = findings("source", tmp_path)
    assert (found.verdict, "for 0.5 s" in found.found) == ("failed", True)
