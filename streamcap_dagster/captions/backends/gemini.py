"""The `gemini` captioner: Google's Gemini through its SDK, with a key or on Vertex AI. One `complete` is one HTTP request.

It only translates. What it sends is told in full, so that no default of the SDK or of the service decides the bill; retries,
pacing and the nonce's check are the business of `pacing/`.
"""

import asyncio
from base64 import b64encode
from collections.abc import Hashable, Mapping
from typing import Any, Literal

from google.auth.credentials import Credentials
from google.genai import types
from pydantic import SecretStr

from streamcap_dagster.captions.backends.gemini_errors import call_failure
from streamcap_dagster.captions.backends.gemini_reply import read_answer
from streamcap_dagster.captions.backends.gemini_service import GeminiService
from streamcap_dagster.captions.backends.reply_schema import Schema, reply_schema
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Parameter, Tier
from streamcap_dagster.errors import CallFailed, SettingError
from streamcap_dagster.model_table import ModelFacts, Thinking
from streamcap_dagster.records import STAND_IN

_HARMS = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
_NO_FILTERS = [
    types.SafetySetting(category=types.HarmCategory(f"HARM_CATEGORY_{harm}"), threshold=types.HarmBlockThreshold.OFF, method=None) for harm in _HARMS
]
"""The filters that can be switched off are off: a fight in a film or a wound in the news is there to be described, and a caption that
is withheld by a score of likelihood leaves a hole in its clip. What the service never lets pass it blocks all the same."""

_REPLACED = "."
"""What the SDK is given for contents, which those of the body replace."""


class _Config(types.GenerateContentConfig):
    """The SDK looks for dozens of fields with `in`, which pydantic answers by listing them all, and never with yes. This says no at once."""

    def __contains__(self, name: object) -> bool:
        return False


class GeminiCaptioner:
    """Any Gemini model by name; `facts` is its row of the model table.

    Google's models never run on this machine: at a loopback address the model's name says that something stood in for it, so that its answers
    and Gemini's never mix. Vertex AI goes first when `vertex_project` is set. A timeout is how long the service may be silent, and what it is
    told as its deadline, of which it takes no less than 10 s; the deadline of a whole call is set by whoever calls.
    Raises SettingError when the model does not accept the thinking level.
    """

    name = "gemini"

    def __init__(
        self,
        model: str,
        *,
        key: SecretStr | None,
        facts: ModelFacts,
        base_url: str = "",
        api_version: str | None = None,
        vertex_project: str = "",
        vertex_location: str = "global",
        most_connections: int = 64,
        media_resolution: Literal["low", "medium", "high"] = "low",
        thinking: Literal["least", "minimal", "low", "medium", "high"] = "least",
        timeout_s: float = 120,
        flex_timeout_s: float = 900,
        credentials: Credentials | None = None,
    ) -> None:
        self._asked = _model_name(model)
        self._thinking = _thinking(self._asked, thinking, facts)
        self._resolution = media_resolution
        self._timeouts_s: Mapping[Tier, float] = {"standard": timeout_s, "flex": flex_timeout_s}
        self._configs: dict[Hashable, _Config] = {}
        self._service = GeminiService(
            key=key,
            base_url=base_url,
            api_version=api_version,
            vertex_project=vertex_project,
            vertex_location=vertex_location,
            most_connections=most_connections,
            credentials=credentials,
        )
        self.model = f"{STAND_IN}{self._asked}" if self._service.loopback else self._asked

    def check(self) -> None:
        """Raises SettingError when there is no key and no project, so that nothing can be asked."""
        self._service.check()

    def parameters(self, request: CaptionRequest) -> Mapping[str, Parameter]:
        return {**({"media_resolution": self._resolution} if request.frames else {}), **self._thinking}

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        """The answer to one HTTP request, whatever it is worth. Raises CallFailed when none came, and SettingError as `check` does."""
        self.check()
        answer = await self._ask(request)
        if isinstance(answer, CallFailed):
            raise answer  # here and not where it was caught: the SDK's error and its frames hold the key, and would be its context
        return read_answer(answer, request, self._asked)

    async def aclose(self) -> None:
        await self._service.aclose()

    async def _ask(self, request: CaptionRequest) -> types.GenerateContentResponse | CallFailed:
        """Puts the contents into the body as they go over the wire: the SDK, given them as its own types, would take twice as long over the pictures."""
        options = types.HttpOptions(timeout=round(self._timeouts_s[request.tier] * 1000), extra_body={"contents": [_content(request)]})
        config = self._config(request).model_copy(update={"http_options": options})
        try:
            return await self._service.client().aio.models.generate_content(model=self._asked, contents=_REPLACED, config=config)
        except asyncio.CancelledError as cancelled:
            cancelled.__context__ = None
            raise cancelled.with_traceback(None) from None
        except Exception as error:  # noqa: BLE001  whatever it is, the frames it comes through hold the key
            return call_failure(error, self._service)

    def _config(self, request: CaptionRequest) -> _Config:
        """Questions differ in little but their contents, so what is built for one serves for others; the SDK works on a copy."""
        kind = request.kind, request.system, request.max_output_tokens, request.tier, bool(request.frames), bool(request.nonce)
        if kind not in self._configs:
            self._configs[kind] = self._new_config(request)
        return self._configs[kind]

    def _new_config(self, request: CaptionRequest) -> _Config:
        return _Config(
            system_instruction=request.system,
            max_output_tokens=request.max_output_tokens,
            response_mime_type="application/json",
            response_schema=_wire_schema(reply_schema(request)),
            media_resolution=types.MediaResolution(f"MEDIA_RESOLUTION_{self._resolution.upper()}") if request.frames else None,
            thinking_config=types.ThinkingConfig.model_validate(self._thinking) if self._thinking else None,
            safety_settings=_NO_FILTERS,
            service_tier=types.ServiceTier.FLEX if request.tier == "flex" else None,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            automatic_continuation=False,
        )


def _content(request: CaptionRequest) -> dict[str, Any]:
    """The prompt first, so that what all windows of a clip share leads; then each picture after its time; then what is for this attempt only."""
    pictures = [part for time, frame in zip(request.times, request.frames, strict=True) for part in ({"text": time}, _picture(frame.jpeg))]
    closing = [{"text": request.closing}] if request.closing else []
    return {"role": "user", "parts": [{"text": request.prompt}, *pictures, *closing]}


def _picture(jpeg: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/jpeg", "data": b64encode(jpeg).decode("ascii")}}


def _wire_schema(form: Schema) -> types.Schema:
    """The form in the dialect of `responseSchema`, the older of the two that Gemini knows and the one that every API version has."""
    properties = {name: _wire_schema(inner) for name, inner in form.get("properties", {}).items()}
    return types.Schema(
        type=types.Type(form["type"].upper()),
        description=form.get("description"),
        items=_wire_schema(form["items"]) if "items" in form else None,
        properties=properties or None,
        required=form.get("required"),
        property_ordering=list(properties) or None,
    )


def _model_name(model: str) -> str:
    name = model.strip().removeprefix("models/")
    if not name or any(mark in name for mark in ("..", "?", "&", "#", "%", " ")):
        raise SettingError("STREAMCAP_GEMINI_MODEL", model, "it is no name of a model such as gemini-3.5-flash-lite")
    return name


def _thinking(model: str, asked: Literal["least", "minimal", "low", "medium", "high"], facts: ModelFacts) -> Mapping[str, Parameter]:
    """What is sent of thinking: a level, or a budget in tokens, never both; nothing when the least that the model accepts is not known."""
    known = facts.thinking
    if asked == "least":
        levels: Mapping[str, Parameter] = {"thinking_level": known.level} if known.level else {}
        return {"thinking_budget": known.budget} if known.budget is not None and not levels else levels
    if known != Thinking() and asked not in known.accepts:
        accepted = ", ".join(("least", *known.accepts))
        raise SettingError("STREAMCAP_THINKING", asked, f"{model} does not accept it; set one of: {accepted}")
    return {"thinking_level": asked}
