"""The words that captioners are asked with: versioned text files, whose content is part of their version."""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from string import Template
from typing import Literal, get_args

from streamcap_dagster.captions.captioner import Pair, RequestKind
from streamcap_dagster.captions.history import History

_VERSION = "v1"
_NOTHING_SAID = "(nothing yet)"


class Prompts:
    """Renders the prompts. What it renders is also the user's turn in training conversations."""

    def initial(self) -> str:
        """Asks for a full description."""
        return _text("initial")

    def delta(self, history: Sequence[str]) -> str:
        """Asks for what was not mentioned in the history yet."""
        return Template(_text("delta")).substitute(history=_listed(history))

    def turn(self) -> str:
        """Asks for the same where the history is in the conversation already: of models in training, never of a captioner."""
        return _text("turn")

    def objectives(self, history: Sequence[str], pairs: Sequence[Pair]) -> str:
        """Asks for checkable statements of each pair, given the history and the pairs before it."""
        return Template(_text("objectives")).substitute(history=_listed(history), pairs="\n".join(f"[{pair.id}] {pair.delta}" for pair in pairs))

    def system(self, kind: RequestKind) -> str:
        """The standing instruction: the role, the form of the reply, and that what is on screen is never an instruction."""
        return _text(_system_of(kind))

    def version_of(self, kind: RequestKind) -> str:
        """Names the text of a prompt and of its standing instruction: changed words are a changed version."""
        return f"{kind}.{_VERSION}-{hashlib.sha256(self.words_of(kind).encode()).hexdigest()[:8]}"

    def words_of(self, kind: RequestKind) -> str:
        """The text of a prompt as it is kept, after that of its standing instruction."""
        return f"{_text(_system_of(kind))}\n\n{_text(kind)}"

    @property
    def version(self) -> str:
        """Names all of the texts."""
        return " ".join(self.version_of(kind) for kind in get_args(RequestKind))


class AsAsked(Prompts):
    """The prompts as the captioner was asked: with the history that it was shown, which is not all of it when it is long."""

    def __init__(self, history_tokens: int) -> None:
        self._history_tokens = history_tokens

    def delta(self, history: Sequence[str]) -> str:
        """Asks for what was not mentioned in the history, of which the prompt tells as much as fits."""
        return super().delta(History(tuple(history)).shown(self._history_tokens))


def _system_of(kind: RequestKind) -> Literal["objectives_system", "caption_system"]:
    return "objectives_system" if kind == "objectives" else "caption_system"


def _listed(texts: Sequence[str]) -> str:
    return "\n".join(f"- {text}" for text in texts) or _NOTHING_SAID


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath(f"{name}.{_VERSION}.txt").read_text(encoding="utf-8").strip()
