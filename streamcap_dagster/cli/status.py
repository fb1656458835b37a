"""`streamcap status`: how every video stands, from storage alone."""

import json
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.standing import Standing, standing_of
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage.failures import read_failures
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import captioner_for, source_for, storage_for

_COLOURS = {
    "complete": "green",
    "skipped": "dim",
    "stale": "yellow",
    "incomplete": "yellow",
    "failed": "red",
    "unusable": "red",
    "removed": "dim",
    "forgotten": "dim",
}
_BAD = ("failed", "unusable")


def show_status(settings: Settings, as_json: bool) -> int:
    """Print how every video of the manifest stands; returns the exit status."""
    workshop = Workshop(settings, source_for(settings).open(), storage_for(settings).open(), captioner_for(settings).bare())
    failures = {failure.video_id: failure for failure in read_failures(workshop.storage)}
    videos = read_manifest(workshop.storage).values()
    standings = list(
        side_by_side(workshop.storage.lanes, lambda video: standing_of(video, PER_VIDEO, workshop, failures.get(video.video_id)), videos),
    )
    if as_json:
        print(json.dumps({"storage": workshop.storage.uri, "videos": [_plain(standing) for standing in standings]}, indent=1))
    else:
        _show(Console(), standings, workshop.storage.uri)
    return 1 if any(standing.state in _BAD for standing in standings) else 0


def _plain(standing: Standing) -> dict[str, object]:
    video = standing.video
    return {
        "video_id": video.video_id,
        "uri": video.uri,
        "duration_s": video.duration_s,
        "state": standing.state,
        "reason": standing.reason,
        "assets": standing.assets,
        "counts": standing.counts,
    }


def _show(console: Console, standings: Sequence[Standing], storage: str) -> None:
    if not standings:
        console.print(f"{escape(storage)} holds nothing yet: `streamcap run` catalogs the source and makes the dataset.", highlight=False, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("video", "state", "made", "stale", "missing"):
        table.add_column(name, overflow="fold")
    for standing in standings:
        states = Counter(standing.assets.values())
        unmade = [name for name, state in standing.assets.items() if state == "missing"]
        stale = [name for name, state in standing.assets.items() if state == "stale"]
        colour = _COLOURS[standing.state]
        table.add_row(standing.video.video_id, f"[{colour}]{standing.state}[/]", f"{states['made']}/{len(PER_VIDEO)}", _names(stale), _names(unmade))
    console.print(table)
    for standing in standings:
        if standing.reason:
            console.print(f"[{_COLOURS[standing.state]}]{standing.state}[/] {escape(standing.reason)}", highlight=False, soft_wrap=True)
    totals = Counter(standing.state for standing in standings)
    console.print(", ".join(f"{count} {state}" for state, count in totals.items()), highlight=False)


def _names(names: Sequence[str]) -> str:
    return "all" if len(names) == len(PER_VIDEO) else ", ".join(names)
