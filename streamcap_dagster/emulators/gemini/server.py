"""Runs the service on a port of this machine: until it is told to end, or in a thread for the length of a block."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from streamcap_dagster.emulators.gemini.app import application
from streamcap_dagster.emulators.gemini.faults import Fault
from streamcap_dagster.emulators.gemini.journal import Journal
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.service import Service
from streamcap_dagster.emulators.serving import LOOPBACK, in_thread, listen, until_interrupted, url_of


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
    try:
        with in_thread(partial(application, service), listening, "gemini-emulator"):
            yield Running(url_of(listening), service)
    finally:
        service.journal.close()


def serve(options: Options, host: str, port: int, announce: Callable[[str], None]) -> Service:
    """Serve until this process is interrupted; `announce` is given the address once connections are taken.

    Raises OSError for a port in use or a journal that cannot be written.
    """
    with listen(host, port) as listening:
        service = Service(options)
        announce(url_of(listening))
        until_interrupted(partial(application, service), listening)
    service.journal.close()
    return service
