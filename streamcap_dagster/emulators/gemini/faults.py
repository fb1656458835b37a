"""What goes wrong, and when: transient faults by seed, content and attempt, blocked or broken-off answers by seed and pixels; and what a test asks for."""

from collections import deque
from collections.abc import Iterable
from typing import Literal, get_args

from streamcap_dagster.emulators.draws import choice, fraction
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.wire import Question

Transient = Literal[
    "busy_503", "error_500", "html_502", "dropped", "cut_body", "garbled_200", "dribble", "empty_200", "fenced", "doubled", "wrong_nonce", "wrong_order"
]
Content = Literal["safety", "recitation", "prohibited", "max_tokens_empty", "max_tokens_cut"]
OnOrder = Literal["flex_shed", "leaked_key", "prepayment", "no_parts", "continuation"]
"""What the service is known to do, but not here unless it is ordered."""
Fault = Transient | Content | OnOrder

TRANSIENT: tuple[Transient, ...] = get_args(Transient)
CONTENT: tuple[Content, ...] = get_args(Content)
FAULTS: tuple[Fault, ...] = (*TRANSIENT, *CONTENT, *get_args(OnOrder))
UNANSWERED: frozenset[Fault] = frozenset(
    ("busy_503", "error_500", "html_502", "dropped", "cut_body", "garbled_200", "empty_200", "wrong_nonce", "flex_shed", "leaked_key", "prepayment", "no_parts")
)
"""After these the same question has to be asked again; after the others it has an answer, whatever it is worth."""
_MOST_IN_A_ROW = 2
_OTHER_WORDS = ("own words", "reword", "rephrase", "paraphrase")
_ROOM = (600, 1200, 65536)
"""Tokens from which on an answer that runs on and on finds its end; a third of them never does."""


class Faults:
    """Decides what befalls each request; remembers how often each content was asked."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ordered: deque[Fault | None] = deque()
        self._in_a_row: dict[str, int] = {}
        self._attempts: dict[str, int] = {}

    def order(self, faults: Iterable[Fault | None]) -> None:
        """The next requests meet these, one each, whatever is drawn for them; None lets one through unharmed."""
        self._ordered.extend(faults)

    def attempts(self, content: str) -> int:
        """How often this content was asked and not refused."""
        return self._attempts.get(content, 0)

    def next(self, question: Question) -> Fault | None:
        """What befalls this request, which is one more attempt at its content."""
        content = question.content
        attempt = self._attempts[content] = self.attempts(content) + 1
        if self._ordered:
            return self._ordered.popleft()
        if question.tier == "flex" and fraction(self._options.seed, "shed", content, attempt) < self._options.flex_shed:
            return "flex_shed"
        transient, outcome = self._transient(question, attempt), self._content(question)
        return transient if transient in UNANSWERED else outcome or transient

    def _transient(self, question: Question, attempt: int) -> Transient | None:
        seed, content, row = self._options.seed, question.content, self._in_a_row.get(question.content, 0)
        if row >= _MOST_IN_A_ROW or fraction(seed, "fault", content, attempt) >= self._options.faults:
            self._in_a_row.pop(content, None)
            return None
        self._in_a_row[content] = row + 1
        possible = [fault for fault in TRANSIENT if question.nonce or fault != "wrong_nonce"]
        return choice(possible, seed, "which", content, attempt)

    def _content(self, question: Question) -> Content | None:
        seed, pixels = self._options.seed, question.pixels
        if not pixels or fraction(seed, "content", pixels) >= self._options.content_faults:
            return None
        fault = choice(CONTENT, seed, "outcome", pixels)
        if fault == "recitation" and fraction(seed, "stubborn", pixels) < 0.5 and _asks_for_other_words(question):
            return None
        if fault in ("max_tokens_empty", "max_tokens_cut") and (question.max_output_tokens or _ROOM[-1]) >= choice(_ROOM, seed, "room", pixels):
            return None
        return fault


def _asks_for_other_words(question: Question) -> bool:
    return any(words in text.lower() for text in question.texts[-2:] for words in _OTHER_WORDS)
