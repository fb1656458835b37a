"""The page served on a port of this machine for the length of a block, and a visitor who was given its address."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from streamcap_dagster.emulators.serving import LOOPBACK, in_thread, listen, url_of
from streamcap_dagster.review_page.app import Desk, application
from streamcap_dagster.review_page.guard import ENTRANCE
from streamcap_dagster.storage import Storage
from tests.review_page.world import World

TOKEN = "the-token-of-this-start"


@dataclass
class Served:
    """Where it is, and who looks at it: `visitor` has been let in."""

    url: str
    visitor: requests.Session

    @property
    def entrance(self) -> str:
        return f"{self.url}{ENTRANCE}?token={TOKEN}"

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.visitor.get(self.url + path, timeout=30, **more)

    def put(self, path: str, body: object) -> requests.Response:
        return self.visitor.put(self.url + path, json=body, headers={"origin": self.url}, timeout=30)


@contextmanager
def served(world: World, by: str = "Ada", storage: Storage | None = None) -> Iterator[Served]:
    """`storage` is another face of the world's, such as one that cannot be written."""
    app, corpus = application(Desk(storage or world.storage, world.source, by), TOKEN)
    listening = listen(LOOPBACK, 0)
    with in_thread(lambda _: app, listening, "review-page"), requests.Session() as visitor:
        url = url_of(listening)
        visitor.trust_env = False
        assert visitor.get(f"{url}{ENTRANCE}?token={TOKEN}", timeout=30).status_code == 200
        try:
            yield Served(url, visitor)
        finally:
            corpus.close()
