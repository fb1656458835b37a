"""The `offline` captioner: says what can be computed from the pixels, without weights, keys or a network.

It knows light, colours, cuts, fades, movement, and shapes of a colour that come, go and change; nothing of what things are. Good for rehearsing the pipeline,
not for training.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache

from streamcap_dagster.captions.backends.colours import LIGHTS, Colouring, colouring
from streamcap_dagster.captions.backends.motion import STILL, Motion, motion
from streamcap_dagster.captions.backends.shapes import happenings
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Pair, Parameter
from streamcap_dagster.captions.looking import look
from streamcap_dagster.captions.replies import LONGEST_OBJECTIVE, MOST_OBJECTIVES
from streamcap_dagster.errors import CaptionerRefused
from streamcap_dagster.pixels.colours import COLOURS
from streamcap_dagster.pixels.thumbnails import thumbnails
from streamcap_dagster.records import Frame

_WIDTH, _HEIGHT = 64, 36
"""Cells that a frame is looked at in."""
_FINE_WIDTH = 96
"""Cells across in which single things are looked for."""
_COLOUR = "|".join(COLOURS)
_SAID_LIGHT = re.compile(rf"\b({'|'.join(LIGHTS)}) scene\b", re.IGNORECASE)
_SAID_OVERALL = re.compile(rf"\bmostly ({_COLOUR})\b", re.IGNORECASE)
_SAID_MOVEMENT = re.compile(r"((?:Something|Nothing|There is movement|The whole view|The movement)\b[^.]*\.)")
_MOVEMENT_STOPS = "The movement stops."
_BEYOND_IT = ("questions", "answers", "grades", "judgement")
CANNOT_EXAMINE = "it knows light and movement, and can neither ask nor answer questions about what was said, nor judge it"


class OfflineCaptioner:
    """Answers from the frames of the request alone; for deltas leaves out what the history says already."""

    name = "offline"
    model = "offline-2"

    def parameters(self, request: CaptionRequest) -> Mapping[str, Parameter]:  # noqa: ARG002 -- the boundary's signature
        return {}

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        if request.kind in _BEYOND_IT:
            raise CaptionerRefused(self.name, CANNOT_EXAMINE, "Choose gemini, openai or recorded: --captioner NAME.")
        answer = _objectives(request.pairs) if request.kind == "objectives" else await look(_caption, request)
        return CaptionReply(json.dumps(answer), "stop", self.model)

    async def aclose(self) -> None:
        """Holds nothing."""


def _caption(request: CaptionRequest) -> dict[str, object]:
    pictures = thumbnails(request.frames, request.place.video_id, _WIDTH, _HEIGHT)
    moved = motion(pictures, _seconds(request.frames))
    seen = colouring(pictures[moved.settled :])
    if not request.history:
        said = list(_description(seen, moved))
    else:
        happened = [] if moved.event else happenings(thumbnails(request.frames, request.place.video_id, _FINE_WIDTH, _fine_height(request.frames[0])))
        said = list(_news(seen, moved, happened, request.history))
    return {"caption": " ".join(said), "no_change": not said}


def _fine_height(frame: Frame) -> int:
    """As many cells down as keeps them square."""
    return max(2, round(_FINE_WIDTH * frame.height / frame.width))


def _seconds(frames: Sequence[Frame]) -> Fraction:
    """From the first frame to the last, to the millisecond."""
    return Fraction(max(1, round((frames[-1].target_s - frames[0].target_s) * 1000)), 1000)


def _description(seen: Colouring, moved: Motion) -> Iterator[str]:
    mostly = f", mostly {seen.overall}" if seen.overall else ", of mixed colours"
    article = "An" if seen.light.startswith("e") else "A"
    yield f"{article} {seen.light} scene{mostly}."
    yield from _places([(place, colour) for place, colour in seen.places if colour != seen.overall])
    yield from filter(None, (moved.event, moved.movement))


def _news(seen: Colouring, moved: Motion, happened: Sequence[str], history: Sequence[str]) -> Iterator[str]:
    """What the last thing said about each topic does not cover; nothing where all is back as it was."""
    if moved.event:
        yield moved.event
    yield from (sentence for sentence in happened if sentence not in history[-1])
    if happened or not moved.returns:
        yield from _sights(seen, history)
    if not happened and not moved.returns:
        yield from _movement_news(moved.movement, history)


def _sights(seen: Colouring, history: Sequence[str]) -> Iterator[str]:
    if _last(_SAID_LIGHT, history) != seen.light:
        yield f"Now a {seen.light} scene." if not seen.light.startswith("e") else f"Now an {seen.light} scene."
    if seen.overall and _last(_SAID_OVERALL, history) != seen.overall:
        yield f"Mostly {seen.overall} now."
        history = (*history, f"mostly {seen.overall}")
    yield from _places([(place, colour) for place, colour in seen.places if colour != _last(_said_of(place), history)])


@cache
def _said_of(place: str) -> re.Pattern[str]:
    """The colour of a place, said of the place or of the whole picture."""
    return re.compile(rf"\b({_COLOUR}) {place}|\bmostly ({_COLOUR})\b", re.IGNORECASE)


def _movement_news(movement: str, history: Sequence[str]) -> Iterator[str]:
    last = _last(_SAID_MOVEMENT, history)
    if movement == STILL:
        if last and last not in (STILL.lower(), _MOVEMENT_STOPS.lower()):
            yield _MOVEMENT_STOPS
    elif movement and movement.lower() != last:
        yield movement


def _places(found: Sequence[tuple[str, str]]) -> Iterator[str]:
    if found:
        listed = ", ".join(f"{colour} {place}" for place, colour in found)
        yield f"{listed[0].upper()}{listed[1:]}."


def _last(topic: re.Pattern[str], history: Sequence[str]) -> str:
    """What was said last on a topic, in lower case."""
    said = (found[found.lastindex or 0] for text in reversed(history) for found in reversed(list(topic.finditer(text))))
    return next(said, "").lower()


def _objectives(pairs: Sequence[Pair]) -> dict[str, object]:
    return {"objectives": [{"id": pair.id, "items": _statements(pair.delta)} for pair in pairs]}


def _statements(delta: str) -> list[str]:
    """The sentences of a delta as short statements."""
    sentences = (sentence.strip().rstrip(".!?") for sentence in re.split(r"(?<=[.!?])\s+", delta))
    return [f"{sentence[0].lower()}{sentence[1:]}"[:LONGEST_OBJECTIVE].strip() for sentence in sentences if sentence][:MOST_OBJECTIVES]
