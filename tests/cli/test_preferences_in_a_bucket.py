"""Rankings are kept in a bucket as in a folder, and captions of another run may lie in one."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamcap_dagster.assets.preferences import other_storages
from streamcap_dagster.cli import app
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.examples.rankings import Rankings
from streamcap_dagster.records import Captions
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.gcs import open_storage
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.walking import video
from tests.examples.preferring import STREET, preferences, told

URI = "gs://bucket/data"


def test_rankings_are_kept_in_a_bucket_and_replaced_there(gcs: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMCAP_CACHE", str(tmp_path / "cache"))
    storage, known = open_storage(URI, tmp_path / "cache", 1, 8, 30), told(STREET)
    write_manifest(storage, [video("v")])
    for key, record in ((keys.initial_captions, known.initials), (keys.delta_captions, known.deltas), (keys.preference_examples, preferences(known))):
        write_record(storage, key("v"), record)
    path = tmp_path / "rank.csv"
    assert CliRunner().invoke(app, ["preferences", "export", "--out", str(path), "--storage", URI]).exit_code == 0

    for order in ("123", "321"):
        rows = path.read_text().splitlines()
        ranked = [row.replace(f",candidate_{name},,", f",candidate_{name},{rank},") for row in rows for name, rank in [_rank(row, order)]]
        (tmp_path / "ranked.csv").write_text("\n".join(ranked))
        done = CliRunner().invoke(app, ["preferences", "import", str(tmp_path / "ranked.csv"), "--storage", URI])
        assert done.exit_code == 0, done.output
        assert Rankings.model_validate_json(gcs.objects("bucket")["data/rankings/v.json"]).windows[0].candidates[0].rank == int(order[0])


def _rank(row: str, order: str) -> tuple[str, str]:
    """The number of the candidate that a line is about, and its rank."""
    name = row.partition(",candidate_")[2][:1]
    return name, order[int(name) - 1] if name.isdigit() else ""


def test_captions_of_another_run_are_read_from_a_bucket(gcs: Running, tmp_path: Path) -> None:
    write_record(open_storage(URI, tmp_path / "cache", 1, 8, 30), keys.delta_captions("v"), told(STREET).deltas)
    settings = read_settings(storage=str(tmp_path / "here"), cache=str(tmp_path / "cache"), preference_runs=f"{tmp_path},{URI}")

    folder, bucket = other_storages(settings)
    assert (folder.uri, bucket.uri) == (str(tmp_path), URI)
    assert read_record(bucket, keys.delta_captions("v"), Captions) == told(STREET).deltas
