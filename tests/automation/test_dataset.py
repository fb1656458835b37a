"""The dataset's sensor, look by look, over real backfills and runs of an instance."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus

from streamcap_dagster.automation.backfills import DATASET, THEN, launch_backfill
from streamcap_dagster.automation.dataset import Cursor, dataset_sensor, read_cursor
from streamcap_dagster.settings import read_settings
from streamcap_dagster.wiring import build_definitions

FINISHED = BulkActionStatus.COMPLETED_SUCCESS


@dg.op
def makes_a_video(context: dg.OpExecutionContext) -> None:
    context.log_event(dg.AssetMaterialization("clips", partition="life"))


@dg.op
def fails(context: dg.OpExecutionContext) -> None:
    raise dg.Failure("no video could be made")


@dataclass
class Night:
    """An instance with backfills of ours, and the sensor that looks at it whenever it is told to."""

    instance: dg.DagsterInstance
    cursor: str | None = None

    def look(self) -> str | dg.RunRequest:
        """What came of one tick: why nothing is asked for, or the run that is."""
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor) as context:
            tick = dataset_sensor.evaluate_tick(context)
        self.cursor = tick.cursor
        if tick.skip_message:
            return tick.skip_message
        (request,) = tick.run_requests or ()
        return request

    def launch(self, tag: str = DATASET) -> str:
        self.instance.add_dynamic_partitions("videos", ["life"])
        graph = build_definitions(read_settings()).resolve_asset_graph()
        return launch_backfill(self.instance, graph, ["life"], "", {THEN: tag})

    def end(self, backfill_id: str, status: BulkActionStatus = FINISHED, runs: Sequence[dg.OpDefinition] = (makes_a_video,)) -> None:
        for op in runs:
            job = dg.GraphDefinition(name=f"with_{op.name}", node_defs=[op]).to_job()
            job.execute_in_process(instance=self.instance, tags={"dagster/backfill": backfill_id}, raise_on_error=False)
        backfill = self.instance.get_backfill(backfill_id)
        assert backfill is not None
        self.instance.update_backfill(backfill.with_status(status))

    def report(self, launched: str | None) -> None:
        """A report of `due_videos` and the backfill that it launched, none, or None where it was not asked to."""
        metadata = {} if launched is None else {"launched": launched}
        self.instance.report_runless_asset_event(dg.AssetMaterialization("due_videos", metadata=metadata))


@pytest.fixture
def night() -> Iterator[Night]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Night(instance)


def asked_after(night: Night, backfill_id: str) -> bool:
    seen = night.look()
    return isinstance(seen, dg.RunRequest) and seen.run_key == f"backfill {backfill_id}"


def test_it_is_on_from_the_start_and_builds_the_dataset() -> None:
    definitions = build_definitions(read_settings())
    sensor = definitions.resolve_sensor_def("dataset_sensor")
    assert (sensor.default_status, sensor.job_name) == (dg.DefaultSensorStatus.RUNNING, "build_dataset")


def test_a_backfill_is_waited_for_and_then_asks_for_the_dataset_once(night: Night) -> None:
    backfill = night.launch()
    assert night.look() == f"waiting for {backfill} to end"
    night.end(backfill)
    assert asked_after(night, backfill)
    assert night.look() == "no backfill has ended since the last look"


@pytest.mark.parametrize("how", [BulkActionStatus.COMPLETED_FAILED, BulkActionStatus.FAILED, BulkActionStatus.CANCELED])
def test_however_it_ended_what_was_made_gets_into_the_dataset(night: Night, how: BulkActionStatus) -> None:
    backfill = night.launch()
    night.end(backfill, how, [fails, makes_a_video])
    assert asked_after(night, backfill)


def test_a_backfill_in_which_every_video_was_bad_asks_for_nothing(night: Night) -> None:
    backfill = night.launch()
    night.end(backfill, BulkActionStatus.COMPLETED_FAILED, [fails])
    assert night.look() == f"{backfill} ended without having made anything"
    assert night.look() == "no backfill has ended since the last look"


def test_several_that_ended_between_two_looks_ask_for_one_run(night: Night) -> None:
    first, second = night.launch(), night.launch()
    night.end(second)
    night.end(first)
    assert asked_after(night, second)
    assert night.look() == "no backfill has ended since the last look"


def test_one_that_ends_while_another_goes_on_is_not_kept_waiting(night: Night) -> None:
    long, short = night.launch(), night.launch()
    night.end(short)
    assert asked_after(night, short)
    night.end(long)
    assert asked_after(night, long)


def test_a_backfill_of_somebody_else_asks_for_nothing(night: Night) -> None:
    night.end(night.launch(tag="nothing"))
    assert night.look() == "no backfill has ended since the last look"


def test_what_ends_while_the_dataset_is_built_waits_for_that_run(night: Night) -> None:
    job = build_definitions(read_settings()).resolve_job_def("build_dataset")
    run = night.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags={"dagster/sensor_name": "dataset_sensor"})
    backfill = night.launch()
    night.end(backfill)
    assert night.look() == "a run of build_dataset that was asked for is under way"
    night.instance.report_run_failed(run)
    assert asked_after(night, backfill)


def test_a_look_that_was_lost_before_its_cursor_was_kept_asks_under_the_same_key(night: Night) -> None:
    backfill = night.launch()
    night.look()
    kept = night.cursor
    night.end(backfill)
    assert asked_after(night, backfill)
    night.cursor = kept
    assert asked_after(night, backfill)


def test_a_look_that_throws_leaves_the_cursor_to_the_next(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    backfill = night.launch()
    night.look()
    night.end(backfill)
    with monkeypatch.context() as broken:
        broken.setattr("streamcap_dagster.automation.dataset.made_anything", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            night.look()
    assert asked_after(night, backfill)


def test_an_instance_that_was_wiped_under_the_cursor_is_looked_at_anew(night: Night) -> None:
    night.cursor = json.dumps({"known": 7, "newest": "gone", "open": ["gone"], "report": 3})
    backfill = night.launch()
    assert night.look() == f"waiting for {backfill} to end"


def test_when_nothing_was_due_the_dataset_is_looked_at_once(night: Night) -> None:
    night.report(launched="")
    request = night.look()
    assert isinstance(request, dg.RunRequest)
    assert night.look() == "no backfill has ended since the last look"
    night.report(launched="")
    again = night.look()
    assert isinstance(again, dg.RunRequest)
    assert again.run_key != request.run_key


@pytest.mark.parametrize("launched", [None, "abcdefgh"])
def test_a_report_that_was_not_to_launch_or_that_launched_asks_for_nothing(night: Night, launched: str | None) -> None:
    night.report(launched)
    assert night.look() == "no backfill has ended since the last look"


def test_a_clock_that_was_set_back_hides_no_backfill(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    night.end(night.launch())
    night.look()
    monkeypatch.setattr("streamcap_dagster.automation.backfills.time", SimpleNamespace(time=lambda: 1_000_000.0))
    earlier = night.launch()
    night.end(earlier)
    assert asked_after(night, earlier)


def test_a_look_reads_no_backfill_however_many_old_ones_there_are(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    backfill = night.instance.get_backfill(night.launch())
    assert backfill is not None
    for number in range(40):
        night.instance.add_backfill(backfill._replace(backfill_id=f"old{number}", status=FINISHED))
    night.look()
    night.end(backfill.backfill_id)
    night.look()

    read: list[str] = []
    get_backfills, get_backfill = night.instance.get_backfills, night.instance.get_backfill
    monkeypatch.setattr(night.instance, "get_backfills", lambda **asked: [read.append(found.backfill_id) or found for found in get_backfills(**asked)])
    monkeypatch.setattr(night.instance, "get_backfill", lambda backfill_id: read.append(backfill_id) or get_backfill(backfill_id))
    assert night.look() == "no backfill has ended since the last look"
    assert read == []
    assert len(night.cursor or "") < 100


@pytest.mark.parametrize("spoiled", [None, "", "no json", "[]", json.dumps({"open": 7})])
def test_a_spoiled_cursor_counts_as_none(spoiled: str | None) -> None:
    assert read_cursor(spoiled) == Cursor()
