"""`streamcap run` from a dataset of the Hub: whole, again, with one more row, without what was taken down, and killed in the middle."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import datasets
import pytest

from streamcap_dagster.emulators.hub.faults import Fault
from streamcap_dagster.emulators.hub.journal import UNKNOWN
from streamcap_dagster.emulators.hub.server import Running, running
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import read_manifest
from tests.assets.project import PER_VIDEO_NAMES, Project
from tests.media import make_video
from tests.videos.hub_dataset import REPO, embedded, table_of

pytestmark = pytest.mark.heavy
TABLE = "data/train-00000-of-00001.parquet"
CARD = b"---\nlicense: cc-by-4.0\n---\n"
WAIT_S = 120


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Three short videos of two windows each."""
    folder = tmp_path_factory.mktemp("made")
    pictures = {"clock": "testsrc2", "life": "testsrc", "bars": "smptebars"}
    return {name: make_video(folder / f"{name}.mp4", 4.2, "64x48", "10", picture).read_bytes() for name, picture in pictures.items()}


@pytest.fixture
def hub() -> Iterator[Running]:
    with running() as emulator:
        yield emulator


@pytest.fixture
def project(hub: Running, tmp_path: Path) -> Project:
    online = {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "hf"), "HF_TOKEN": ""}
    return Project(tmp_path, {**online, "STREAMCAP_SOURCE": f"hf://{REPO}", "STREAMCAP_CACHE": str(tmp_path / "cache")})


def run(project: Project) -> str:
    done = project.streamcap("run")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def asked(hub: Running) -> dict[str, int]:
    """Requests by kind, without what the Hub's client asks for its own purposes."""
    return {kind: count for kind, count in hub.journal.by_kind.items() if kind != UNKNOWN}


def rows(made: dict[str, bytes], *names: str) -> bytes:
    return table_of([embedded(made[name], id=name, license="cc0-1.0" if name == "clock" else None) for name in names])


@pytest.mark.timeout(400)
def test_videos_in_a_table_become_a_dataset_and_only_what_is_new_is_fetched_and_made(hub: Running, project: Project, made: dict[str, bytes]) -> None:
    hub.make(REPO, {"README.md": CARD, TABLE: rows(made, "clock", "life")})
    run(project)
    loaded = datasets.load_dataset(str(project.storage / "processed/dataset"), "stream", cache_dir=str(project.root / "loaded"))["train"]
    assert sorted(loaded["video_id"]) == ["clock", "life"]
    manifest = read_manifest(FolderStorage(project.storage))
    assert {name: (row.license, row.url) for name, row in manifest.items()} == {
        "clock": ("cc0-1.0", f"{hub.url}/datasets/{REPO}"),
        "life": ("cc-by-4.0", f"{hub.url}/datasets/{REPO}"),
    }

    before = project.final_files()
    hub.journal.clear()
    assert f"0 made, {2 * len(PER_VIDEO_NAMES)} reused" in run(project)
    assert asked(hub) == {"info": 1}
    assert project.final_files() == before

    hub.commit(REPO, {TABLE: rows(made, "clock", "life", "bars")})
    assert f"{len(PER_VIDEO_NAMES)} made, {2 * len(PER_VIDEO_NAMES)} reused" in run(project)
    changed = {key for key, content in project.final_files().items() if before.get(key) != content}
    assert not [key for key in changed if "clock" in key or "life" in key]

    forgotten = project.streamcap("forget", "life", "--yes")
    assert forgotten.returncode == 0, forgotten.stdout + forgotten.stderr
    assert not list((project.root / "cache" / "hub").glob("*.json"))
    hub.commit(REPO, {"data/test-00000-of-00001.parquet": table_of([embedded(made["life"], id="innocent", license=None)])})
    run(project)
    statuses = {video_id: row.status for video_id, row in read_manifest(FolderStorage(project.storage)).items()}
    assert statuses == {"clock": "ok", "bars": "ok", "life": "forgotten", "innocent": "forgotten"}


@pytest.mark.timeout(300)
def test_files_of_a_repository_become_a_dataset_with_what_its_metadata_says(hub: Running, project: Project, made: dict[str, bytes]) -> None:
    metadata = b'{"file_name": "clock.mp4", "license": "cc0-1.0", "group": "desk"}\n{"file_name": "gone.mp4"}\n'
    hub.make(REPO, {"README.md": CARD, "clips/clock.mp4": made["clock"], "clips/life.mp4": made["life"], "clips/metadata.jsonl": metadata})
    said = run(project)
    assert "notice clips/metadata.jsonl names a file that no video of the source is, such as 'gone.mp4'" in said
    manifest = read_manifest(FolderStorage(project.storage))
    assert {name: (row.license, row.group) for name, row in manifest.items()} == {"clock": ("cc0-1.0", "desk"), "life": ("cc-by-4.0", "")}
    hub.journal.clear()
    assert f"0 made, {2 * len(PER_VIDEO_NAMES)} reused" in run(project)
    assert asked(hub) == {"info": 1}

    told = project.streamcap("doctor").stdout
    assert f"hf://{REPO} has 2 videos; licence: cc-by-4.0, cc0-1.0" in told
    assert project.streamcap("status").returncode == 0


@pytest.mark.timeout(300)
def test_after_a_kill_in_the_middle_of_the_fetching_nothing_that_had_come_comes_again(hub: Running, project: Project, made: dict[str, bytes]) -> None:
    hub.make(REPO, {"data/train-00000-of-00002.parquet": rows(made, "clock"), "data/train-00001-of-00002.parquet": rows(made, "life")})
    project.environment["STREAMCAP_DECODE_WORKERS"] = "1"
    going = project.started("run")
    _wait_until(lambda: (project.root / "cache" / "hub").is_dir() and any((project.root / "cache" / "hub").glob("*.rows")))
    hub.keep_up(Fault("slow", "download", seconds=60))
    os.killpg(going.pid, signal.SIGKILL)
    going.wait()
    hub.keep_up(None)
    hub.journal.clear()

    run(project)

    assert not [row for row in hub.journal.rows if row.kind == "download" and row.path == "data/train-00000-of-00002.parquet"]
    assert {name: row.status for name, row in read_manifest(FolderStorage(project.storage)).items()} == {"clock": "ok", "life": "ok"}


def _wait_until(true_at_last: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_S
    while not true_at_last():
        assert time.monotonic() < until
        time.sleep(0.01)
