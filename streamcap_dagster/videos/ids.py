"""How a source file gets its video id, once and for good."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

_LONGEST = 96
_HASH_LENGTHS = (8, 16, 32, 64)


def assign_ids(uris: Iterable[str], known: Mapping[str, str], reserved: Collection[str] = ()) -> dict[str, str]:
    """The video id of each uri. What is in `known` (uri → id) stays; an id there is given to no other uri, even when its own is gone.

    A `reserved` id is given to no uri that does not have it.
    """
    taken = {*known.values(), *reserved}
    ids: dict[str, str] = {}
    for uri in uris:
        ids[uri] = known[uri] if uri in known else _new_id(uri, taken)
        taken.add(ids[uri])
    return ids


def _new_id(uri: str, taken: set[str]) -> str:
    slug = _slug(PurePosixPath(uri).stem)
    if slug and slug not in taken:
        return slug
    digest = hashlib.sha256(uri.encode()).hexdigest()
    candidates = (f"{(slug or 'video')[: _LONGEST - 1 - length]}-{digest[:length]}" for length in _HASH_LENGTHS)
    return next(candidate for candidate in candidates if candidate not in taken)


def _slug(stem: str) -> str:
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain).lstrip("-_")[:_LONGEST].rstrip("-")
