"""Schemas that an answer must fit: which of them the service refuses, and how a value is made for one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from streamcap_dagster.emulators.gemini.refusals import invalid

Schema = Mapping[str, Any]
_ROOT = "generation_config.response_schema"


def check_schema(schema: Schema) -> None:
    """Raises Refusal for an OpenAPI-style schema that the service would not take, with all that is wrong with it in one message."""
    if wrong := "".join(f"* GenerateContentRequest.{fault}\n" for fault in _faults(schema, _ROOT)):
        raise invalid(wrong)


def _faults(schema: Schema, where: str) -> Iterator[str]:
    kind = kind_of(schema)
    if kind == "object":
        properties = schema.get("properties") or {}
        if not properties:
            yield f"{where}.properties: should be non-empty for OBJECT type"
        yield from (f"{where}.required[{at}]: property is not defined" for at, name in enumerate(schema.get("required", ())) if name not in properties)
        for name, inner in properties.items():
            yield from _faults(inner, f"{where}.properties[{name}]")
    elif kind == "array":
        if "items" not in schema:
            yield f"{where}.items: missing field."
        else:
            yield from _faults(schema["items"], f"{where}.items")


def uses(schema: Schema, keyword: str) -> bool:
    """Whether a keyword stands anywhere in a schema (a property of that name does not count)."""
    inner = [*(schema.get("properties") or {}).values(), *schema.get("anyOf", ()), schema.get("items")]
    return keyword in schema or any(uses(part, keyword) for part in inner if isinstance(part, Mapping))


def kind_of(schema: Schema) -> str:
    """The type in lower case; the first that is not null where there are several."""
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return next((str(one).lower() for one in kind if one != "null"), "null") if isinstance(kind, list) else str(kind).lower()


@dataclass(frozen=True)
class Words:
    """What there is to say, by the name of the property that asks for it; `text` is said where a property has no such name."""

    named: Mapping[str, Any]
    text: str


def fill(schema: Schema, words: Words) -> Any:
    """A value that fits a schema."""
    return _value(schema, words, schema, "")


def _value(schema: Schema, words: Words, root: Schema, name: str) -> Any:
    if "$ref" in schema:
        return _value(_referred(str(schema["$ref"]), root), words, root, name)
    if alternatives := schema.get("anyOf") or schema.get("oneOf"):
        return _value(next((one for one in alternatives if kind_of(one) != "null"), alternatives[0]), words, root, name)
    if "const" in schema or schema.get("enum"):
        return schema["const"] if "const" in schema else schema["enum"][0]
    kind = kind_of(schema)
    if kind == "object":
        return {own: _value(schema["properties"][own], words, root, own) for own in _order(schema)}
    if kind == "array":
        return _items(schema, words, root, name)
    return _scalar(kind, schema, words, name)


def _referred(reference: str, root: Schema) -> Schema:
    found: Any = root
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _order(schema: Schema) -> list[str]:
    """The properties in the order asked for, the others after them."""
    properties = list(schema.get("properties") or {})
    first = [name for name in schema.get("propertyOrdering", ()) if name in properties]
    return first + [name for name in properties if name not in first]


def _items(schema: Schema, words: Words, root: Schema, name: str) -> list[Any]:
    inner = schema.get("items", {})
    given = words.named.get(name)
    if isinstance(given, list):
        return [_value(inner, Words({**words.named, **one} if isinstance(one, dict) else {**words.named, name: one}, words.text), root, name) for one in given]
    return [_value(inner, words, root, name) for _ in range(int(schema.get("minItems", 0)))]


def _scalar(kind: str, schema: Schema, words: Words, name: str) -> Any:
    given = words.named.get(name)
    if kind == "string":
        text = given if isinstance(given, str) else words.text
        return text[: int(schema.get("maxLength", len(text)))].ljust(int(schema.get("minLength", 0)), ".")
    if kind == "boolean":
        return given if isinstance(given, bool) else False
    if kind == "null":
        return None
    number = given if isinstance(given, (int, float)) and not isinstance(given, bool) else schema.get("minimum", 0)
    return int(number) if kind == "integer" else float(number)
