"""A paced captioner: what it does when the service is slow, busy, down, confused or out of money. All in virtual time, on a real folder."""

import asyncio
import random
import shutil
import time
from pathlib import Path

import pytest

from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Place
from streamcap_dagster.captions.pacing.meter import Meter
from streamcap_dagster.captions.pacing.others import Account
from streamcap_dagster.captions.pacing.paced import PacedCaptioner
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.errors import BudgetReached, CallFailed, CaptionerRefused, CaptionerUnavailable, QuotaExhausted, RunStopped, StreamcapError
from streamcap_dagster.model_table import model_table
from tests.captions.pacing.running import NOON, PRICE, ask, ask_many, metered, paced, question, rows, run
from tests.captions.pacing.servers import BILL, Answer, LimitedService, Service, busy, dropped, echo, scripted
from tests.captions.pacing.virtual_time import in_virtual_time, now
from tests.captions.pictures import plain, still
from tests.captions.requests import request


def test_an_answer_comes_back_with_its_bill_made_out(tmp_path: Path) -> None:
    bill = run(tmp_path, scripted([dropped()]), ask).bill
    assert (bill.cost_usd, bill.price_table, bill.latency_s, bill.requests) == (pytest.approx(PRICE), model_table().version, 1.0, 2)


def test_a_429_holds_back_all_chains_once_for_as_long_as_the_service_says(tmp_path: Path) -> None:
    async def story(one: PacedCaptioner) -> Meter:
        await one.complete(question(0))
        await asyncio.gather(ask_many(one, 20), ask_many(one, 20))
        return one.meter

    service = scripted([echo, *[busy(53)] * 5])
    meter = run(tmp_path, service, story, Quota(in_flight=10))
    waited = [later - sooner for sooner, later in zip(service.times, service.times[1:], strict=False)]
    assert sum(gap > 50 for gap in waited) == 1
    assert meter.rate_limited == 5
    assert 53 <= meter.paused_s < 56


def test_a_quota_is_waited_for_without_end_and_each_time_longer(tmp_path: Path) -> None:
    service = scripted([busy()] * 12, latency_s=0.0)
    run(tmp_path, service, ask)
    gaps = [round(later - sooner) for sooner, later in zip(service.times, service.times[1:], strict=False)]
    assert gaps == [15, 30, 60, *[120] * 9]


def test_after_an_answer_the_waits_begin_anew(tmp_path: Path) -> None:
    async def story(one: PacedCaptioner) -> None:
        await ask(one)
        await ask(one)

    service = scripted([busy(), busy(), echo, busy()], latency_s=0.0)
    run(tmp_path, service, story)
    assert [round(later - sooner) for sooner, later in zip(service.times, service.times[1:], strict=False)] == [15, 30, 0, 15]


def test_requests_that_were_under_way_when_a_pause_began_do_not_prolong_it(tmp_path: Path) -> None:
    meter = run(tmp_path, scripted([busy()] * 40), lambda one: metered(one, ask_many(one, 40)), Quota(in_flight=40))
    assert meter.rate_limited == 40
    assert meter.paused_s == pytest.approx(15)


@pytest.mark.parametrize("seed", range(5))
def test_an_outage_of_half_a_minute_costs_no_question_its_answer(tmp_path: Path, seed: int) -> None:
    up_at = 1000.0 + 10 + 30

    def flaky(sent: CaptionRequest) -> Answer:
        return dropped() if 1010 <= now() < up_at else echo(sent)

    service = Service(flaky)
    answers = run(tmp_path, service, lambda one: ask_over(one, 14), Quota(in_flight=64), chance=random.Random(seed))
    assert len(service.requests) > 14 * 64
    assert all(isinstance(answer, CaptionReply) for answer in answers)


async def ask_over(one: PacedCaptioner, steps: int) -> list[CaptionReply | BaseException]:
    """64 chains of questions, each asked when the one before it is answered."""

    async def chain(number: int) -> list[CaptionReply | BaseException]:
        return [await one.complete(question(step, f"video-{number}")) for step in range(steps)]

    chains = await asyncio.gather(*(chain(number) for number in range(64)), return_exceptions=True)
    return [answer for answers in chains for answer in (answers if isinstance(answers, list) else [answers])]


def test_where_nobody_listens_it_is_given_up_within_three_minutes_saying_how_to_fix_the_address(tmp_path: Path) -> None:
    async def story(one: PacedCaptioner) -> tuple[list[CaptionReply | BaseException], float, int]:
        begun, errors = now(), await ask_many(one, 64)
        took_s, before = now() - begun, one.meter.requests
        errors += await ask_many(one, 10)
        return errors, took_s, one.meter.requests - before

    errors, took_s, more = run(tmp_path, Service(lambda _: dropped(sent=False), latency_s=0.0), story)
    assert took_s < 180
    assert more == 10, "once the patience of others is used up, one request each is enough"
    assert all(isinstance(error, CaptionerUnavailable) and "STREAMCAP_GEMINI_BASE_URL" in str(error) for error in errors)


def test_overload_slows_down_and_is_asked_again(tmp_path: Path) -> None:
    async def story(one: PacedCaptioner) -> tuple[Meter, int]:
        await asyncio.gather(*(one.complete(question(window)) for window in range(8)))
        return one.meter, one.meter.limit

    meter, limit = run(tmp_path, scripted([busy(status=503)] * 4), story, Quota(in_flight=40))
    assert (meter.answered, meter.retries, meter.rate_limited) == (8, 4, 0)
    assert limit < 40


def test_a_request_that_is_not_accepted_stops_its_clip_at_once_and_no_other(tmp_path: Path) -> None:
    answers = run(tmp_path, scripted([CallFailed("rejected", "a picture cannot be read", "Make its frames again", status=400)]), lambda one: ask_many(one, 3))
    assert [type(answer) for answer in answers] == [CaptionerUnavailable, CaptionReply, CaptionReply]


REJECTED = CallFailed("rejected", "it contains an invalid argument", status=400)


def test_when_no_question_at_all_is_accepted_the_run_ends_instead_of_asking_them_all(tmp_path: Path) -> None:
    service = Service(lambda _: REJECTED)
    errors = run(tmp_path, service, lambda one: ask_many(one, 300), Quota(in_flight=10))
    assert len(service.requests) < 40
    assert isinstance(errors[-1], CaptionerRefused)
    assert "none of the first 20 questions was accepted; of the last, it contains an invalid argument" in str(errors[-1])


def test_questions_that_are_not_accepted_stop_no_others_once_one_was(tmp_path: Path) -> None:
    service = scripted([echo, *[REJECTED] * 50])
    answers = run(tmp_path, service, lambda one: ask_many(one, 100), Quota(in_flight=1))
    assert sum(isinstance(answer, CaptionReply) for answer in answers) == 50


def test_a_refused_key_stops_all(tmp_path: Path) -> None:
    service = scripted([CallFailed("refused", "the key is not valid", "Set GEMINI_API_KEY", status=400)] * 2)
    errors = run(tmp_path, service, lambda one: ask_many(one, 50), Quota(in_flight=2))
    assert {type(error) for error in errors} == {CaptionerRefused}
    assert len(service.requests) == 2


@pytest.mark.parametrize(
    ("why", "retry_after_s", "resume"),
    [
        ("the requests per day are used up", None, "after midnight Pacific time (2026-11-21 08:00 UTC)"),
        ("the requests per day are used up", 7200.0, "after 2026-11-20 22:00 UTC"),
        ("the prepaid credits are depleted", None, "once more may be spent"),
    ],
)
def test_a_spent_quota_stops_all_and_says_when_to_go_on(tmp_path: Path, why: str, retry_after_s: float | None, resume: str) -> None:
    service = scripted([CallFailed("spent", why, status=429, retry_after_s=retry_after_s)], latency_s=0.0)
    error = run(tmp_path, service, lambda one: ask_many(one, 5), Quota(in_flight=1))[-1]
    assert isinstance(error, QuotaExhausted)
    assert resume in str(error)


def test_the_budget_ends_a_run_before_it_is_exceeded_and_the_next_run_remembers(tmp_path: Path) -> None:
    services = [Service(), Service()]
    first, second = ([*run(tmp_path, service, lambda one: ask_many(one, 64), Quota(budget_usd=0.02))] for service in services)
    spent = PRICE * len(services[0].requests)
    assert 0.9 * 0.02 < spent <= 0.02
    assert isinstance(first[-1], BudgetReached)
    assert len(services[1].requests) == 0
    assert all(isinstance(error, BudgetReached) for error in second)


@pytest.mark.parametrize(("sent", "error"), [(True, BudgetReached), (False, CaptionerUnavailable)])
def test_what_a_dropped_request_may_have_cost_is_on_the_budget_if_it_was_sent(tmp_path: Path, sent: bool, error: type[Exception]) -> None:
    with pytest.raises(error):
        run(tmp_path, Service(lambda _: dropped(sent=sent)), ask, Quota(budget_usd=0.004))


def test_the_requests_of_the_day_end_a_run_and_the_next_day_goes_on(tmp_path: Path) -> None:
    quota = Quota(rpd=10, share=0.8)
    ended = run(tmp_path, Service(), lambda one: ask_many(one, 12), quota)
    same_day, next_day = Service(), Service()
    run(tmp_path, same_day, lambda one: ask_many(one, 12), quota)
    run(tmp_path, next_day, lambda one: ask_many(one, 12), quota, wall=lambda: NOON + 13 * 3600)
    assert sum(isinstance(answer, CaptionReply) for answer in ended) == 8
    assert "after midnight Pacific time" in str(ended[-1])
    assert (len(same_day.requests), len(next_day.requests)) == (0, 8)


def test_an_answer_that_takes_too_long_is_asked_for_again(tmp_path: Path) -> None:
    meter = run(tmp_path, scripted([3600.0]), lambda one: metered(one, ask(one)), call_timeout_s=30)
    assert (meter.failed, meter.answered) == (1, 1)
    assert [row.why for row in rows(tmp_path)] == ["no answer came within 30 s", ""]


@pytest.mark.parametrize("failure", [busy(status=503), CallFailed("dropped", "deadline exceeded", status=504), dropped()])
def test_auto_is_flex_until_flex_turned_a_question_away_three_times(tmp_path: Path, failure: CallFailed) -> None:
    service = scripted([failure] * 3)
    meter = run(tmp_path, service, lambda one: metered(one, ask(one)), tiers="auto")
    assert [sent.tier for sent in service.requests] == ["flex"] * 3 + ["standard"]
    assert meter.to_standard == 1


def test_auto_does_not_wait_for_flex_a_second_time(tmp_path: Path) -> None:
    service = scripted([3600.0])
    run(tmp_path, service, ask, tiers="auto", flex_timeout_s=60)
    assert [sent.tier for sent in service.requests] == ["flex", "standard"]


def test_auto_leaves_flex_while_it_is_slow_and_comes_back(tmp_path: Path) -> None:
    async def story(one: PacedCaptioner) -> None:
        await ask_many(one, 30)
        await ask(one)
        await asyncio.sleep(700)
        await ask(one)

    service = scripted([500.0] * 30)
    run(tmp_path, service, story, tiers="auto")
    assert [sent.tier for sent in service.requests[30:]] == ["standard", "flex"]


def test_flex_is_billed_at_its_own_price(tmp_path: Path) -> None:
    assert run(tmp_path, Service(), ask, tiers="flex").bill.cost_usd == pytest.approx(PRICE / 2)


def test_an_answer_is_billed_at_the_tier_that_served_it(tmp_path: Path) -> None:
    service = Service(lambda sent: echo(sent, BILL.model_copy(update={"tier": "standard"})))
    assert run(tmp_path, service, ask, tiers="flex").bill.cost_usd == pytest.approx(PRICE)


def test_closing_gives_everything_back_although_the_accounts_cannot_be_written(tmp_path: Path) -> None:
    async def story() -> None:
        one = paced(tmp_path, service)
        await ask(one)
        await asyncio.sleep(5)  # the accounts are written, and at rest
        shutil.rmtree(tmp_path / "quota")
        (tmp_path / "quota").write_text("a file where a folder is needed")
        await one.aclose()

    service = Service()
    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(StreamcapError, match="quota"):
        in_virtual_time(story)
    assert (service.closed, len(list(Path("/dev/fd").iterdir()))) == (True, before)


def test_a_stopped_captioner_sends_nothing_more_and_lets_what_was_sent_be_answered(tmp_path: Path) -> None:
    async def story(one: PacedCaptioner) -> tuple[list[type], float]:
        asking = asyncio.create_task(ask_many(one, 5))
        await asyncio.sleep(0.5)
        one.stop()
        begun = now()
        return [type(answer) for answer in await asking], now() - begun

    kinds, took_s = run(tmp_path, scripted([dropped(), echo, echo]), story, Quota(in_flight=3))
    assert kinds == [RunStopped, CaptionReply, CaptionReply, RunStopped, RunStopped]
    assert took_s < 1


def test_whoever_waits_to_ask_again_is_stopped_at_once(tmp_path: Path) -> None:
    async def story(one: PacedCaptioner) -> float:
        asking = asyncio.create_task(one.complete(question()))
        await asyncio.sleep(10)
        begun = now()
        one.stop()
        with pytest.raises(RunStopped):
            await asking
        return now() - begun

    assert run(tmp_path, Service(lambda _: dropped()), story) < 1.1


def test_a_call_that_is_cancelled_is_in_the_ledger_and_stays_on_the_budget(tmp_path: Path) -> None:
    async def story(one: PacedCaptioner) -> float:
        asking = asyncio.create_task(one.complete(question()))
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return one.meter.unsure_usd

    unsure_usd = run(tmp_path, scripted([50.0]), story)
    assert [row.end for row in rows(tmp_path)] == ["cancelled"]
    assert unsure_usd > 0


def test_a_call_that_is_cancelled_before_it_is_sent_gives_its_place_to_the_next(tmp_path: Path) -> None:
    async def story(one: PacedCaptioner) -> None:
        await ask(one)
        asking = asyncio.create_task(one.complete(question(2)))
        await asyncio.sleep(0)
        assert one.meter.in_flight == 1
        asking.cancel()  # while its line is being written
        await asyncio.gather(asking, return_exceptions=True)
        await asyncio.wait_for(one.complete(question(3)), 30)

    service = Service()
    run(tmp_path, service, story, Quota(in_flight=1))
    assert len(service.requests) == 2
    assert [row.end for row in rows(tmp_path)] == ["answered", "cancelled", "answered"]


def test_closing_signs_off_and_gives_back_the_captioner_within(tmp_path: Path) -> None:
    service = Service()
    run(tmp_path, service, ask)
    [account] = [Account.model_validate_json(path.read_bytes()) for path in (tmp_path / "quota").rglob("*.json")]
    assert service.closed
    assert (account.ended, account.requests, account.usd) == (True, 1, pytest.approx(PRICE))


def test_without_a_ledger_nothing_is_sent(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("a file where a folder is needed")
    service = Service()
    with pytest.raises(Exception, match="ledger/attempts"):
        run(tmp_path, service, ask)
    assert service.requests == []


def test_whoever_watches_is_told_of_each_step(tmp_path: Path) -> None:
    seen: list[Meter] = []
    run(tmp_path, Service(), ask, Quota(rpm=600, share=0.95), watch=seen.append)
    assert [(meter.requests, meter.answered, meter.requests_last_minute, meter.rpm) for meter in seen] == [(1, 0, 1, 570), (1, 1, 1, 570)]


def test_sixty_videos_under_a_quota_are_done_in_time_and_never_told_to_wait(tmp_path: Path) -> None:
    """The measure is the quota itself: no client can have 480 answers before 480 requests are allowed."""
    service, frames = LimitedService(rpm=80, tpm=280_000), still(plain()) * 2

    async def story(one: PacedCaptioner) -> float:
        async def video(number: int) -> None:
            for window in range(8):
                await one.complete(request(prompt="x" * 2000, frames=frames, place=Place(f"video-{number}", 0, window)))

        begun = now()
        await asyncio.gather(*(video(number) for number in range(60)))
        return now() - begun

    begun_s = time.process_time()
    took_s = run(tmp_path, service, story, Quota(rpm=80, tpm=280_000, in_flight=64), resolution="low")
    assert (service.refused, len(service.requests)) == (0, 480)
    assert took_s / (480 / 80 * 60) <= 1.10
    assert time.process_time() - begun_s < 480 * 0.008
