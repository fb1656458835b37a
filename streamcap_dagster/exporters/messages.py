"""Exchanges as the messages that TRL takes: content in parts, with one image part per frame in the turn that shows it.

With a string for content TRL puts all images before the first turn of the user, so that the first caption is learnt with later frames in view.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from streamcap_dagster.exporters.conversations import Exchange

Message = dict[str, Any]


def text_part(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def user(exchange: Exchange) -> Message:
    parts = [{"type": "image"} if isinstance(part, bytes) else text_part(part) for part in exchange.shown]
    return {"role": "user", "content": [*parts, text_part(exchange.asked)]}


def assistant(text: str) -> Message:
    return {"role": "assistant", "content": [text_part(text)]}


def messages_of(exchanges: Iterable[Exchange]) -> list[Message]:
    return [message for exchange in exchanges for message in (user(exchange), assistant(exchange.answer))]


def images_of(exchanges: Sequence[Exchange]) -> list[bytes]:
    """The pictures in the order of the image parts."""
    return [image for exchange in exchanges for image in exchange.images]
