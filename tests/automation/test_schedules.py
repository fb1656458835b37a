"""The nightly schedule, as Dagster's daemon would evaluate it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from streamcap_dagster.automation.schedules import nightly_schedule
from streamcap_dagster.errors import SettingError
from streamcap_dagster.settings import read_settings
from streamcap_dagster.wiring import build_definitions


def test_the_schedule_is_there_and_off_until_it_is_turned_on() -> None:
    schedule = build_definitions(read_settings()).resolve_schedule_def("nightly_backfill")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def test_at_its_time_it_asks_for_one_run_that_launches_whatever_is_due_and_has_settled() -> None:
    schedule = build_definitions(read_settings(look_every_s=7)).resolve_schedule_def("nightly_backfill")
    with dg.build_schedule_context(scheduled_execution_time=datetime(2026, 5, 1, 2, tzinfo=UTC)) as context:
        (request,) = schedule.evaluate_tick(context).run_requests or ()
    asked = {"launch": True, "kinds": ["missing", "changed", "stale", "failed"], "thorough": False}
    assert request.run_config["ops"] == {"video_catalog": {"config": {"settled_until": "", "quiet_s": 7.0}}, "due_videos": {"config": asked}}
    assert schedule.job_name == "everything"


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_there_is_one_night_when_the_clock_changes(day: str) -> None:
    schedule = nightly_schedule(read_settings(nightly="30 2 * * *", timezone="Europe/Berlin"))
    noon_before = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp() - 12 * 3600
    ticks = schedule_execution_time_iterator(noon_before, str(schedule.cron_schedule), schedule.execution_timezone)
    first, second = next(ticks), next(ticks)
    assert first.date().isoformat() == day
    assert second.date() > first.date()


@pytest.mark.parametrize("cron", ["at night", "0 0 31 2 *", "0 25 * * *", "0 0 2 * * *", ""])
def test_a_line_that_names_no_time_is_said_with_the_name_of_its_setting(cron: str) -> None:
    with pytest.raises(SettingError, match=r"STREAMCAP_NIGHTLY=.* `0 2 \* \* \*` is every night at two"):
        build_definitions(read_settings(nightly=cron))


def test_a_time_zone_that_does_not_exist_is_said_with_the_name_of_its_setting() -> None:
    with pytest.raises(SettingError, match="STREAMCAP_TIMEZONE='Mars/Olympus' cannot be used: give the name of a time zone"):
        build_definitions(read_settings(timezone="Mars/Olympus"))
