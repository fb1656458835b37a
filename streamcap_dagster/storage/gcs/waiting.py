"""Trying again, and telling so once it takes long: who looks at a terminal in which nothing moves should know what is waited for."""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from google.api_core.retry import Retry

_QUIET_S = 10.0
_TELL_EVERY_S = 60.0

_log = logging.getLogger(__name__)
_lock = Lock()
_told_s: dict[str, float] = {}
"""When each way to fail was last told."""


class ToldRetry(Retry):
    """Google's way of trying again; what has failed for some time is told on standard error, by all threads together once a minute for each way to fail."""

    def __call__(self, func: Callable[..., Any], on_error: Callable[[Exception], Any] | None = None) -> Callable[..., Any]:
        return super().__call__(func, on_error or _Wait(self.timeout or 0))


class _Wait:
    """How long one operation has failed already."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._began_s = 0.0

    def __call__(self, error: Exception) -> None:
        now_s = time.monotonic()
        self._began_s = self._began_s or now_s
        response = getattr(error, "response", None)
        how = "cannot be reached or breaks off" if response is None else f"answers {response.status_code}"
        if now_s - self._began_s >= _QUIET_S and _may_tell(how, now_s):
            _log.warning("Google Cloud Storage %s. It is waited for, %g s at most (STREAMCAP_STORAGE_DEADLINE_S); Ctrl-C ends it.", how, self._deadline_s)


def _may_tell(how: str, now_s: float) -> bool:
    with _lock:
        due = now_s - _told_s.get(how, -_TELL_EVERY_S) >= _TELL_EVERY_S
        if due:
            _told_s[how] = now_s
    return due
