"""What a caption should not say: words about the video or about what goes on as before, refusals, and times that nobody can see.

The phrases are English; other languages are passed over.
"""

import re
import unicodedata
from functools import lru_cache

from streamcap_dagster.quality.quoting import unquoted
from streamcap_dagster.rewards.form import refusal as refusing_words
from streamcap_dagster.rewards.form import says_nothing
from streamcap_dagster.rewards.words import every, sentences, words

_SPACE = re.compile(r"[^\S\n]+")

_MEDIUM = r"(?:video|clip|footage|frame|image|segment|sequence|snippet|recording)s?"
_ABOUT_THE_VIDEO = re.compile(
    "|".join(
        (
            rf"\b(?:in|from|of|throughout|during|across|over|into|within) (?:this|these|the)(?: (?:first|last|short|entire|whole|final))? {_MEDIUM}\b",
            r"\b(?:in|during|throughout) (?:this|these) (?:window|picture|scene|shot|moment)s?\b",
            rf"\b(?:the|this|these|each|every) {_MEDIUM} (?:now |then |also |still )?"
            r"(?:show|depict|captur|featur|display|begin|start|open|end|continu|focus|remain)\w*",
            r"\b(?:the|this) scene (?:shows|depicts|captures|features|displays|opens with|begins with)\b",
            r"\b(?:enters?|leaves?|exits?|out of|in|into) (?:the )?frame\b",
            r"\b(?:all|both|between|across|these|consecutive|video|given|provided) frames\b",
            r"\b(?:previous|preceding|prior|earlier|last|next|current|following|provided|given) (?:frames?|captions?|descriptions?|images?|clips?|segments?)\b",
            r"\b(?:previous|preceding|prior|current|earlier) windows?\b",
            r"\b(?:we|you|viewers?|one) (?:can |may |now |also )*(?:see|sees|observe|observes|notice)\b",
            r"\bas (?:already |previously )?(?:described|mentioned|noted|stated|before)\b",
            r"\b(?:compared (?:to|with)|unlike) (?:the )?(?:before|previous\w*|earlier|last|prior)\b",
            r"\b(?:in summary|in conclusion|to summari[sz]e)\b",
            r"\bhere (?:is|are) (?:the|a|my) (?:\w+ )?(?:captions?|descriptions?|summary)\b",
        )
    )
)
_AS_BEFORE = re.compile(
    "|".join(
        (
            r"\bcontinu(?:e|es|ed|ing)\b(?: (?:to \w+|\w+ing)\b)?",
            r"\bremain(?:s|ed)?\b(?! of\b)(?: \w+)?",
            r"\bkeep(?:s|ing)? (?:on )?(?!\w*thing\b)\w{2,}ing\b",
            r"\bunchanged\b",
            r"\bno (?:visible |other |further |new |significant )*changes?\b",
            r"\bnothing (?:else |new )?(?:changes|changed|has changed|happens|new)\b",
        )
    )
)
_STILL = re.compile(r"(?:\b(\w+) )?\bstill\b(?: (\w+))?")
_MOTIONLESS = every(
    "stand stands standing stood sit sits sitting sat lie lies lying lay hold holds holding held keep keeps keeping kept stay stays staying stayed "
    "hang hangs hanging very completely perfectly almost a the"
)
"""Before `still`: it tells how something is, and not that it is so for longer."""
_STILL_THINGS = every("life lifes image images picture pictures photo photos photograph water air and")

_NOTHING_SEEN = re.compile(
    r"\b(?:no|any|without) (?:images?|videos?|frames?|pictures?|visual content) (?:(?:is|are|was|were|has been|have been) )?"
    r"(?:provided|attached|available|given)\b"
    r"|(?:^|\. |\bi am |\bi'm |\bwe are )unable to (?:process|view|see|access|describe|analy[sz]e|identify|assist|help)\b"
    r"|\bi (?:do not|don't) (?:have (?:access|the ability)|see any (?:image|video|frame|picture)s?)\b"
    r"|\bi (?:cannot|can't|won't|am not able to|will not) (?:process|provide|identify|comply|fulfil|fulfill|analy[sz]e|access|caption|generate)\b"
    r"|\b(?:against|violates?) (?:my|the|our) (?:content )?(?:guidelines|polic(?:y|ies))\b"
)
_IN_A_REFUSAL = every("i i'm ai sorry unable provided attached available given guidelines policy policies")
"""A refusal has one of these words, and few captions do."""

_NUMBER = r"(?:\d{1,4}(?:\.\d+)?|half a|one|two|three|four|five|six|seven|eight|nine|ten)"
_TIMES = re.compile(
    r"(?<![\d:.])\d{1,2}:[0-5]\d(?::[0-5]\d)?(?:[.,]\d+)?(?![\d:])"
    rf"|\b{_NUMBER}[ -]?(?:seconds|milliseconds|minutes|secs?\b|mins?\b)|\b{_NUMBER}-(?:second|minute)\b|\b(?:1|one|half a) (?:second|minute)\b"
    r"|(?<![\d.])\d{1,4}\.\d+ ?s\b|\b\d+ ?ms\b|\b(?:at|from|until|till|by|after|t ?=) ?\d{1,4}(?:\.\d+)? ?s\b"
    r"|\b(?:frames?|timestamps?|captions?) (?:no\. ?|number |#)?\d+(?:\.\d+)?(?: ?(?:-|–|to|and) ?\d+)?"
)
_MAY_TELL_TIMES = re.compile(r"\d|sec|min")
_SHOWS_TIMES = re.compile(
    r"\b(?:clocks?|watch|watches|wristwatch|timers?|countdown|stopwatch|scoreboards?|displays?|boards?|signs?|screens?|reads?|reading|says|labels?|labelled|"
    r"timetables?|schedules?|captioned|titles?|text|digits?|written|score|dial|alarm)\b"
)


def meta_talk(text: str, delta: bool) -> tuple[str, ...]:
    """Phrases that speak of the video instead of what is in it; of a delta also those that tell what is as it was, each once."""
    plain = _plain(text)
    found = [match[0] for match in _ABOUT_THE_VIDEO.finditer(plain)]
    if delta:
        found += _as_before(plain) or ([plain.strip(" .!")] if says_nothing(text) else [])
    return tuple(dict.fromkeys(found))


def _as_before(plain: str) -> list[str]:
    found = [match[0] for match in _AS_BEFORE.finditer(plain)]
    if "still" in plain:
        still = (match for match in _STILL.finditer(plain) if match[1] not in _MOTIONLESS and match[2] not in _STILL_THINGS)
        found += [match[0].strip() for match in still]
    return found


def refusal(text: str) -> str:
    """The words by which a caption refuses to be one, as it has them; empty when it does not."""
    if _IN_A_REFUSAL.isdisjoint(words(text)):
        return ""
    plain = _plain(text)
    match = _NOTHING_SEEN.search(plain)
    return refusing_words(plain) or (match[0] if match else "")


def times(text: str) -> tuple[str, ...]:
    """Times, durations and numbers of frames anywhere in a caption, each once. In a sentence that speaks of a clock, a sign and the like they can be seen."""
    plain = _plain(text)
    if not _MAY_TELL_TIMES.search(plain):
        return ()
    told = (match[0] for sentence in sentences(plain) if not _SHOWS_TIMES.search(sentence) for match in _TIMES.finditer(sentence))
    return tuple(dict.fromkeys(told))


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """In one case, one Unicode form and with single spaces, without what it quotes."""
    even = text.lower() if text.isascii() else unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).replace("’", "'").replace("‘", "'")
    return unquoted(_SPACE.sub(" ", even))
