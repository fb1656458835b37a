"""What the model makes of captions when it is examined with them: questions with a gap, answers out of what was said, grades, and which of two is better.

It reads what it is shown by its outer form alone, as a model would that knows nothing of the scene.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

_DESCRIPTION = re.compile(r"^Seen now:\n(.+)$", re.MULTILINE)
_SAID = re.compile(r"^- (.+)$", re.MULTILINE)
_GAP = re.compile(r"^\[([^\]\n]+)\] Which word follows “([^”]*)”\?$", re.MULTILINE)
_GRADED = re.compile(r"^\[([^\]\n]+)\] .* Expected: (.*) Given: (.*)$", re.MULTILINE)
_TOLD = re.compile(r"^The (first|second) person had said:\n((?:.*\n)*?)The \1 person says now:\n(.*)$", re.MULTILINE)
_CLAUSE = re.compile(r"[.;!?]\s+|[.;!?]$")
_MOST_QUESTIONS = 6
_SILENCE = "No change."


def examined(texts: Sequence[str]) -> Mapping[str, object]:
    """What there is to say to any such question, by the name of the property that asks for it."""
    text = "\n".join(texts)
    better, why = _better(text)
    return {"questions": list(_questions(text)), "answers": list(_answers(text)), "grades": list(_grades(text)), "better": better, "why": why}


def _questions(text: str) -> Iterator[dict[str, str]]:
    """One per clause of a description: which word comes last."""
    clauses = [clause.split() for found in _DESCRIPTION.findall(text) for clause in _CLAUSE.split(found)]
    for words in [words for words in clauses if len(words) > 1][:_MOST_QUESTIONS]:
        yield {"question": f"Which word follows “{' '.join(words[:-1])}”?", "answer": words[-1]}


def _answers(text: str) -> Iterator[dict[str, str]]:
    """The word that followed when it was said last; none when it never was."""
    said = " ; ".join(_SAID.findall(text)).lower()
    for number, before in _GAP.findall(text):
        after = re.findall(rf"{re.escape(before.lower())} ([^\s;.]+)", said)
        yield {"id": number, "answer": after[-1] if after else ""}


def _grades(text: str) -> Iterator[dict[str, object]]:
    """The same when one holds the other."""
    for number, expected, given in _GRADED.findall(text):
        one, other = expected.lower(), given.lower()
        yield {"id": number, "same": bool(other) and (one in other or other in one)}


def _better(text: str) -> tuple[str, str]:
    """Whoever says more words that the same person had not said before; and why."""
    news = {who: _news(now, before) for who, before, now in _TOLD.findall(text)}
    first, second = news.get("first", 0), news.get("second", 0)
    better = "neither" if first == second else "first" if first > second else "second"
    return better, f"The first says {first} new words and the second {second}."


def _news(now: str, before: str) -> int:
    return 0 if now == _SILENCE else len(set(_words(now)) - set(_words(before)))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
