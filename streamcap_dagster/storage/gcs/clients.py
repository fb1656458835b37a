"""Google's client: one per process, emulator and number of connections, with its one session."""

import os
from threading import Lock
from typing import Any

from google.cloud import storage
from requests.adapters import HTTPAdapter

_clients: dict[tuple[str, int], Any] = {}
_lock = Lock()


def service() -> str:
    """The emulator that clients speak to from now on; empty is Google."""
    return os.environ.get("STORAGE_EMULATOR_HOST", "")


def shared_client(connections: int, of: str) -> Any:
    """The client of this process for a service, which has at most so many connections open at once; whoever needs one more waits."""
    named = of, connections
    with _lock:
        if named not in _clients:
            _clients[named] = _client(connections)
        return _clients[named]


def _client(connections: int) -> Any:
    client = storage.Client(project=None)
    for scheme in ("https://", "http://"):
        client._http.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=connections, pool_block=True))
    return client


def _forget_in_child() -> None:
    """A forked child would otherwise speak into the connections of its parent, and wait for a lock that nobody lets go."""
    global _lock
    _clients.clear()
    _lock = Lock()


os.register_at_fork(after_in_child=_forget_in_child)
