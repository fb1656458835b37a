"""Runs the service on a port of this machine, in a thread for the length of a block."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from streamcap_dagster.emulators.hub.app import application
from streamcap_dagster.emulators.hub.faults import Fault
from streamcap_dagster.emulators.hub.journal import Journal
from streamcap_dagster.emulators.hub.options import Options
from streamcap_dagster.emulators.hub.repositories import MAIN, Commit, Repository, is_large, large, regular
from streamcap_dagster.emulators.hub.service import Service
from streamcap_dagster.emulators.serving import LOOPBACK, in_thread, listen, url_of


@dataclass(frozen=True)
class Running:
    """An emulator that runs in a thread of this process."""

    url: str
    service: Service

    @property
    def journal(self) -> Journal:
        return self.service.journal

    def make(self, repo: str, files: Mapping[str, bytes] | None = None, private: bool = False) -> Repository:
        """A repository with these files, without a request."""
        self.service.repositories[repo] = Repository(repo, private)
        if files:
            self.commit(repo, files)
        return self.service.repositories[repo]

    def commit(self, repo: str, files: Mapping[str, bytes | None], title: str = "by somebody else") -> Commit:
        """What somebody else commits to the main branch: these files, None takes one away."""
        repository = self.service.repositories[repo]
        there = dict(repository.at(MAIN).files)
        for path, data in files.items():
            if data is None:
                del there[path]
            else:
                there[path] = large(data, repository.keep(data)) if is_large(path, len(data), data[:512]) else regular(data)
        return repository.commit(MAIN, title, "", there)

    def repository(self, repo: str) -> Repository:
        return self.service.repositories[repo]

    def files(self, repo: str, revision: str = MAIN) -> dict[str, bytes]:
        """All files of a repository by path, without a request."""
        return {path: file.data for path, file in self.repository(repo).at(revision).files.items()}

    def order(self, *faults: Fault | None) -> None:
        """The next requests that they fit meet these, one each; None lets one through unharmed."""
        self.service.faults.order(faults)

    def keep_up(self, fault: Fault | None) -> None:
        """Every request that it fits meets this one; None ends it."""
        self.service.faults.keep_up(fault)


@contextmanager
def running(options: Options | None = None, port: int = 0) -> Iterator[Running]:
    """An emulator for the length of the block, on a free port unless one is given; requests still under way at its end are cut off.

    Clients find it by HF_ENDPOINT; HF_HUB_DISABLE_XET=1 keeps them from a protocol that it does not speak. Both are read when they are imported.
    """
    service, listening = Service(options or Options()), listen(LOOPBACK, port)
    with in_thread(partial(application, service), listening, "hub-emulator"):
        yield Running(url_of(listening), service)
