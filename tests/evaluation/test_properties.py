"""What holds of every caption: how it is spaced, cased or encoded is of no matter, and no text is too strange or too long."""

import random
import string
import unicodedata
from collections.abc import Callable

import pytest

from streamcap_dagster.evaluation.measures import score
from streamcap_dagster.evaluation.speech import said_by
from streamcap_dagster.evaluation.tally import Tally, tally
from tests.evaluation.world import EMPTY, PERFECT, captions, world

TEXTS = (*PERFECT[:4], "The ﬁne red ball enters — a dog, too.", "The man walks to the crate; the box is red", "The red ball turns blue.", "Ａ ｍａｎ leaves.")
RANDOM = random.Random(20261122)
NOISE = ["".join(RANDOM.choices(string.printable + "äß日本語\u0301\u200d👩\u202e\x00", k=RANDOM.randrange(200))) for _ in range(50)]

CHANGES: dict[str, Callable[[str], str]] = {
    "more space": lambda text: f" \t{text.replace(' ', '   ')}\n ",
    "upper case": str.upper,
    "lower case": str.lower,
    **{form: lambda text, form=form: unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")},  # type: ignore[misc,dict-item]
}


def tallied(*texts: str) -> Tally:
    return tally(world(), said_by(captions(*texts)))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_how_a_text_is_written_is_of_no_matter(change: Callable[[str], str]) -> None:
    assert tallied(*map(change, TEXTS)) == tallied(*TEXTS)


@pytest.mark.parametrize("text", NOISE)
def test_any_text_gets_a_score(text: str) -> None:
    scores = score("run", [tallied(EMPTY[0], text, *EMPTY[2:])])
    shares = [interval.value for name, interval in scores.measures.items() if name not in ("delay", "redundancy", "words_per_s", "failed")]
    assert [share for share in shares if share is not None and not 0 <= share <= 1] == []


def test_no_captions_at_all_are_silence() -> None:
    assert score("run", [tallied(*[""] * 10)]).overall == 0


def test_no_windows_at_all_come_to_nothing() -> None:
    assert score("run", [tallied()]).overall == 0


def test_a_caption_of_twenty_thousand_words_is_read_to_its_end() -> None:
    counts = tallied(EMPTY[0], f"{'Well, so be it. ' * 5_000} A red ball enters.", *EMPTY[2:])
    assert counts["told:enter"] == 1
