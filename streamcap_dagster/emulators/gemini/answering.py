"""What the model says: a caption from what it saw, statements from the captions it is given, what it makes of captions, in the form that was asked for."""

import json
import re
from collections.abc import Sequence
from typing import Any

from streamcap_dagster.emulators.draws import digest
from streamcap_dagster.emulators.gemini.examining import examined
from streamcap_dagster.emulators.gemini.looking import Sight, describe, describe_news
from streamcap_dagster.emulators.gemini.schema import Schema, Words, fill
from streamcap_dagster.emulators.gemini.wire import Question

_SAID = re.compile(r"^- (.+)$", re.MULTILINE)
_PAIR = re.compile(r"^\[([^\]\n]+)\] (.+)$", re.MULTILINE)
_CLAUSE = re.compile(r"[.;!?]\s+|[.;!?]$")
_MOST_STATEMENTS, _LONGEST_STATEMENT = 6, 100
_USUAL: Schema = {"type": "object", "properties": {"caption": {"type": "string"}, "no_change": {"type": "boolean"}, "nonce": {"type": "string"}}}
"""What JSON without a schema looks like."""


def caption(question: Question, sight: Sight | None) -> str:
    """What is said of the pictures; without a look at them, of a hash of the content. Empty when nothing is new."""
    said = history(question)
    if sight is None:
        return f"{'News' if said else 'A scene'} of the kind {question.content[:12]}."
    return describe_news(sight, said) if said else describe(sight)


def history(question: Question) -> list[str]:
    """The captions that the prompt shows, as lines that begin with a dash."""
    return [line for text in question.texts for line in _SAID.findall(text)]


def answer(question: Question, said: str) -> str:
    """The text of the reply."""
    if not question.as_json:
        return said or "No change."
    return json.dumps(value(question, said), ensure_ascii=False)


def value(question: Question, said: str) -> Any:
    """The JSON of the reply."""
    named = {"caption": said, "no_change": not said, "nonce": question.nonce, "objectives": _objectives(question.texts), **examined(question.texts)}
    return fill(question.schema or _USUAL, Words(named, said or digest(question.content).hex()[:8]))


def _objectives(texts: Sequence[str]) -> list[dict[str, object]]:
    pairs = [pair for text in texts for pair in _PAIR.findall(text)]
    return [{"id": pair, "items": statements(delta)} for pair, delta in pairs]


def statements(delta: str) -> list[str]:
    """The clauses of a caption, each short enough to be checked."""
    clauses = [clause.strip() for clause in _CLAUSE.split(delta)]
    return [f"{clause[0].lower()}{clause[1:]}"[:_LONGEST_STATEMENT].strip() for clause in clauses if clause][:_MOST_STATEMENTS]
