"""The `openai` captioner: any server that speaks OpenAI's chat completions, such as vLLM, SGLang, Ollama, llama-server or OpenAI itself.

It only translates; one `complete` is one HTTP request. Servers differ in the parameters that they take, and say so with a 400: then the
manner of asking is changed for good, and CallFailed `busy` with `retry_after_s=0` has whoever paces send the question again.
"""

import base64
import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from pydantic import SecretStr

from streamcap_dagster.captions.backends.address import host_of, is_plain
from streamcap_dagster.captions.backends.openai_manner import Manner, first_manner
from streamcap_dagster.captions.backends.openai_reply import read_answer
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Parameter
from streamcap_dagster.errors import CallFailed, MissingTool, SettingError

if TYPE_CHECKING:
    from streamcap_dagster.captions.backends.openai_service import OpenAIService

logger = logging.getLogger(__name__)

_OPENAI = "https://api.openai.com/v1"
_SERVERS = "http://127.0.0.1:8000/v1 (vLLM), http://127.0.0.1:30000/v1 (SGLang), http://127.0.0.1:11434/v1 (Ollama) or http://127.0.0.1:8080/v1 (llama-server)"
_DETAIL = {"low": "low", "medium": "auto", "high": "high"}


class OpenAICaptioner:
    """A model of a server that speaks OpenAI's API; an empty `base_url` is OpenAI itself, which needs a key.

    Frames go as `image_url` parts, each after its time. Sampling is left to the server's own defaults for the model. A timeout is how long
    the server may be silent; the deadline of a whole call is set by whoever calls. Raises SettingError when model, address or key cannot be one.
    """

    name = "openai"

    def __init__(
        self,
        model: str,
        *,
        key: SecretStr | None,
        base_url: str = "",
        most_connections: int = 64,
        media_resolution: Literal["low", "medium", "high"] = "low",
        timeout_s: float = 120,
    ) -> None:
        self.model = _model_name(model)
        self._address = _checked(base_url)
        self._key = _usable(key)
        self._resolution = media_resolution
        self._most_connections = most_connections
        self._timeout_s = timeout_s
        self._manner = first_manner(self._address or _OPENAI)
        self._service: OpenAIService | None = None

    def check(self) -> None:
        """Raises SettingError when nobody is there to be asked, MissingTool when the SDK is not installed."""
        self._reached()

    def parameters(self, request: CaptionRequest) -> Mapping[str, Parameter]:
        """Not the manner of asking: what is asked for stays the same, and it is known only after the first answer."""
        return {"media_resolution": self._resolution} if request.frames else {}

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        """The answer to one HTTP request, whatever it is worth. Raises CallFailed when none came."""
        manner = self._manner
        answer = await self._reached().ask(self._body(request, manner))
        if isinstance(answer, CallFailed):
            raise self._adapted(answer, manner)  # here and not where it was caught: the SDK's error and its frames hold the key
        return read_answer(answer, self.model)

    async def aclose(self) -> None:
        if self._service is not None:
            await self._service.aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a captioner holds a key and connections, so it is never pickled: make one in each process")

    def _reached(self) -> "OpenAIService":
        if self._service is None:
            if not self._address and self._key is None:
                why = f"say who is asked: a server's address such as {_SERVERS}; or set OPENAI_API_KEY for OpenAI itself"
                raise SettingError("OPENAI_BASE_URL", "", why)
            service = _service_class()
            self._service = service(self._address or _OPENAI, self._key, most_connections=self._most_connections, timeout_s=self._timeout_s)
        return self._service

    def _adapted(self, failure: CallFailed, manner: Manner) -> CallFailed:
        """The failure; or a plea to ask again when the server only minds the manner, which others may have changed meanwhile."""
        better = manner.after(failure)
        if better is None:
            return failure
        if self._manner == manner:
            self._manner = better
            logger.warning("%s does not take %s, so it is asked with %s from now on. %s.", host_of(self._address or _OPENAI), manner, better, failure.why)
        return CallFailed("busy", f"asked again with {self._manner}, because {failure.why}", status=failure.status, retry_after_s=0)

    def _body(self, request: CaptionRequest, manner: Manner) -> dict[str, Any]:
        messages = [{"role": "system", "content": request.system}, {"role": "user", "content": list(self._content(request))}]
        return {"model": self.model, "messages": messages, **manner.fields(request)}

    def _content(self, request: CaptionRequest) -> Iterator[dict[str, Any]]:
        """The prompt first, so that what all windows of a clip share leads; then each picture after its time; then what is for this attempt only."""
        yield _words(request.prompt)
        for time, frame in zip(request.times, request.frames, strict=True):
            yield _words(time)
            url = f"data:image/jpeg;base64,{base64.b64encode(frame.jpeg).decode()}"
            yield {"type": "image_url", "image_url": {"url": url, "detail": _DETAIL[self._resolution]}}
        if request.closing:
            yield _words(request.closing)


def _words(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _service_class() -> "type[OpenAIService]":
    try:
        from streamcap_dagster.captions.backends.openai_service import OpenAIService
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "openai":
            raise
        raise MissingTool("the openai package", "the captioner openai", 'Install it: pip install "streamcap-dagster[openai]".') from error
    return OpenAIService


def _model_name(model: str) -> str:
    if not model.strip():
        why = "name the model as its server does, such as Qwen/Qwen2.5-VL-7B-Instruct (vLLM, SGLang) or qwen2.5vl:7b (Ollama)"
        raise SettingError("STREAMCAP_OPENAI_MODEL", model, why)
    return model.strip()


def _checked(base_url: str) -> str:
    address = base_url.strip()
    if address and not is_plain(address):
        raise SettingError("OPENAI_BASE_URL", "(hidden)", f"it is no http(s) address without user, query and fragment, such as {_SERVERS}")
    return address


def _usable(key: SecretStr | None) -> SecretStr | None:
    given = key.get_secret_value().strip() if key else ""
    if not (given.isascii() and given.isprintable() and " " not in given):
        raise SettingError("OPENAI_API_KEY", "(hidden)", "it holds a space or another character that no key has; copy it again")
    return SecretStr(given) if given else None
