"""`streamcap run`: the whole graph in this process, on the shared instance and storage."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dagster as dg
import typer
from rich.console import Console
from rich.markup import escape

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.clips import unknown_in_selection
from streamcap_dagster.assets.dataset import JSON_FILES, WHOLE_CORPUS
from streamcap_dagster.assets.free import FREE, lacking_only_free
from streamcap_dagster.assets.groups import VIDEO_GROUPS
from streamcap_dagster.captions.estimate.sentence import summary
from streamcap_dagster.cli.estimate_run import estimate_run, usable
from streamcap_dagster.cli.instance import open_instance, said_by_database
from streamcap_dagster.cli.left_behind import end_left_behind
from streamcap_dagster.cli.progress import Watcher
from streamcap_dagster.cli.summary import Trouble, summarize
from streamcap_dagster.errors import SettingError, StorageLost, StreamcapError
from streamcap_dagster.launchers.local import PROCESS
from streamcap_dagster.partitions import register_videos
from streamcap_dagster.settings import Settings, gemini_key
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.processes import process_name
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import build_definitions, captioner_for, storage_for

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
VIDEOS_A_RUN = 500
"""Dagster keeps every event of a run in memory, so a large corpus is walked in several runs."""
BUILDING = "building the dataset"
"""Said while that is being done, which takes minutes where there are very many videos."""


def run_pipeline(settings: Settings, only: Sequence[str], yes: bool = False) -> int:
    """Make everything that is missing or out of date; returns the exit status. `yes` spends money without asking whether it may."""
    console = Console(stderr=False)
    watcher = Watcher(console)
    definitions, captioner = build_definitions(settings, watcher), captioner_for(settings)
    captioner.ready()  # what it lacks is better said now than after hours of cataloging
    chosen_by = f", chosen because {gemini_key()} is set" if settings.captioner_by_key else ""
    console.print(f"captioner: {escape(captioner.about)}{chosen_by}", highlight=False, soft_wrap=True)
    with open_instance() as instance, watcher.watching():
        end_left_behind(instance)
        graph = Graph(definitions, instance)
        graph.make(["video_catalog"])
        storage = storage_for(settings).open()
        manifest = read_manifest(storage)
        wanted = {video.video_id for video in usable(manifest, only)}
        chosen = [video_id for video_id in instance.get_dynamic_partitions("videos") if video_id in wanted]
        unusable = [video for video in manifest.values() if video.status not in ("ok", "forgotten")]
        forgotten = sum(video.status == "forgotten" for video in manifest.values())
        found = f"{_videos(len(manifest) - len(unusable) - forgotten)}, {len(unusable)} that cannot be used" + (f", {forgotten} forgotten" if forgotten else "")
        console.print(f"source: {escape(settings.source)}: {found}", highlight=False, soft_wrap=True)
        for video_id in unknown_in_selection(settings, manifest):
            console.print(f"[yellow]{settings.clips_csv} names {escape(video_id)!r}, which the catalog does not know[/]", highlight=False, soft_wrap=True)
        if settings.captioner_by_key and not yes:
            with watcher.hidden():
                ask_to_pay(console, settings, only)
        watcher.expect(len(chosen))
        troubles = graph.make_all(storage, chosen, watcher)
    summarize(console, watcher, storage, [manifest[video_id] for video_id in chosen], unusable, troubles)
    troubled = any(trouble.why for trouble in troubles.values()) or any(video.status == "failed" for video in unusable)
    return 1 if watcher.tally.failures or troubled else 0


def ask_to_pay(console: Console, settings: Settings, only: Sequence[str]) -> None:
    """Show what a captioner that nobody named would cost, and ask. Raises SettingError when there is nobody to ask, typer.Exit on a no."""
    estimate = estimate_run(settings, only)
    if not estimate.left.calls:
        return
    console.print(summary(estimate), markup=False, highlight=False, soft_wrap=True)
    if not (console.is_terminal and sys.stdin.isatty()):
        why = f"{settings.captioner} would be asked, and paid, only because {gemini_key()} is set. Name it (--captioner {settings.captioner}), or add --yes"
        raise SettingError("STREAMCAP_CAPTIONER", "", why)
    if not typer.confirm("Go on?"):
        console.print("Nothing was asked, and nothing paid.")
        raise typer.Exit(1)


class Graph:
    """Runs parts of the definitions in this process, each as a run of the instance."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance, tags: Mapping[str, str] | None = None) -> None:
        """`tags` are put on every run. A run that went wrong here is nobody else's to start again."""
        self._job = definitions.resolve_implicit_global_asset_job_def()
        self._instance = instance
        self._tags = {"dagster/max_retries": "0", PROCESS: process_name(), **(tags or {})}

    def make(self, names: Sequence[str], may_fail: bool = False) -> Trouble:
        """Materialize assets of the whole corpus, groups and JSON files first: nothing that is wrong with the dataset is to hold them up.

        Returns why it failed when it may, else raises.
        """
        try:
            first = (VIDEO_GROUPS, *JSON_FILES)
            for part in ([name for name in names if name in first], [name for name in names if name not in first]):
                if part:
                    self._run(part, {})
        except (StreamcapError, dg.Failure) as error:
            if not may_fail:
                raise
            return _trouble(error)
        return Trouble()

    def make_all(self, storage: Storage, video_ids: Sequence[str], watcher: Watcher | None = None) -> dict[str, Trouble]:
        """Walk videos through all their assets, then build what is made of all videos. Returns what went wrong, by the word for it."""
        stopped = self.make_videos([asset.name for asset in PER_VIDEO], video_ids)
        return {"stopped": stopped, "failed": Trouble() if stopped.storage_lost else self.build(storage, WHOLE_CORPUS, watcher)}

    def build(self, storage: Storage, names: Sequence[str], watcher: Watcher | None = None) -> Trouble:
        """Materialize assets of the whole corpus with the groups that they need. Returns why it failed.

        First of every video what costs nothing and is all that it lacks, as in a storage of an older version: else it would be left out.
        """
        try:
            lacking = lacking_only_free(storage.afresh())
            if watcher is not None and lacking:
                watcher.expect_more(lacking)
            registered = set(self._instance.get_dynamic_partitions("videos"))
            register_videos(self._instance, [video_id for video_id in lacking if video_id not in registered])
            stopped = self.make_videos([asset.name for asset in FREE], lacking)
        except (StreamcapError, dg.Failure) as error:
            return _trouble(error)
        if stopped.why:
            return stopped
        if watcher is not None:
            watcher.note(BUILDING)
        return self.make([VIDEO_GROUPS, *(name for name in names if name != VIDEO_GROUPS)], may_fail=True)

    def make_videos(self, names: Sequence[str], video_ids: Sequence[str]) -> Trouble:
        """Materialize per-video assets of these partitions, in runs of bounded length. The failures of single videos are the watcher's to tell.

        Returns what stopped it before its time, such as a budget.
        """
        for start in range(0, len(video_ids), VIDEOS_A_RUN):
            together = video_ids[start : start + VIDEOS_A_RUN]
            try:
                with self._knowing_only(together):
                    self._run(names, {"dagster/asset_partition_range_start": together[0], "dagster/asset_partition_range_end": together[-1]})
            except dg.Failure as failure:
                if "failed" not in failure.metadata:
                    raise
                if "stopped" in failure.metadata:
                    return Trouble(str(failure.metadata["stopped"].value), bool(failure.metadata["storage_lost"].value))
        return Trouble()

    @contextmanager
    def _knowing_only(self, video_ids: Sequence[str]) -> Iterator[None]:
        """Let the instance, as this process sees it, have no other partitions. A range follows the order of registration, in which a few videos
        may lie far apart: a run for each unbroken stretch would walk them one after another.
        """
        seen = vars(self._instance)
        seen["get_dynamic_partitions"] = lambda partitions_def_name: list(video_ids)  # noqa: ARG005 - it is called by that name
        try:
            yield
        finally:
            del seen["get_dynamic_partitions"]

    def _run(self, names: Sequence[str], tags: dict[str, str]) -> None:
        """Once more where Dagster's database went away in the middle and is back: what was made is found again, and its events are written."""
        try:
            self._run_once(names, tags)
        except Exception as error:
            if not said_by_database(error):
                raise
            self._instance.get_runs_count()  # waits for it, some seconds
            self._run_once(names, tags)

    def _run_once(self, names: Sequence[str], tags: dict[str, str]) -> None:
        selection, tags = [dg.AssetKey(name) for name in names], {**self._tags, **tags}
        try:
            self._job.execute_in_process(run_config=_QUIET, instance=self._instance, asset_selection=selection, tags=tags, raise_on_error=True)
        except dg.DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None  # which it was before Dagster's signal handler took it


def _trouble(error: StreamcapError | dg.Failure) -> Trouble:
    return Trouble(str(error.description if isinstance(error, dg.Failure) else error), isinstance(error, StorageLost))


def _videos(count: int) -> str:
    return "1 video" if count == 1 else f"{count} videos"
