"""The size of the torch download, told from real files and a real server on this machine."""

import importlib.util
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

from tests.setup.stranger import REPOSITORY


@pytest.fixture(scope="module")
def torch_download() -> ModuleType:
    """`setup/torch_download.py`, which is a script."""
    spec = importlib.util.spec_from_file_location("torch_download", REPOSITORY / "setup" / "torch_download.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Index(BaseHTTPRequestHandler):
    """Says that /2000000000 has as many bytes, and refuses what is not a number."""

    def do_HEAD(self) -> None:
        size = self.path.removeprefix("/")
        self.send_response(200 if size.isdigit() else 403)
        self.send_header("content-length", size if size.isdigit() else "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def index() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_sizes_of_files_on_a_server_and_on_disk_add_up(torch_download: ModuleType, index: str, tmp_path: Path) -> None:
    wheel = tmp_path / "torch-2.13.0+cpu with spaces.whl"
    with wheel.open("wb") as file:
        file.truncate(600_000_000)
    assert torch_download.told([f"{index}/2000000000", wheel.as_uri()]) == "torch is a download of 2.6 GB (2 packages with what it needs)"


def test_a_file_whose_size_is_not_told_makes_it_at_least(torch_download: ModuleType, index: str) -> None:
    assert torch_download.told([f"{index}/500000000", f"{index}/forbidden"]).startswith("torch is a download of at least 500 MB")


def test_a_server_that_tells_no_size_is_said_so(torch_download: ModuleType, index: str) -> None:
    assert "the size of the download is unknown here" in torch_download.told([f"{index}/forbidden"])


def test_a_pip_that_cannot_tell_is_said_so(torch_download: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("torch==0.0.1\n")
    files = torch_download.files_to_download(constraints)
    assert "the size of the torch download is unknown here" in torch_download.told(files)


def test_torch_that_is_there_is_no_download(torch_download: ModuleType) -> None:
    assert torch_download.told([]) == "torch is installed already: nothing to download for it"
