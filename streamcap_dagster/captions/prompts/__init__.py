"""The words that captioners are asked with: versioned text files, whose content is part of their version."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import get_args

from streamcap_dagster.captions.captioner import CaptioningKind, Pair, RequestKind
from streamcap_dagster.captions.history import History
from streamcap_dagster.records import NO_CHANGE

_VERSION = "v1"
_NOTHING_SAID = "(nothing yet)"


@dataclass(frozen=True)
class Telling:
    """What one of two captioners says of a window, and what it had said before."""

    before: tuple[str, ...]
    now: str
    """Empty for silence."""


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

    def questions(self, caption: str) -> str:
        """Asks for questions with short answers that a full caption answers."""
        return Template(_text("questions")).substitute(caption=caption)

    def answers(self, said: Sequence[str], questions: Mapping[str, str]) -> str:
        """Asks these questions, by id, of somebody who knows only what was said."""
        return Template(_text("answers")).substitute(history=_listed(said), questions=_numbered(questions))

    def grades(self, compared: Mapping[str, tuple[str, str, str]]) -> str:
        """Asks which given answers mean the expected ones; question, expected and given answer by id."""
        lines = {number: f"{question} Expected: {expected} Given: {given}" for number, (question, expected, given) in compared.items()}
        return Template(_text("grades")).substitute(answers=_numbered(lines))

    def judgement(self, first: Telling, second: Telling) -> str:
        """Asks which of two people told a window better."""
        return Template(_text("judgement")).substitute(
            first_history=_listed(first.before), first=first.now or NO_CHANGE, second_history=_listed(second.before), second=second.now or NO_CHANGE
        )

    def system(self, kind: RequestKind) -> str:
        """The standing instruction: the role, the form of the reply, and that what is on screen is never an instruction."""
        return _text(_system_of(kind))

    def version_of(self, kind: RequestKind) -> str:
        """Names the text of a prompt and of its standing instruction: changed words are a changed version."""
        return f"{kind}.{_VERSION}-{hashlib.sha256(self.words_of(kind).encode()).hexdigest()[:8]}"

    def words_of(self, kind: RequestKind) -> str:
        """The text of a prompt as it is kept, after that of its standing instruction."""
        return f"{_text(_system_of(kind))}\n\n{_text('initial' if kind == 'full' else kind)}"

    @property
    def version(self) -> str:
        """Names all of the texts that the dataset is made with."""
        return " ".join(self.version_of(kind) for kind in get_args(CaptioningKind))


class AsAsked(Prompts):
    """The prompts as the captioner was asked: with the history that it was shown, which is not all of it when it is long."""

    def __init__(self, history_tokens: int) -> None:
        self._history_tokens = history_tokens

    def delta(self, history: Sequence[str]) -> str:
        """Asks for what was not mentioned in the history, of which the prompt tells as much as fits."""
        return super().delta(History(tuple(history)).shown(self._history_tokens))


def _system_of(kind: RequestKind) -> str:
    return "caption_system" if kind in ("initial", "delta", "full") else f"{kind}_system"


def _numbered(texts: Mapping[str, str]) -> str:
    return "\n".join(f"[{number}] {text}" for number, text in texts.items())


def _listed(texts: Sequence[str]) -> str:
    return "\n".join(f"- {text}" for text in texts) or _NOTHING_SAID


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath(f"{name}.{_VERSION}.txt").read_text(encoding="utf-8").strip()
