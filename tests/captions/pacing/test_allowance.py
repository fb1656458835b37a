"""What a gate may let through in all: money and the requests of a day, alone and shared with others. All in virtual time."""

import asyncio

import pytest

from streamcap_dagster.captions.pacing.gate import Allowance, Load
from streamcap_dagster.captions.pacing.quota import Quota
from tests.captions.pacing.gates import NO_LOAD, Ended, gate
from tests.captions.pacing.virtual_time import in_virtual_time


def test_the_budget_is_reached_only_when_what_is_in_flight_cannot_make_room() -> None:
    async def story() -> tuple[bool, str]:
        one = gate(Quota(), Allowance(usd=1.0))
        first = await one.enter("a", Load(usd=0.6))
        second = asyncio.create_task(one.enter("b", Load(usd=0.6)))
        await asyncio.sleep(1)
        held = not second.done()
        first.settle(0, 0.1)
        (await second).settle(0, 0.5)
        with pytest.raises(Ended) as error:
            await one.enter("c", Load(usd=0.6))
        return held, str(error.value)

    assert in_virtual_time(story) == (True, "budget")


def test_a_request_that_may_have_been_billed_stays_on_the_budget() -> None:
    async def used() -> tuple[float, float]:
        one = gate(Quota())
        (await one.enter("a", Load(usd=0.5))).fail(billed=True)
        once = one.used.usd
        (await one.enter("a", Load(usd=0.5))).fail(billed=False)
        return once, one.used.usd

    assert in_virtual_time(used) == (0.5, 0.5)


def test_the_requests_of_the_day_are_counted_before_they_are_made() -> None:
    async def made() -> tuple[int, str]:
        one = gate(Quota(), Allowance(requests=3))
        for _ in range(3):
            await one.enter("a", NO_LOAD)
        with pytest.raises(Ended) as error:
            await one.enter("a", NO_LOAD)
        return one.used.requests, str(error.value)

    assert in_virtual_time(made) == (3, "day")


def test_a_part_of_a_shared_rest_that_is_used_up_waits_for_the_next_look() -> None:
    async def story() -> tuple[bool, str]:
        one = gate(Quota(), Allowance(requests=1, most_requests=9, may_grow=True))
        await one.enter("a", NO_LOAD)
        second = asyncio.create_task(one.enter("a", NO_LOAD))
        await asyncio.sleep(30)
        held = not second.done()
        one.allow(Quota(), Allowance(requests=2, most_requests=9, may_grow=True))
        await second
        third = asyncio.create_task(one.enter("a", NO_LOAD))
        await asyncio.sleep(30)
        one.allow(Quota(), Allowance(requests=2.5, most_requests=9))
        with pytest.raises(Ended) as error:
            await third
        return held, str(error.value)

    assert in_virtual_time(story) == (True, "day")


def test_what_no_look_can_allow_is_not_waited_for() -> None:
    async def made() -> str:
        one = gate(Quota(), Allowance(usd=0.0, most_usd=1.0, may_grow=True))
        with pytest.raises(Ended) as error:
            await one.enter("a", Load(usd=1.5))
        return str(error.value)

    assert in_virtual_time(made) == "budget"


def test_what_is_never_sent_takes_nothing() -> None:
    async def used() -> tuple[int, float, int]:
        one = gate(Quota(rpm=60, share=1.0))
        permit = await one.enter("a", Load(10, 1))
        permit.release()
        permit.settle(10, 1)  # the first counts
        return one.used.requests, one.used.usd, one.in_flight

    assert in_virtual_time(used) == (0, 0, 0)
