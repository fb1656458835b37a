"""The gate: what it lets through in any minute, whom first, and how it ends. All in virtual time."""

import asyncio
import math
import random
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate

import pytest

from streamcap_dagster.captions.pacing.gate import Allowance, Load, Permit, QuotaGate
from streamcap_dagster.captions.pacing.quota import Quota
from tests.captions.pacing.gates import NO_LOAD, Ended, gate
from tests.captions.pacing.virtual_time import in_virtual_time, now


def most_in_a_minute(times: Sequence[float], amounts: Sequence[float] | None = None) -> float:
    """The most in any window of a minute, wherever it begins; a fixed window is one of them."""
    sums = [0.0, *accumulate(amounts or [1.0] * len(times))]
    return max(sums[bisect_left(times, begin + 60)] - sums[index] for index, begin in enumerate(times))


async def passing(one: QuotaGate, seconds: float, load: Callable[[], Load] = lambda: NO_LOAD, took: float = 1.0) -> list[tuple[float, float]]:
    """When requests were let through while 200 clients kept asking, and how many tokens each took in truth."""
    end, passed = now() + seconds, list[tuple[float, float]]()

    async def client(number: int) -> None:
        while now() < end:
            wanted = load()
            permit = await one.enter(f"video {number}", wanted)
            passed.append((now(), wanted.tokens * took))
            await asyncio.sleep(2.0)
            permit.settle(wanted.tokens * took, 0)

    await asyncio.gather(*(client(number) for number in range(200)))
    return [(at, tokens) for at, tokens in passed if at < end]


@pytest.mark.parametrize("rpm", [1, 2, 15, 100, 997, 4000])
@pytest.mark.parametrize("share", [0.95, 1.0])
def test_no_minute_sees_more_requests_than_the_share_of_the_quota(rpm: int, share: float) -> None:
    passed = in_virtual_time(lambda: passing(gate(Quota(rpm=rpm, share=share, in_flight=400)), 200))
    assert most_in_a_minute([at for at, _ in passed]) <= max(1, rpm * share)


def test_no_minute_of_the_server_sees_more_although_requests_travel_differently_long() -> None:
    passed = in_virtual_time(lambda: passing(gate(Quota(rpm=1000, share=1.0, in_flight=400)), 300))
    arrived = [at + (0.5 if at // 70 % 2 == 0 else 0.0) for at, _ in passed]  # journeys get shorter and longer, so minutes are squeezed
    assert most_in_a_minute(sorted(arrived)) <= 1000


@pytest.mark.parametrize(("rpm", "share"), [(15, 1.0), (100, 0.95), (1000, 0.95), (4000, 1.0)])
def test_the_gate_uses_95_percent_of_what_it_may(rpm: int, share: float) -> None:
    passed = in_virtual_time(lambda: passing(gate(Quota(rpm=rpm, share=share, in_flight=400)), 600))
    assert len(passed) >= 0.95 * rpm * share * 10


def test_no_minute_sees_more_tokens_than_the_quota_where_loads_are_foretold() -> None:
    size = random.Random(1)
    passed = in_virtual_time(lambda: passing(gate(Quota(tpm=250_000, share=1.0)), 600, lambda: Load(size.uniform(500, 9000))))
    assert most_in_a_minute(*zip(*passed, strict=True)) <= 250_000


def test_tokens_reserved_too_high_are_given_back_and_used() -> None:
    passed = in_virtual_time(lambda: passing(gate(Quota(tpm=1_000_000, share=1.0)), 600, lambda: Load(4000), took=0.5))
    assert sum(tokens for _, tokens in passed) >= 0.95 * 10_000_000


def test_a_load_larger_than_the_quota_passes_and_is_owed() -> None:
    async def both() -> float:
        one = gate(Quota(tpm=1000, share=1.0))
        (await one.enter("a", Load(5000))).settle(5000, 0)
        begun = now()
        await one.enter("a", Load(100))
        return now() - begun

    assert in_virtual_time(both) > 240


def test_a_large_load_is_not_starved_by_small_ones() -> None:
    async def order() -> list[str]:
        one, done = gate(Quota(tpm=60_000, share=1.0)), list[str]()

        async def client(lane: str, load: Load) -> None:
            permit = await one.enter(lane, load)
            done.append(lane)
            permit.settle(load.tokens, 0)

        small = [asyncio.create_task(client(f"small {number}", Load(500))) for number in range(100)]
        await asyncio.sleep(1)
        large = asyncio.create_task(client("large", Load(20_000)))
        more = [asyncio.create_task(client(f"late {number}", Load(500))) for number in range(100)]
        await asyncio.gather(*small, large, *more)
        return done

    done = in_virtual_time(order)
    assert done.index("large") < min(done.index(name) for name in done if name.startswith("late"))


async def order_of(entries: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    one, done = gate(Quota(rpm=60, share=1.0)), list[tuple[str, int]]()

    async def client(lane: str, number: int) -> None:
        await one.enter(lane, NO_LOAD)
        done.append((lane, number))

    await asyncio.gather(*(client(lane, number) for lane, number in entries))
    return done


def test_videos_take_turns_however_many_windows_of_one_wait() -> None:
    done = in_virtual_time(lambda: order_of([*(("long", number) for number in range(50)), ("short", 0)]))
    assert done.index(("short", 0)) <= 2


def test_within_a_video_who_came_first_goes_first() -> None:
    entries = [("one", number) for number in range(20)]
    assert in_virtual_time(lambda: order_of(entries)) == entries


def test_a_pause_holds_all_and_no_burst_follows() -> None:
    async def after_pause() -> tuple[float, int]:
        one = gate(Quota(rpm=6000, share=1.0, in_flight=1000))
        one.pause(53)
        begun, passed = now(), list[float]()

        async def client(number: int) -> None:
            await one.enter(str(number), NO_LOAD)
            passed.append(now() - begun)

        await asyncio.gather(*(client(number) for number in range(500)))
        return passed[0], sum(at < 54 for at in passed)

    first, within_a_second = in_virtual_time(after_pause)
    assert first >= 53
    assert within_a_second <= 100


def test_of_several_pauses_the_one_that_ends_last_counts_and_time_is_told_once() -> None:
    async def paused() -> tuple[float, float]:
        one, begun = gate(Quota()), now()
        for seconds in (10, 50, 20):
            one.pause(seconds)
        await one.enter("a", NO_LOAD)
        return now() - begun, one.paused_s

    assert in_virtual_time(paused) == pytest.approx((50, 50), abs=0.01)


def test_no_more_are_in_flight_than_the_limit_at_first() -> None:
    async def let_through() -> int:
        one = gate(Quota(in_flight=7))
        tasks = [asyncio.create_task(one.enter(str(number), NO_LOAD)) for number in range(20)]
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        return one.in_flight

    assert in_virtual_time(let_through) == 7


def test_overload_told_by_many_at_once_slows_down_once_a_second_and_never_below_one() -> None:
    async def limits() -> list[int]:
        one, seen = gate(Quota(in_flight=100)), list[int]()
        for _ in range(20):
            for _ in range(50):
                one.slow_down()
            seen.append(one.limit)
            await asyncio.sleep(1.001)
        return seen

    seen = in_virtual_time(limits)
    assert seen[:3] == [70, 49, 34]
    assert seen[-1] == 1


def test_answers_bring_the_limit_back_up_to_where_it_began() -> None:
    async def limit() -> int:
        one = gate(Quota(in_flight=10))
        one.slow_down()
        for _ in range(60):
            (await one.enter("a", NO_LOAD)).settle(0, 0)
        return one.limit

    assert in_virtual_time(limit) == 10


def test_closing_ends_those_who_wait_those_who_rest_and_those_who_come() -> None:
    async def results() -> list[object]:
        one = gate(Quota(in_flight=1))
        await one.enter("a", NO_LOAD)
        waiting = [asyncio.create_task(one.enter(str(number), NO_LOAD)) for number in range(3)]
        resting = asyncio.create_task(one.rest(1000))
        await asyncio.sleep(0)
        begun = now()
        one.close(Ended("over"))
        one.close(Ended("twice"))
        got = await asyncio.gather(*waiting, resting, one.enter("late", NO_LOAD), one.rest(5), return_exceptions=True)
        return [*(str(error) for error in got), now() - begun]

    assert in_virtual_time(results) == ["over"] * 6 + [0.0]


def test_a_waiter_that_is_cancelled_leaves_nothing_behind() -> None:
    async def left() -> tuple[int, int, int]:
        one = gate(Quota(in_flight=1))
        first = await one.enter("a", NO_LOAD)
        second = asyncio.create_task(one.enter("b", NO_LOAD))
        third = asyncio.create_task(one.enter("b", NO_LOAD))
        await asyncio.sleep(0)
        second.cancel()
        third.cancel()
        await asyncio.gather(second, third, return_exceptions=True)
        first.settle(0, 0)
        return one.waiting, one.in_flight, one.used.requests

    assert in_virtual_time(left) == (0, 0, 1)


def test_a_waiter_cancelled_in_the_moment_it_is_let_through_gives_its_place_to_the_next() -> None:
    async def next_one() -> tuple[Permit, int]:
        one = gate(Quota(in_flight=1))
        first = await one.enter("a", NO_LOAD)
        second, third = (asyncio.create_task(one.enter(lane, NO_LOAD)) for lane in "bc")
        await asyncio.sleep(0)
        first.settle(0, 0)  # lets the second through, which has not run since
        second.cancel()
        return await asyncio.wait_for(third, 1), one.in_flight

    assert in_virtual_time(next_one)[1] == 1


def test_a_large_waiter_that_is_cancelled_makes_way_at_once() -> None:
    async def waited() -> float:
        one = gate(Quota(tpm=6000, share=1.0))
        (await one.enter("a", Load(60))).settle(60, 0)
        large = asyncio.create_task(one.enter("b", Load(3000)))
        small = asyncio.create_task(one.enter("c", Load(1)))
        await asyncio.sleep(0.1)
        begun = now()
        large.cancel()
        await small
        return now() - begun

    assert in_virtual_time(waited) < 0.1


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_a_clock_that_jumps_brings_neither_a_burst_nor_a_halt(jump_s: float) -> None:
    async def passed_after_jump() -> list[float]:
        skew = 0.0
        one = gate(Quota(rpm=600, share=1.0, in_flight=1000), clock=lambda: now() + skew)
        seen = list[float]()

        async def client(number: int) -> None:
            await one.enter(str(number), NO_LOAD)
            seen.append(now())

        clients = [asyncio.create_task(client(number)) for number in range(900)]
        await asyncio.sleep(20)
        skew = jump_s
        await asyncio.gather(*clients)
        return seen

    seen = in_virtual_time(passed_after_jump)
    assert most_in_a_minute(seen) <= 600 + 6
    assert seen[-1] - seen[0] < 100


def test_a_pause_ends_although_the_clock_went_back() -> None:
    async def waited() -> float:
        skew, begun = 0.0, now()
        one = gate(Quota(), clock=lambda: now() + skew)
        one.pause(10)
        waiter = asyncio.create_task(one.enter("a", NO_LOAD))
        await asyncio.sleep(5)
        skew = -3600
        await waiter
        return now() - begun

    assert in_virtual_time(waited) <= 20  # the time that went by unseen is waited for again, and no more


def test_half_the_quota_from_now_on_is_half_the_speed() -> None:
    async def passed() -> int:
        one = gate(Quota(rpm=600, share=1.0, in_flight=1000))
        await passing(one, 60)
        one.allow(Quota(rpm=300, share=1.0, in_flight=1000), Allowance())
        return len(await passing(one, 60))

    assert in_virtual_time(passed) <= 306


def test_the_gate_costs_little_however_many_wait() -> None:
    async def cpu_s() -> float:
        one = gate(Quota(rpm=10_000_000, share=1.0, in_flight=100), clock=time.monotonic)

        async def client(lane: str) -> None:
            for _ in range(10):
                permit = await one.enter(lane, NO_LOAD)
                await asyncio.sleep(0)
                permit.settle(0, 0)

        begun = time.process_time()
        await asyncio.gather(*(client(f"video {number % 300}") for number in range(2000)))
        return time.process_time() - begun

    assert asyncio.run(cpu_s()) < 4


def test_a_gate_without_limits_lets_all_through() -> None:
    async def enter() -> float:
        begun, one = now(), gate(Quota(in_flight=10_000))
        await asyncio.gather(*(one.enter(str(number), Load(math.pi, 1)) for number in range(1000)))
        return now() - begun

    assert in_virtual_time(enter) == 0
