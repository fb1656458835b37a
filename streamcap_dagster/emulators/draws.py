"""Chance that can be repeated: numbers drawn from a seed and what is asked, never from a clock or a generator with a state."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def fraction(*facts: object) -> float:
    """A number from 0 up to 1, the same for the same facts."""
    return int.from_bytes(digest(*facts)[:8]) / 2**64


def choice(among: Sequence[T], *facts: object) -> T:
    """One of several, the same for the same facts."""
    return among[int(fraction(*facts) * len(among))]


def digest(*facts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, facts)).encode()).digest()
