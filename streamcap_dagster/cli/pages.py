"""Pages to keep or to send, in which captions stand side by side: one HTML file that loads nothing, and in which what others wrote is only shown."""

import os
from base64 import b64encode
from collections.abc import Collection, Iterable
from difflib import SequenceMatcher
from html import escape
from pathlib import Path

from streamcap_dagster.cli.files import written_whole
from streamcap_dagster.errors import SettingError

_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin-bottom: 2.5rem }
th, td { border: 1px solid #8886; padding: .5rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere }
table.numbers { table-layout: auto }
table.numbers td { white-space: nowrap }
table.numbers td:last-child { white-space: normal }
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


def check_page(path: Path, option: str, suffixes: Collection[str]) -> None:
    """Raises SettingError for a page that could not be written, before anything is paid for it."""
    if path.suffix.lower() not in suffixes:
        raise SettingError(option, str(path), f"end it in {' or '.join(suffixes)}")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise SettingError(option, str(path), "it is not a file that can be written; is its folder there?")


def write_page(path: Path, page: str, option: str = "--out") -> None:
    """Whole or not at all. Raises SettingError for the option when it cannot be written."""
    with written_whole(path, option) as file:
        file.write(page)


def html_page(title: str, body: Iterable[str]) -> str:
    """A whole page around lines of HTML; the title is escaped here, the lines are not."""
    return "\n".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><meta name="viewport" content="width=device-width">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>",
            *body,
            "</html>\n",
        ]
    )


def html_moment(words: str, still: bytes | None) -> str:
    """The first cell of a row: when it is, and what is seen then."""
    picture = f'<img alt="the first frame" src="data:image/jpeg;base64,{b64encode(still).decode()}">' if still else ""
    return f"<td>{escape(words)}{picture}</td>"


def html_texts(old_note: str, old: str, new_note: str, new: str) -> str:
    """Two cells with a note each, in which the words are marked that the other text does not have there."""
    texts = _marked(old, new)
    return "".join(f"<td><small>{escape(note)}</small>{text}</td>" for note, text in zip((old_note, new_note), texts, strict=True))


def _marked(old: str, new: str) -> tuple[str, str]:
    """Both texts in HTML, with the words marked that the other one does not have there."""
    before, after = old.split(), new.split()
    olds, news = list[str](), list[str]()
    for kind, first, last, start, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, come = escape(" ".join(before[first:last])), escape(" ".join(after[start:stop]))
        olds.append(gone if kind == "equal" or not gone else f"<del>{gone}</del>")
        news.append(come if kind == "equal" or not come else f"<ins>{come}</ins>")
    return " ".join(filter(None, olds)), " ".join(filter(None, news))
