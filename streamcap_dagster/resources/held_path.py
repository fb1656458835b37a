"""A path to an object that stays readable although the block that lent it is over."""

import weakref
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path


class HeldPath(type(Path())):  # type: ignore[misc]
    """A path that can be read for as long as this very object is there; a copy of it holds nothing."""


def held(file: AbstractContextManager[Path]) -> HeldPath:
    with ExitStack() as opened:
        path = HeldPath(opened.enter_context(file))
        weakref.finalize(path, opened.pop_all().close)
    return path
