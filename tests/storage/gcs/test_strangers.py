"""Something else answers in the place of Google Cloud Storage, such as a proxy or the sign-in page of a network."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streamcap_dagster.errors import StorageError
from streamcap_dagster.storage.gcs import GcsStorage, open_storage


class Stranger(BaseHTTPRequestHandler):
    """Says the same to everybody."""

    words = b""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.words)))
        self.end_headers()
        self.wfile.write(self.words)

    do_GET = do_POST = do_PUT = answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture(params=[b"<html>Sign in</html>", b"{}", b"[]", b'{"items": [{}]}'], ids=["a page", "an object", "a list", "an empty item"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GcsStorage]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Saying", (Stranger,), {"words": request.param}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    yield open_storage("gs://bucket/data", tmp_path, cache_gb=1, connections=2, deadline_s=1)
    server.shutdown()
    server.server_close()
    thread.join()


def _local(storage: GcsStorage) -> object:
    with storage.local("clips/cat.json") as path:
        return path.read_bytes()


@pytest.mark.parametrize(
    "use",
    [
        lambda storage: storage.read("clips/cat.json"),
        lambda storage: storage.write("clips/cat.json", b"new"),
        lambda storage: storage.write("frames/cat.parquet", bytes(9 << 20)),
        _local,
    ],
    ids=["read", "write", "upload", "local"],
)
def test_what_is_no_answer_is_an_error_of_the_storage(storage: GcsStorage, use: Callable[[GcsStorage], object]) -> None:
    with pytest.raises(StorageError, match="failed in gs://bucket"):
        use(storage)
