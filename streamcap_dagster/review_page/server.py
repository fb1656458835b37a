"""Serves the page on a port of this machine until it is told to end."""

import secrets
from collections.abc import Callable

from streamcap_dagster.emulators.serving import LOOPBACK, listen, until_interrupted, url_of
from streamcap_dagster.review_page.app import Desk, application
from streamcap_dagster.review_page.guard import ENTRANCE


def serve(desk: Desk, port: int, announce: Callable[[str], None]) -> None:
    """`announce` is given the address to open, which holds the token of this start. Raises OSError for a port that is taken."""
    token = secrets.token_urlsafe(32)
    app, corpus = application(desk, token)
    listening = listen(LOOPBACK, port)
    announce(f"{url_of(listening)}{ENTRANCE}?token={token}")
    try:
        until_interrupted(lambda _: app, listening)
    finally:
        corpus.close()
