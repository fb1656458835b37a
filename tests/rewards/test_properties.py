"""What holds of every reward and every text: a score from 0 to 1, the same however the text is spaced, cased, encoded or ordered."""

import random
import string
import subprocess
import sys
import unicodedata
from collections.abc import Callable

import pytest

from streamcap_dagster.rewards import coverage, format_gate, informativeness, length, redundancy, silence
from tests.rewards.captions import STREAMS

HISTORY = ("A café in Łódź. Two women sit at a table.", "The waiter brings café au lait.", "A naïve dog barks.")
OBJECTIVES = ("waiter brings coffee", "woman pays", "dog barks at waiter", "café closes")
SAID = [text for stream in STREAMS.values() for text, _ in stream if text]
TEXTS = [*SAID, "No change.", "The waiter brings a café au lait. A woman pays.", "Ångström — ﬁne print, ½ price", "犬が走る。猫が眠る。", "I", "?"]
RANDOM = random.Random(20261121)
NOISE = ["".join(RANDOM.choices(string.printable + "äßñ日本語\u0301\u200d👩\u202e\ud800\x00", k=RANDOM.randrange(60))) for _ in range(150)]

REWARDS: dict[str, Callable[[str], float]] = {
    "coverage": lambda text: coverage(text, OBJECTIVES, HISTORY),
    "redundancy": lambda text: redundancy(text, HISTORY),
    "informativeness": lambda text: informativeness(text, HISTORY),
    "length": lambda text: length(text, 2.0),
    "silence, where it is right": lambda text: silence(text, gold_is_silent=True),
    "silence, where it is wrong": lambda text: silence(text, gold_is_silent=False),
    "format": lambda text: format_gate(text, "Describe the café. The waiter brings café au lait."),
}
every_reward = pytest.mark.parametrize("reward", REWARDS.values(), ids=REWARDS)


@every_reward
def test_a_score_is_from_0_to_1(reward: Callable[[str], float]) -> None:
    assert [text for text in (*TEXTS, *NOISE, "") if not 0 <= reward(text) <= 1] == []


@every_reward
def test_space_around_and_between_words_changes_nothing(reward: Callable[[str], float]) -> None:
    assert [text for text in TEXTS if reward(f" \t{text.replace(' ', '   ')}\n ") != reward(text)] == []


@every_reward
def test_case_changes_nothing(reward: Callable[[str], float]) -> None:
    assert [text for text in TEXTS if not reward(text.upper()) == reward(text.lower()) == reward(text)] == []


@every_reward
@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_the_unicode_form_changes_nothing(reward: Callable[[str], float], form: str) -> None:
    assert [text for text in TEXTS if reward(unicodedata.normalize(form, text)) != reward(text)] == []  # type: ignore[arg-type]


@every_reward
def test_a_score_is_the_same_every_time(reward: Callable[[str], float]) -> None:
    assert [reward(text) for text in NOISE] == [reward(text) for text in NOISE]


@every_reward
def test_a_huge_text_is_scored_like_any_other(reward: Callable[[str], float]) -> None:
    assert 0 <= reward("The waiter brings something new. " * 5000) <= 1


@pytest.mark.parametrize("text", TEXTS)
def test_the_order_of_objectives_and_history_changes_nothing(text: str) -> None:
    assert coverage(text, OBJECTIVES[::-1]) == coverage(text, OBJECTIVES)
    assert redundancy(text, HISTORY[::-1]) == redundancy(text, HISTORY)
    assert informativeness(text, HISTORY[::-1]) == informativeness(text, HISTORY)


@pytest.mark.parametrize("text", TEXTS)
def test_more_history_never_makes_a_text_newer(text: str) -> None:
    more = (*HISTORY, *SAID)
    assert redundancy(text, more) >= redundancy(text, HISTORY)
    assert informativeness(text, more) <= informativeness(text, HISTORY)


def test_the_rewards_import_nothing_heavy() -> None:
    heavy = ("dagster", "datasets", "pandas", "torch", "numpy", "pyarrow", "PIL", "transformers", "trl")
    code = f"import sys, streamcap_dagster.rewards; sys.exit(' '.join(sorted({set(heavy)} & sys.modules.keys())) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
