"""What a caption says that pixels can bear out, in the names of `sights`: English colour, movement, place, cut and light words."""

import re
from collections.abc import Iterator

from streamcap_dagster.pixels.places import PLACES
from streamcap_dagster.quality.quoting import unquoted
from streamcap_dagster.quality.sights import CHANGE, CUT, WAYS
from streamcap_dagster.records import Caption
from streamcap_dagster.rewards.words import negated, sentences, words

_COLOURS = {
    word: colour
    for colour, listed in {
        "black": "black",
        "grey": "grey gray silver",
        "white": "white",
        "red": "red crimson scarlet",
        "orange": "orange",
        "brown": "brown wooden tan",
        "yellow": "yellow golden",
        "green": "green",
        "turquoise": "turquoise teal cyan",
        "blue": "blue navy",
        "purple": "purple violet",
        "pink": "pink magenta",
    }.items()
    for word in listed.split()
}
_RIGHT, _LEFT, _DOWN, _UP = WAYS
_COMES, _GOES = r"(?:enter|come|appear|arrive|walk in|fly in|roll in)\w*", r"(?:leave|exit|disappear|go off|walk off|walk out|move off)\w*"
_MOVES = r"(?:mov|go|walk|run|slid|drift|travel|head|roll|glid|fl[yi]|hop|cross|step|driv|turn|pan)\w*"
_TOLD = {
    _RIGHT: rf"\b{_COMES}\b.*\bleft\b|\bfrom the left\b|\b{_GOES}\b.*\bright\b|\b{_MOVES} (?:\w+ )?(?:to(?:wards?)? the )?right(?:wards?)?\b|\brightwards?\b",
    _LEFT: rf"\b{_COMES}\b.*\bright\b|\bfrom the right\b|\b{_GOES}\b.*\bleft\b|\b{_MOVES} (?:\w+ )?(?:to(?:wards?)? the )?left(?:wards?)?\b|\bleftwards?\b",
    _DOWN: rf"\b(?:fall|sink|drop|descend|land)(?:s|ing)?\b|\bdownwards?\b|\b{_MOVES} down\b|\bfrom (?:above|the top)\b",
    _UP: rf"\b(?:ris|climb|ascend|lift)(?:es|e|s|ing)?\b|\bupwards?\b|\b{_MOVES} up\b|\bfrom (?:below|the bottom)\b",
    PLACES[0]: r"\bleft\b",
    PLACES[1]: r"\bright\b",
    PLACES[2]: r"\b(?:top|upper|ceiling|sky)\b",
    PLACES[3]: r"\b(?:bottom|lower|floor|ground)\b",
    PLACES[4]: r"\b(?:cent(?:re|er)|middle)\b",
    CUT: r"\bcuts?\b|\b(?:scene|shot|view|room|place|camera)\b.*\b(?:changes?|switch(?:es)?)\b|\b(?:new|another|different) (?:scene|shot|room|place|view)\b",
    "brighter": r"\bbrighter\b|\bbrightens?\b|\blights? (?:\w+ )?(?:on|up)\b|\bfades? in\b",
    "darker": r"\bdarker\b|\bdarkens?\b|\bdims?\b|\blights? (?:\w+ )?(?:off|out)\b|\bfades? to black\b",
}
_OF_ALL = {"bright": r"\b(?:bright|brightly|sunlit|sunny|daylight)\b", "dark": r"\b(?:dark|dim|dimly|night)\b"}
_OF_CHANGE = {sight: re.compile(pattern, re.IGNORECASE) for sight, pattern in _TOLD.items()}
_OF_FULL = {sight: re.compile(pattern, re.IGNORECASE) for sight, pattern in _OF_ALL.items()}
_NOTHING = re.compile(r"\b(?:nothing|nobody|no one)\b|\bstops?\b|\b(?:remain|stay)s?\b|\bstill\b|\bunchanged\b", re.IGNORECASE)
_OPPOSITES = ((_RIGHT, _LEFT), (_DOWN, _UP))
_SIDES = frozenset(PLACES[:2])
"""No places where they tell a way."""


def claims(caption: Caption) -> frozenset[str]:
    """What pixels should show if the caption is of these pixels. A full caption speaks of what is there, a delta of what changes.

    Silence claims nothing: where a camera shakes, or something goes on as before, most of the picture changes and there is nothing to say.
    """
    text = unquoted(caption.text)
    if caption.kind != "delta":
        return frozenset(_of_full(text))
    told = {sight for sentence in sentences(text) for sight in _of_delta(sentence)}
    return frozenset(told.difference(*(pair for pair in _OPPOSITES if told.issuperset(pair))))


def _of_full(text: str) -> Iterator[str]:
    yield from (_COLOURS[word] for word in words(text) if word in _COLOURS)
    yield from (sight for sight, pattern in _OF_FULL.items() if pattern.search(text))


def _of_delta(sentence: str) -> Iterator[str]:
    colours = {_COLOURS[word] for word in words(sentence) if word in _COLOURS}
    yield from (f"{colour} changes" for colour in colours)
    if negated(sentence) or _NOTHING.search(sentence):
        return
    yield CHANGE
    told = {sight for sight, pattern in _OF_CHANGE.items() if pattern.search(sentence)}
    ways = told.intersection(WAYS)
    yield from told - ways - (_SIDES if ways.intersection(_OPPOSITES[0]) else frozenset())
    yield from (f"{colour} {way}" for colour in colours for way in ways) if colours else ways
