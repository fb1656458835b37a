"""What happens at a time of the day. Off until somebody turns it on."""

import dagster as dg

from streamcap_dagster.assets.due_videos import launching
from streamcap_dagster.assets.videos import CatalogConfig
from streamcap_dagster.automation.jobs import everything
from streamcap_dagster.errors import SettingError
from streamcap_dagster.settings import Settings


def nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """At STREAMCAP_NIGHTLY the source is looked at and what is due is launched. Raises SettingError when that is no time, or its zone none."""
    try:
        return _nightly(settings.nightly, settings.timezone, settings.look_every_s)
    except dg.DagsterInvalidDefinitionError as error:
        if "timezone" in str(error):
            raise SettingError("STREAMCAP_TIMEZONE", settings.timezone, "give the name of a time zone, such as Europe/Berlin or UTC") from error
        why = "give a cron line that names a time: minute, hour, day, month, weekday; `0 2 * * *` is every night at two"
        raise SettingError("STREAMCAP_NIGHTLY", settings.nightly, why) from error


def _nightly(cron: str, timezone: str, quiet_s: float) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name="nightly_backfill",
        job=everything,
        cron_schedule=cron,
        execution_timezone=timezone,
        run_config=launching(catalog=CatalogConfig(quiet_s=quiet_s)),
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=(
            "Looks at the source, and launches one backfill of every video with something to be made: new, changed, out of date, or failed and "
            "to be tried again. A file that changed within the last STREAMCAP_LOOK_EVERY_S may still be being written, and is left for the next night. "
            "The dataset follows. The time is STREAMCAP_NIGHTLY in the zone STREAMCAP_TIMEZONE; a captioner that costs money is paid."
        ),
    )
