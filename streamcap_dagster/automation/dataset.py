"""The sensor that lets the dataset follow: it builds what somebody's backfill has made a part of, and so is on from the start."""

import json
from dataclasses import asdict, dataclass
from itertools import islice

import dagster as dg
from pydantic import TypeAdapter, ValidationError

from streamcap_dagster.assets.due_videos import DUE_VIDEOS, LAUNCHED
from streamcap_dagster.automation.backfills import DATASET, NOT_ENDED, THEN, ended_of, made_anything, newer_than
from streamcap_dagster.automation.jobs import build_dataset

DATASET_SENSOR = "dataset_sensor"
LOOKS_EVERY_S = 30
_MOST_AT_ONCE = 20
"""Backfills that are looked at after a long time without a look: one run of the dataset takes in whatever any of them made."""


@dataclass(frozen=True)
class Cursor:
    """What one look leaves for the next. Its size depends on how many backfills are under way, not on how many there were."""

    known: int = 0
    """How many backfills there were: a look is cheap while there are no more, for one of 100,000 videos is 14 MB to read."""
    newest: str = ""
    """The last backfill that was seen, whosever it was."""
    open: tuple[str, ...] = ()
    """Those that the dataset is to follow and that had not ended at the last look."""
    report: int = 0
    """The event of the last report of `due_videos` that was seen."""


@dg.sensor(
    name=DATASET_SENSOR,
    job=build_dataset,
    minimum_interval_seconds=LOOKS_EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "When a backfill that the source's sensor, the nightly schedule or the job `everything` launched has ended, well or not, and has made anything, "
        "this asks for one run of `build_dataset`. Where there was nothing to launch it asks for one too, so that videos that are gone leave the dataset. "
        "That run builds only what would come out otherwise."
    ),
)
def dataset_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """While a run it asked for is under way it waits, and its cursor with it: the next look sees all that has ended by then."""
    before = read_cursor(context.cursor)
    if _is_building(context.instance):
        return dg.SensorResult(skip_reason="a run of build_dataset that was asked for is under way", cursor=context.cursor)
    after, ended, nothing_due = look(context.instance, before)
    cursor = json.dumps(asdict(after))
    made = [backfill_id for backfill_id in ended if made_anything(context.instance, backfill_id)]
    if not made and not nothing_due:
        return dg.SensorResult(skip_reason=_why_not(after, ended), cursor=cursor)
    because = f"ended: {', '.join(made)}" if made else "nothing was due"
    key = f"backfill {made[-1]}" if made else f"report {after.report}"
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=key, tags={"streamcap/because": because})], cursor=cursor)


def read_cursor(text: str | None) -> Cursor:
    """The cursor as it was left; after one that was spoiled by hand the next look counts as the first."""
    try:
        return TypeAdapter(Cursor).validate_json(text or "{}")
    except ValidationError:
        return Cursor()


def look(instance: dg.DagsterInstance, before: Cursor) -> tuple[Cursor, list[str], bool]:
    """The next cursor, the backfills that have ended since, and whether a report since said that nothing was due."""
    known = instance.get_backfills_count()
    if known < before.known:  # the instance was wiped, and its sensors' cursors were not
        before = Cursor()
    new = list(islice(newer_than(instance, before.newest), _MOST_AT_ONCE)) if known != before.known else []
    watched = (*before.open, *(backfill.backfill_id for backfill in reversed(new) if backfill.tags.get(THEN) == DATASET))
    ended = ended_of(instance, watched)
    still_open = tuple(backfill_id for backfill_id in watched if backfill_id not in ended)
    report, launched = _last_report(instance)
    after = Cursor(known, new[0].backfill_id if new else before.newest, still_open, report)
    return after, ended, report != before.report and launched == "" and not still_open


def _last_report(instance: dg.DagsterInstance) -> tuple[int, str | None]:
    """The last report of what is due, and the backfill that it launched: None where it was not asked to."""
    event = next(iter(instance.fetch_materializations(dg.AssetKey(DUE_VIDEOS), limit=1).records), None)
    if event is None or event.asset_materialization is None:
        return 0, None
    launched = event.asset_materialization.metadata.get(LAUNCHED)
    return event.storage_id, str(launched.value) if launched is not None else None


def _is_building(instance: dg.DagsterInstance) -> bool:
    asked = dg.RunsFilter(tags={"dagster/sensor_name": DATASET_SENSOR}, statuses=NOT_ENDED)
    return bool(instance.get_run_records(filters=asked, limit=1))


def _why_not(after: Cursor, ended: list[str]) -> str:
    if ended:
        return f"{', '.join(ended)} ended without having made anything"
    return f"waiting for {', '.join(after.open)} to end" if after.open else "no backfill has ended since the last look"
