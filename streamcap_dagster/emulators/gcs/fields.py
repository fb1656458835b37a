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
        name, inner = _read_one(words)
        wanted[name] = _both(wanted[name], inner) if name in wanted else inner
        if words[:1] != [","]:
            break
        words.pop(0)
    return wanted


def _read_one(words: list[str]) -> tuple[str, Wanted | None]:
    """A name and what is wanted of it; what cannot be read is left."""
    name = words.pop(0)
    inner: Wanted | None = None
    if words[:1] == ["/"] and words[1:2] and words[1] not in "(),/":
        words.pop(0)
        inner = dict([_read_one(words)])
    elif words[:1] == ["("]:
        words.pop(0)
        inner = _read(words)
        words[:1] = [] if words[:1] == [")"] else ["("]
    return name, inner


def _both(one: Wanted | None, other: Wanted | None) -> Wanted | None:
    """What either wants, as of `items/name,items/size`."""
    if one is None or other is None:
        return None
    shared = {name: _both(one[name], other[name]) for name in one.keys() & other.keys()}
    return {**one, **other, **shared}
