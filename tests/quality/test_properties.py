"""What holds of every metric and every text: the same however captions are ordered, spaced, cased or encoded, and for texts of any kind and size."""

import random
import string
import unicodedata
from itertools import pairwise

import pytest

from streamcap_dagster.quality.measuring import measure
from streamcap_dagster.quality.records import WindowQuality
from streamcap_dagster.records import Caption
from tests.quality.said import caption, chain, measured
from tests.rewards.captions import STREAMS

RANDOM = random.Random(20261122)
SAID = [text for stream in STREAMS.values() for text, _ in stream if text]
MORE = [
    "The man is still there; in this video we can see him at 0:05.",
    "A café in Łódź. The waiter brings café au lait.",
    "A sign reads “I’m sorry”. Ångström — ﬁne print, ½ price.",
    "犬が走る。猫が眠る。",
    "Der Hund läuft in die Küche.",
    "The goalkeeper falls. The goalkeeper falls. The goalkeeper falls.",
    "No change.",
    "I",
    "?",
]
TEXTS = [*SAID, *MORE]
NOISE = ["".join(RANDOM.choices(string.printable + "äßñ日本語'\"“”«»\u0301\u200d👩\u202e\x00", k=RANDOM.randrange(80))) for _ in range(300)]


def a_clip(texts: list[str], clip: int = 0) -> list[Caption]:
    """A clip of texts that were drawn, with silence here and there."""
    return chain(*(RANDOM.choice([*texts, ""]) for _ in range(RANDOM.randrange(2, 16))), clip=clip)


def retold(captions: list[Caption], how: object) -> tuple[WindowQuality, ...]:
    return measure([one.model_copy(update={"text": how(one.text)}) for one in captions])  # type: ignore[operator]


def test_the_order_in_which_captions_come_changes_nothing() -> None:
    for _ in range(30):
        captions = [*a_clip(TEXTS, 0), *a_clip(TEXTS, 1), *a_clip(TEXTS, 2)]
        shuffled = RANDOM.sample(captions, len(captions))
        assert measure(shuffled) == measure(captions)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(lambda text: f" \t{text.replace(' ', '   ')}\n ", id="space"),
        pytest.param(str.upper, id="upper case"),
        pytest.param(str.lower, id="lower case"),
        *(pytest.param(lambda text, form=form: unicodedata.normalize(form, text), id=form) for form in ("NFC", "NFD", "NFKC", "NFKD")),
    ],
)
def test_space_case_and_unicode_form_change_nothing(how: object) -> None:
    for _ in range(40):
        captions = a_clip(TEXTS)
        assert retold(captions, how) == measure(captions)


def test_every_number_stays_within_its_range_whatever_is_said() -> None:
    for _ in range(60):
        for window in measure(a_clip([*NOISE, *TEXTS])):
            assert all(0 <= share <= 1 for share in (window.repetition, window.redundancy, window.novelty))
            assert window.words >= 0
            assert window.words_per_s == pytest.approx(window.words / 2, abs=1e-4)
            assert window.repeats is None or 0 <= window.repeats < window.window


def test_a_repeated_sentence_is_never_less_redundant_than_the_caption_is_old() -> None:
    for _ in range(60):
        for window in measure(a_clip([*SAID, *(f"{one} {other}" for one, other in pairwise(SAID))])):
            assert not window.words or window.redundancy >= 1 - window.novelty - 1e-4


def test_what_was_said_before_the_clip_went_on_stays_as_it_was() -> None:
    for _ in range(30):
        captions = a_clip(SAID)
        upto = RANDOM.randrange(1, len(captions) + 1)
        assert measure(captions[:upto]) == measure(captions)[:upto]


def test_a_caption_that_comes_again_is_never_new() -> None:
    for text in TEXTS:
        window = measured("A wall.", text, "Something else happened.", text)[-1]
        assert window.novelty == 0.0
        assert window.repeats in (1, None if not window.words or text == "No change." else 1)


def test_a_video_without_captions_has_no_windows() -> None:
    assert measure([]) == ()


@pytest.mark.parametrize(
    "text", ["A waiter brings something new. " * 5000, "x" * 200_000, "'" * 50_000, '"' * 50_001, "0:0" * 50_000, "still " * 30_000, "\n" * 50_000 + "a"]
)
def test_a_huge_text_is_measured_like_any_other(text: str) -> None:
    first, again = measured("A wall.", text, text)[1:]
    assert first.words == again.words
    assert again.novelty == 0.0


def test_a_window_of_no_length_is_spoken_at_no_speed() -> None:
    assert measure([caption(0, "A dog.", start_s=1.0, end_s=1.0)])[0].words_per_s == 0.0
