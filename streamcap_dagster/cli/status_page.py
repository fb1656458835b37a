"""What `streamcap status` shows: a table of few videos, or totals and those of many that need a person."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.standing import Standing
from streamcap_dagster.assets.survey import Surveyed
from streamcap_dagster.cli.quota_status import Sharing
from streamcap_dagster.storage.failures import NotedFailure

_COLOURS = {
    "complete": "green",
    "skipped": "dim",
    "stale": "yellow",
    "incomplete": "yellow",
    "failed": "red",
    "parked": "red",
    "unusable": "red",
    "removed": "dim",
    "forgotten": "dim",
}
BAD = ("failed", "unusable")
MOST_ROWS = 40
MOST_GROUPS = 10


@dataclass(frozen=True)
class Page:
    """How everything stands at a moment."""

    videos: Sequence[Surveyed]
    storage: str
    sharing: Sharing | None
    now: datetime
    park_after: int
    believed: bool
    """Whether receipts were believed, and no object looked for."""
    rows: int = MOST_ROWS
    """Videos that are shown one by one."""


Part = Table | Text


def say(console: Console, parts: Iterable[Part]) -> None:
    """Print them with sentences whole, for pipes and for terminals that wrap by themselves."""
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text))


def page(shown: Page) -> list[Part]:
    """Few videos each with a row and all that is to be said of them; of many the totals first, then those that need a person."""
    if not shown.videos:
        return [_line(f"{escape(shown.storage)} holds nothing yet: `streamcap run` catalogs the source and makes the dataset.")]
    quota = [_line(f"quota {escape(shown.sharing.sentence)}")] if shown.sharing else []
    totals = _line(", ".join(f"{count:,} {state}" for state, count in Counter(video.state for video in shown.videos).items()))
    if len(shown.videos) <= shown.rows:
        return [_table(shown.videos), *(_reason(video, shown) for video in shown.videos if video.reason), totals, *quota]
    return [totals, *quota, *_for_a_person(shown), *_note(shown)]


def details(standing: Standing, failure: NotedFailure | None, why: Sequence[str], now: datetime, park_after: int) -> list[Part]:
    """One video with every asset, and what has changed since it was made."""
    video = standing.video
    facts = f", {video.duration_s:.1f} s, {video.display_width}x{video.display_height} at {video.fps:.2f} fps, {video.codec}"
    heads = f"{video.uri!r}{facts if video.codec else ''}"
    table = _columns("asset", "state", "what it holds")
    for name, state in standing.assets.items():
        counts = ", ".join(f"{count:,} {what}" for what, count in standing.counts.get(name, {}).items())
        table.add_row(name, f"[{_COLOURS['complete' if state == 'made' else 'stale']}]{state}[/]", escape(counts))
    last = failure if standing.failed else None
    told = [_line(_tried(standing.state, standing.reason, video.video_id, last, now, park_after))] if standing.reason else []
    changed = [_line(f"changed since: {escape(cause)}") for cause in why]
    return [_line(f"[bold]{video.video_id}[/] {_coloured(standing.state)}  {escape(heads)}"), table, *changed, *told]


def groups_of_several(groups: Sequence[Sequence[str]]) -> list[Part]:
    """Which videos belong together, so that they are in one split, the largest groups first."""
    shown = sorted(groups, key=lambda video_ids: (-len(video_ids), video_ids))[:MOST_GROUPS]
    named = [_line(f"one group: {', '.join(video_ids[:MOST_ROWS])}{' and more' if len(video_ids) > MOST_ROWS else ''}") for video_ids in shown]
    more = [_line(f"and {len(groups) - MOST_GROUPS:,} more groups; processed/groups.json lists all")] if len(groups) > MOST_GROUPS else []
    return [*named, *more]


def _table(videos: Sequence[Surveyed]) -> Table:
    table = _columns("video", "state", "made", "stale", "missing")
    for video in videos:
        made = len(PER_VIDEO) - len(video.stale) - len(video.missing)
        table.add_row(video.video_id, _coloured(video.state), f"{made}/{len(PER_VIDEO)}", _names(video.stale), _names(video.missing))
    return table


def _columns(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _for_a_person(shown: Page) -> Iterator[Text]:
    """Parked videos first, for nothing happens to them by itself."""
    kinds: Mapping[str, list[Surveyed]] = {"parked": [], "unusable": [], "failed": []}
    for video in shown.videos:
        if video.state in BAD:
            kinds["parked" if _is_parked(video.failure, shown.park_after) else video.state].append(video)
    everybody = [video for kind in kinds.values() for video in kind]
    yield from (_reason(video, shown) for video in islice(everybody, shown.rows))
    if len(everybody) > shown.rows:
        yield _line(f"and {len(everybody) - shown.rows:,} more; `streamcap status --json` lists all")


def _note(shown: Page) -> Iterator[Text]:
    if shown.believed:
        yield _line("Receipts are believed; `streamcap status --thorough` looks for every object.")


def _reason(video: Surveyed, shown: Page) -> Text:
    return _line(_tried(video.state, video.reason, video.video_id, video.failure, shown.now, shown.park_after))


def _tried(state: str, reason: str, video_id: str, failure: NotedFailure | None, now: datetime, park_after: int) -> str:
    """Why a video stands as it does, and where it failed when it is tried again."""
    if failure is None:
        return f"{_coloured(state)} {escape(reason)}"
    if _is_parked(failure, park_after):
        return f"{_coloured('parked')} after {failure.attempts} attempts: {escape(reason)} `streamcap retry {video_id}` tries it now"
    times = "once" if failure.attempts == 1 else f"{failure.attempts} times"
    then = f"next after {failure.due_at:%Y-%m-%d %H:%M} UTC" if failure.is_paused(now) else "due again"
    return f"{_coloured(state)} {escape(reason)} (tried {times}, {then})"


def _is_parked(failure: NotedFailure | None, park_after: int) -> bool:
    return failure is not None and failure.attempts >= park_after


def _coloured(state: str) -> str:
    return f"[{_COLOURS[state]}]{state}[/]"


def _names(names: Sequence[str]) -> str:
    return "all" if len(names) == len(PER_VIDEO) else ", ".join(names)


def _line(markup: str) -> Text:
    return Text.from_markup(markup)
