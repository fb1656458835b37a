"""Exchanges as one text, for formats in which a mark in the words stands for each picture; rows that say such a mark themselves are left out before."""

from collections.abc import Iterator
from itertools import groupby

from streamcap_dagster.exporters.conversations import Exchange

IMAGE = "<image>"


def marked(exchange: Exchange) -> str:
    """What the user says: a mark for each picture, in its place, and the question last."""
    return "\n".join((*_shown(exchange), exchange.asked))


def _shown(exchange: Exchange) -> Iterator[str]:
    """Pictures side by side, words on lines of their own."""
    for _, parts in groupby(exchange.shown, key=type):
        together = [IMAGE if isinstance(part, bytes) else f"{part}\n" for part in parts]
        yield "".join(together).rstrip("\n")
