"""Google's client: one per process, emulator and number of connections, with its one session."""

import os
from threading import Lock
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from requests import Session
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from streamcap_dagster.storage.gcs.credentials import credentials_sought

_REFUSED = 400

_clients: dict[tuple[str, int], Any] = {}
_lock = Lock()


def service() -> str:
    """The emulator that clients speak to from now on; empty is Google."""
    return os.environ.get("STORAGE_EMULATOR_HOST", "").rstrip("/")


def shared_client(connections: int, of: str) -> Any:
    """The client of this process for a service, which has at most so many connections open at once; whoever needs one more waits."""
    named = of, connections
    with _lock:
        if named not in _clients:
            _clients[named] = _client(connections, of)
        return _clients[named]


def _client(connections: int, of: str) -> Any:
    emulated = {"client_options": {"api_endpoint": of}, "credentials": AnonymousCredentials()} if of else {}  # type: ignore[no-untyped-call]
    with credentials_sought():
        client = storage.Client(project=None, **emulated)
    client._bucket_metadata_cache = None  # it would ask for the bucket, in threads of its own, at first and after each object that is not there
    client._http.hooks["response"].append(_read_refusal)
    _read_environment_once(client._http, of or client.api_endpoint)
    for scheme in ("https://", "http://"):
        client._http.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=connections, pool_block=True))
    return client


def _read_environment_once(session: Session, address: str) -> None:
    """Proxies and certificates of the environment. Left to itself the session would look for them at each request, a fifth of what a small one costs."""
    session.proxies = get_environ_proxies(address)
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.trust_env = False


def _read_refusal(response: Any, **_: object) -> None:
    """A download that is refused would otherwise keep its connection until its last try, and tries enough wait for each other for ever."""
    if response.status_code >= _REFUSED:
        response.content  # noqa: B018


def _forget_in_child() -> None:
    """A forked child would otherwise speak into the connections of its parent, and wait for a lock that nobody lets go."""
    global _lock
    _clients.clear()
    _lock = Lock()


os.register_at_fork(after_in_child=_forget_in_child)
