"""How a text is said, whatever it says: how long it is, whether it is silent, and whether it is a caption at all."""

import re
import unicodedata

from streamcap_dagster.records import NO_CHANGE
from streamcap_dagster.rewards.words import words

FEWEST_WORDS = 12
"""What a caption may have however short its window: one sentence."""

_OTHER_SILENCES = frozenset(
    tuple(said.split())
    for said in (
        "no changes",
        "no change is visible",
        "no visible change",
        "no visible changes",
        "nothing",
        "nothing new",
        "nothing changes",
        "nothing changed",
        "nothing has changed",
        "nothing happens",
        "nothing else",
        "nothing to report",
        "unchanged",
        "same as before",
        "the same as before",
        "still the same",
        "the scene is unchanged",
        "the scene remains unchanged",
        "the scene remains the same",
        "none",
        "silence",
    )
)
_UNREADABLE = frozenset({"Cc", "Cn", "Co", "Cs"})
_FEWEST_LETTERS = 0.5
"""Share of letters, digits and the marks on them, of all that is not space."""
_MARKUP = re.compile(r"<\|[^|>]*\|>|</?(?:think|answer|s|image|video|caption)>|```|^\s*[\[{].*[\]}]\s*$", re.IGNORECASE | re.DOTALL)
_REFUSAL = re.compile(r"\bas an ai\b|\bi(?: a|['’])m sorry\b|\bi (?:cannot|can['’]t|am unable to) (?:help|assist|describe|see|view|watch)\b", re.IGNORECASE)
_ECHO_WORDS, _ECHO_SHARE = 4, 0.8
_LONG_ENOUGH_TO_REPEAT, _FEWEST_DIFFERENT = 12, 0.5
_LONG_LIST, _BARE_ITEM_WORDS = 12, 1.34


def length(text: str, seconds: float, words_per_s: float = 2.5) -> float:
    """1 for a text that can be spoken within its window, then falling to 0 at twice that length. A short window has room for one sentence all the same."""
    room = max(FEWEST_WORDS, seconds * words_per_s)
    return min(1.0, max(0.0, 2 - len(words(text)) / room))


def silence(text: str, gold_is_silent: bool) -> float:
    """Whether a text speaks exactly where there is something to say. Where there is nothing, the agreed words count fully, and others to that effect half."""
    if not gold_is_silent:
        return 0.0 if says_nothing(text) else 1.0
    if words(text) == words(NO_CHANGE):
        return 1.0
    return 0.5 if words(text) in _OTHER_SILENCES else 0.0


def says_nothing(text: str) -> bool:
    """Whether a text is empty, or says in any words that nothing is new."""
    spoken = words(text)
    return not spoken or spoken == words(NO_CHANGE) or spoken in _OTHER_SILENCES


def format_gate(text: str, prompt: str = "") -> float:
    """1 for a caption in plain words. 0 for what is none: empty, unreadable, markup, a refusal, an echo of the prompt, one thing over and over, a list."""
    faults = (_unreadable(text), _MARKUP.search(text), refusal(text), _repeats_itself(text), _lists_words(text), _echoes(text, prompt))
    return 0.0 if any(faults) else 1.0


def refusal(text: str) -> str:
    """The words by which a text refuses to be a caption; empty when it does not."""
    found = _REFUSAL.search(text)
    return found[0] if found else ""


def _unreadable(text: str) -> bool:
    """Nothing at all, characters that no text has, or hardly a letter."""
    shown = [unicodedata.category(character) for character in text if not character.isspace()]
    if not shown or "\ufffd" in text or not _UNREADABLE.isdisjoint(shown):
        return True
    return sum(category[0] in "LNM" for category in shown) < _FEWEST_LETTERS * len(shown)


def _repeats_itself(text: str) -> bool:
    spoken = words(text)
    runs = list(zip(spoken, spoken[1:], spoken[2:], strict=False))
    return len(spoken) >= _LONG_ENOUGH_TO_REPEAT and len(set(runs)) < _FEWEST_DIFFERENT * len(runs)


def _lists_words(text: str) -> bool:
    items = [item for item in re.split(r"[,;\n、，]", text) if words(item)]
    return len(items) >= _LONG_LIST and len(words(text)) <= _BARE_ITEM_WORDS * len(items)


def _echoes(text: str, prompt: str) -> bool:
    """Whether most runs of four words are those of the prompt, which also holds the history; a text of fewer than six words may agree by chance."""
    runs, asked = _runs(text), set(_runs(prompt))
    return len(runs) > 2 and sum(run in asked for run in runs) >= _ECHO_SHARE * len(runs)


def _runs(text: str) -> list[tuple[str, ...]]:
    spoken = words(text)
    return [spoken[first : first + _ECHO_WORDS] for first in range(len(spoken) - _ECHO_WORDS + 1)]
