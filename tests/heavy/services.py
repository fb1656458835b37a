"""The services of deploy/compose as processes of this machine: the same commands, on free ports of the loopback."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.assets.project import REPOSITORY, Project
from tests.heavy.postgres import free_port

COMPOSE = REPOSITORY / "deploy/compose"
SCRIPTS = Path(sys.executable).parent


class Services:
    """Starts, restarts and ends them; each tells what it has to say in a file of the project."""

    def __init__(self, project: Project) -> None:
        self._project, self._running = project, dict[str, subprocess.Popen[bytes]]()
        self._commands = {name: service.get("command") for name, service in yaml.safe_load((COMPOSE / "docker-compose.yaml").read_text())["services"].items()}
        self._code_port, self.web_port = free_port(), free_port()
        workspace = yaml.safe_load((COMPOSE / "workspace.yaml").read_text())
        workspace["load_from"][0]["grpc_server"].update(host="127.0.0.1", port=self._code_port)
        (project.root / "workspace.yaml").write_text(yaml.safe_dump(workspace))

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """The service's own command; where it serves and what it reads are this machine's."""
        here = {"0.0.0.0": "127.0.0.1", "4000": str(self._code_port), "3000": str(self.web_port), "/opt/dagster/workspace.yaml": "workspace.yaml"}
        program, *arguments = (here.get(word, word) for word in self._commands[name])
        with (self._project.root / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [str(SCRIPTS / program), *arguments], env=self._project.env, cwd=self._project.root, stdout=log, stderr=log, start_new_session=True
            )
        return self._running[name]

    def code_serves(self) -> bool:
        """Whether the code server takes connections; cheaper than its health check."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._code_port)) == 0

    def is_healthy(self, name: str) -> bool:
        """What the service's health check says."""
        checks: dict[str, Any] = {
            "code": lambda: self._succeeds("dagster", "api", "grpc-health-check", "--port", str(self._code_port)),
            "webserver": self._answers,
            "daemon": lambda: self._succeeds("dagster-daemon", "liveness-check"),
        }
        return bool(checks[name]())

    def _succeeds(self, program: str, *arguments: str) -> bool:
        return subprocess.run([str(SCRIPTS / program), *arguments], env=self._project.env, capture_output=True, check=False).returncode == 0

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.web_port}/server_info", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """All of them and what they started."""
        for process in self._running.values():
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait()


@contextmanager
def services_of(project: Project) -> Iterator[Services]:
    """None is started yet; none is left when the block ends."""
    services = Services(project)
    try:
        yield services
    finally:
        services.stop()
