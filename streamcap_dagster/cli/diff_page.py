"""A sample as a page to keep or to send: HTML with pictures and the changed words marked, or Markdown. Captions are shown, never interpreted."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from streamcap_dagster.assets.sample import Sample, SampledVideo
from streamcap_dagster.captions.comparison import Said
from streamcap_dagster.cli import pages
from streamcap_dagster.cli.diff_words import told_comparison, told_count, told_outcome
from streamcap_dagster.records import Caption

_SHOWN = 500
"""Changed windows of a video that a page shows, each with a picture of a few kilobytes."""
_TITLE = "Captions, old and new"
_OPTION = "--output"
_HARMLESS = " \t\n.,;'\"()/-–→"
"""What means nothing in Markdown where words stand."""


def check_page(path: Path) -> None:
    """Raises SettingError for a page that could not be written, before anything is paid for it."""
    pages.check_page(path, _OPTION, _RENDERED)


def write_page(path: Path, sample: Sample, because: Sequence[str]) -> None:
    """Write the page whole or not at all, in the format of its suffix; `because` says what changed."""
    pages.write_page(path, _RENDERED[path.suffix.lower()](sample, because), _OPTION)


def _html(sample: Sample, because: Sequence[str]) -> str:
    stopped = f'<p class="trouble">stopped: {escape(sample.stopped)}</p>' if sample.stopped else ""
    body = [
        *(f"<p>{escape(cause)}</p>" for cause in because),
        f"<p>{told_count(len(sample.videos), 'video')}: {escape(told_comparison(sample.comparison))}</p>{stopped}",
        *(line for sampled in sample.videos for line in _html_video(sampled)),
    ]
    return pages.html_page(_TITLE, body)


def _html_video(sampled: SampledVideo) -> Iterator[str]:
    yield f"<h2>{escape(sampled.video.video_id)}</h2>"
    yield f"<p>{escape(sampled.video.uri)}</p>"
    if sampled.trouble:
        yield f'<p class="trouble">failed: {escape(sampled.trouble)}</p>'
        return
    changed = sampled.comparison.changed
    yield f"<p>{escape(told_comparison(sampled.comparison))}</p>"
    if not changed:
        return
    yield "<table><thead><tr><th>seconds</th><th>old</th><th>new</th></tr></thead><tbody>"
    for said in changed[:_SHOWN]:
        yield _html_row(said, sampled.stills.get(said.span[0]))
    yield "</tbody></table>"
    if len(changed) > _SHOWN:
        yield f"<p>and {told_count(len(changed) - _SHOWN, 'more window')}</p>"


def _html_row(said: Said, still: bytes | None) -> str:
    start_s, end_s, _ = said.span
    texts = [caption.text if caption else "" for caption in (said.old, said.new)]
    cells = pages.html_texts(told_outcome(said.old), texts[0], told_outcome(said.new), texts[1])
    return f"<tr>{pages.html_moment(f'{start_s:.1f}–{end_s:.1f}', still)}{cells}</tr>"


def _markdown(sample: Sample, because: Sequence[str]) -> str:
    stopped = [f"Stopped: {_plain(sample.stopped)}", ""] if sample.stopped else []
    lines = [f"# {_TITLE}", "", *(f"- {_plain(cause)}" for cause in because), "", told_comparison(sample.comparison), "", *stopped]
    for sampled in sample.videos:
        lines += [f"## {sampled.video.video_id}", "", *_markdown_video(sampled), ""]
    return "\n".join(lines)


def _markdown_video(sampled: SampledVideo) -> Iterator[str]:
    if sampled.trouble:
        yield f"Failed: {_plain(sampled.trouble)}"
        return
    yield told_comparison(sampled.comparison)
    changed = sampled.comparison.changed
    if changed:
        yield from ("", "| seconds | old | new |", "|---|---|---|")
    for said in changed[:_SHOWN]:
        yield f"| {said.span[0]:.1f}–{said.span[1]:.1f} | {_markdown_cell(said.old)} | {_markdown_cell(said.new)} |"
    if len(changed) > _SHOWN:
        yield from ("", f"and {told_count(len(changed) - _SHOWN, 'more window')}")


def _markdown_cell(caption: Caption | None) -> str:
    return f"*{_plain(told_outcome(caption))}*<br>{_plain(caption.text)}" if caption and caption.text else f"*{_plain(told_outcome(caption))}*"


def _plain(text: str) -> str:
    """Words of others inside Markdown: shown, never interpreted."""
    return " ".join("".join(letter if letter.isalnum() or letter in _HARMLESS else f"&#{ord(letter)};" for letter in text).split())


_RENDERED = {".html": _html, ".md": _markdown}
