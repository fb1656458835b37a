"""Runs the service on a port of this machine: until it is told to end, or in a thread for the length of a block."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from streamcap_dagster.emulators.gcs.app import application
from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.journal import Journal
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.service import Service
from streamcap_dagster.emulators.serving import LOOPBACK, in_thread, listen, until_interrupted, url_of


@dataclass(frozen=True)
class Running:
    """An emulator that runs in a thread of this process."""

    url: str
    service: Service

    @property
    def journal(self) -> Journal:
        return self.service.journal

    def objects(self, bucket: str) -> dict[str, bytes]:
        """The live objects of a bucket by name, in order, without a request."""
        found = self.service.store.bucket(bucket)
        return {name: bytes(found.live[name].data) for name in list(found.names)}

    def order(self, *faults: Fault | None) -> None:
        """The next requests that they fit meet these, one each; None lets one through unharmed."""
        self.service.faults.order(faults)

    def storm(self, seconds: float, status: int = 503) -> None:
        """Every request is answered with this status for so long."""
        self.service.faults.storm(seconds, status)

    def deny(self, *permissions: str) -> None:
        """Refuse whatever needs one of these permissions, such as storage.objects.get."""
        self.service.permissions.deny(*permissions)

    def expire_credentials(self) -> None:
        """Whoever asks is unknown from now on: 401."""
        self.service.permissions.credentials_expired = True

    def allow_all(self) -> None:
        """End what was denied and expired."""
        self.service.permissions.allow_all()


@contextmanager
def running(options: Options | None = None, port: int = 0) -> Iterator[Running]:
    """An emulator for the length of the block, on a free port unless one is given; requests still under way at its end are cut off."""
    service, listening = Service(options or Options()), listen(LOOPBACK, port)
    with in_thread(partial(application, service), listening, "gcs-emulator"):
        yield Running(url_of(listening), service)


def serve(options: Options, host: str, port: int, announce: Callable[[str], None]) -> Service:
    """Serve until this process is interrupted; `announce` is given the address once connections are taken. Raises OSError for a port in use."""
    with listen(host, port) as listening:
        service = Service(options)
        announce(url_of(listening))
        until_interrupted(partial(application, service), listening)
    return service
