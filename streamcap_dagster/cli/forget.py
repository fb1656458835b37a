"""`streamcap forget`: videos taken down for good, from storage, dataset and Dagster's instance, and the way back."""

import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import dagster as dg
import typer
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.assets.dataset import WHOLE_CORPUS
from streamcap_dagster.assets.videos import report_catalog
from streamcap_dagster.assets.wiping import Traces, count_traces, traces_of, wipe_traces
from streamcap_dagster.automation.backfills import NOT_ENDED
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.run import Graph
from streamcap_dagster.errors import SettingError, SourceError, StorageError
from streamcap_dagster.partitions import unregister_videos
from streamcap_dagster.settings import Settings, scheme_of
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.address import read_address
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.tombstones import TakenDown, lift_tombstone, read_tombstones
from streamcap_dagster.videos.forgetting import CATALOG_TURN, Doomed, contents_of, doomed_with, remove_objects, take_down
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import build_definitions, source_for, storage_for

_BUILT = {"video_groups": keys.GROUPS, "train_json": keys.TRAIN_JSON, "rl_json": keys.RL_JSON, "hf_dataset": f"{keys.DATASET}/"}
"""What is made of all videos, by the beginning of its keys: shards of a build that was killed hold videos too, without any card."""


def forget_videos(settings: Settings, video_ids: Sequence[str], *, yes: bool, dry_run: bool) -> int:
    """Take videos down and remove all that was made of them; returns the exit status, 1 when the dataset could not be rebuilt without them."""
    console, storage = Console(), storage_for(settings).open()
    _check_known(storage, video_ids)
    with open_instance() as instance:
        doomed = doomed_with(storage, video_ids)
        _show(console, storage, doomed, count_traces(instance, _traces(doomed)))
        for note in _lasting(settings):
            console.print(note, markup=False, highlight=False, soft_wrap=True)
        if dry_run:
            return 0
        _ask(console, doomed, yes)
        doomed = take_down(storage, doomed, _present(console, settings), lambda name: _say_waiting(console, name))
        with console.status("removing"):
            for video in doomed:
                remove_objects(storage, video.video_id, lambda name: _say_waiting(console, name))
            _clear_copies(settings, storage)
        under_way = instance.get_runs_count(dg.RunsFilter(statuses=NOT_ENDED))
        with console.status("building the dataset without them"):
            failed = _forget_in(instance, settings, storage, doomed)
    for note in _notes(storage, doomed, under_way):
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    if failed:
        console.print(f"[red]failed[/] the dataset still holds them: {escape(failed)}", highlight=False, soft_wrap=True)
        console.print("Run the same command again once that is mended.")
        return 1
    console.print(f"Forgotten: {', '.join(video.video_id for video in doomed)}. `streamcap forget --undo` takes back an id.", highlight=False, soft_wrap=True)
    return 0


def take_back(settings: Settings, video_ids: Sequence[str], *, dry_run: bool) -> int:
    """Remove tombstones, with those of every other video that has the same bytes; returns the exit status."""
    console, storage = Console(), storage_for(settings).open()
    stones = read_tombstones(storage)
    lifted = _with_same_bytes(stones, video_ids)
    for video_id in lifted:
        if not dry_run:
            lift_tombstone(storage, video_id)
        console.print(f"{video_id} {'would no longer be' if dry_run else 'is no longer'} taken down", highlight=False)
    console.print(
        "What was removed does not come back by itself: `streamcap run` takes a file in again that is still in the source, and makes everything "
        "of it anew, which is paid for anew.",
        soft_wrap=True,
    )
    return 0


def _with_same_bytes(stones: TakenDown, video_ids: Sequence[str]) -> list[str]:
    for video_id in video_ids:
        if video_id not in stones.by_id:
            known = f"taken down are {', '.join(stones.by_id)}" if stones.by_id else "nothing is"
            raise SettingError("VIDEO_ID", video_id, f"it was not taken down; {known}")
    contents = {stones.by_id[video_id].sha256 for video_id in video_ids}
    return [stone.video_id for stone in stones.by_id.values() if stone.sha256 in contents]


def _check_known(storage: Storage, video_ids: Sequence[str]) -> None:
    for video_id, content in contents_of(storage, video_ids).items():
        if content:
            continue
        known = read_manifest(storage)
        if video_id in known:
            why = "its file could never be read, so that nobody would know its bytes again, and nothing was made of it. Remove the file from the source"
            raise SettingError("VIDEO_ID", video_id, why)
        near = get_close_matches(video_id, known, n=1)
        raise SettingError("VIDEO_ID", video_id, f"the catalog has no such video{f'; is {near[0]} meant?' if near else ''} (`streamcap status` lists them)")


def _traces(doomed: Sequence[Doomed]) -> list[Traces]:
    return traces_of({video.video_id: video.uri for video in doomed})


def _show(console: Console, storage: Storage, doomed: Sequence[Doomed], events: int) -> None:
    console.print(f"to be removed from {escape(storage.uri)}, and from the dataset:", highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("video", "objects", "size", "answers"):
        table.add_column(name, justify="left" if name == "video" else "right", overflow="fold")
    for video in doomed:
        table.add_row(video.video_id, f"{len(video.objects):,}", decimal(video.size_bytes), f"{video.calls:,}")
    console.print(table)
    for video in doomed:
        if video.twin_of:
            console.print(f"[yellow]{video.video_id}[/] goes too: it has the same bytes as {video.twin_of}", highlight=False, soft_wrap=True)
    console.print(f"and {events:,} events of Dagster, with every report of a catalog or a dataset that names one", highlight=False, soft_wrap=True)


def _ask(console: Console, doomed: Sequence[Doomed], yes: bool) -> None:
    """Raises SettingError when there is nobody to ask, typer.Exit on a no."""
    if yes:
        return
    count = "1 video" if len(doomed) == 1 else f"{len(doomed)} videos"
    if not (console.is_terminal and sys.stdin.isatty()):
        raise SettingError("VIDEO_ID", doomed[0].video_id, f"{count} would be removed for good, and nobody can be asked; add --yes to remove")
    if not typer.confirm(f"Remove {count} for good? The answers of the captioner that were paid for go too."):
        console.print("Nothing was removed.")
        raise typer.Exit(1)


def _present(console: Console, settings: Settings) -> set[str] | None:
    """The files in the source now; None when it cannot be looked at."""
    try:
        return {file.uri for file in source_for(settings).open().scan()}
    except (SourceError, StorageError) as error:
        console.print(
            f"[yellow]notice[/] {escape(str(error))}. So the catalog lists their files as forgotten until it looks again.", highlight=False, soft_wrap=True
        )
        return None


def _say_waiting(console: Console, name: str) -> None:
    what = "another process that reads the source" if name == CATALOG_TURN else f"the run that works on {name}"
    console.print(f"waiting for {what} to end", highlight=False)


def _clear_copies(settings: Settings, storage: Storage) -> None:
    """Half-written files of killed processes, and local copies of what is in a bucket or on the Hub, which nothing here tells apart by video.

    Also where the source is another by now: the copies stay from the time when it was not.
    """
    from streamcap_dagster.videos.hf_source import clear_listings

    if isinstance(storage, FolderStorage):
        storage.sweep()
    FileCache(settings.cache, limit_bytes=0).clear()
    clear_listings(settings.cache)


def _forget_in(instance: dg.DagsterInstance, settings: Settings, storage: Storage, doomed: Sequence[Doomed]) -> str:
    """Take the videos out of Dagster's instance and out of what is built of all videos; returns why that failed, empty when it did not."""
    unregister_videos(instance, [video.video_id for video in doomed if instance.has_dynamic_partition("videos", video.video_id)])
    wipe_traces(instance, _traces(doomed))
    report_catalog(instance, storage)
    built = [name for name, prefix in _BUILT.items() if any(True for _ in storage.list(prefix))]
    if not built:
        return ""
    return Graph(build_definitions(settings), instance).build(storage, [name for name in WHOLE_CORPUS if name in built]).why


def _notes(storage: Storage, doomed: Sequence[Doomed], under_way: int) -> Iterator[str]:
    """What is left, and who can do something about it."""
    manifest = read_manifest(storage)
    for video in doomed:
        if video.video_id in manifest:
            yield f"{manifest[video.video_id].uri!r} is still in the source, so the catalog lists its name as forgotten. Remove it there too."
    yield "Kept, with the id and nothing of the content: the tombstone, and the books of what was paid (`streamcap ledger`)."
    yield "Log lines, tags and backfills of earlier runs in Dagster may name an id or a file; `dagster run delete RUN_ID` removes those of a run."
    if under_way:
        yield f"{under_way} of Dagster's runs are under way and may yet report on it: when they have ended, run the same command again."


def _lasting(settings: Settings) -> Iterator[str]:
    """What nobody can remove from here, told before anything is."""
    yield (
        "What was taken out of the storage is not reached: exports (./exports, or where `streamcap export --out` put them), files of `streamcap preferences "
        "export` that people were given to rank, and what `streamcap rehearse` keeps beside the storage. Remove those that hold it, and export anew."
    )
    if settings.hub_repo:
        yield (
            f"What was published to {settings.hub_repo} on the Hugging Face Hub stays there until `streamcap publish` takes it out of the dataset, and in the "
            f"history of the repository until `HfApi().super_squash_history({settings.hub_repo!r}, repo_type='dataset')` of huggingface_hub removes that and "
            f"`HfApi().delete_tag({settings.hub_repo!r}, tag=…, repo_type='dataset')` every tag of an old release, for a tag keeps what it points at. "
            "Copies that others made are not recalled."
        )
    for bucket in _buckets(settings):
        yield from _about_bucket(bucket, settings)


def _buckets(settings: Settings) -> list[str]:
    """Names of the buckets that storage and source are in."""
    places = (settings.storage, settings.source)
    return sorted({read_address(place, "STREAMCAP_STORAGE").bucket for place in places if scheme_of(place) == "gs"})


def _about_bucket(bucket: str, settings: Settings) -> Iterator[str]:
    """What a bucket keeps of what is removed from it, and which of its settings says so."""
    from streamcap_dagster.storage.gcs.protection import read_protection

    found = read_protection(bucket, settings.storage_connections, settings.storage_deadline_s)
    if found is None or found.soft_delete_s:
        days = f"{found.soft_delete_s / 86400:g} days" if found else "the time of its soft-delete policy, which these credentials may not see"
        yield (
            f"gs://{bucket} keeps what is deleted for {days} (softDeletePolicy), and nobody can shorten that for what is deleted already. Without it, "
            f"which `gcloud storage buckets update gs://{bucket} --clear-soft-delete` does, what is deleted from then on is gone at once."
        )
    if found is None or found.versioning:
        yield (
            f"gs://{bucket} keeps old generations where it has versioning, until a lifecycle rule removes them: `gcloud storage ls --all-versions` lists "
            "those of an object, `gcloud storage rm --all-versions` removes them."
        )
    yield "Local copies on this machine are removed, but for those that a run uses now; on other machines, remove the folder of STREAMCAP_CACHE."
