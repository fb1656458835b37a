"""Reads a request as the service does: keys in either case, images in either alphabet of base64, and a 400 for what it would not take."""

import binascii
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from streamcap_dagster.emulators.draws import digest
from streamcap_dagster.emulators.gemini.fields import FIELDS, GENERATION_FIELDS
from streamcap_dagster.emulators.gemini.refusals import Refusal, invalid, unknown_field
from streamcap_dagster.emulators.gemini.schema import Schema, check_schema

MOST_BYTES = 100 * 1024 * 1024
Resolution = Literal["default", "low", "medium", "high", "ultra_high"]
_RESOLUTIONS: Mapping[str, Resolution] = {
    "MEDIA_RESOLUTION_UNSPECIFIED": "default",
    "MEDIA_RESOLUTION_LOW": "low",
    "MEDIA_RESOLUTION_MEDIUM": "medium",
    "MEDIA_RESOLUTION_HIGH": "high",
}
_PART_RESOLUTIONS: Mapping[str, Resolution] = {**_RESOLUTIONS, "MEDIA_RESOLUTION_ULTRA_HIGH": "ultra_high"}
_TIERS = ("standard", "flex", "priority", "unspecified")
_PICTURES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif")
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
_NONCE = re.compile(r'"nonce": "([^"\n]*)"')
_SNAKE = re.compile(r"_([a-z0-9])")


@dataclass(frozen=True)
class Picture:
    """An image as it came: still in base64, of the standard alphabet and without padding."""

    base64: bytes
    resolution: Resolution
    where: str

    def decoded(self) -> bytes:
        try:
            return binascii.a2b_base64(self.base64 + b"=" * (-len(self.base64) % 4), strict_mode=True)
        except binascii.Error:
            raise invalid(f"Invalid value at '{self.where}.inline_data.data' (TYPE_BYTES), Base64 decoding failed") from None


@dataclass(frozen=True)
class Question:
    """What is asked, read and checked as far as no model is needed for it."""

    system: str
    texts: tuple[str, ...]
    """What the user says, in order, without the pictures between."""
    pictures: tuple[Picture, ...]
    last_role: str
    schema: Schema | None
    as_json: bool
    max_output_tokens: int | None
    thinking_level: str
    thinking_budget: int | None
    penalties: bool
    tier: Literal["standard", "flex", "priority"]
    settings: str
    """What else shapes the answer, as JSON."""

    @cached_property
    def nonce(self) -> str:
        """The word to be given back: the last that is asked for, since a caption shown earlier could hold another."""
        asked = [found for text in self.texts for found in _NONCE.findall(text)]
        return asked[-1] if asked else ""

    @cached_property
    def pixels(self) -> str:
        """Names the pictures; empty without any."""
        if not self.pictures:
            return ""
        whole = hashlib.sha256()
        for picture in self.pictures:
            whole.update(picture.base64)
            whole.update(b"\n")
        return whole.hexdigest()

    @cached_property
    def content(self) -> str:
        """Names all that is asked but the nonce and the tier."""
        words = [_NONCE.sub("", text) for text in self.texts]
        return digest(self.system, *words, self.pixels, self.settings).hex()


def read_question(body: bytes) -> Question:
    """Raises Refusal, with the status and words of the service, when a body is no request that it takes."""
    asked = _object(body)
    for name in asked:
        if name not in FIELDS:
            raise unknown_field(name)
    try:
        return _question(asked)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise invalid("Invalid JSON payload received. A value is not of the kind that its field has.") from None


def _question(asked: Mapping[str, Any]) -> Question:
    config = _generation_config(asked)
    contents = [content for content in _list(asked.get("contents"), "contents") if isinstance(content, dict)]
    if not contents:
        raise invalid("* GenerateContentRequest.contents: contents is not specified\n")
    resolution = _named(_RESOLUTIONS, config.get("mediaResolution"), "generation_config.media_resolution")
    parts = list(_parts(contents))
    thinking = config.get("thinkingConfig") or {}
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    return Question(
        system="\n".join(_texts((asked.get("systemInstruction") or {}).get("parts", ()))),
        texts=tuple(_texts(part for _, part in parts)),
        pictures=tuple(_pictures(parts, resolution)),
        last_role=contents[-1].get("role") or "user",
        schema=schema,
        as_json=config.get("responseMimeType") == "application/json",
        max_output_tokens=_most_tokens(config),
        thinking_level=str(thinking.get("thinkingLevel", "")).lower().replace("thinking_level_unspecified", ""),
        thinking_budget=int(thinking["thinkingBudget"]) if "thinkingBudget" in thinking else None,
        penalties=bool(config.get("presencePenalty") or config.get("frequencyPenalty")),
        tier=_tier(asked.get("serviceTier")),
        settings=json.dumps(config, sort_keys=True),
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise invalid("Invalid JSON payload received. Unexpected token.\n") from None
    if not isinstance(asked, dict):
        raise invalid("Invalid JSON payload received. Expected an object.\n")
    return {_camel(name): _in_camel(value) for name, value in asked.items()}


def _in_camel(value: Any) -> Any:
    """Keys in camel case all the way down, except where keys are names of the user's: the properties of a schema, and JSON Schema as a whole."""
    if isinstance(value, list):
        return [_in_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {_camel(name): _left_alone(_camel(name), inner) for name, inner in value.items()}


def _left_alone(name: str, inner: Any) -> Any:
    if name in ("responseJsonSchema", "labels"):
        return inner
    if name == "properties" and isinstance(inner, dict):
        return {own: _in_camel(value) for own, value in inner.items()}
    return _in_camel(inner)


def _camel(name: str) -> str:
    return _SNAKE.sub(lambda found: found[1].upper(), name) if "_" in name else name


def _generation_config(asked: Mapping[str, Any]) -> dict[str, Any]:
    config = asked.get("generationConfig") or {}
    if not isinstance(config, dict):
        raise invalid("Invalid value at 'generation_config' (type.googleapis.com/google.ai.generativelanguage.v1beta.GenerationConfig)")
    for name in config:
        if name not in GENERATION_FIELDS:
            raise unknown_field(name, "generation_config")
    if config.get("responseSchema") and config.get("responseJsonSchema"):
        raise invalid("* GenerateContentRequest.generation_config: only one of response_schema and response_json_schema can be set\n")
    if (config.get("responseSchema") or config.get("responseJsonSchema")) and config.get("responseMimeType") != "application/json":
        raise invalid("Function calling config or response schema is set without the response MIME type application/json, which it needs")
    if config.get("responseSchema"):
        check_schema(config["responseSchema"])
    return config


def _most_tokens(config: Mapping[str, Any]) -> int | None:
    most = config.get("maxOutputTokens")
    if most is not None and not (isinstance(most, int) and 1 <= most <= 65536):
        raise invalid(
            f"Unable to submit request because it has a maxOutputTokens value of {most} but the supported range is from 1 (inclusive) to 65537 (exclusive). "
            "Update the value and try again."
        )
    return most


def _tier(name: Any) -> Literal["standard", "flex", "priority"]:
    plain = str(name or "standard").lower().removeprefix("service_tier_")
    if plain not in _TIERS:
        raise invalid(f"Invalid value at 'service_tier' (type.googleapis.com/google.ai.generativelanguage.v1beta.ServiceTier), \"{name}\"")
    return "flex" if plain == "flex" else "priority" if plain == "priority" else "standard"


def _named(known: Mapping[str, Resolution], name: Any, where: str) -> Resolution:
    if name is None:
        return "default"
    if name not in known:
        raise invalid(f"Invalid value at '{where}' (type.googleapis.com/google.ai.generativelanguage.v1beta.MediaResolution), \"{name}\"")
    return known[name]


def _list(value: Any, where: str) -> Sequence[Any]:
    if value is not None and not isinstance(value, list):
        raise invalid(f"Invalid value at '{where}', a list is expected")
    return value or ()


def _parts(contents: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every part with its place, as error messages name it."""
    for at, content in enumerate(contents):
        parts = _list(content.get("parts"), f"contents[{at}].parts")
        if not parts:
            raise invalid(f"* GenerateContentRequest.contents[{at}].parts: contents.parts must not be empty.\n")
        yield from ((f"contents[{at}].parts[{index}]", part) for index, part in enumerate(parts) if isinstance(part, dict))


def _texts(parts: Iterator[Mapping[str, Any]] | Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(part["text"]) for part in parts if "text" in part]


def _pictures(parts: Sequence[tuple[str, Mapping[str, Any]]], resolution: Resolution) -> Iterator[Picture]:
    for where, part in parts:
        if "fileData" in part:
            raise Refusal(403, "PERMISSION_DENIED", "You do not have permission to access the File or it may not exist (the emulator takes inline data only).")
        if "inlineData" in part:
            yield _picture(where, part, resolution)


def _picture(where: str, part: Mapping[str, Any], resolution: Resolution) -> Picture:
    inline = part["inlineData"]
    kind = str(inline.get("mimeType", ""))
    if kind not in _PICTURES:
        raise invalid(f"Unsupported MIME type: {kind}")
    own = part.get("mediaResolution")
    seen = _named(_PART_RESOLUTIONS, own.get("level"), f"{where}.media_resolution.level") if isinstance(own, dict) else resolution
    return Picture(str(inline.get("data", "")).encode().translate(_STANDARD_ALPHABET).rstrip(b"="), seen, where)
