"""`streamcap preferences`: candidates handed out to people to rank, their rankings taken in, and the pairs made anew with them."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from streamcap_dagster.cli.diff_words import told_count
from streamcap_dagster.cli.files import written_whole
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.progress import Watcher
from streamcap_dagster.cli.run import Graph
from streamcap_dagster.errors import SettingError
from streamcap_dagster.examples.ranking_files import FORMATS, FormatName, RankingsUnusable, read_judgements
from streamcap_dagster.examples.ranking_files.items import Faulty, Item
from streamcap_dagster.examples.ranking_items import Rankable, merged, rankable_of, rankings_of
from streamcap_dagster.partitions import register_videos
from streamcap_dagster.records import PreferenceExamples
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.leases import turn
from streamcap_dagster.storage.tombstones import is_taken_down
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import build_definitions, storage_for

_MADE = ("reviews", "preference_examples")
"""The pairs, and what reviewers have a say in them by, which may not have been made yet."""


def export_rankings(settings: Settings, form: str, only: Sequence[str], out: Path | None, frames_at: str, unranked: bool) -> int:
    """Write what there is to rank to a file, or to standard output; returns the exit status."""
    console, storage = Console(stderr=True), storage_for(settings).open()
    chosen, windows, ranked = FORMATS[_form(form)], 0, 0

    def items() -> Iterator[Item]:
        nonlocal windows, ranked
        for video_id in _videos(storage, only):
            for rankable in rankable_of(storage, video_id, frames_at):
                if unranked and rankable.item.ranks:
                    continue
                windows += 1
                ranked += bool(rankable.item.ranks)
                yield rankable.item

    with written_whole(out) as file:
        chosen.write(items(), file)
    told = f", {ranked:,} of them ranked already" if ranked else ""
    console.print(f"{told_count(windows, 'window')} to rank{told}: {escape(str(out or 'standard output'))}", highlight=False, soft_wrap=True)
    if not windows:
        console.print("Preference pairs are made by `streamcap run`; a window needs two different candidates.", highlight=False)
    return 0


def import_rankings(settings: Settings, path: Path, form: str | None, dry_run: bool) -> int:
    """Take in what people said; returns the exit status. Every line is checked before the first is kept. Raises RankingsUnusable."""
    console, storage = Console(), storage_for(settings).open()
    judgements = read_judgements(path, _form(form) if form else None)
    if not judgements:
        raise RankingsUnusable(str(path), "nothing in it is ranked")
    named = {judgement.sample_id.partition("/")[0] for judgement in judgements}
    try:
        said = merged(judgements, _known(storage, named))
    except Faulty as fault:
        raise RankingsUnusable(str(path), str(fault)) from fault
    for video_id, windows in () if dry_run else said.items():
        with turn(storage, video_id):  # no run makes pairs of it meanwhile, and no other import
            fresh = storage.afresh()
            if is_taken_down(fresh, video_id):
                console.print(f"{video_id} was taken down meanwhile, so nothing is kept of it", highlight=False)
                continue
            write_record(fresh, keys.rankings(video_id), rankings_of(fresh, video_id).with_windows(windows))
    count = sum(map(len, said.values()))
    done = "would be kept" if dry_run else "kept: they go before every score"
    console.print(f"{told_count(count, 'window')} of {told_count(len(said), 'video')}, ranked by people, {done}", highlight=False, soft_wrap=True)
    if not dry_run:
        console.print("`streamcap preferences stage` makes the pairs anew with them, which asks no captioner; the next run does too.", highlight=False)
    return 0


def stage_pairs(settings: Settings, only: Sequence[str]) -> int:
    """Make the preference pairs that are out of date, and the dataset with them; returns the exit status."""
    console, storage = Console(), storage_for(settings).open()
    ready = [video_id for video_id in _videos(storage, only) if storage.stat(keys.objectives(video_id)) is not None]
    if not ready:
        raise SettingError("STREAMCAP_STORAGE", settings.storage, "it holds no captions to make pairs of; `streamcap run` makes them")
    watcher = Watcher(console)
    with open_instance() as instance, watcher.watching():
        graph = Graph(build_definitions(settings, watcher), instance)
        watcher.expect(len(ready))
        registered = set(instance.get_dynamic_partitions("videos"))
        register_videos(instance, [video_id for video_id in ready if video_id not in registered])
        troubles = [graph.make_videos(_MADE, ready), graph.build(storage, ["hf_dataset"], watcher)]
    made = [read_record(storage, keys.preference_examples(video_id), PreferenceExamples) for video_id in ready if _has_pairs(storage, video_id)]
    pairs = [pair for examples in made for pair in examples.examples]
    by_people, alike = (sum(kept) for kept in ((pair.ranked_by == "human" for pair in pairs), (pair.length_matched for pair in pairs)))
    told = f"{told_count(len(pairs), 'pair')} of {told_count(len(ready), 'video')}: {by_people:,} ranked by people, {alike:,} of two texts of the same length"
    console.print(told, highlight=False, soft_wrap=True)
    for trouble in troubles:
        if trouble.why:
            console.print(f"[red]failed[/] {escape(trouble.why)}", highlight=False, soft_wrap=True)
    return 1 if watcher.tally.failures or any(trouble.why for trouble in troubles) else 0


def _has_pairs(storage: Storage, video_id: str) -> bool:
    return storage.stat(keys.preference_examples(video_id)) is not None


def _known(storage: Storage, video_ids: Iterable[str]) -> dict[str, Rankable]:
    """What there is to rank of those of the videos that the catalog knows."""
    manifest = read_manifest(storage)
    usable = sorted(video_id for video_id in video_ids if video_id in manifest and manifest[video_id].status != "forgotten")
    return {rankable.item.sample_id: rankable for video_id in usable for rankable in rankable_of(storage, video_id)}


def _videos(storage: Storage, only: Sequence[str]) -> list[str]:
    """Videos of the catalog in order of id. Raises SettingError for a name that is none of theirs."""
    usable = sorted(video.video_id for video in read_manifest(storage).values() if video.status == "ok")
    for video_id in only:
        if video_id not in usable:
            near = get_close_matches(video_id, usable, n=1)
            raise SettingError("--only", video_id, f"the catalog has no such video{f'; is {near[0]} meant?' if near else ''} (`streamcap status` lists them)")
    return [video_id for video_id in usable if not only or video_id in only]


def _form(name: str) -> FormatName:
    found = next((known for known in FORMATS if known == name), None)
    if found is None:
        raise SettingError("--format", name, f"the formats are {', '.join(FORMATS)}")
    return found
