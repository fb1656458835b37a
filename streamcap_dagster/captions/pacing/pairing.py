"""Proves that a reply answers its request: each request carries a word of its own, which the reply must give back."""

import hashlib
import json

from streamcap_dagster.captions.captioner import CaptionReply
from streamcap_dagster.captions.replies import first_object

_LETTERS = "abcdefghijkmnpqrstuvwxyz"
_SYMBOLS = _LETTERS + "23456789"
_LENGTH = 8


def nonce_for(call_key: str, attempt: int, number: int) -> str:
    """The word of one HTTP request: lower case, a letter first, the same for the same request of the same call."""
    digest = hashlib.sha256(f"{call_key} {attempt} {number}".encode()).digest()
    return "".join((_SYMBOLS if index else _LETTERS)[byte % (len(_SYMBOLS) if index else len(_LETTERS))] for index, byte in enumerate(digest[:_LENGTH]))


def mispairing(reply: CaptionReply, nonce: str) -> str:
    """Why a reply does not belong to the request with this word; empty when it does, or when it holds no JSON object and is of no use anyway."""
    said = _object(reply)
    if said is None:
        return ""
    if "nonce" not in said:
        return 'its JSON has no "nonce", which the request asks to be given back'
    given = str(said["nonce"])
    return "" if given.strip().lower() == nonce else f'its "nonce" is {given[:40]!r} and not {nonce!r}, so it answers another request'


def _object(reply: CaptionReply) -> dict[str, object] | None:
    if reply.finish != "stop":
        return None
    try:
        said = json.loads(first_object(reply.text))
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
