"""Numbers that change over time."""

from dataclasses import dataclass

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class _Change:
    start_s: float
    end_s: float
    after: Numbers


class Track:
    """Numbers that stay as they are but for changes, each of which glides to what will be; changes are added in order of time and never overlap."""

    def __init__(self, *first: float) -> None:
        self._first: Numbers = first
        self._changes: list[_Change] = []

    def go(self, start_s: float, end_s: float, *after: float) -> None:
        self._changes.append(_Change(start_s, end_s, after))

    @property
    def goals(self) -> list[tuple[float, Numbers]]:
        """When it begins to change, and to what."""
        return [(change.start_s, change.after) for change in self._changes]

    @property
    def last(self) -> Numbers:
        return self._changes[-1].after if self._changes else self._first

    def at(self, second: float) -> Numbers:
        before = self._first
        for change in self._changes:
            if second >= change.end_s:
                before = change.after
                continue
            if second > change.start_s:
                share = eased((second - change.start_s) / (change.end_s - change.start_s))
                return tuple(old + (new - old) * share for old, new in zip(before, change.after, strict=True))
            break
        return before

    def way(self, second: float) -> Numbers:
        """Where to the numbers go at a time, and where they went last when they rest."""
        before, way = self._first, tuple(0.0 for _ in self._first)
        for change in self._changes:
            if second <= change.start_s:
                break
            way = tuple(new - old for old, new in zip(before, change.after, strict=True))
            before = change.after
        return way

    def moving(self, second: float) -> bool:
        return any(change.start_s < second < change.end_s for change in self._changes)


def eased(share: float) -> float:
    """A start and an end that are gentle, but not so gentle that nothing seems to happen."""
    return (share + share * share * (3 - 2 * share)) / 2
