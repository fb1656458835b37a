"""What somebody does who is not root."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_NOBODY = 65534


def as_ordinary_user(work: Callable[[Path], T], path: Path) -> T:
    """Root may read everything, so as root the work is done in a child that has become nobody."""
    if os.geteuid():
        return work(path)
    with ProcessPoolExecutor(1, get_context("fork"), initializer=os.setuid, initargs=(_NOBODY,)) as child:
        return child.submit(work, path).result()
