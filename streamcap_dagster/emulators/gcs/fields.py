"""Partial answers: the `fields` that a caller wants of them."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import cast

from streamcap_dagster.emulators.gcs.refusals import invalid

Wanted = Mapping[str, "Wanted | None"]
"""What is wanted by name, and of it; None wants all of it."""
_WORD = re.compile(r"[\w*]+|[(),/]")


@lru_cache(maxsize=64)
def read_fields(text: str) -> Wanted:
    """Such as `items(name,size),nextPageToken`; raises Refusal for what cannot be read."""
    words = _WORD.findall(text)
    wanted = _read(words)
    if words or "".join(_WORD.findall(text)) != text.replace(" ", ""):
        raise invalid(f"Invalid field selection {text}", "invalidParameter", locationType="parameter", location="fields")
    return wanted


def only(described: Mapping[str, object], wanted: Wanted) -> dict[str, object]:
    """What is wanted of an answer."""
    if "*" in wanted:
        return dict(described)
    return {name: _inside(described[name], inner) for name, inner in wanted.items() if name in described}


def _inside(value: object, inner: Wanted | None) -> object:
    if inner is None:
        return value
    if isinstance(value, list):
        return [_inside(one, inner) for one in value]
    return only(cast(Mapping[str, object], value), inner) if isinstance(value, dict) else value


def _read(words: list[str]) -> Wanted:
    wanted: dict[str, Wanted | None] = {}
    while words and words[0] not in "(),/":
        name = words.pop(0)
        inner: Wanted | None = None
        if words[:1] == ["/"]:
            words.pop(0)
            inner = {words.pop(0): None} if words else None
        elif words[:1] == ["("]:
            words.pop(0)
            inner = _read(words)
            words[:1] = [] if words[:1] == [")"] else ["("]
        wanted[name] = inner
        if words[:1] != [","]:
            break
        words.pop(0)
    return wanted
