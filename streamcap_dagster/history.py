"""Dagster's history in SQLite, written through connections that stay open.

Dagster makes an engine for every transaction, so that each statement is compiled anew and SQLite folds its write-ahead log into the database
whenever the only connection closes; and it looks for a table before each event. That is two thirds of what an event costs
(`benchmarks/orchestration.py`). The methods that are replaced here are ones that Dagster keeps to itself.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from dagster._core.storage.event_log import SqliteEventLogStorage
    from sqlalchemy import Connection, Engine

_KEPT = 4
"""Databases that are held open at once: what is written is the index, and the one of the run."""


@contextmanager
def connections_kept(instance: dg.DagsterInstance) -> Iterator[None]:
    """Inside the block, this process reads and writes an SQLite history through connections that stay open. Any other history is left as it is."""
    from dagster._core.storage.event_log import SqliteEventLogStorage  # takes long to import, and an instance that is open has it already

    history = instance.event_log_storage
    if not isinstance(history, SqliteEventLogStorage) or "_connect" in vars(history):
        yield
        return
    engines: dict[str, Engine] = {}

    @contextmanager
    def connect(database: str) -> Iterator["Connection"]:
        with history._db_lock:
            engine = engines.pop(database, None) or _engine(history, database)
            engines[database] = engine
            while len(engines) > _KEPT:
                engines.pop(next(iter(engines))).dispose()
            if database not in history._initialized_dbs:
                history._initdb(engine)
                history._initialized_dbs.add(database)
            with engine.begin() as connection:
                yield connection

    own = {"_connect": connect, "has_table": cache(history.has_table)}
    vars(history).update(own)
    try:
        yield
    finally:
        for name in own:
            del vars(history)[name]
        for engine in engines.values():
            engine.dispose()


def _engine(history: "SqliteEventLogStorage", database: str) -> "Engine":
    """The lock that every use is under makes it safe to hand a connection from thread to thread."""
    from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
    from sqlalchemy import QueuePool, create_engine, event

    arguments = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    engine = create_engine(history.conn_string_for_shard(database), poolclass=QueuePool, pool_size=1, connect_args=arguments)
    event.listen(engine, "connect", _let_the_disk_take_its_time)
    return engine


def _let_the_disk_take_its_time(connection: sqlite3.Connection, _: object) -> None:
    """With a write-ahead log no kill loses a transaction, and a power cut at most the last seconds of them: a run fills them up again from storage."""
    connection.execute("PRAGMA synchronous = NORMAL")
