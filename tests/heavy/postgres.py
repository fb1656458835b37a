"""A PostgreSQL server of a test's own: on a free port of the loopback, in a temporary folder, and not as root, which it refuses."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "nobody" if os.geteuid() == 0 else None


class Postgres:
    """One server, started and stopped by `pg_ctl` as on a machine of its own."""

    def __init__(self, folder: Path) -> None:
        self._cluster, self._log = folder / "cluster", folder / "log"
        self.port, self.password = free_port(), secrets.token_hex(16)
        given = folder / "password"
        given.write_text(self.password)
        if USER:
            for path in (folder, given):
                shutil.chown(path, USER)
        self._do("initdb", "-D", str(self._cluster), "-U", "dagster", "--auth=scram-sha-256", f"--pwfile={given}", "--no-sync")

    @property
    def env(self) -> dict[str, str]:
        """What `deploy/dagster.prod.yaml` reads."""
        return {
            "DAGSTER_PG_HOST": "127.0.0.1",
            "DAGSTER_PG_PORT": str(self.port),
            "DAGSTER_PG_USER": "dagster",
            "DAGSTER_PG_PASSWORD": self.password,
            "DAGSTER_PG_DB": "postgres",
        }

    def start(self) -> None:
        """Up, and answering."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories=''"
        self._do("pg_ctl", "start", "-w", "-D", str(self._cluster), "-l", str(self._log), "-o", options)

    def stop(self) -> None:
        """Down at once, as in a crash; what was committed is found again at the next start."""
        self._do("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self._cluster))

    def _do(self, program: str, *arguments: str) -> None:
        found = shutil.which(program, path=os.environ.get("POSTGRES") or os.environ["PATH"])
        assert found, f"{program} is part of PostgreSQL's server, which make test-heavy installs"
        done = subprocess.run(
            [found, *arguments],
            user=USER,
            group=None if USER is None else "nogroup",
            extra_groups=None if USER is None else [],
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server that is up, and gone when the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
