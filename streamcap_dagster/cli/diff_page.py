"""A sample as a page to keep or to send: HTML with pictures and the changed words marked, or Markdown. Captions are shown, never interpreted."""

import os
from base64 import b64encode
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from html import escape
from pathlib import Path
from tempfile import NamedTemporaryFile

from streamcap_dagster.assets.sample import Sample, SampledVideo
from streamcap_dagster.captions.comparison import Said
from streamcap_dagster.cli.diff_words import told_comparison, told_count, told_outcome
from streamcap_dagster.errors import SettingError
from streamcap_dagster.records import Caption

_SHOWN = 500
"""Changed windows of a video that a page shows, each with a picture of a few kilobytes."""
_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin-bottom: 2.5rem }
th, td { border: 1px solid #8886; padding: .5rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere }
th:first-child { width: 11rem }
td:first-child { font-variant-numeric: tabular-nums }
img { display: block; max-width: 100%; margin-top: .3rem; border-radius: 3px }
small { display: block; opacity: .7; margin-bottom: .2rem }
del { background: #f004; text-decoration: none }
ins { background: #0a04; text-decoration: none }
.trouble { color: #c00 }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Whatever a caption may say, this page loads and runs nothing."""
_HARMLESS = " \t\n.,;'\"()/-–→"
"""What means nothing in Markdown where words stand."""


def check_page(path: Path) -> None:
    """Raises SettingError for a page that could not be written, before anything is paid for it."""
    if path.suffix.lower() not in _RENDERED:
        raise SettingError("--output", str(path), f"end it in {' or '.join(_RENDERED)}")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise SettingError("--output", str(path), "it is not a file that can be written; is its folder there?")


def write_page(path: Path, sample: Sample, because: Sequence[str]) -> None:
    """Write the page whole or not at all, in the format of its suffix; `because` says what changed."""
    page = _RENDERED[path.suffix.lower()](sample, because)
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        file.write(page)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def _html(sample: Sample, because: Sequence[str]) -> str:
    title = "Captions, old and new"
    stopped = f'<p class="trouble">stopped: {escape(sample.stopped)}</p>' if sample.stopped else ""
    return "\n".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><meta name="viewport" content="width=device-width">',
            f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>",
            *(f"<p>{escape(cause)}</p>" for cause in because),
            f"<p>{told_count(len(sample.videos), 'video')}: {escape(told_comparison(sample.comparison))}</p>{stopped}",
            *(line for sampled in sample.videos for line in _html_video(sampled)),
            "</html>\n",
        ]
    )


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
    picture = f'<img alt="the first frame" src="data:image/jpeg;base64,{b64encode(still).decode()}">' if still else ""
    old, new = _marked(said.old.text if said.old else "", said.new.text if said.new else "")
    return f"<tr><td>{start_s:.1f}–{end_s:.1f}{picture}</td>{_html_cell(said.old, old)}{_html_cell(said.new, new)}</tr>"


def _html_cell(caption: Caption | None, text: str) -> str:
    return f"<td><small>{escape(told_outcome(caption))}</small>{text}</td>"


def _marked(old: str, new: str) -> tuple[str, str]:
    """Both texts in HTML, with the words marked that the other one does not have there."""
    before, after = old.split(), new.split()
    olds, news = list[str](), list[str]()
    for kind, first, last, start, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, come = escape(" ".join(before[first:last])), escape(" ".join(after[start:stop]))
        olds.append(gone if kind == "equal" or not gone else f"<del>{gone}</del>")
        news.append(come if kind == "equal" or not come else f"<ins>{come}</ins>")
    return " ".join(filter(None, olds)), " ".join(filter(None, news))


def _markdown(sample: Sample, because: Sequence[str]) -> str:
    stopped = [f"Stopped: {_plain(sample.stopped)}", ""] if sample.stopped else []
    lines = ["# Captions, old and new", "", *(f"- {_plain(cause)}" for cause in because), "", told_comparison(sample.comparison), "", *stopped]
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
