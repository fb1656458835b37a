"""What people are given to rank, and what they give back, whatever the form of the file."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO


@dataclass(frozen=True)
class Item:
    """A window whose candidates are to be ranked. Nothing in it tells which of them who or what said."""

    sample_id: str
    version: str
    """Names all that is shown of it, so that a ranking of something else is known as such."""
    history: tuple[str, ...]
    frames: tuple[str, ...]
    """Where the pictures of both windows are."""
    candidates: Mapping[str, str]
    """Texts by their name in the file, in an order that follows from the texts alone."""
    ranks: Mapping[str, float] = field(default_factory=dict)
    """What people have said already, by name; empty where nobody has."""

    @property
    def order(self) -> list[list[str]]:
        """The names from best to worst as people have said, equal ones together."""
        return [[name for name in self.ranks if self.ranks[name] == rank] for rank in sorted(set(self.ranks.values()))]


@dataclass(frozen=True)
class Judgement:
    """What one person said of one window."""

    where: str
    """Its place in the file, in words."""
    sample_id: str
    version: str
    ranks: Mapping[str, float]
    """By name; the lowest is best, equal ranks are ties."""
    person: str = ""


class Faulty(Exception):
    """One line or record of a file cannot be used; says which and why."""


class FileFormat(Protocol):
    """A form of file that rankings are exchanged in."""

    def write(self, items: Iterable[Item], file: TextIO) -> None: ...

    def read(self, path: Path) -> Iterator[Judgement]:
        """The rankings in a file; what nobody has ranked is passed over. Raises Faulty."""


def ranks_in_order(order: Iterable[str | list[str]], where: str) -> dict[str, float]:
    """Ranks by name, of names from best to worst; those in a list of their own are equal. Raises Faulty when one stands there twice."""
    ranks: dict[str, float] = {}
    for tied in order:
        place = len(ranks) + 1
        for name in [tied] if isinstance(tied, str) else tied:
            if name in ranks:
                raise Faulty(f"{where}: its ranking has {name!r} twice")
            ranks[name] = place
    return ranks
