"""The consecutive window pairs of a video's clips, with everything said before each, and whether they can make an example."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

from streamcap_dagster.chat_tokens import chat_token
from streamcap_dagster.records import SPOKEN, Caption, Captions, in_order
from streamcap_dagster.reviews.reviewed import DROPPED, captioned_text, is_dropped

NOTHING_SAID = "nothing was said before it"
OBEYED = "its words hold a chat token, such as <|im_end|>, which trainers obey instead of reading it"
NEW_SEGMENT = "its second window is an anchor, which opens a new segment"


@dataclass(frozen=True)
class WindowPair:
    """Two consecutive windows of a clip: `earlier` (window 1 of the example) and `later` (its window 2)."""

    earlier: Caption
    later: Caption
    said: tuple[str, ...]
    """The texts of the segment of `earlier`, up to and including it, without silence and what a reviewer dropped."""
    captioned: tuple[str, ...]
    """The same in the captioner's own words, with what was dropped: what the captioner, and people before any reviewer, had seen."""

    @property
    def first_of_clip(self) -> bool:
        return self.earlier.kind == "initial"

    @property
    def begins_anew(self) -> bool:
        """Whether `earlier` is a full caption, after which nothing else counts as said: of a clip's first window, or an anchor that did not fail."""
        return self.first_of_clip or (self.earlier.kind == "anchor" and self.earlier.outcome == "ok")

    @property
    def place(self) -> tuple[int, int]:
        """Clip and window that the pair is listed under."""
        return self.later.clip, self.later.window


def window_pairs(initials: Captions, deltas: Captions) -> Iterator[WindowPair]:
    """Every consecutive window pair of every clip, in order of clip, then window."""
    for _, chain in groupby(in_order(initials, deltas), key=lambda caption: caption.clip):
        said: list[str] = []
        captioned: list[str] = []
        segment = 0
        for earlier, later in pairwise(chain):
            if earlier.segment != segment:
                said, captioned, segment = [], [], earlier.segment
            said += [earlier.text] if earlier.text and not is_dropped(earlier) else []
            captioned += [own] if (own := captioned_text(earlier)) else []
            yield WindowPair(earlier, later, tuple(said), tuple(captioned))


def refusal(pair: WindowPair) -> str:
    """Why a pair can make no example, or an empty text.

    A later pair stands when the caption of an earlier window failed, its window 1 included: the captioner did not see that caption
    in its history either, so the delta is right for exactly what was said. A clip's first pair falls with its initial caption, which it quotes.
    The pair into an anchor has no delta at all. What a reviewer dropped is like a failure, although the captioner saw it.
    A caption with a chat token makes no example, and neither does what adds to it.
    """
    if is_dropped(pair.later) or (pair.begins_anew and is_dropped(pair.earlier)):
        return DROPPED
    if pair.later.kind == "anchor":
        return NEW_SEGMENT if pair.later.outcome == "ok" else f"anchor caption: {pair.later.outcome}"
    if pair.first_of_clip and pair.earlier.outcome not in SPOKEN:
        return f"initial caption: {pair.earlier.outcome}"
    if pair.later.outcome not in SPOKEN:
        return f"delta caption: {pair.later.outcome}"
    if any(map(chat_token, (*pair.said, pair.later.text))):
        return OBEYED
    return "" if pair.said else NOTHING_SAID
