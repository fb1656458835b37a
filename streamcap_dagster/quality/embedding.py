"""Models that put texts and pictures into one space, for the pairing audit: one that is served over HTTP, or a Python function of the user's."""

import base64
from collections.abc import Callable, Sequence
from importlib import import_module
from threading import Lock
from typing import Protocol

import numpy as np
import requests
from numpy.typing import NDArray
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from streamcap_dagster.errors import SettingError, StreamcapError

Vectors = NDArray[np.float64]
"""A row for each text or picture."""

_MODEL, _URL = "STREAMCAP_PAIRING_MODEL", "STREAMCAP_PAIRING_URL"
_ONE_BY_ONE = Lock()
"""Held while a function of the user's is at work: videos are measured side by side, and a model may bear no more than one caller, nor have memory for two."""
_AT_ONCE = 32
_ANSWER_WITHIN_S = 120
_AGAIN = Retry(total=4, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=("POST",), raise_on_status=False)


class Embedder(Protocol):
    """What fits together lies close together, by cosine."""

    @property
    def model(self) -> str: ...

    def embed(self, texts: Sequence[str], jpegs: Sequence[bytes]) -> tuple[Vectors, Vectors]:
        """Vectors of the texts and of the pictures. Raises EmbeddingFailed."""


class EmbeddingFailed(StreamcapError):
    """The model that captions and frames are compared by gave no vectors."""

    def __init__(self, model: str, why: str, fix: str) -> None:
        super().__init__(f"captions and frames could not be compared by {model}: {why}. {fix} Without {_MODEL} they are compared by features, without a model.")


def embedder(named: str, url: str, key: str) -> Embedder | None:
    """The model that the settings name, None where they name none. Raises SettingError for one that there cannot be."""
    if not named:
        return None
    if url:
        return ServedEmbedder(named, url, key)
    module, _, function = named.partition(":")
    try:
        return GivenEmbedder(named, getattr(import_module(module), function))
    except (ImportError, AttributeError) as error:
        raise SettingError(_MODEL, named, f"there is no such function ({error}); give module:function, as Python would import it") from error


class GivenEmbedder:
    """A function that takes a list of texts and a list of JPEGs, and returns the vectors of both. It is called once at a time."""

    def __init__(self, model: str, function: Callable[[list[str], list[bytes]], tuple[object, object]]) -> None:
        self.model = model
        self._function = function

    def embed(self, texts: Sequence[str], jpegs: Sequence[bytes]) -> tuple[Vectors, Vectors]:
        try:
            with _ONE_BY_ONE:
                of_texts, of_jpegs = self._function(list(texts), list(jpegs))
            return _of_one_space(_vectors(of_texts, len(texts)), _vectors(of_jpegs, len(jpegs)))
        except Exception as error:
            raise EmbeddingFailed(self.model, f"it failed with {type(error).__name__}: {error}", "Mend the function.") from error


class ServedEmbedder:
    """`POST …/embeddings` as OpenAI has it, with texts and pictures as `{"text": …}` and `{"image": base64}` in `input`, as Jina's CLIP models take them."""

    def __init__(self, model: str, url: str, key: str) -> None:
        self.model = model
        self._address = f"{url.rstrip('/')}/embeddings"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def embed(self, texts: Sequence[str], jpegs: Sequence[bytes]) -> tuple[Vectors, Vectors]:
        inputs = [*({"text": text} for text in texts), *({"image": base64.b64encode(jpeg).decode()} for jpeg in jpegs)]
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=_AGAIN))
            found = [vector for first in range(0, len(inputs), _AT_ONCE) for vector in self._ask(session, inputs[first : first + _AT_ONCE])]
        try:
            vectors = _vectors(found, len(inputs))
        except (TypeError, ValueError) as error:
            raise self._garbled(error) from error
        return vectors[: len(texts)], vectors[len(texts) :]

    def _ask(self, session: requests.Session, inputs: list[dict[str, str]]) -> list[object]:
        """In the order of the inputs, whatever the order of the answer."""
        try:
            answer = session.post(
                self._address, json={"model": self.model, "input": inputs}, headers=self._headers, timeout=_ANSWER_WITHIN_S, allow_redirects=False
            )
        except requests.RequestException as error:
            raise EmbeddingFailed(self.model, f"nobody answers at {_URL} ({type(error).__name__})", "Start it, or correct the address.") from None
        if answer.status_code != requests.codes.ok:
            raise EmbeddingFailed(self.model, f"HTTP {answer.status_code} from {_URL}", "Look at the model's name, STREAMCAP_PAIRING_KEY and the server.")
        try:
            return [one["embedding"] for one in sorted(answer.json()["data"], key=lambda one: one["index"])]
        except (ValueError, KeyError, TypeError) as error:
            raise self._garbled(error) from error

    def _garbled(self, error: Exception) -> EmbeddingFailed:
        return EmbeddingFailed(self.model, f"the answer from {_URL} holds no vectors ({type(error).__name__}: {error})", "See that it serves embeddings.")


def _of_one_space(texts: Vectors, jpegs: Vectors) -> tuple[Vectors, Vectors]:
    """Both as they are. Raises ValueError where those of texts are of another length than those of pictures."""
    if texts.shape[1] != jpegs.shape[1]:
        raise ValueError(f"the vectors of texts have {texts.shape[1]} numbers and those of pictures {jpegs.shape[1]}, so that they cannot be compared")
    return texts, jpegs


def _vectors(found: object, count: int) -> Vectors:
    """Raises ValueError unless there are as many finite vectors as asked for, all of one length."""
    vectors = np.asarray(found, np.float64)
    if vectors.ndim != 2 or len(vectors) != count or not np.isfinite(vectors).all():
        raise ValueError(f"{count} vectors of finite numbers were asked for, and the shape of what came is {vectors.shape}")
    return vectors
