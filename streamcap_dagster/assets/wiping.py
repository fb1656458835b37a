"""Videos taken out of what a Dagster instance knows: the only file that reaches into the tables of its event log.

Dagster's own `wipe_asset_partitions` is not there for the storages that come with it. What is no event of an asset stays: log lines, tags and
backfills of earlier runs.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import dagster as dg
import sqlalchemy as sql
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, AssetEventTagsTable, AssetKeyTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from streamcap_dagster.errors import SettingError

T = TypeVar("T")

_AT_ONCE = 500
_WIPED_AT_ONCE = 200
"""Videos: a text is searched for the id and the file's name of each, and SQLite takes no condition of a thousand words."""
_OF_ASSETS = [kind.value for kind in ASSET_EVENTS]
_OF_CHECKS = [kind.value for kind in ASSET_CHECK_EVENTS]
_EVENTS, _CHECKS, _TAGS, _ASSETS = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c, AssetEventTagsTable.c, AssetKeyTable.c
_PARTITION = re.compile(r'"partition": (null|"(?:[^"\\]|\\.)*")')


@dataclass(frozen=True)
class Traces:
    """By what an event is known to speak of some videos: its partition, or where it has none, an id or a file's name in its text."""

    video_ids: tuple[str, ...]
    names: tuple[str, ...]
    """As they stand in an event, which is JSON."""
    pattern: re.Pattern[str]

    def likely(self, text: Any) -> Any:
        """What a database can find of them by itself."""
        return sql.or_(*(text.contains(word, autoescape=True) for word in (*self.video_ids, *self.names)))

    def in_report(self, text: str | None) -> bool:
        """Whether the text of an event without a partition names one."""
        return self.pattern.search(text or "") is not None

    def in_check(self, text: str) -> bool:
        """Whether an event of a check, whose partition only its text tells, is one of theirs. That of another video may well say the word."""
        partitions = {json.loads(found) for found in _PARTITION.findall(text)} - {None}
        return bool(partitions & set(self.video_ids)) if partitions else self.in_report(text)


def traces_of(videos: Mapping[str, str]) -> list[Traces]:
    """By what events are known to speak of these videos, given with the names of their files, which may be empty: in portions that a database takes."""
    return [_traces(dict(some)) for some in _portions(list(videos.items()), _WIPED_AT_ONCE)]


def _traces(videos: Mapping[str, str]) -> Traces:
    names = tuple(json.dumps(uri)[1:-1] for uri in videos.values() if uri)
    ids = "|".join(map(re.escape, videos))
    words = [rf"(?<![\w-])(?:{ids})(?![\w-])", *map(re.escape, names)]
    return Traces(tuple(videos), names, re.compile("|".join(words)))


def count_traces(instance: dg.DagsterInstance, traces: Iterable[Traces]) -> int:
    """Materializations, observations and the like of these videos that the instance holds; reports of the whole corpus are not counted."""
    with _log_of(instance).index_connection() as connection:
        of_an_asset = _of_an_asset(connection)
        counts = (sql.select(sql.func.count()).where(of_an_asset, _EVENTS.partition.in_(some.video_ids)) for some in traces)
        return sum(int(connection.execute(count).scalar_one()) for count in counts)


def wipe_traces(instance: dg.DagsterInstance, traces: Iterable[Traces]) -> None:
    """Remove every event of an asset or a check that speaks of these videos, also reports of the whole corpus that name one.

    The books of single runs come first: killed in between, the next time finds by the index what is left of them.
    """
    log = _log_of(instance)
    for some in traces:
        with log.index_connection() as connection:
            run_ids = sorted(_runs(connection, some))
        for run_id in run_ids:
            with _thoroughly(log.run_connection(run_id)) as connection:
                _wipe_run(connection, run_id, some)
        with _thoroughly(log.index_connection()) as connection:
            for run_id in run_ids:
                _wipe_run(connection, run_id, some)
            _wipe_checks(connection, some)
            _wipe_summaries(connection)


def _log_of(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    """Every storage that comes with Dagster, and dagster-postgres, is one."""
    log = instance.event_log_storage
    if not isinstance(log, SqlEventLogStorage):
        kind = type(log).__name__
        raise SettingError("DAGSTER_HOME", kind, "the events of a video can be removed from an event log in SQLite, Postgres or MySQL, and from no other")
    return log


@contextmanager
def _thoroughly(connecting: AbstractContextManager[sql.Connection]) -> Iterator[sql.Connection]:
    """A connection on which SQLite overwrites what it deletes, instead of only letting go of it."""
    with connecting as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(sql.text("PRAGMA secure_delete=ON"))
        yield connection


def _of_an_asset(connection: sql.Connection) -> sql.ColumnElement[bool]:
    """Names the assets one by one, by which the table has an index."""
    assets = connection.execute(sql.select(_ASSETS.asset_key)).scalars().all()
    return sql.and_(_EVENTS.asset_key.in_(assets), _EVENTS.dagster_event_type.in_(_OF_ASSETS))


def _runs(connection: sql.Connection, traces: Traces) -> set[str]:
    """The runs with an event that speaks of the videos."""
    of_an_asset = _of_an_asset(connection)
    of_video = sql.select(_EVENTS.run_id).where(of_an_asset, _EVENTS.partition.in_(traces.video_ids))
    checked = sql.select(_CHECKS.run_id).where(_CHECKS.partition.in_(traces.video_ids))
    reports = sql.select(_EVENTS.run_id, _EVENTS.event).where(of_an_asset, _EVENTS.partition.is_(None), traces.likely(_EVENTS.event))
    verdicts = sql.select(_CHECKS.run_id, _CHECKS.evaluation_event).where(_CHECKS.partition.is_(None), traces.likely(_CHECKS.evaluation_event))
    runs = {run_id for query in (of_video, checked) for run_id in connection.execute(query).scalars()}
    return runs | {run_id for query in (reports, verdicts) for run_id, text in connection.execute(query) if traces.in_report(text)}


def _wipe_run(connection: sql.Connection, run_id: str, traces: Traces) -> None:
    of_run = _EVENTS.run_id == run_id
    of_video = sql.select(_EVENTS.id).where(of_run, _EVENTS.dagster_event_type.in_(_OF_ASSETS), _EVENTS.partition.in_(traces.video_ids))
    found = list(connection.execute(of_video).scalars())
    for kinds, speaks in ((_OF_ASSETS, traces.in_report), (_OF_CHECKS, traces.in_check)):
        likely = sql.and_(_EVENTS.dagster_event_type.in_(kinds), _EVENTS.partition.is_(None), traces.likely(_EVENTS.event))
        rows = connection.execute(sql.select(_EVENTS.id, _EVENTS.event).where(of_run, likely))
        found += [event_id for event_id, text in rows if speaks(text)]
    for some in _portions(found):
        connection.execute(AssetEventTagsTable.delete().where(_TAGS.event_id.in_(some)))
        connection.execute(SqlEventLogStorageTable.delete().where(_EVENTS.id.in_(some)))


def _portions(items: Sequence[T], size: int = _AT_ONCE) -> Iterator[Sequence[T]]:
    """As many as one statement may name."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _wipe_checks(connection: sql.Connection, traces: Traces) -> None:
    """Also what a run that was killed had planned, of which the row of each video names all of them."""
    of_several = sql.or_(_CHECKS.partition.is_(None), _CHECKS.execution_status == AssetCheckExecutionRecordStatus.PLANNED.value)
    reports = sql.select(_CHECKS.id, _CHECKS.evaluation_event).where(of_several, traces.likely(_CHECKS.evaluation_event))
    named = [check_id for check_id, text in connection.execute(reports) if traces.in_report(text)]
    connection.execute(AssetCheckExecutionsTable.delete().where(_CHECKS.partition.in_(traces.video_ids)))
    for some in _portions(named):
        connection.execute(AssetCheckExecutionsTable.delete().where(_CHECKS.id.in_(some)))


def _wipe_summaries(connection: sql.Connection) -> None:
    """Each asset's copy of its latest event, and its count of partitions: Dagster makes them again from the events."""
    connection.execute(AssetKeyTable.update().values(last_materialization=None, cached_status_data=None))
