"""Words of videos and models as plain data in a Markdown page: nothing in them is ever markup."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of the text around them, and so could dress one text up as another."""


def plain(text: str, longest: int = 400) -> str:
    """A text as one line of Markdown that shows exactly its words: every ASCII punctuation mark is escaped, as CommonMark section 2.4 allows."""
    shown = " ".join("".join(" " if _control(character) else character for character in text).split())
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    return _PUNCTUATION.sub(r"\\\1", shown)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Zl", "Zp") or character in _DIRECTION
