"""Watches a backfill that Dagster's daemon does, in the same words and bars as a run of this process."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg
from rich.console import Console
from rich.markup import escape

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.asked import AskedElsewhere
from streamcap_dagster.assets.progress import AssetDone, VideoDone
from streamcap_dagster.automation.backfills import BackfillState, cancel_backfill, runs_of, state_of
from streamcap_dagster.captions.pacing.meter import Meter
from streamcap_dagster.cli.daemon import ALIVE_S, silent_s
from streamcap_dagster.cli.progress import Watcher
from streamcap_dagster.errors import StillGoing

LOOKS_EVERY_S = 2.0
_PATIENCE = 4
"""A look at the state of a backfill of 100,000 videos takes seconds; between two is this many times as long as the first took."""
_AT_ONCE = 1000
_UNDER_WAY = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED)
_WAITING = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED)
_WENT_WRONG = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_WILL_RETRY = "dagster/will_retry"
_LAST = PER_VIDEO[-1].name


class NotWatched(StillGoing):
    """Somebody stopped watching a backfill, which goes on."""

    def __init__(self, backfill_id: str) -> None:
        super().__init__(
            f"backfill {backfill_id} goes on without being watched. `streamcap status` tells how its videos stand; "
            f"`streamcap backfill --cancel {backfill_id}` ends it, as does Cancel in Dagster's pages under Runs, Backfills."
        )


@dataclass(frozen=True)
class Ended:
    """How a backfill ended."""

    state: BackfillState
    left: Sequence[str]
    """Videos that were neither made nor failed by themselves."""

    @property
    def well(self) -> bool:
        return self.state.status == "COMPLETED_SUCCESS" and not self.left


def newest_event(instance: dg.DagsterInstance) -> int:
    """The event after which those of a backfill that is launched now begin."""
    return instance.event_log_storage.get_maximum_record_id() or 0


def watch_backfill(console: Console, instance: dg.DagsterInstance, backfill_id: str, video_ids: Collection[str], watcher: Watcher, since: int) -> Ended:
    """Tell `watcher` what the runs of a backfill do until it has ended; `since` is the newest event before it. Raises NotWatched on Ctrl-C."""
    runs, daemon = _Runs(console, instance, backfill_id, watcher, since), _SignOfLife(console, instance)
    try:
        while True:
            began_s = time.monotonic()
            state = state_of(instance, backfill_id)
            took_s = time.monotonic() - began_s
            daemon.look()
            runs.look()  # after the state, so that the last look sees all that was done
            if runs.refused and state is not None and state.status == "REQUESTED":
                cancel_backfill(instance, backfill_id)  # no other run of it would go better
            if state is None or state.ended:
                watcher.tally.meters[backfill_id] = runs.spent
                left = [video_id for video_id in video_ids if video_id not in runs.walked]
                return Ended(state or BackfillState("DELETED", True), left)
            time.sleep(max(LOOKS_EVERY_S, _PATIENCE * took_s))
    except KeyboardInterrupt:
        raise NotWatched(backfill_id) from None


class _SignOfLife:
    """Says once when the daemon falls silent, for then a backfill stands still, and once when it is back."""

    def __init__(self, console: Console, instance: dg.DagsterInstance) -> None:
        self._console, self._instance, self._silent = console, instance, False

    def look(self) -> None:
        silence = silent_s(self._instance)
        silent = silence is None or silence > ALIVE_S
        if silent and not self._silent:
            words = "has given no sign of life for a while; the backfill waits for it. Start it again, or press Ctrl-C and go on with --here."
            self._console.print(f"[yellow]Dagster's daemon[/] {words}", highlight=False, soft_wrap=True)
        if self._silent and not silent:
            self._console.print("Dagster's daemon is back.", highlight=False)
        self._silent = silent


class _Runs:
    """What the runs of a backfill have done so far, read from the instance's events."""

    def __init__(self, console: Console, instance: dg.DagsterInstance, backfill_id: str, watcher: Watcher, since: int) -> None:
        self._console, self._instance, self._backfill_id, self._watcher = console, instance, backfill_id, watcher
        self._after = {asset.name: since for asset in PER_VIDEO}
        self._ours: dict[str, bool] = {}
        self._told: set[str] = set()
        self._gone_wrong = 0
        self.walked: set[str] = set()
        """Videos that were made, or failed by themselves."""
        self.spent = Meter()
        self.refused = False
        """Whether a run would not begin because it was asked for under other settings."""

    def look(self) -> None:
        for asset in PER_VIDEO:
            self._read_events(asset.name)
        self._read_failures()
        under_way, waiting = (self._instance.get_runs_count(runs_of(self._backfill_id, *statuses)) for statuses in (_UNDER_WAY, _WAITING))
        self._watcher.note(f"{under_way:,} run{'' if under_way == 1 else 's'} under way, {waiting:,} waiting")

    def _read_events(self, asset: str) -> None:
        while True:
            wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), after_storage_id=self._after[asset])
            records = self._instance.fetch_materializations(wanted, limit=_AT_ONCE, ascending=True).records
            self._learn({record.run_id for record in records})
            for record in records:
                made = record.asset_materialization
                if self._ours[record.run_id] and made is not None and made.partition is not None:
                    self._asset_done(asset, made.partition, made.metadata)
            if not records:
                return
            self._after[asset] = records[-1].storage_id

    def _learn(self, run_ids: set[str]) -> None:
        """Find out which runs are of this backfill."""
        if unknown := list(run_ids - self._ours.keys()):
            found = self._instance.get_run_records(dg.RunsFilter(run_ids=unknown, tags=runs_of(self._backfill_id).tags))
            ours = {record.dagster_run.run_id for record in found}
            self._ours |= {run_id: run_id in ours for run_id in unknown}

    def _asset_done(self, asset: str, video_id: str, metadata: Mapping[str, dg.MetadataValue]) -> None:
        reused, seconds = (metadata.get(name) for name in ("reused", "seconds"))
        self._watcher(AssetDone(video_id, asset, bool(reused and reused.value), float(str(seconds.value)) if seconds else 0.0))
        self.spent += _spent(metadata)
        if asset == _LAST and video_id not in self.walked:
            self.walked.add(video_id)
            self._watcher(VideoDone(video_id))

    def _read_failures(self) -> None:
        gone_wrong = self._instance.get_runs_count(runs_of(self._backfill_id, *_WENT_WRONG))
        if gone_wrong == self._gone_wrong:
            return
        self._gone_wrong = gone_wrong
        for record in self._instance.get_run_records(runs_of(self._backfill_id, *_WENT_WRONG)):
            run = record.dagster_run
            if run.run_id in self._told or run.tags.get(_WILL_RETRY) == "true":
                continue
            self._told.add(run.run_id)
            self._tell_failure(run)

    def _tell_failure(self, run: dg.DagsterRun) -> None:
        """Each failed video by itself; of a run that ended otherwise, why."""
        went_wrong = _look_into(self._instance, run)
        for video_id, reason in went_wrong.reasons.items():
            if video_id not in self.walked:
                self.walked.add(video_id)
                self._watcher(VideoDone(video_id, reason))
        self.refused = self.refused or went_wrong.refused
        if went_wrong.why and went_wrong.why not in self._told:
            self._told.add(went_wrong.why)
            self._console.print(f"[red]run {run.run_id[:8]}[/] {escape(went_wrong.why)}", highlight=False, soft_wrap=True)


def _spent(metadata: Mapping[str, dg.MetadataValue]) -> Meter:
    """What the answers for an asset of a video took, as its event tells it."""
    names = ("requests", "answers", "input_tokens", "output_tokens", "cost_usd")
    requests, answers, input_tokens, output_tokens, usd = (float(str(metadata[name].value)) if name in metadata else 0.0 for name in names)
    return Meter(requests=int(requests), answered=int(answers), text_tokens=int(input_tokens), output_tokens=int(output_tokens), cost_usd=usd)


@dataclass(frozen=True)
class _WentWrong:
    """What a run says of itself after it went wrong."""

    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why single videos failed."""
    why: str = ""
    """Why the run as a whole did not go on, where it did not."""
    refused: bool = False


def _look_into(instance: dg.DagsterInstance, run: dg.DagsterRun) -> _WentWrong:
    if run.status == dg.DagsterRunStatus.CANCELED:
        return _WentWrong(why="was canceled")
    for kind in (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE):
        for record in instance.get_records_for_run(run.run_id, of_type=kind).records:
            event = record.event_log_entry.dagster_event
            if event is not None:
                return _told_by(event) if kind == dg.DagsterEventType.STEP_FAILURE else _WentWrong(why=event.message or "")
    return _WentWrong(why="failed, and does not say why")


def _told_by(event: dg.DagsterEvent) -> _WentWrong:
    failure = event.step_failure_data
    metadata = failure.user_failure_data.metadata if failure.user_failure_data is not None else {}
    if "reasons" in metadata:
        reasons, stopped = metadata["reasons"].value, metadata.get("stopped")
        return _WentWrong(reasons if isinstance(reasons, dict) else {}, str(stopped.value) if stopped is not None else "")
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return _WentWrong(why="failed, and does not say why")
    return _WentWrong(why=error.message.strip(), refused=error.cls_name == AskedElsewhere.__name__)
