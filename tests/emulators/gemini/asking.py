"""Pictures to ask about, and ways to ask the emulator: by hand, and through the real SDK."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import google.auth.credentials
import httpx2
from google import genai
from google.genai import types
from PIL import Image, ImageDraw, ImageFont

from streamcap_dagster.emulators.gemini.wire import Question, read_question

MODEL = "gemini-3.5-flash-lite"
NONCE = "ab12cd"
SCHEMA = {
    "type": "OBJECT",
    "properties": {"caption": {"type": "STRING"}, "no_change": {"type": "BOOLEAN"}, "nonce": {"type": "STRING"}},
    "required": ["caption", "no_change", "nonce"],
    "propertyOrdering": ["caption", "no_change", "nonce"],
}


def jpeg(colour: str = "red", word: str = "", size: tuple[int, int] = (320, 192), square: tuple[int, int, int, int] | None = None) -> bytes:
    image = Image.new("RGB", size, colour)
    if word:
        ImageDraw.Draw(image).text((size[0] / 2, size[1] / 2), word, fill="#101010", font=ImageFont.load_default(size=48), anchor="mm")
    if square:
        ImageDraw.Draw(image).rectangle(square, fill="white")
    data = BytesIO()
    image.save(data, "JPEG", quality=85)
    return data.getvalue()


def body(jpegs: Sequence[bytes] = (), prompt: str = "Describe this scene.", nonce: str = NONCE, schema: dict[str, Any] | None = SCHEMA, **config: Any) -> bytes:
    """A request as the SDK writes it."""
    parts: list[dict[str, Any]] = [{"text": prompt}]
    parts += [{"inlineData": {"data": base64.urlsafe_b64encode(one).decode(), "mime_type": "image/jpeg"}} for one in jpegs]
    parts.append({"text": f'Put "nonce": "{nonce}" into the JSON object, copied exactly.'})
    generation = {"responseMimeType": "application/json", "responseSchema": schema, **config}
    return json.dumps({"contents": [{"role": "user", "parts": parts}], "generationConfig": generation}).encode()


def question(jpegs: Sequence[bytes] = (), prompt: str = "Describe this scene.", **more: Any) -> Question:
    return read_question(body(jpegs, prompt, **more))


def flex(asked: Question) -> Question:
    return replace(asked, tier="flex")


def developer(url: str, version: str = "v1beta", key: str = "any", connections: httpx2.AsyncClient | None = None) -> genai.Client:
    """`connections` of httpx are used although aiohttp may be installed, which the SDK prefers and asks again with."""
    options = types.HttpOptions(base_url=url, api_version=version, timeout=20_000, httpx_async_client=connections)
    return genai.Client(vertexai=False, api_key=key, http_options=options)


def vertex(url: str, token: str = "fake") -> genai.Client:
    return genai.Client(
        vertexai=True,
        project="p1",
        location="global",
        credentials=_Fake(token),
        http_options=types.HttpOptions(base_url=url, timeout=20_000),
    )


def express(url: str) -> genai.Client:
    return genai.Client(vertexai=True, api_key="any", http_options=types.HttpOptions(base_url=url, timeout=20_000))


class _Fake(google.auth.credentials.Credentials):
    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token

    def refresh(self, request: object) -> None:
        pass


def ask(
    client: genai.Client, jpegs: Sequence[bytes] = (), prompt: str = "Describe this scene.", model: str = MODEL, **config: Any
) -> types.GenerateContentResponse:
    """One question through the SDK, as our client asks it."""
    return client.models.generate_content(model=model, contents=[contents(jpegs, prompt)], config=asked_for(**config))


def contents(jpegs: Sequence[bytes], prompt: str = "Describe this scene.") -> types.Content:
    pictures = [types.Part.from_bytes(data=one, mime_type="image/jpeg") for one in jpegs]
    closing = types.Part.from_text(text=f'Put "nonce": "{NONCE}" into the JSON object, copied exactly.')
    return types.Content(role="user", parts=[types.Part.from_text(text=prompt), *pictures, closing])


def asked_for(**config: Any) -> types.GenerateContentConfig:
    usual: dict[str, Any] = {
        "system_instruction": "Answer in JSON.",
        "response_mime_type": "application/json",
        "response_schema": SCHEMA,
        "max_output_tokens": 512,
        "media_resolution": "MEDIA_RESOLUTION_LOW",
        "thinking_config": types.ThinkingConfig(thinking_level=types.ThinkingLevel.MINIMAL),
        "automatic_continuation": False,
        "automatic_function_calling": types.AutomaticFunctionCallingConfig(disable=True),
    }
    return types.GenerateContentConfig(**{**usual, **config})


def said(reply: types.GenerateContentResponse) -> dict[str, Any]:
    """The JSON of a reply."""
    assert reply.text is not None
    whole = json.loads(reply.text)
    assert isinstance(whole, dict)
    return whole
