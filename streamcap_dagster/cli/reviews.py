"""`streamcap reviews`: what people decided of captions, counted, and taken out as CSV."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.cli.diff_words import told_count
from streamcap_dagster.cli.files import written_whole
from streamcap_dagster.errors import ObjectUnreadable, SettingError
from streamcap_dagster.reviews.export import videos_with_a_review, write_csv
from streamcap_dagster.reviews.index import ReviewCounts, count_reviews
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.receipts import read_receipts
from streamcap_dagster.wiring import storage_for

_NUMBERS = ("kept", "dropped", "edited", "ranked", "marks")


def export_reviews(settings: Settings, out: Path | None, only: Sequence[str]) -> int:
    """Write every decision to a file, or to standard output; returns the exit status, 1 when the review of a video cannot be read."""
    console, storage = Console(stderr=True), storage_for(settings).open()
    _check_known(storage, only)
    with written_whole(out) as file:
        written = write_csv(storage, file, only)
    for trouble in written.troubles:
        console.print(f"[red]left out[/] {escape(trouble)}", highlight=False, soft_wrap=True)
    told = f"{told_count(written.decisions, 'decision')} on {told_count(written.videos, 'video')}"
    console.print(f"{told}: {escape(str(out or 'standard output'))}", highlight=False, soft_wrap=True)
    return 1 if written.troubles else 0


def show_reviews(settings: Settings, as_json: bool) -> int:
    """Print what was decided of which videos; returns the exit status, 1 when the review of a video cannot be read."""
    console, storage = Console(), storage_for(settings).open()
    found = count_reviews(storage, settings.cache)
    outdated = {one.video_id: _outdated(storage, one.video_id) for one in found}
    if as_json:
        told = [{**asdict(one), "outdated": outdated[one.video_id]} for one in found]
        print(json.dumps({"storage": storage.uri, "videos": told}, ensure_ascii=False))
    else:
        _show(console, storage, found, outdated)
    return 1 if any(one.trouble for one in found) else 0


def _show(console: Console, storage: Storage, found: Sequence[ReviewCounts], outdated: dict[str, int]) -> None:
    if not found:
        console.print(f"Nobody has decided anything in {escape(storage.uri)} yet; `streamcap review` shows the captions.", highlight=False, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("video", *_NUMBERS, "outdated", "last", "by"):
        table.add_column(name, justify="right" if name in (*_NUMBERS, "outdated") else "left", overflow="fold")
    for one in found:
        numbers = (f"{getattr(one, name):,}" for name in _NUMBERS)
        table.add_row(one.video_id, *numbers, f"{outdated[one.video_id]:,}", one.last_at[:16].replace("T", " "), escape(one.people))
    console.print(table)
    if any(outdated.values()):
        console.print("Outdated are decisions on captions that are others by now: they are kept, and do not count.", highlight=False, soft_wrap=True)
    for one in found:
        if one.trouble:
            console.print(f"[red]cannot be read[/] {escape(one.trouble)}", highlight=False, soft_wrap=True)


def _outdated(storage: Storage, video_id: str) -> int:
    """Decisions that did not count when they were last looked at by a run."""
    try:
        receipt = read_receipts(storage, video_id).of("reviews")
    except ObjectUnreadable:
        return 0
    return receipt.counts.get("decisions_on_other_captions", 0) if receipt else 0


def _check_known(storage: Storage, only: Sequence[str]) -> None:
    """Raises SettingError for a video that nobody has decided anything of."""
    known = videos_with_a_review(storage) if only else {}
    for video_id in only:
        if video_id not in known:
            raise SettingError("--only", video_id, "nobody has decided anything of such a video (`streamcap reviews status` lists them)")
