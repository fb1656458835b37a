"""The ledger: a row for every HTTP request, whatever became of it and of the process that made it."""

import asyncio
import csv
import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamcap_dagster.captions.captioner import Bill
from streamcap_dagster.captions.pacing.attempts import HttpAttempt, read_attempts, to_csv
from streamcap_dagster.captions.pacing.ledger import Ledger
from streamcap_dagster.captions.pacing.others import Account
from streamcap_dagster.cli import app
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import CallFailed, ObjectUnreadable, StorageError
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs import open_storage
from streamcap_dagster.storage.processes import process_name
from tests.captions.pacing.test_accounts import asking, until
from tests.captions.requests import request

WALL = 1_795_204_800.0
HEARTBEAT = f"{keys.QUOTA}gemini/2026-11-20/"


def write_ledger(root: Path, process: str, why: str = "overloaded") -> None:
    """One request answered, one failed, one cancelled, one without an end."""

    async def write() -> None:
        ledger = Ledger(FolderStorage(root), process, wall=lambda: WALL)
        await ledger.open()
        sent = [await ledger.sent("key", replace(request(), tier="flex"), "m", number) for number in range(1, 5)]
        await ledger.answered(sent[0], "answered", "stop", Bill(response_id="r", tier="standard", text_tokens=7, cost_usd=0.5, price_table="t"))
        await ledger.failed(sent[1], CallFailed("busy", why, status=503), 0.25)
        ledger.cancelled(sent[2], 0.5)
        await ledger.close()

    asyncio.run(write())


def rows(root: Path, now_s: float = WALL) -> list[HttpAttempt]:
    return list(read_attempts(FolderStorage(root), now_s=now_s))


def test_each_request_is_a_row_that_tells_how_it_ended(tmp_path: Path) -> None:
    write_ledger(tmp_path, "elsewhere-1-0")
    answered, failed, cancelled, unknown = rows(tmp_path)
    assert (answered.end, answered.tier, answered.served_tier, answered.text_tokens, answered.cost_usd) == ("answered", "flex", "standard", 7, 0.5)
    assert (failed.end, failed.failure, failed.status, failed.why, failed.latency_s) == ("failed", "busy", 503, "overloaded", 0.25)
    assert (cancelled.end, unknown.end) == ("cancelled", "unknown")
    assert {(row.video_id, row.clip, row.window, row.kind, row.call_key) for row in rows(tmp_path)} == {("street", 0, 1, "delta", "key")}


@pytest.mark.parametrize(
    ("process", "seen_at", "ended", "end"),
    [
        ("elsewhere-1-0", WALL - 60, False, "in flight"),
        ("elsewhere-1-0", WALL - 100, False, "unknown"),
        ("elsewhere-1-0", WALL + 1e6, False, "unknown"),
        ("elsewhere-1-0", WALL, True, "unknown"),
        (process_name(), WALL, False, "in flight"),
        (process_name().replace(f"-{os.getpid()}-", "-4194304-"), WALL, False, "unknown"),
    ],
    ids=["fresh", "silent", "far ahead", "signed off", "of this machine", "of this machine and gone"],
)
def test_a_request_without_an_end_is_in_flight_only_while_its_process_lives(tmp_path: Path, process: str, seen_at: float, ended: bool, end: str) -> None:
    write_ledger(tmp_path, process)
    write_record(FolderStorage(tmp_path), f"{HEARTBEAT}{process}.json", Account(process=process, seen_at=seen_at, ended=ended))
    assert rows(tmp_path)[-1].end == end


def test_a_line_that_a_kill_tore_off_does_not_hide_the_others(tmp_path: Path) -> None:
    write_ledger(tmp_path, "elsewhere-1-0")
    journal = next((tmp_path / "ledger" / "attempts").rglob("*.jsonl"))
    journal.write_bytes(journal.read_bytes() + b'{"event": "answ')
    assert len(rows(tmp_path)) == 4


@pytest.mark.parametrize("damage", [b"\x00\x00\n", b'["a"]\n', b'{"id": "x"}\n', b'{"event": "sent"}\n'])
def test_a_journal_that_is_damaged_otherwise_is_named(tmp_path: Path, damage: bytes) -> None:
    write_ledger(tmp_path, "elsewhere-1-0")
    journal = next((tmp_path / "ledger" / "attempts").rglob("*.jsonl"))
    journal.write_bytes(damage + journal.read_bytes())
    with pytest.raises(ObjectUnreadable, match="elsewhere-1-0"):
        rows(tmp_path)


def test_a_killed_process_leaves_its_requests_in_flight_as_unknown(tmp_path: Path) -> None:
    with asking(tmp_path, 3600, 1) as process:
        until(process, "rpm 600")  # said once the request is on its way
        assert [row.end for row in read_attempts(FolderStorage(tmp_path))] == ["in flight"]
        process.send_signal(signal.SIGKILL)
        process.wait()
        [row] = read_attempts(FolderStorage(tmp_path))
    assert (row.end, row.video_id, row.window) == ("unknown", "street", 0)


def test_lines_that_come_together_are_all_written_each_once(tmp_path: Path) -> None:
    async def write() -> None:
        ledger = Ledger(FolderStorage(tmp_path), "elsewhere-1-0")
        await ledger.open()

        async def one(number: int) -> None:
            sent = await ledger.sent("key", request(), "m", number)
            await ledger.answered(sent, "answered", "stop", Bill())

        await asyncio.gather(*(one(number) for number in range(500)))
        await ledger.close()

    asyncio.run(write())
    assert sorted(row.number for row in rows(tmp_path)) == list(range(500))


def write_in_parts(storage: Storage, requests: int) -> None:
    """Each request ends after the next two have begun, so that many end in another part than they began in."""

    async def write() -> None:
        ledger = Ledger(storage, "elsewhere.0002-1-0", wall=lambda: WALL, part_bytes=1000)
        await ledger.open()
        sent = [await ledger.sent("key", request(), "m", number) for number in range(2)]
        for number in range(2, requests):
            sent.append(await ledger.sent("key", request(), "m", number))
            await ledger.answered(sent[number - 2], "answered", "stop", Bill())
        await ledger.close()

    asyncio.run(write())


def test_a_journal_that_has_grown_goes_on_in_another_part_and_is_read_as_one(tmp_path: Path) -> None:
    write_in_parts(FolderStorage(tmp_path), 50)
    parts = sorted((tmp_path / "ledger" / "attempts").rglob("*.jsonl"))
    assert [part.name for part in parts[:2]] == ["elsewhere.0002-1-0.0001.jsonl", "elsewhere.0002-1-0.0002.jsonl"]
    assert len(parts) > 10
    assert all(part.stat().st_size < 2000 for part in parts)
    assert [(row.number, row.end) for row in rows(tmp_path)] == [(number, "answered" if number < 48 else "unknown") for number in range(50)]
    assert {row.process for row in rows(tmp_path)} == {"elsewhere.0002-1-0"}


def test_in_a_bucket_the_ledger_is_read_back_as_it_was_written(gcs: Running, tmp_path: Path) -> None:
    storage = open_storage("gs://bucket/data", tmp_path, cache_gb=1, connections=8, deadline_s=10)
    write_in_parts(storage, 10)
    parts = [stored.key for stored in storage.list(keys.ATTEMPTS)]
    assert len(parts) > 2
    assert [(row.number, row.end) for row in read_attempts(storage)] == [(number, "answered" if number < 8 else "unknown") for number in range(10)]


def test_a_journal_of_one_part_without_a_number_is_read_too(tmp_path: Path) -> None:
    write_ledger(tmp_path, "elsewhere-1-0")
    [part] = (tmp_path / "ledger" / "attempts").rglob("*.jsonl")
    part.rename(part.with_name("elsewhere-1-0.jsonl"))
    assert {row.process for row in rows(tmp_path)} == {"elsewhere-1-0"}


def test_what_a_part_could_not_keep_at_its_end_is_told_at_a_later_line(tmp_path: Path) -> None:
    class Refusing(FolderStorage):
        @contextmanager
        def journal(self, key: str) -> Iterator[Callable[[bytes], None]]:
            with super().journal(key) as append:
                yield append
            if key.endswith(".0001.jsonl"):
                raise StorageError(self.uri, f"writing {key}", "it is away", "Wait.")

    with pytest.raises(StorageError, match=r"0001\.jsonl failed .* it is away"):
        write_in_parts(Refusing(tmp_path), 50)


def test_whoever_waits_for_a_line_hears_that_it_was_not_written(tmp_path: Path) -> None:
    class Full(FolderStorage):
        def journal(self, key):  # type: ignore[no-untyped-def]
            from contextlib import nullcontext

            def refuse(line: bytes) -> None:
                raise StorageError(self.uri, f"writing {key}", "no space is left", "Free some.")

            return nullcontext(refuse)

    async def write() -> None:
        ledger = Ledger(Full(tmp_path), "elsewhere-1-0")
        await ledger.open()
        await ledger.sent("key", request(), "m", 1)

    with pytest.raises(StorageError, match="no space"):
        asyncio.run(write())


def test_the_csv_has_a_column_per_field_and_times_that_people_read(tmp_path: Path) -> None:
    write_ledger(tmp_path, "elsewhere-1-0")
    table = list(csv.DictReader(io.StringIO("".join(to_csv(rows(tmp_path))))))
    assert list(table[0]) == list(HttpAttempt.model_fields)
    assert (table[0]["end"], table[0]["sent_at"], table[3]["ended_at"]) == ("answered", "2026-11-20T20:00:00.000+00:00", "")


@pytest.mark.parametrize("why", ["=1+1", "+1", "-1", "@A1", "\t=1"])
def test_no_cell_of_the_csv_is_a_formula(tmp_path: Path, why: str) -> None:
    write_ledger(tmp_path, "elsewhere-1-0", why)
    table = list(csv.DictReader(io.StringIO("".join(to_csv(rows(tmp_path))))))
    assert table[1]["why"] == f"'{why}"


@pytest.mark.parametrize("to_file", [False, True])
def test_the_command_prints_the_csv_or_writes_it_to_a_file(tmp_path: Path, to_file: bool) -> None:
    write_ledger(tmp_path / "data", "elsewhere-1-0")
    output = tmp_path / "out.csv"
    done = CliRunner().invoke(app, ["ledger", "--storage", str(tmp_path / "data"), *(["--output", str(output)] if to_file else [])])
    assert done.exit_code == 0, done.output
    text = output.read_text() if to_file else done.stdout
    assert [row["end"] for row in csv.DictReader(io.StringIO(text))] == ["answered", "failed", "cancelled", "unknown"]


def test_lines_of_the_journal_are_json_for_other_programs(tmp_path: Path) -> None:
    write_ledger(tmp_path, "elsewhere-1-0")
    journal = next((tmp_path / "ledger" / "attempts" / "2026-11-20").glob("*.jsonl"))
    assert [json.loads(line)["event"] for line in journal.read_text().splitlines()] == ["sent"] * 4 + ["answered", "failed", "cancelled"]
