"""What was said of a clip so far, and how much of it a captioner is shown."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

_CHARACTERS_PER_TOKEN = 4
_LINE = 3
"""Characters that a caption costs beyond its own: the dash, the space and the line end."""


@dataclass(frozen=True)
class History:
    """The captions of a clip in order; the first describes the scene, the others add to it."""

    said: tuple[str, ...] = ()

    def plus(self, text: str) -> "History":
        """The history after one more caption."""
        return replace(self, said=(*self.said, text))

    def shown(self, tokens: int) -> tuple[str, ...]:
        """What fits into a number of tokens: the first caption, a line that says how many are left out, and the newest."""
        room = tokens * _CHARACTERS_PER_TOKEN
        if _size(self.said) <= room:
            return self.said
        first = _cut(self.said[0], room // 2)
        newest = _newest(self.said[1:], room - _size([first, _left_out(len(self.said))]))
        dropped = len(self.said) - 1 - len(newest)
        return (first, _left_out(dropped), *newest) if dropped else (first, *newest)


def history_sha256(shown: Sequence[str]) -> str:
    """Names the captions that a captioner was shown."""
    return hashlib.sha256(json.dumps(list(shown)).encode()).hexdigest()


def _newest(said: Sequence[str], room: int) -> list[str]:
    kept: list[str] = []
    for text in reversed(said):
        room -= _size([text])
        if room < 0:
            break
        kept.insert(0, text)
    return kept


def _size(texts: Sequence[str]) -> int:
    return sum(len(text) + _LINE for text in texts)


def _left_out(count: int) -> str:
    return f"[{count} earlier captions left out]" if count != 1 else "[1 earlier caption left out]"


def _cut(text: str, characters: int) -> str:
    if len(text) <= characters:
        return text
    words = text[: characters - 1].rsplit(" ", 1)[0]
    return f"{words}…"
