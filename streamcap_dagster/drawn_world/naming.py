"""How things of a drawn world are called in sentences, and by which words they may be known."""

from collections.abc import Sequence

from streamcap_dagster.drawn_world.cast import Actor
from streamcap_dagster.drawn_world.paints import PAINTS


def introduced(actor: Actor) -> str:
    """With its colour and `a`, as when it is first seen."""
    full = _full(actor, _article(actor.paint))
    return f"{_article(full)} {full}"


def known(actor: Actor, others: Sequence[Actor], in_full: bool) -> str:
    """With `the`; its colour is said where another thing of the kind has been seen, or on demand."""
    alike = any(other is not actor and other.kind.name == actor.kind.name for other in others)
    return f"the {_full(actor, 'the') if alike or in_full else actor.kind.name}"


def _full(actor: Actor, article: str) -> str:
    kind = actor.kind
    return f"{kind.name} in {article} {actor.paint} {kind.wears}" if kind.person else f"{actor.paint} {kind.name}"


def _article(words: str) -> str:
    return "an" if words[0] in "aeiou" else "a"


def identity(actor: Actor, seen: Sequence[Actor]) -> tuple[str, ...]:
    """The words that mean this thing: those for its colour, which no other has, and those for its kind that fit nothing else that was seen."""
    others = {noun for other in seen if other is not actor for noun in other.kind.nouns}
    return (*PAINTS[actor.paint].words, *(noun for noun in actor.kind.nouns if noun not in others))


def cap(sentence: str) -> str:
    return f"{sentence[0].upper()}{sentence[1:]}"
