"""The sensor over real source folders and an emulated bucket, look by look."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from streamcap_dagster.assets.videos import CatalogConfig
from streamcap_dagster.automation.source import PATIENCE, Cursor, judge, look_at, read_cursor, source_sensor
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.emulators.hub.faults import Fault
from streamcap_dagster.emulators.hub.server import Running as Hub
from streamcap_dagster.emulators.hub.server import running as hub_running
from streamcap_dagster.errors import SourceError, StorageLost
from streamcap_dagster.resources.video_source import FolderSourceResource, GcsSourceResource, HfSourceResource, VideoSourceResource
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage.gcs.bucket import Bucket
from streamcap_dagster.videos.source import FolderSource, SourceFile
from streamcap_dagster.wiring import build_definitions
from tests.gcs import BUCKET
from tests.videos.hub_dataset import use


@dataclass
class Watch:
    """A sensor that looks at a source whenever it is told to; its cursor is all that it keeps."""

    source: VideoSourceResource
    instance: dg.DagsterInstance
    cursor: str | None = None

    def look(self) -> str | dg.RunRequest:
        """What came of one tick: why nothing is asked for, or the run that is."""
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor, resources={"video_source": self.source}) as context:
            tick = source_sensor(read_settings()).evaluate_tick(context)
        self.cursor = tick.cursor
        if tick.skip_message:
            return tick.skip_message
        (request,) = tick.run_requests or ()
        return request

    def settle(self) -> list[str]:
        """Look four times; the keys of the runs that were asked for."""
        return [str(seen.run_key) for seen in [self.look() for _ in range(4)] if isinstance(seen, dg.RunRequest)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_bytes(b"video")
    return folder


@pytest.fixture
def bucket(gcs: Running) -> Bucket:
    bucket = Bucket(BUCKET, connections=4, deadline_s=10)
    for name in ("a", "b"):
        bucket.write(f"incoming/{name}.mp4", b"video")
    return bucket


@pytest.fixture
def watch_bucket(bucket: Bucket, tmp_path: Path) -> Iterator[Watch]:
    source = GcsSourceResource(uri=f"gs://{BUCKET}/incoming", cache=str(tmp_path), cache_gb=1, connections=4, deadline_s=10)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watch(source, instance)


@pytest.fixture
def watch(folder: Path) -> Iterator[Watch]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watch(FolderSourceResource(root=str(folder)), instance)


def grow(path: Path) -> None:
    """Add to a file; its time moves on by a second, as it would between two looks."""
    with path.open("ab") as file:
        file.write(b"more")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000_000_000))


def test_what_looks_the_same_twice_is_asked_for_once(watch: Watch) -> None:
    first, second, third = watch.look(), watch.look(), watch.look()
    assert first == "2 videos, 2 files new or still growing; waiting until they look the same twice"
    assert isinstance(second, dg.RunRequest)
    assert second.run_config["ops"]["due_videos"] == {"config": {"launch": True, "kinds": ["missing", "changed"], "thorough": False}}
    assert third == "2 videos, nothing new"


def test_a_new_video_is_asked_for_with_one_run(watch: Watch, folder: Path) -> None:
    watch.settle()
    (folder / "c.mp4").write_bytes(b"video")
    assert watch.look() == "3 videos, 1 file new or still growing; waiting until they look the same twice"
    assert len(watch.settle()) == 1


def test_a_changed_video_of_the_same_size_is_asked_for_with_one_run(watch: Watch, folder: Path) -> None:
    watch.settle()
    (folder / "a.mp4").write_bytes(b"VIDEO")
    os.utime(folder / "a.mp4", ns=(0, 1))
    assert watch.look() == "2 videos, not the same as at the last look; waiting until they look the same twice"
    assert len(watch.settle()) == 1


def test_a_removed_video_is_asked_for_with_one_run(watch: Watch, folder: Path) -> None:
    watch.settle()
    (folder / "a.mp4").unlink()
    assert watch.look() == "1 video, not the same as at the last look; waiting until they look the same twice"
    assert len(watch.settle()) == 1


@pytest.mark.parametrize("name", ["a.mp4", "new.mp4"])
def test_a_file_that_grows_is_waited_for(watch: Watch, folder: Path, name: str) -> None:
    watch.settle()
    for _ in range(PATIENCE // 2):
        grow(folder / name)
        assert "1 file new or still growing" in str(watch.look())
    assert len(watch.settle()) == 1


def test_others_are_not_kept_waiting_for_ever_by_a_file_that_grows(watch: Watch, folder: Path) -> None:
    watch.settle()
    (folder / "others.mp4").write_bytes(b"video")
    asked = []
    for _ in range(PATIENCE + 4):
        grow(folder / "grows.mp4")
        asked.append(isinstance(watch.look(), dg.RunRequest))
    assert asked.count(True) == 1


def test_what_is_asked_for_leaves_out_what_still_grows_and_takes_it_once_it_has_settled(watch: Watch, folder: Path) -> None:
    watch.settle()
    (folder / "others.mp4").write_bytes(b"video")
    seen: str | dg.RunRequest = ""
    while not isinstance(seen, dg.RunRequest):
        grow(folder / "grows.mp4")
        seen = watch.look()
    assert taken(seen, folder) == ["a.mp4", "b.mp4", "others.mp4"]

    while not isinstance(seen := watch.look(), dg.RunRequest):
        pass
    assert taken(seen, folder) == ["a.mp4", "b.mp4", "grows.mp4", "others.mp4"]


def test_what_arrives_between_the_look_and_the_run_is_left_to_the_next_run(watch: Watch, folder: Path) -> None:
    asked = [watch.look() for _ in range(2)][1]
    assert isinstance(asked, dg.RunRequest)
    grow(folder / "new.mp4")
    assert taken(asked, folder) == ["a.mp4", "b.mp4"]


def taken(asked: dg.RunRequest, folder: Path) -> list[str]:
    """The files that the catalog of the run that was asked for would take now."""
    config = CatalogConfig(**asked.run_config["ops"]["video_catalog"]["config"])
    return [file.uri for file in FolderSource(folder).scan() if config.settled().takes(file)]


def test_a_source_that_is_always_added_to_is_asked_for_again_and_again(watch: Watch, folder: Path) -> None:
    asked = 0
    for number in range(3 * (PATIENCE + 2)):
        (folder / f"{number}.mp4").write_bytes(b"video")
        os.utime(folder / f"{number}.mp4", ns=(0, 2_000_000_000_000_000_000 + number))
        asked += isinstance(watch.look(), dg.RunRequest)
    assert asked == 3


def test_a_source_that_goes_back_to_an_earlier_state_is_asked_for_under_another_key(watch: Watch, folder: Path) -> None:
    keys = watch.settle()
    for _ in range(2):
        (folder / "a.mp4").rename(folder / ".a.mp4")
        keys += watch.settle()
        (folder / ".a.mp4").rename(folder / "a.mp4")
        keys += watch.settle()
    assert len(keys) == len(set(keys)) == 5


def test_a_tick_that_was_lost_before_its_cursor_was_kept_asks_under_the_same_key(watch: Watch) -> None:
    watch.look()
    kept = watch.cursor
    lost = watch.look()
    watch.cursor = kept
    again = watch.look()
    assert isinstance(lost, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == lost.run_key


def test_what_was_asked_for_in_vain_is_asked_for_again_after_a_while(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [watch.look() for _ in range(2)][1]
    assert isinstance(asked, dg.RunRequest)
    _end(watch.instance, asked, dg.DagsterRunStatus.FAILURE)
    assert watch.look() == "2 videos, nothing new; the run that was asked for failed, and is asked for again within an hour"
    monkeypatch.setattr("streamcap_dagster.automation.source.AGAIN_AFTER_S", 0.0)

    again = watch.look()
    assert isinstance(again, dg.RunRequest)
    assert again.run_key != asked.run_key
    assert again.tags["streamcap/because"] == "2 videos; the run that was asked for failed"
    assert watch.look() == "2 videos, nothing new"


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED])
def test_what_was_done_or_ended_by_a_person_is_not_asked_for_again(watch: Watch, monkeypatch: pytest.MonkeyPatch, status: dg.DagsterRunStatus) -> None:
    monkeypatch.setattr("streamcap_dagster.automation.source.AGAIN_AFTER_S", 0.0)
    asked = [watch.look() for _ in range(2)][1]
    assert isinstance(asked, dg.RunRequest)
    _end(watch.instance, asked, status)

    assert watch.look() == "2 videos, nothing new"


def test_a_run_that_dagster_starts_again_by_itself_is_not_asked_for_again(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamcap_dagster.automation.source.AGAIN_AFTER_S", 0.0)
    asked = [watch.look() for _ in range(2)][1]
    assert isinstance(asked, dg.RunRequest)
    _end(watch.instance, asked, dg.DagsterRunStatus.FAILURE)
    watch.instance.create_run_for_job(_job, tags={"dagster/run_key": str(asked.run_key)}, status=dg.DagsterRunStatus.STARTED)

    assert watch.look() == "2 videos, nothing new"


@dg.job
def _job() -> None:
    """Nothing is done; it is only a run's name."""


def _end(instance: dg.DagsterInstance, asked: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
    """Let the run that was asked for have ended so, just now."""
    kinds = {
        dg.DagsterRunStatus.SUCCESS: dg.DagsterEventType.RUN_SUCCESS,
        dg.DagsterRunStatus.FAILURE: dg.DagsterEventType.RUN_FAILURE,
        dg.DagsterRunStatus.CANCELED: dg.DagsterEventType.RUN_CANCELED,
    }
    run = instance.create_run_for_job(_job, tags={"dagster/run_key": str(asked.run_key)})
    instance.report_dagster_event(dg.DagsterEvent(kinds[status].value, _job.name), run.run_id)


def test_a_source_that_cannot_be_listed_is_an_error_and_the_look_after_it_goes_on(watch: Watch, folder: Path) -> None:
    watch.settle()
    cursor = watch.cursor
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(SourceError, match="no such folder"):
        watch.look()
    assert watch.cursor == cursor
    folder.with_name("elsewhere").rename(folder)
    assert watch.look() == "2 videos, nothing new"


def test_a_bucket_is_watched_without_reading_an_object(watch_bucket: Watch, gcs: Running) -> None:
    assert len(watch_bucket.settle()) == 1
    assert watch_bucket.look() == "2 videos, nothing new"
    assert gcs.journal.count("download") == 0


def test_an_object_that_is_overwritten_at_the_same_size_is_asked_for_with_one_run(watch_bucket: Watch, bucket: Bucket) -> None:
    watch_bucket.settle()
    bucket.write("incoming/a.mp4", b"VIDEO")
    assert watch_bucket.look() == "2 videos, 1 file new or still growing; waiting until they look the same twice"
    assert len(watch_bucket.settle()) == 1


def test_an_object_that_is_deleted_is_asked_for_with_one_run(watch_bucket: Watch, bucket: Bucket) -> None:
    watch_bucket.settle()
    bucket.delete("incoming/a.mp4")
    assert len(watch_bucket.settle()) == 1


def test_an_upload_that_is_not_complete_is_not_seen(watch_bucket: Watch, bucket: Bucket) -> None:
    watch_bucket.settle()
    session = bucket._google().blob("incoming/c.mp4").create_resumable_upload_session(size=1 << 20)
    assert session
    assert watch_bucket.look() == "2 videos, nothing new"


def test_a_bucket_that_may_not_be_listed_is_an_error_and_the_look_after_it_goes_on(watch_bucket: Watch, gcs: Running) -> None:
    watch_bucket.settle()
    cursor = watch_bucket.cursor
    gcs.deny("storage.objects.list")
    with pytest.raises(StorageLost, match=r"storage\.objects\.list"):
        watch_bucket.look()
    gcs.allow_all()
    assert watch_bucket.cursor == cursor
    assert watch_bucket.look() == "2 videos, nothing new"


def test_another_licence_is_asked_for_with_one_run(watch: Watch, folder: Path) -> None:
    (folder / "metadata.csv").write_text("file_name,license\na.mp4,unknown\n")
    watch.settle()
    (folder / "metadata.csv").write_text("file_name,license\na.mp4,cc0-1.0\n")
    assert watch.look() == "2 videos, not the same as at the last look; waiting until they look the same twice"
    assert len(watch.settle()) == 1


def test_another_licence_in_a_bucket_is_noticed_without_fetching_it(watch_bucket: Watch, bucket: Bucket, gcs: Running) -> None:
    bucket.write("incoming/metadata.csv", b"file_name,license\na.mp4,unknown\n")
    watch_bucket.settle()
    bucket.write("incoming/metadata.csv", b"file_name,license\na.mp4,cc0-1.0\n")
    assert len(watch_bucket.settle()) == 1
    assert not [row for row in gcs.journal.rows if row.kind == "download"]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_running() as emulator:
        use(emulator, monkeypatch)
        emulator.make("somebody/clips", {"README.md": b"# Clips", "a.mp4": b"video"})
        yield emulator


@pytest.fixture
def watch_hub(hub: Hub, tmp_path: Path) -> Iterator[Watch]:
    source = HfSourceResource(uri="hf://somebody/clips", cache=str(tmp_path), cache_gb=1, deadline_s=10)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watch(source, instance)


def test_a_look_at_a_dataset_without_a_new_commit_is_one_request(watch_hub: Watch, hub: Hub) -> None:
    assert len(watch_hub.settle()) == 1
    hub.journal.clear()
    assert watch_hub.look() == "1 video, nothing new"
    assert dict(hub.journal.by_kind) == {"info": 1}


@pytest.mark.parametrize(
    ("files", "runs"),
    [({"b.mp4": b"video"}, 1), ({"a.mp4": b"VIDEO"}, 1), ({"README.md": b"---\nlicense: mit\n---\n"}, 1), ({"notes.txt": b"nothing of a video"}, 0)],
)
def test_a_commit_is_asked_for_when_it_has_to_do_with_videos(watch_hub: Watch, hub: Hub, files: dict[str, bytes | None], runs: int) -> None:
    watch_hub.settle()
    hub.commit("somebody/clips", files)
    assert len(watch_hub.settle()) == runs


def test_a_hub_that_is_away_is_an_error_before_dagster_loses_patience(watch_hub: Watch, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamcap_dagster.automation.source.ANSWER_WITHIN_S", 1.0)
    hub.keep_up(Fault("busy_503"))
    with pytest.raises(SourceError, match=r"for 1 s .* answered 503"):
        watch_hub.look()


def test_a_service_that_is_away_is_an_error_before_dagster_loses_patience(watch_bucket: Watch, gcs: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamcap_dagster.automation.source.ANSWER_WITHIN_S", 1.0)
    gcs.storm(60)
    with pytest.raises(StorageLost, match="for 1 s the service answered 503"):
        watch_bucket.look()


def test_a_source_that_is_empty_asks_for_nothing(watch: Watch, folder: Path) -> None:
    watch.settle()
    for path in folder.iterdir():
        path.unlink()
    assert [watch.look() for _ in range(3)] == ["the source holds no video"] * 3


def test_a_file_that_may_be_read_at_last_is_noticed() -> None:
    refused, allowed = SourceFile("a.mp4", 5, "7", "This user may not read it."), SourceFile("a.mp4", 5, "7")
    assert look_at([refused], -1).digest != look_at([allowed], -1).digest


def test_the_cursor_is_small_however_many_videos_there_are() -> None:
    cursor = Cursor()
    for _ in range(2):
        cursor = judge(cursor, look_at((SourceFile(f"{number:06}.mp4", number, str(10**18 + number)) for number in range(20_000)), cursor.newest)).cursor
    assert len(json.dumps(vars(cursor))) < 400


@pytest.mark.parametrize("spoiled", [None, "", "no json", "[]", '{"digest": 7, "newest": []}'])
def test_a_spoiled_cursor_counts_as_none(spoiled: str | None) -> None:
    assert read_cursor(spoiled) == Cursor()


def test_the_sensor_is_there_and_off_until_it_is_turned_on() -> None:
    sensor = build_definitions(read_settings()).resolve_sensor_def("source_sensor")
    assert sensor.default_status == dg.DefaultSensorStatus.STOPPED


def test_how_often_it_looks_is_a_setting() -> None:
    assert source_sensor(read_settings(look_every_s=7)).minimum_interval_seconds == 7


def test_a_run_takes_the_configuration_that_it_is_asked_with(watch: Watch, folder: Path) -> None:
    asked = [watch.look() for _ in range(2)][1]
    assert isinstance(asked, dg.RunRequest)
    definitions = build_definitions(read_settings())
    assert dg.validate_run_config(definitions.resolve_job_def(definitions.resolve_sensor_def("source_sensor").job_name), asked.run_config)


def test_the_run_it_asks_for_catalogs_the_source_and_launches_what_is_due() -> None:
    sensor = build_definitions(read_settings()).resolve_sensor_def("source_sensor")
    job = build_definitions(read_settings()).resolve_job_def(sensor.job_name)
    assert job.asset_layer.executable_asset_keys == {dg.AssetKey("video_catalog"), dg.AssetKey("due_videos")}
