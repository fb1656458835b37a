"""Exchanges as one text, for formats in which a mark in the words stands for each picture."""

from collections.abc import Iterator
from itertools import groupby

from streamcap_dagster.exporters.conversations import Exchange

IMAGE = "<image>"
_MARKS = (IMAGE, "<video>", "<audio>")


def marked(exchange: Exchange) -> str:
    """What the user says: a mark for each picture, in its place, and the question last."""
    return "\n".join((*_shown(exchange), harmless(exchange.asked)))


def harmless(text: str) -> str:
    """The text with nothing in it that would stand for a picture, such as a sign in a video on which `<image>` can be read."""
    for mark in _MARKS:
        text = text.replace(mark, mark.replace("<", "< "))
    return text


def _shown(exchange: Exchange) -> Iterator[str]:
    """Pictures side by side, words on lines of their own."""
    for _, parts in groupby(exchange.shown, key=type):
        together = [IMAGE if isinstance(part, bytes) else f"{harmless(part)}\n" for part in parts]
        yield "".join(together).rstrip("\n")
