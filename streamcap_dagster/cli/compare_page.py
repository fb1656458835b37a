"""Two runs side by side as a page: the measures, what the judge says, and the windows to look at with their pictures."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from streamcap_dagster.cli.compare_measures import Odd
from streamcap_dagster.cli.compare_outcome import Compared, told_left_out, told_price, told_ruling, told_scope
from streamcap_dagster.cli.compare_table import COLUMNS, NOTE, cells
from streamcap_dagster.cli.diff_words import told_outcome
from streamcap_dagster.cli.pages import html_moment, html_page, html_texts, write_page
from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.frames.stills import first_stills
from streamcap_dagster.quality.records import WindowQuality
from streamcap_dagster.records import Caption
from streamcap_dagster.storage import Storage, keys

_STILL_HEIGHT = 120


def write_comparison(path: Path, compared: Compared, storages: tuple[Storage, Storage]) -> None:
    """Pictures are those of the run that still has its frames, the old one first."""
    write_page(path, html_page("Two runs side by side", _body(compared, storages)))


def _body(compared: Compared, storages: tuple[Storage, Storage]) -> Iterator[str]:
    yield from (f"<p>{escape(words)}</p>" for words in (told_scope(compared), told_left_out(compared)) if words)
    yield from _measures(compared)
    yield from (f"<p>{name}: {escape(told_price(price))}</p>" for name, price in zip(("old", "new"), compared.prices, strict=True))
    yield from (f"<p>{escape(words)}</p>" for words in (told_ruling(compared.ruling) if compared.ruling is not None else ()))
    if not compared.worst:
        yield "<p>Both say the same in every window.</p>"
        return
    yield "<h2>Windows to look at, the worst for the new run first</h2>"
    yield "<table><thead><tr><th>video and seconds</th><th>old</th><th>new</th></tr></thead><tbody>"
    yield from (_row(odd, compared, storages) for odd in compared.worst)
    yield "</tbody></table>"


def _measures(compared: Compared) -> Iterator[str]:
    yield f'<table class="numbers"><thead><tr>{"".join(f"<th>{name}</th>" for name in COLUMNS)}</tr></thead><tbody>'
    yield from (f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells(row))}</tr>" for row in compared.rows)
    yield f"</tbody></table><p>{escape(NOTE)}</p>"


def _row(odd: Odd, compared: Compared, storages: tuple[Storage, Storage]) -> str:
    start_s, end_s, _ = odd.said.span
    ruling = compared.ruling
    verdict = ruling.verdicts.get(odd.video.place(odd.said)) if ruling is not None else None
    judged = f", judged: {verdict}" if verdict else ""
    moment = html_moment(f"{odd.video.video.video_id} {start_s:.1f}–{end_s:.1f}{judged}", _still(odd, storages))
    old, new = odd.said.old, odd.said.new
    return f"<tr>{moment}{html_texts(_note(old, odd.old), _text(old), _note(new, odd.new), _text(new))}</tr>"


def _note(caption: Caption | None, quality: WindowQuality) -> str:
    """How it ended, and what is wrong with it."""
    return ", ".join((told_outcome(caption), *quality.flags))


def _text(caption: Caption | None) -> str:
    return caption.text if caption is not None else ""


def _still(odd: Odd, storages: tuple[Storage, Storage]) -> bytes | None:
    start_s = odd.said.span[0]
    for storage in storages:
        try:
            with storage.open(keys.frames(odd.video.video.video_id)) as frames:
                return first_stills(frames, {start_s}, _STILL_HEIGHT).get(start_s)
        except ObjectMissing:
            continue
    return None
