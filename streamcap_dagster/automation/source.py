"""The sensor that watches the source. It is off until somebody turns it on."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b

import dagster as dg
from pydantic import TypeAdapter, ValidationError

from streamcap_dagster.assets.due_videos import launching
from streamcap_dagster.assets.videos import CatalogConfig
from streamcap_dagster.automation.jobs import WHAT_IS_DUE
from streamcap_dagster.resources.video_source import VideoSourceResource
from streamcap_dagster.settings import Settings
from streamcap_dagster.videos.source import SourceFile

ANSWER_WITHIN_S = 20.0
"""How long a request to the source that keeps failing is tried again: Dagster gives a look a minute in all, and then only says that time is up."""
PATIENCE = 10
"""Looks after which what has settled is asked for although something else has not: a file that grows for hours, a source that is always added to."""

AGAIN_AFTER_S = 3600.0
"""After a run that was asked for failed as a whole: its videos are due, and nothing at the source changes to say so."""


@dataclass(frozen=True)
class Cursor:
    """What one look at the source leaves for the next. Its size does not depend on the source's."""

    digest: str = ""
    """Of everything that the last look found."""
    newest: int = -1
    """Files of later versions than this one are new, or still being written."""
    older: str = ""
    """Digest of the others, as the last look found them."""
    waited: int = 0
    """Looks in a row that found something other than the look before."""
    asked: str = ""
    """Digest of what the last run was asked for."""
    run_key: str = ""
    """Key of that run."""


@dataclass(frozen=True)
class Look:
    """The source as one scan found it, set against the cursor."""

    videos: int
    digest: str
    newest: int
    newer: int
    """How many files are of later versions than `newest` of the cursor."""
    older: str


@dataclass(frozen=True)
class Verdict:
    """What to do after a look: ask for a run if it says so, and what to tell a person."""

    cursor: Cursor
    asks: bool
    said: str
    until: int = -1
    """Files of later moments are left out of what is asked for."""


def source_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor, which looks every STREAMCAP_LOOK_EVERY_S."""

    @dg.sensor(
        name="source_sensor",
        target=WHAT_IS_DUE,
        minimum_interval_seconds=settings.look_every_s,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            "Lists the source every STREAMCAP_LOOK_EVERY_S, opens no video, and asks for one run of `video_catalog` and `due_videos` when videos are new, "
            "changed or gone, or what is said of them is another: that run launches one backfill of those with something to be made, and the dataset follows. "
            "They have to look the same twice before, so that what is still being copied or uploaded is waited for, and the run leaves what is newer "
            "to a later one. A run that failed is asked for again after an hour."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext, video_source: VideoSourceResource) -> dg.SensorResult:
        """A source that cannot be listed raises, and the cursor stays as it was."""
        before = read_cursor(context.cursor)
        source = video_source.open(ANSWER_WITHIN_S)
        look = look_at(source.scan(), before.newest, lambda: source.described_by)
        verdict = judge(before, look, failed_since_s(context.instance, before.run_key))
        cursor = json.dumps(asdict(verdict.cursor))
        if not verdict.asks:
            return dg.SensorResult(skip_reason=verdict.said, cursor=cursor)
        wanted = launching("missing", "changed", catalog=CatalogConfig(settled_until=str(verdict.until)))
        request = dg.RunRequest(run_key=verdict.cursor.run_key, run_config=wanted, tags={"streamcap/because": verdict.said})
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return sensor


def read_cursor(text: str | None) -> Cursor:
    """The cursor as it was left; after one that was spoiled by hand the next look counts as the first."""
    try:
        return TypeAdapter(Cursor).validate_json(text or "{}")
    except ValidationError:
        return Cursor()


def look_at(files: Iterable[SourceFile], newest_before: int, described_by: Callable[[], str] = str) -> Look:
    """One pass over a scan, which may be long, and what it came across of what is said of the videos."""
    everything, older = blake2b(digest_size=16), blake2b(digest_size=16)
    videos, newer, newest = 0, 0, -1
    for file in files:
        entry = f"{file.uri}\0{file.size_bytes}\0{file.version}\0{file.problem}\n".encode(errors="surrogateescape")
        videos, newest = videos + 1, max(newest, file.moment)
        everything.update(entry)
        if file.moment > newest_before:
            newer += 1
        else:
            older.update(entry)
    for digest in (everything, older):
        digest.update(described_by().encode(errors="surrogateescape"))
    return Look(videos, everything.hexdigest(), newest, newer, older.hexdigest())


def failed_since_s(instance: dg.DagsterInstance, run_key: str) -> float | None:
    """Seconds since the run of a key failed; None when it did not, or Dagster has started it again."""
    runs = instance.get_run_records(dg.RunsFilter(tags={"dagster/run_key": run_key}), limit=1) if run_key else ()
    for run in runs:
        if run.dagster_run.status == dg.DagsterRunStatus.FAILURE:
            return time.time() - (run.end_time or 0.0)
    return None


def judge(before: Cursor, look: Look, failed_s: float | None = None) -> Verdict:
    """Ask when all, or after long waiting all but the newest, looks as it did at the look before, and not as when a run was last asked for.

    `failed_s` is how long ago that run failed: then it is asked for once more, after a while.
    """
    seen = f"{look.videos:,} video{'' if look.videos == 1 else 's'}"
    growing = f", {look.newer:,} file{'' if look.newer == 1 else 's'} new or still growing" if look.newer else ""
    settled = replace(before, digest=look.digest, newest=look.newest, older=look.digest, waited=0)
    if not look.videos:
        return Verdict(before, False, "the source holds no video")
    if look.digest == before.digest != before.asked:
        return _asking(settled, look.digest, f"{seen} look the same twice", look.newest)
    if look.digest == before.digest:
        return _nothing_new(settled, seen, failed_s)
    if before.waited >= PATIENCE and look.older == before.older != before.asked:
        return _asking(settled, look.older, f"{seen}{growing}; the others are not kept waiting any longer", before.newest)
    if not before.digest or look.older == before.asked:
        waiting = replace(settled, waited=before.waited + 1)
    else:
        waiting = replace(before, digest=look.digest, older=look.older, waited=before.waited + 1)
    return Verdict(waiting, False, f"{seen}{growing or ', not the same as at the last look'}; waiting until they look the same twice")


def _nothing_new(after: Cursor, seen: str, failed_s: float | None) -> Verdict:
    if failed_s is None:
        return Verdict(after, False, f"{seen}, nothing new")
    if failed_s < AGAIN_AFTER_S:
        return Verdict(after, False, f"{seen}, nothing new; the run that was asked for failed, and is asked for again within an hour")
    return _asking(after, after.digest, f"{seen}; the run that was asked for failed", after.newest)


def _asking(after: Cursor, digest: str, said: str, until: int) -> Verdict:
    """The key goes on from the one before: Dagster starts no second run of a key, and a source that goes back to an earlier state needs one."""
    key = blake2b(f"{after.run_key} {digest}".encode(), digest_size=16).hexdigest()
    return Verdict(replace(after, asked=digest, run_key=key), True, said, until)
