"""Models that compare captions with frames: a function of the user's, and one that a local server serves."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from streamcap_dagster.errors import SettingError
from streamcap_dagster.quality import embedding
from streamcap_dagster.quality.embedding import EmbeddingFailed, GivenEmbedder, ServedEmbedder, embedder
from streamcap_dagster.settings import read_settings

KEY = "a-secret-that-nobody-may-see"


def two_texts(texts: list[str], jpegs: list[bytes]) -> tuple[list[list[float]], list[list[float]]]:
    return [[1.0, 0.0] for _ in texts], [[0.0, 1.0] for _ in jpegs]


def one_too_few(texts: list[str], jpegs: list[bytes]) -> tuple[list[list[float]], list[list[float]]]:
    return [[1.0, 0.0] for _ in texts[1:]], [[0.0, 1.0] for _ in jpegs]


def of_two_spaces(texts: list[str], jpegs: list[bytes]) -> tuple[list[list[float]], list[list[float]]]:
    return [[1.0, 0.0] for _ in texts], [[0.0, 1.0, 0.0] for _ in jpegs]


class Crowd:
    """A function that says how many were in it at the same time; the first waits a moment for another."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.another = threading.Event()

    def __call__(self, texts: list[str], jpegs: list[bytes]) -> tuple[list[list[float]], list[list[float]]]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside > 1:
            self.another.set()
        self.another.wait(0.1)
        self.inside -= 1
        return two_texts(texts, jpegs)


class Served:
    """A server of embeddings: the vector of an input is its length. Answers as it is told to."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.statuses: list[int] = []
        """Of the next answers; 200 once there are no more."""
        self.change: Callable[[dict[str, Any]], object] = lambda answer: answer
        self.server = HTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                served.asked.append({"path": self.path, **asked})
                served.keys.append(self.headers.get("Authorization"))
                data = [{"index": number, "embedding": [len(one.get("text", "")), len(one.get("image", ""))]} for number, one in enumerate(asked["input"])]
                self.send_response(served.statuses.pop(0) if served.statuses else 200)
                self.end_headers()
                self.wfile.write(json.dumps(served.change({"data": data[::-1]})).encode())

            def log_message(self, format: str, *args: object) -> None: ...

        return Handler


@pytest.fixture
def served() -> Iterator[Served]:
    there = Served()
    thread = threading.Thread(target=there.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield there
    there.server.shutdown()
    thread.join()
    there.server.server_close()


@pytest.fixture
def model(served: Served, monkeypatch: pytest.MonkeyPatch) -> ServedEmbedder:
    monkeypatch.setattr(embedding, "_AGAIN", embedding._AGAIN.new(backoff_factor=0))
    return ServedEmbedder("clip", served.url, KEY)


def test_a_function_is_called_for_one_video_at_a_time() -> None:
    crowd = Crowd()
    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(GivenEmbedder("crowd", crowd).embed, ["a"], [b"b"]) for _ in range(3)]:
            done.result()
    assert crowd.most == 1


def test_without_a_setting_there_is_no_model() -> None:
    assert embedder("", "", "") is None


def test_a_function_is_found_by_its_name() -> None:
    model = embedder(f"{__name__}:two_texts", "", "")

    assert model is not None
    assert model.model == f"{__name__}:two_texts"
    texts, jpegs = model.embed(["a", "b"], [b"c"])
    assert (texts.tolist(), jpegs.tolist()) == ([[1, 0], [1, 0]], [[0, 1]])


@pytest.mark.parametrize("named", ["no_such_module:f", f"{__name__}:no_such_function"])
def test_a_function_that_there_is_not_is_told(named: str) -> None:
    with pytest.raises(SettingError, match="there is no such function"):
        embedder(named, "", "")


def test_a_function_that_returns_too_few_vectors_is_told() -> None:
    model = embedder(f"{__name__}:one_too_few", "", "")

    assert model is not None
    with pytest.raises(EmbeddingFailed, match="2 vectors of finite numbers were asked for"):
        model.embed(["a", "b"], [b"c"])


def test_a_function_whose_texts_and_pictures_are_of_different_lengths_is_told() -> None:
    model = embedder(f"{__name__}:of_two_spaces", "", "")

    assert model is not None
    with pytest.raises(EmbeddingFailed, match="the vectors of texts have 2 numbers and those of pictures 3, so that they cannot be compared"):
        model.embed(["a", "b"], [b"c"])


@pytest.mark.parametrize(
    ("given", "setting"),
    [({"pairing_model": "clip"}, "STREAMCAP_PAIRING_MODEL"), ({"pairing_url": "http://localhost:1"}, "STREAMCAP_PAIRING_URL")],
)
def test_half_a_setting_is_refused_when_settings_are_read(given: dict[str, str], setting: str) -> None:
    with pytest.raises(SettingError, match=f"^{setting}="):
        read_settings(**given)


def test_a_server_is_sent_texts_and_pictures_and_its_answer_put_in_order(served: Served, model: ServedEmbedder) -> None:
    texts, jpegs = model.embed(["one", "three"], [b"12345678"])

    assert served.asked == [{"path": "/v1/embeddings", "model": "clip", "input": [{"text": "one"}, {"text": "three"}, {"image": "MTIzNDU2Nzg="}]}]
    assert served.keys == [f"Bearer {KEY}"]
    assert (texts.tolist(), jpegs.tolist()) == ([[3, 0], [5, 0]], [[0, 12]])


def test_many_are_sent_a_few_at_a_time(served: Served, model: ServedEmbedder) -> None:
    texts, jpegs = model.embed(["x" * number for number in range(50)], [b"x"] * 50)

    assert [len(asked["input"]) for asked in served.asked] == [32, 32, 32, 4]
    assert texts[:, 0].tolist() == list(range(50))
    assert len(jpegs) == 50


def test_a_server_that_is_busy_is_asked_again(served: Served, model: ServedEmbedder) -> None:
    served.statuses = [503, 429]

    assert model.embed(["one"], [])[0].tolist() == [[3, 0]]
    assert len(served.asked) == 3


def test_a_refusal_is_told_without_the_key(served: Served, model: ServedEmbedder) -> None:
    served.statuses = [401]

    with pytest.raises(EmbeddingFailed, match="HTTP 401 from STREAMCAP_PAIRING_URL") as refused:
        model.embed(["one"], [])
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("answer", [{}, {"data": [{"index": 0}]}, {"data": [{"index": 0, "embedding": [None]}]}, {"data": []}, []])
def test_an_answer_without_vectors_is_told(served: Served, model: ServedEmbedder, answer: object) -> None:
    served.change = lambda _: answer

    with pytest.raises(EmbeddingFailed, match="holds no vectors"):
        model.embed(["one"], [])


def test_where_nobody_listens_the_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_AGAIN", embedding._AGAIN.new(total=0))

    with pytest.raises(EmbeddingFailed, match="nobody answers at STREAMCAP_PAIRING_URL"):
        ServedEmbedder("clip", "http://127.0.0.1:1", "").embed(["one"], [])
