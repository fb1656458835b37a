"""How a server that speaks OpenAI's API wants to be asked: servers differ in the parameters that they take, and say so with an error."""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from streamcap_dagster.captions.backends.reply_schema import reply_schema
from streamcap_dagster.captions.captioner import CaptionRequest
from streamcap_dagster.errors import CallFailed

Form = Literal["json_schema", "json_object", "free"]
Limit = Literal["max_tokens", "max_completion_tokens"]

_LOOSER: dict[Form, Form] = {"json_schema": "json_object", "json_object": "free"}
_OTHER: dict[Limit, Limit] = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_ABOUT_FORM = re.compile(r"response_format|json[_ ]?schema|json_object|guided|grammar|structured", re.IGNORECASE)
_ABOUT_LIMIT = re.compile(
    r"(max_tokens|max_completion_tokens).*(unsupported|not supported|instead|unknown|unrecogni[sz]ed|not permitted)"
    r"|(unsupported|unknown|unrecogni[sz]ed|extra|not permitted).*(max_tokens|max_completion_tokens)",
    re.IGNORECASE,
)
_OPENAI = ("api.openai.com", ".api.openai.com", ".openai.azure.com")


@dataclass(frozen=True)
class Manner:
    """Parameters that a server is believed to take; each is given up once at most, so that a server that takes none is told apart soon.

    `max_tokens` is what vLLM, SGLang, Ollama and llama-server all know (Ollama does not know the other one, which it ignores, so that
    nothing would end a reply that repeats itself); OpenAI's own newer models know `max_completion_tokens` alone.
    """

    form: Form = "json_schema"
    limit: Limit = "max_tokens"
    limit_changed: bool = False

    def fields(self, request: CaptionRequest) -> dict[str, Any]:
        """The part of a request's body that servers do not agree on."""
        return {self.limit: request.max_output_tokens, **self._response_format(request)}

    def after(self, failure: CallFailed) -> "Manner | None":
        """How to ask once a server has refused this manner; None when that is not what it minds."""
        if failure.status not in (400, 422) or failure.kind != "rejected" or failure.fix:
            return None  # or it is known already what it minds, such as the length of the question
        if not self.limit_changed and _ABOUT_LIMIT.search(failure.why):
            return replace(self, limit=_OTHER[self.limit], limit_changed=True)
        if self.form in _LOOSER and _ABOUT_FORM.search(failure.why):
            return replace(self, form=_LOOSER[self.form])
        return None

    def __str__(self) -> str:
        form = "no response_format" if self.form == "free" else f"response_format {self.form}"
        return f"{form} and {self.limit}"

    def _response_format(self, request: CaptionRequest) -> dict[str, Any]:
        if self.form == "free":
            return {}
        if self.form == "json_object":
            return {"response_format": {"type": "json_object"}}
        schema = {"name": f"{request.kind}_reply", "schema": reply_schema(request, closed=True), "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}


def first_manner(base_url: str) -> Manner:
    """How to ask a server that has not complained yet."""
    host = urlsplit(base_url).hostname or ""
    return Manner(limit="max_completion_tokens" if f".{host}".endswith(tuple(f".{name.lstrip('.')}" for name in _OPENAI)) else "max_tokens")
