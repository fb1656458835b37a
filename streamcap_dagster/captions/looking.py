"""Looking at pictures off the event loop: it keeps a core or a disk busy, so few threads do it, however many may wait for a storage."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = ThreadPoolExecutor(min(32, (os.cpu_count() or 1) + 4), thread_name_prefix="looking")
"""Shared by all videos of the process; a thread is started when there is something to look at."""


async def look(function: Callable[P, T], /, *args: P.args, **more: P.kwargs) -> T:
    """The result of a function that reads or decodes pictures."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, partial(function, *args, **more))
