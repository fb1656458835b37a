"""Accounts: what a day and a budget have seen of all processes, dead or alive, and how many share a quota now."""

import asyncio
import os
import subprocess
import sys
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streamcap_dagster.captions.pacing.accounts import Accounts, next_day, pacific_day
from streamcap_dagster.captions.pacing.gate import Allowance, Used
from streamcap_dagster.captions.pacing.others import Account, Standing
from streamcap_dagster.captions.pacing.quota import Quota, quota_from
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import ObjectUnreadable, StorageError
from streamcap_dagster.model_table import ModelQuota
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs import open_storage
from streamcap_dagster.storage.processes import process_name
from tests.captions.pacing.virtual_time import VirtualLoop, in_virtual_time

NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC).timestamp()
ELSEWHERE = "elsewhere-1-00000000"
REPOSITORY = Path(__file__).parents[3]


class World:
    """One process's accounts, and hands on the clocks."""

    def __init__(self, root: Path, process: str = "elsewhere-2-aaaaaaaa", name: str = "gemini-x", storage: Storage | None = None) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.storage = storage or FolderStorage(root)
        self.process = process
        self.used = Used()
        self.standings: list[Standing] = []
        self.errors: list[Exception] = []
        self.wall_s = NOON - loop.time()
        self.accounts = Accounts(self.storage, name, process, lambda: self.used, wall=lambda: self.wall_s + loop.time(), clock=loop.time)

    async def open(self) -> Standing:
        await self.accounts.open(self.standings.append, self.errors.append)
        return self.standings[-1]

    async def open_for(self, quota: Quota, allowed: dict[str, float]) -> None:
        """Note under its name how much it may spend in all, at each look."""

        def look(standing: Standing) -> None:
            allowed[self.process] = self.accounts.allowance(quota, standing).usd

        await self.accounts.open(look, self.errors.append)

    def put(self, account: Account, day: str = "2026-11-20", name: str = "gemini-x") -> None:
        write_record(self.storage, f"{keys.QUOTA}{name}/{day}/{account.process}.json", account)


def other(process: str = ELSEWHERE, requests: int = 0, usd: float = 0.0, seen_at: float = NOON, ended: bool = False) -> Account:
    return Account(process=process, requests=requests, usd=usd, seen_at=seen_at, ended=ended)


def test_a_new_process_counts_the_day_of_its_model_and_the_money_of_all_days_and_models(tmp_path: Path) -> None:
    async def look() -> Standing:
        world = World(tmp_path)
        world.put(other("host-1-a", 100, 1.0, ended=True))
        world.put(other("host-1-b", 10, 0.5, ended=True), day="2026-11-19")
        world.put(other("host-1-c", 7, 0.25, ended=True), name="gemini-y")
        return await world.open()

    assert in_virtual_time(look) == Standing(requests_today=100, usd=1.75, processes=1)


def test_processes_share_while_they_live_and_give_back_their_part_when_they_end(tmp_path: Path) -> None:
    async def story() -> list[int]:
        one, two = World(tmp_path), World(tmp_path, "elsewhere-3-bbbbbbbb")
        await one.open()
        await two.open()
        await asyncio.sleep(35)
        shared = [one.standings[-1].processes, two.standings[-1].processes]
        await two.accounts.close()
        await asyncio.sleep(35)
        return [*shared, one.standings[-1].processes]

    assert in_virtual_time(story) == [2, 2, 1]


def test_a_process_that_falls_silent_counts_for_ninety_seconds(tmp_path: Path) -> None:
    async def story() -> list[int]:
        world = World(tmp_path)
        world.put(other(seen_at=NOON - 20))
        await world.open()
        await asyncio.sleep(125)
        return [standing.processes for standing in world.standings]

    counted = in_virtual_time(story)
    assert (counted.count(2), counted[-1]) == (14, 1), counted  # every five seconds, until it was silent for ninety


@pytest.mark.parametrize("ahead_s", [300.0, 10 * 365 * 86400.0])
def test_a_clock_that_is_ahead_does_not_keep_a_dead_process_alive(tmp_path: Path, ahead_s: float) -> None:
    async def story() -> list[int]:
        world = World(tmp_path)
        world.put(other(seen_at=NOON + ahead_s))
        await world.open()
        await asyncio.sleep(125)
        return [world.standings[0].processes, world.standings[-1].processes]

    assert in_virtual_time(story) == [2, 1]


@pytest.mark.parametrize("off_s", [-1000.0, 1000.0])
def test_a_living_process_whose_clock_is_wrong_is_counted_because_it_moves(tmp_path: Path, off_s: float) -> None:
    async def story() -> int:
        world = World(tmp_path)
        world.put(other(seen_at=NOON + off_s))
        await world.open()
        for beat in range(1, 9):
            await asyncio.sleep(30)
            world.put(other(seen_at=NOON + off_s + 30 * beat))
        return world.standings[-1].processes

    assert in_virtual_time(story) == 2


def test_a_process_of_this_machine_that_is_gone_does_not_count_at_all(tmp_path: Path) -> None:
    async def look() -> int:
        world = World(tmp_path)
        world.put(other(process_name().replace(f"-{os.getpid()}-", "-4194304-")))  # one more than the largest process id there is
        return (await world.open()).processes

    assert in_virtual_time(look) == 1


def test_what_was_used_is_written_within_a_second(tmp_path: Path) -> None:
    async def story() -> Account:
        world = World(tmp_path)
        await world.open()
        world.used = Used(5, 1000.0, 0.5)
        await asyncio.sleep(1.1)
        return Account.model_validate_json(world.storage.read(f"{keys.QUOTA}gemini-x/2026-11-20/elsewhere-2-aaaaaaaa.json"))

    account = in_virtual_time(story)
    assert (account.requests, account.tokens, account.usd, account.ended) == (5, 1000.0, 0.5, False)


def test_in_a_bucket_an_hour_of_accounts_costs_about_a_cent(gcs: Running, tmp_path: Path) -> None:
    """Writes and listings are operations of class A, of which 1,000 cost half a cent; reads are of class B and cost a twelfth."""

    async def five_minutes() -> None:
        world = World(tmp_path, storage=open_storage("gs://bucket/data", tmp_path, cache_gb=1, connections=8, deadline_s=10))
        await world.open()
        for number in range(300):
            world.used = Used(number, 0, 0)
            await asyncio.sleep(1)
        await world.accounts.close()

    in_virtual_time(five_minutes)
    asked = gcs.journal.by_kind
    assert 12 * (gcs.journal.count("list") + gcs.journal.count("upload")) < 2400, asked


def test_at_midnight_in_california_a_new_account_begins(tmp_path: Path) -> None:
    async def story() -> dict[str, Account]:
        world = World(tmp_path)
        world.wall_s += 11.99 * 3600
        world.used = Used(5, 0, 1.0)
        await world.open()
        world.used = Used(7, 0, 1.5)
        await asyncio.sleep(100)
        stored = world.storage.list(keys.QUOTA)
        return {item.key.split("/")[2]: Account.model_validate_json(world.storage.read(item.key)) for item in stored}

    days = in_virtual_time(story)
    assert {day: (account.requests, account.usd, account.ended) for day, account in days.items()} == {
        "2026-11-20": (7, 1.5, True),
        "2026-11-21": (0, 0.0, False),
    }


def test_a_wall_clock_that_goes_back_a_day_and_returns_counts_nothing_twice(tmp_path: Path) -> None:
    async def story() -> list[int]:
        world = World(tmp_path)
        await world.open()
        for requests, shift_s in ((5, 0), (8, -86400), (10, 0)):
            world.wall_s = NOON - 1000 + shift_s
            world.used = Used(requests)
            await asyncio.sleep(2)
        return [Account.model_validate_json(world.storage.read(item.key)).requests for item in world.storage.list(keys.QUOTA)]

    assert in_virtual_time(story) == [3, 7]


@pytest.mark.parametrize(
    ("standing", "allowance"),
    [
        (Standing(), Allowance(100, 10, 100, 10)),
        (Standing(requests_today=40, usd=4), Allowance(60, 6, 60, 6)),
        (Standing(requests_today=40, usd=4, processes=2), Allowance(35, 3.5, 60, 6, may_grow=True)),
        (Standing(requests_today=40, usd=4, claimed_requests=45, claimed_usd=4.5, processes=2), Allowance(15, 1.5, 60, 6, may_grow=True)),
        (Standing(requests_today=40, usd=4, claimed_requests=50, claimed_usd=9, processes=2), Allowance(10, 1, 60, 6, may_grow=True)),
        (Standing(requests_today=400, usd=40), Allowance(10, 1, 10, 1)),
    ],
)
def test_a_process_may_use_its_part_of_what_is_left(tmp_path: Path, standing: Standing, allowance: Allowance) -> None:
    async def calculated() -> Allowance:
        world = World(tmp_path)
        world.used = Used(10, 0, 1.0)
        await world.open()
        return world.accounts.allowance(Quota(rpd=125, share=0.8, budget_usd=10), standing)

    assert in_virtual_time(calculated) == allowance


def test_processes_that_come_one_after_another_are_never_allowed_more_than_the_budget(tmp_path: Path) -> None:
    async def story() -> tuple[list[list[float]], float]:
        allowed: dict[str, float] = {}
        seen, most = [], 0.0
        worlds = [World(tmp_path, f"elsewhere-{number}-aaaaaaaa") for number in range(3)]
        for world in worlds:
            await world.open_for(Quota(budget_usd=12), allowed)
            for _ in range(9):
                await asyncio.sleep(10)
                most = max(most, sum(allowed.values()))
            seen.append(sorted(allowed.values()))
        return seen, most

    seen, most = in_virtual_time(story)
    assert seen == [[12], [6, 6], [4, 4, 4]]
    assert most <= 12


def test_a_process_whose_others_stand_still_does_not_hope_for_more(tmp_path: Path) -> None:
    standing = Standing(usd=4, processes=2)

    async def hopes() -> list[bool]:
        world = World(tmp_path)
        await world.open()
        return [world.accounts.allowance(Quota(budget_usd=10), standing).may_grow for _ in range(2)]

    assert in_virtual_time(hopes) == [True, False]


def test_a_storage_that_refuses_the_account_later_on_is_told(tmp_path: Path) -> None:
    async def story() -> list[Exception]:
        world = World(tmp_path)
        await world.open()
        for file in (tmp_path / "quota" / "gemini-x" / "2026-11-20").iterdir():
            file.unlink()
        (tmp_path / "quota" / "gemini-x" / "2026-11-20").rmdir()
        (tmp_path / "quota" / "gemini-x" / "2026-11-20").write_text("in the way")
        await asyncio.sleep(35)
        return world.errors

    assert [type(error) for error in in_virtual_time(story)] == [StorageError]


def test_an_error_that_nobody_foresaw_is_told_too(tmp_path: Path) -> None:
    async def story() -> list[str]:
        world = World(tmp_path)

        def look(standing: Standing) -> None:
            world.standings.append(standing)
            if len(world.standings) > 1:
                raise OverflowError("too far")

        await world.accounts.open(look, world.errors.append)
        await asyncio.sleep(20)
        return [str(error) for error in world.errors]

    assert in_virtual_time(story) == ["too far"]


def test_a_damaged_account_says_what_deleting_it_means(tmp_path: Path) -> None:
    async def look() -> None:
        world = World(tmp_path)
        world.storage.write(f"{keys.QUOTA}gemini-x/2026-11-20/{ELSEWHERE}.json", b"{")
        await world.open()

    with pytest.raises(ObjectUnreadable, match=r"elsewhere-1-00000000.*not counted"):
        in_virtual_time(look)


def test_the_day_is_that_of_california_in_summer_and_winter_without_a_time_zone_of_the_system() -> None:
    zoneinfo.reset_tzpath(to=[])
    try:
        pacific = zoneinfo.ZoneInfo.no_cache("America/Los_Angeles")
        assert [datetime.fromtimestamp(NOON + days * 86400, pacific).hour for days in (0, 200)] == [12, 13]
    finally:
        zoneinfo.reset_tzpath()
    assert str(pacific_day(NOON - 13 * 3600)) == "2026-11-19"
    assert next_day(NOON) == datetime(2026, 11, 21, 8, tzinfo=UTC)


def test_limits_of_ones_own_come_before_those_of_the_table_and_zero_is_none() -> None:
    quota = quota_from(ModelQuota(rpm=100, tpm=1000, rpd=10, usd_per_10min=5), rpm=50, tpm=0, budget_usd=3)
    assert (quota.rpm, quota.tpm, quota.rpd, quota.usd_per_10min, quota.budget_usd) == (50, None, 10, 5, 3)


@contextmanager
def asking(storage: Path, latency_s: float, questions: int) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.captions.pacing.asking_process", str(storage), str(latency_s), str(questions)]
    process = subprocess.Popen(command, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def until(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdout is not None
    for said in process.stdout:
        if said.strip() == line:
            return
    raise AssertionError(f"the process ended without saying {line!r}")


def test_two_processes_on_one_storage_halve_the_quota_and_a_killed_one_leaves_it_to_the_other(tmp_path: Path) -> None:
    with asking(tmp_path, 0.05, 1000) as one:
        until(one, "rpm 600")
        with asking(tmp_path, 0.05, 1000) as two:
            until(one, "rpm 300")
            until(two, "rpm 300")
        with asking(tmp_path, 0.05, 1) as three:  # the killed one does not count any more
            until(three, "rpm 300")


def test_what_others_claim_beyond_their_part_is_hoped_for_although_they_stand_still(tmp_path: Path) -> None:
    """Such as a process on another machine that was killed: its claim ends when it has been silent for long enough."""
    standing = Standing(claimed_requests=150_000, processes=2)

    async def hopes() -> list[bool]:
        world = World(tmp_path)
        await world.open()
        return [world.accounts.allowance(Quota(rpd=150_000), standing).may_grow for _ in range(3)]

    assert in_virtual_time(hopes) == [True, True, True]
