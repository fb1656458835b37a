"""A leaky bucket that keeps a limit in every window of time, wherever the window begins."""

import math

_BURST_SHARE = 0.01
_JITTER_S = 0.5
_ROUNDING = 1e-9


class Bucket:
    """What may be taken of something that is limited to `limit` in any `window_s`; `unit` is the least that is ever taken, 0 for no such thing.

    It holds at most C and fills at R, so no stretch of T seconds sees more than C + R T taken. With R = (limit - C) / (window + 0.5 s), a
    window never sees more than the limit, be it sliding or fixed, even where requests of half a second longer arrive within it because
    some travelled longer than others. Of the limit (limit - C) / limit x 60 / 60.5 can be used, 0.98 with C at 1 % of a minute, and those
    0.6 s of rest are enough for a timer that is late. Where whole things are counted, C + R T < whole limit + 1 is enough, so that small
    limits lose nothing: for 14 a minute C = 1 and R = 14 / 60.5.

    One taking larger than C makes C grow to it (and R shrink) for good, up to half of the limit: what was full before holds less than the
    new C, so windows across the change keep the limit too. Larger takings count as half of the limit until they are settled.
    What is given back (a reservation that was too high) lets a window see at most what was given back within it from before it began.
    """

    def __init__(self, limit: float, window_s: float, now_s: float, unit: float = 0.0) -> None:
        self._window_s = window_s + _JITTER_S
        self._unit = unit
        self._largest = unit
        self._filled_s = now_s
        self._resize(limit)
        self._level = self._capacity

    def change(self, limit: float, now_s: float) -> None:
        """Another limit from now on; never lets more through at once than before."""
        self._fill(now_s)
        self._resize(limit)
        self._level = min(self._level, self._capacity)

    def expect(self, amount: float, now_s: float) -> None:
        """Make room for a taking of this size."""
        if amount > self._largest:
            self._fill(now_s)
            self._largest = amount
            self._resize(self._limit)

    def wait_s(self, amount: float, now_s: float) -> float:
        """Seconds until the amount can be taken; 0 when it can be now."""
        self._fill(now_s)
        short = min(amount, self._capacity) - self._level
        return short / self._rate if short > _ROUNDING * self._capacity else 0.0

    def take(self, amount: float) -> float:
        """Take an amount that need not be waited for; returns what was counted for it."""
        counted = min(amount, self._capacity)
        self._level -= counted
        return counted

    def correct(self, by: float) -> None:
        """Give back what was taken too much; a negative amount was taken too little and is owed."""
        self._level = min(self._capacity, self._level + by)

    def rest(self, until_s: float, now_s: float) -> None:
        """Hold nothing until a moment and begin empty then, so that no burst follows a pause."""
        self._fill(now_s)
        self._level = min(self._level, 0.0)
        self._filled_s = max(self._filled_s, until_s)

    def _fill(self, now_s: float) -> None:
        if now_s > self._filled_s:
            self._level = min(self._capacity, self._level + (now_s - self._filled_s) * self._rate)
            self._filled_s = now_s

    def _resize(self, limit: float) -> None:
        self._limit = limit
        whole = limit if self._unit == 0 else math.floor(limit / self._unit + _ROUNDING) * self._unit
        self._capacity = max(_BURST_SHARE * limit, self._unit, min(self._largest, limit / 2))
        room = whole + self._unit - self._capacity if whole >= self._unit > 0 else limit - self._capacity
        self._rate = max(room, limit if limit < self._unit else 0.0) / self._window_s * (1 - 1e-6)
