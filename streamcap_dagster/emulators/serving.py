"""Serves an application on a port of this machine: until it is told to end, or in a thread for the length of a block."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

LOOPBACK = "127.0.0.1"
BACKLOG = 4096
_KEEP_ALIVE_S = 240
"""Idle connections are kept about as long as the services keep them, so that none is closed under a client that just takes it up again."""
_TURNS = 3
"""Of the event loop, after which connections that were closed are gone; uvicorn would look again only after a tenth of a second."""

HangUp = Callable[[Any], None]
"""Closes the connection that a request, told by its ASGI scope, came over; what was sent before still arrives."""
Make = Callable[[HangUp], Any]
"""Makes the ASGI application; the connections are the server's alone, so it is given a way to close one."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that queues connections from now on, before anything serves them."""
    listening = socket.create_server((host, port), backlog=BACKLOG)
    listening.set_inheritable(False)
    return listening


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


@contextmanager
def in_thread(make: Make, listening: socket.socket, name: str) -> Iterator[None]:
    """Serve for the length of the block; requests still under way at its end are cut off."""
    server = _server(make)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def until_interrupted(make: Make, listening: socket.socket) -> None:
    with suppress(KeyboardInterrupt):  # which uvicorn passes on once all is closed
        _server(make).run(sockets=[listening])


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hang up on everybody, as a service does that goes down: whoever waits gets no answer, not even a 500."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        await super().shutdown(sockets)


def _server(make: Make) -> uvicorn.Server:
    def hang_up(scope: Any) -> None:
        for connection in list(server.server_state.connections):
            if getattr(connection, "client", None) == scope["client"]:
                connection.transport.close()

    config = uvicorn.Config(
        make(hang_up),
        log_config=None,
        log_level="error",
        access_log=False,
        lifespan="off",
        backlog=BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=0,
        server_header=False,
        proxy_headers=False,
    )
    server = _Server(config)
    return server
