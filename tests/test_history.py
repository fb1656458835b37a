"""Dagster's SQLite history through connections that stay open: it holds what it would have held, and everybody else sees it at once."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import dagster as dg
import pytest

from streamcap_dagster.history import connections_kept

KEY = dg.AssetKey("thing")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


def made(instance: dg.DagsterInstance, partition: str) -> None:
    dg.materialize([thing], instance=instance, partition_key=partition, selection="thing")


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b", "c", "d", "e", "f"]))
def thing() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(tags={"dagster/data_version": "1"}, metadata={"n": 1})


def test_a_history_is_the_same_however_it_was_written(instance: dg.DagsterInstance) -> None:
    made(instance, "a")
    with connections_kept(instance):
        made(instance, "b")

    before, kept = (instance.all_logs(run.run_id) for run in reversed(instance.get_runs()))
    assert [event.dagster_event_type for event in kept] == [event.dagster_event_type for event in before]
    a, b = (instance.fetch_materializations(dg.AssetRecordsFilter(KEY, asset_partitions=[name]), limit=1).records[0] for name in "ab")
    assert (a.asset_materialization.metadata, a.asset_materialization.tags.keys()) == (b.asset_materialization.metadata, b.asset_materialization.tags.keys())


def test_another_reader_sees_each_event_while_connections_are_open(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as other, connections_kept(instance):
        for seen, partition in enumerate("abc", 1):
            made(instance, partition)
            assert len(other.get_materialized_partitions(KEY)) == seen


def test_what_another_writes_meanwhile_is_seen(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as other, connections_kept(instance):
        made(instance, "a")
        made(other, "b")
        assert instance.get_materialized_partitions(KEY) == {"a", "b"}


def test_threads_write_through_the_same_connections(instance: dg.DagsterInstance) -> None:
    with connections_kept(instance):
        threads = [threading.Thread(target=made, args=(instance, partition)) for partition in "abcdef"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert instance.get_materialized_partitions(KEY) == set("abcdef")


def test_databases_of_many_runs_are_not_all_held_open(instance: dg.DagsterInstance) -> None:
    with connections_kept(instance):
        for partition in "abcdef":
            made(instance, partition)
        opened = {Path(link).name for link in _open_files() if link.endswith(".db") and "history/runs/" in link}
        assert opened or sys.platform != "linux"
        assert len(opened) <= 4
        assert [len(instance.all_logs(run.run_id)) for run in instance.get_runs()] == [len(instance.all_logs(instance.get_runs()[0].run_id))] * 6

    assert not [link for link in _open_files() if "history/runs/" in link]


def _open_files() -> list[str]:
    return [str(link.resolve()) for link in Path("/proc/self/fd").iterdir()] if Path("/proc/self/fd").is_dir() else []


def test_connections_that_are_kept_already_are_kept_on(instance: dg.DagsterInstance) -> None:
    with connections_kept(instance):
        with connections_kept(instance):
            made(instance, "a")
        with mock.patch.object(type(instance.event_log_storage), "_connect", side_effect=AssertionError("not kept")):
            made(instance, "b")

    assert instance.get_materialized_partitions(KEY) == {"a", "b"}


def test_another_kind_of_history_is_left_as_it_is() -> None:
    with dg.DagsterInstance.ephemeral() as instance, connections_kept(instance):
        made(instance, "a")
        assert not {"_connect", "has_table"} & vars(instance.event_log_storage).keys()
