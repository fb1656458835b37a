"""Texts as words: what counts as the same word, which words carry content, and what a sentence says as pairs of them."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

_SENTENCE_END = re.compile(r"(?<=[.!?;…])\s+|\n+|(?<=[。！？])")
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Thai, Japanese and Chinese: written without spaces, so that each sign is taken for a word."""
_WORD = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])\w)+(?:['’](?:(?![{_UNSPACED}])\w)+)*")
_LONGEST_SENTENCE = 24
"""In words. What goes on for longer is divided, so that an endless list does not count as one statement."""


def every(listed: str) -> frozenset[str]:
    """A set of words that are listed in one text."""
    return frozenset(listed.split())


PRONOUNS = every("he she it they him her them his hers its their theirs himself herself itself themselves")
NEGATIONS = every("no not never none nobody nothing neither nor without cannot")
_FUNCTION_WORDS = PRONOUNS | every(
    "a an the this that these those some any each every other another such own same so than too very just also still now then there here again "
    "i you we me us my your our who whom whose which what when where while why how "
    "is are was were be been being am do does did has have had having will would shall should can could may might must "
    "and or but if because as until of at by for with about into through from to in on onto within upon further once both few more most only s t"
)
_IRREGULAR = {
    form: word
    for word, forms in {
        "man": "men",
        "woman": "women",
        "child": "children",
        "person": "people persons",
        "foot": "feet",
        "leave": "leaves leaving",
        "run": "ran running",
        "sit": "sat",
        "stand": "stood",
        "hold": "held",
        "go": "went gone goes going",
        "come": "came",
        "take": "took taken",
        "fall": "fell fallen",
        "rise": "rose risen",
        "throw": "threw thrown",
        "drive": "drove driven",
        "grey": "gray",
    }.items()
    for form in forms.split()
}
_SHORTEST_STEM = 3


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words of a text in order, in one case and one Unicode form; punctuation and space are gone."""
    even = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return tuple(_WORD.findall(even.replace("’", "'")))


@lru_cache(maxsize=4096)
def content(text: str) -> tuple[str, ...]:
    """The stems of the words that say something, in order. English function words are left out; of a text of nothing else all words stay."""
    spoken = words(text)
    return tuple(stem(word) for word in spoken if not _is_function_word(word)) or tuple(stem(word) for word in spoken)


def _is_function_word(word: str) -> bool:
    return word in _FUNCTION_WORDS or word in NEGATIONS or word.endswith("n't")


def negated(text: str) -> bool:
    """Whether a text denies something."""
    return any(word in NEGATIONS or word.endswith("n't") for word in words(text))


@lru_cache(maxsize=4096)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text that hold a word; one of more than 24 words is divided."""
    return tuple(part for sentence in _SENTENCE_END.split(unicodedata.normalize("NFKC", text)) for part in _divided(sentence) if words(part))


def _divided(sentence: str) -> list[str]:
    spoken = words(sentence)
    if len(spoken) <= _LONGEST_SENTENCE:
        return [sentence]
    return [" ".join(spoken[first : first + _LONGEST_SENTENCE]) for first in range(0, len(spoken), _LONGEST_SENTENCE)]


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """A word without its English endings: `enters`, `entered` and `entering` are one word, and so are `man` and `men`."""
    word = word.removesuffix("'s").replace("'", "")
    bare = _without_ending(_IRREGULAR.get(word, word))
    if len(bare) > _SHORTEST_STEM and bare.endswith("e"):
        bare = bare[:-1]
    return f"{bare[:-1]}i" if len(bare) > _SHORTEST_STEM and bare.endswith("y") else bare


def _without_ending(word: str) -> str:
    bare = _without_plural(word)
    for ending in ("ing", "ed"):
        rest = bare.removesuffix(ending)
        if rest != bare and len(rest) >= _SHORTEST_STEM and not bare.endswith("eed") and re.search("[aeiouy]", rest):
            return rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
    return bare


def _without_plural(word: str) -> str:
    if len(word) <= _SHORTEST_STEM or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes", "zes")) else word[:-1]


Gram = tuple[str, ...]


@lru_cache(maxsize=8192)
def said_pairs(sentence: str) -> frozenset[Gram]:
    """What a sentence says: neighbouring content words as pairs in no order, or the word alone where there is one only."""
    stems = content(sentence)
    return frozenset(_pair(*pair) for pair in pairwise(stems)) if len(stems) > 1 else frozenset((word,) for word in stems)


@lru_cache(maxsize=8192)
def known_pairs(sentence: str) -> frozenset[Gram]:
    """What counts as said already once a sentence was said: each word, and pairs of words with at most one between them."""
    stems = content(sentence)
    near = {_pair(first, second) for reach in (1, 2) for first, second in zip(stems, stems[reach:], strict=False)}
    return frozenset(near | {(word,) for word in stems})


def _pair(first: str, second: str) -> Gram:
    return (first, second) if first <= second else (second, first)
