"""A server that speaks OpenAI's chat completions as vLLM, SGLang, Ollama, llama-server and others do, in the respects that they differ in.

What each takes, ignores and refuses, and in which words, is what their documentation and issues tell; none of them was run.
"""

import hashlib
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from streamcap_dagster.emulators.gemini.examining import examined
from tests.captions.backends.scripted_server import Answer, Scripted, Seen, scripted

MODEL = "eyes-7b"
_NONCE = re.compile(r'"nonce": "([^"]*)"')
_PAIR = re.compile(r"^\[(\w+)\] ", re.MULTILINE)

Taking = Literal["honoured", "ignored", "refused"]


def plainly(answer: str) -> str:
    return answer


def fenced(answer: str) -> str:
    return f"```json\n{answer}\n```"


def chatty(answer: str) -> str:
    return f"Sure! Here is what you asked for:\n{answer}\nLet me know if there is more."


def thinking(answer: str) -> str:
    return f'<think>\nThe picture shows {{something}}. "caption" it is.\n</think>\n\n{answer}'


def cut_thinking(answer: str) -> str:
    """The chat template has put the opening tag into the prompt."""
    return f"The picture shows {{something}}.\n</think>\n{answer}"


@dataclass(frozen=True)
class Manners:
    """What a server does with what it is sent. `free_style` is how it talks when no form is in force."""

    json_schema: Taking = "honoured"
    json_object: Taking = "honoured"
    max_tokens: Taking = "honoured"
    max_completion_tokens: Taking = "honoured"
    refusal: Callable[[str], object] = lambda parameter: {"error": {"message": f"'{parameter}' is not supported", "type": "invalid_request_error"}}
    free_style: Callable[[str], str] = fenced
    style: Callable[[str], str] = plainly
    """How it talks in any case."""
    usage: Literal["full", "plain", "none"] = "plain"
    reasoning_content: str = ""
    key: str = ""
    unknown_model: object = None
    """The body of its 404; None when it answers to any name."""


def _not_served(words: str) -> object:
    return {"error": {"message": words, "type": "NotFoundError", "param": None, "code": 404}}


VLLM = Manners(
    usage="full",
    reasoning_content="Hm. A bus?",
    unknown_model=_not_served("The model `eyes` does not exist."),
    refusal=lambda parameter: {
        "object": "error",
        "message": f"The provided JSON schema contains features not supported by xgrammar. ({parameter})",
        "type": "BadRequestError",
        "param": None,
        "code": 400,
    },
)
SGLANG = Manners(style=cut_thinking)
OLLAMA = Manners(max_completion_tokens="ignored", style=plainly, unknown_model=_not_served('model "eyes" not found, try pulling it first'))
LLAMA_SERVER = Manners(usage="full", max_completion_tokens="ignored")
LM_STUDIO = Manners(json_object="refused", refusal=lambda parameter: {"error": "'response_format.type' must be 'json_schema' or 'text'"})
OLD = Manners(
    json_schema="refused",
    json_object="refused",
    usage="none",
    free_style=chatty,
    refusal=lambda parameter: {"error": {"message": f"Unrecognized request argument supplied: {parameter}", "type": "invalid_request_error", "param": None}},
)
CARELESS = Manners(json_schema="ignored", json_object="ignored", usage="none", free_style=fenced)
OPENAI = Manners(
    usage="full",
    max_tokens="refused",
    refusal=lambda parameter: {
        "error": {
            "message": f"Unsupported parameter: '{parameter}' is not supported with this model. Use 'max_completion_tokens' instead.",
            "type": "invalid_request_error",
            "param": parameter,
            "code": "unsupported_parameter",
        }
    },
)


class OpenAIServer:
    """Answers from the pixels and the words it is sent, so that the same question gets the same answer. `next` goes before that, one each."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.next: deque[Answer] = deque()
        self.asked = threading.Event()
        """Set once anything was asked."""
        self.web: Scripted

    @property
    def base_url(self) -> str:
        return f"{self.web.url}/v1"

    @property
    def bodies(self) -> list[Any]:
        """What was asked, without looks at the list of models."""
        return [seen.body for seen in self.web.seen if seen.method == "POST"]

    def __call__(self, seen: Seen) -> Answer:
        self.asked.set()
        if self.manners.key and seen.headers.get("authorization") != f"Bearer {self.manners.key}":
            return Answer({"error": {"message": "Incorrect API key provided", "type": "invalid_request_error", "code": "invalid_api_key"}}, status=401)
        if (seen.method, seen.target) == ("GET", "/v1/models"):
            return Answer({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        if (seen.method, seen.target) != ("POST", "/v1/chat/completions"):
            return Answer({"detail": "Not Found"}, status=404)
        return self.next.popleft() if self.next else self._completion(seen.body)

    def _completion(self, body: Any) -> Answer:
        if self.manners.unknown_model is not None and body["model"] != MODEL:
            return Answer(self.manners.unknown_model, status=404)
        form = body.get("response_format", {}).get("type", "")
        for parameter, present in {"json_schema": form == "json_schema", "json_object": form == "json_object", **self._limits(body)}.items():
            if present and getattr(self.manners, parameter) == "refused":
                return Answer(self.manners.refusal(parameter if "tokens" in parameter else "response_format"), status=400)
        held = bool(form) and getattr(self.manners, form) == "honoured"
        answer = json.dumps(_answer(body, with_nonce=form != "json_schema" or "nonce" in str(body["response_format"])))
        return Answer(completion(self.manners.style(answer if held else self.manners.free_style(answer)), self.manners))

    def _limits(self, body: Any) -> Mapping[str, bool]:
        return {name: name in body for name in ("max_tokens", "max_completion_tokens")}


def completion(content: str | None, manners: Manners = OLLAMA, finish: str | None = "stop", **message: object) -> dict[str, object]:
    """The body of a 200."""
    said = {"role": "assistant", "content": content, **({"reasoning_content": manners.reasoning_content} if manners.reasoning_content else {}), **message}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [{"index": 0, "message": said, "finish_reason": finish}]}
    return {**body, **_usage(manners.usage)}


@contextmanager
def serving(manners: Manners = OLLAMA) -> Iterator[OpenAIServer]:
    """Such a server in a thread, for the length of the block."""
    server = OpenAIServer(manners)
    with scripted(server) as server.web:
        yield server


def _answer(body: Any, with_nonce: bool) -> dict[str, object]:
    parts = body["messages"][-1]["content"]
    words = "\n".join(part["text"] for part in parts if part["type"] == "text")
    pictures = "".join(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    nonce = _NONCE.search(words)
    echo = {"nonce": nonce[1]} if nonce and with_nonce else {}
    if asked := _asked(body) & examined([words]).keys():
        return {**{name: said for name, said in examined([words]).items() if name in asked}, **echo}
    if pairs := _PAIR.findall(words):
        return {"objectives": [{"id": pair, "items": [f"something of {pair} happens"]} for pair in pairs], **echo}
    return {"caption": f"A scene like {hashlib.sha256(pictures.encode()).hexdigest()[:8]}.", "no_change": False, **echo}


def _asked(body: Any) -> set[str]:
    """The names that the form of the reply has, where it is sent."""
    return set(body.get("response_format", {}).get("json_schema", {}).get("schema", {}).get("properties", ()))


def _usage(told: str) -> dict[str, object]:
    plain = {"prompt_tokens": 1200, "completion_tokens": 60, "total_tokens": 1260}
    details = {"prompt_tokens_details": {"cached_tokens": 1000}, "completion_tokens_details": {"reasoning_tokens": 25}}
    return {} if told == "none" else {"usage": {**plain, **(details if told == "full" else {})}}
