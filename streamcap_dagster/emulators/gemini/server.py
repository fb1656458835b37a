"""Runs the service on a port of this machine: until it is told to end, or in a thread for the length of a block."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from streamcap_dagster.emulators.gemini.faults import Fault
from streamcap_dagster.emulators.gemini.journal import Journal
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.service import Service
from streamcap_dagster.errors import MissingTool

try:
    import uvicorn
    from starlette.types import Scope

    from streamcap_dagster.emulators.gemini.app import application
except ImportError as missing:
    raise MissingTool(missing.name or "starlette", "the Gemini emulator", 'Install it: pip install "streamcap-dagster[emulator]"') from missing

LOOPBACK = "127.0.0.1"
BACKLOG = 4096
_KEEP_ALIVE_S = 240
"""Idle connections are kept about as long as the service keeps them, so that none is closed under a client that just takes it up again."""


@dataclass(frozen=True)
class Running:
    """An emulator that runs in a thread of this process."""

    url: str
    service: Service

    @property
    def journal(self) -> Journal:
        return self.service.journal

    def order(self, *faults: Fault | None) -> None:
        """The next requests meet these, one each; None lets one through unharmed."""
        self.service.faults.order(faults)


@contextmanager
def running(options: Options | None = None, port: int = 0) -> Iterator[Running]:
    """An emulator for the length of the block, on a free port unless one is given; requests still under way at its end are cut off."""
    service, listening = Service(options or Options()), listen(LOOPBACK, port)
    server = _server(service)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="gemini-emulator", daemon=True)
    thread.start()
    try:
        yield Running(url_of(listening), service)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
        service.journal.close()


def serve(options: Options, host: str, port: int, announce: Callable[[str], None]) -> Service:
    """Serve until this process is interrupted; `announce` is given the address once connections are taken.

    Raises OSError for a port in use or a journal that cannot be written.
    """
    with listen(host, port) as listening:
        service = Service(options)
        announce(url_of(listening))
        with suppress(KeyboardInterrupt):  # which uvicorn passes on once all is closed
            _server(service).run(sockets=[listening])
    service.journal.close()
    return service


def listen(host: str, port: int) -> socket.socket:
    """A socket that queues connections from now on, before anything serves them."""
    listening = socket.create_server((host, port), backlog=BACKLOG)
    listening.set_inheritable(False)
    return listening


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hang up on everybody, as a service does that goes down: whoever waits gets no answer, not even a 500."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
        await super().shutdown(sockets)


def _server(service: Service) -> uvicorn.Server:
    def hang_up(scope: Scope) -> None:
        for connection in list(server.server_state.connections):
            if getattr(connection, "client", None) == scope["client"]:
                connection.transport.close()

    config = uvicorn.Config(
        application(service, hang_up),
        log_config=None,
        log_level="error",
        access_log=False,
        lifespan="off",
        backlog=BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=0,
        server_header=False,
    )
    server = _Server(config)
    return server
