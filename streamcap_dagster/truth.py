"""What happens in a drawn video, second by second, in words: the truth that captions of it are held against."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from streamcap_dagster.records import Record, Seconds, VideoId

EventType = Literal["enter", "leave", "move", "change", "hide", "reveal", "pick_up", "put_down", "room", "sign", "camera", "distractor"]
Words = tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...]
"""Groups of alternatives, each a lower-case word or phrase: told when one of each group is said."""

_SENTENCE_END = re.compile(r"[.!?;\n]+")
_WORD = re.compile(r"[\w']+")
_PRONOUN = re.compile(r" (?:it|its|he|his|she|her|they|their|them|him) ")


class DrawnEvent(Record):
    """Something that happens, once."""

    event: int
    type: EventType
    start_s: Seconds
    end_s: Seconds
    """When it is complete: from then on all of it has been seen. Until then it may be told, but need not."""
    sentence: str
    words: Words
    semantic: bool = True
    """False where nothing new can be said of it, such as a camera that shakes: the right thing to say is nothing."""

    @model_validator(mode="after")
    def _can_be_told(self) -> Self:
        if self.semantic and not self.words:
            raise ValueError(f"event {self.event} has no words to know it by")
        if self.end_s < self.start_s:
            raise ValueError(f"event {self.event} ends before it starts")
        return self


class DrawnLook(Record):
    """A thing as it looks while it can be seen: another one for each of its colours, and for each time that it is on screen. A room's walls and a sign too."""

    nouns: tuple[str, ...]
    """What it may be called, such as `ball`."""
    colours: tuple[str, ...]
    """What its colour may be called; none where it has no colour that one would name."""
    start_s: Seconds
    end_s: Seconds


class DrawnTruth(Record):
    """`truth/<video_id>.json` of a drawn world: all that is in a video and happens in it. Events are in order of their ends."""

    video_id: VideoId
    seed: int
    duration_s: Seconds
    width: int
    height: int
    fps: float
    scene: str
    """What can be seen at 0 s, in full."""
    scene_words: tuple[Words, ...]
    """How each thing of the scene is known, the place first."""
    events: tuple[DrawnEvent, ...]
    nouns: tuple[str, ...]
    """Every word for a thing that occurs in any drawn video: one that is in none of this video's words is not in this video."""
    colours: tuple[str, ...]
    """Every word for a colour of this world."""
    actions: dict[EventType, tuple[str, ...]]
    """By which words a caption claims that such an event happens, whatever it happens to; an event that did not happen is noticed by them."""
    looks: tuple[DrawnLook, ...]
    """All that is ever to be seen in this video."""


def events_of(truth: DrawnTruth, start_s: float, end_s: float) -> tuple[DrawnEvent, ...]:
    """The semantic events that the window of these seconds has to tell: those that become complete in it, its start included, its end not.

    So each event belongs to exactly one window of a grid. The last whole window also has those that become complete after it: nobody else could tell them.
    """
    last = end_s + (end_s - start_s) > truth.duration_s
    return tuple(event for event in truth.events if event.semantic and start_s <= event.end_s and (last or event.end_s < end_s))


def under_way(truth: DrawnTruth, start_s: float, end_s: float) -> tuple[DrawnEvent, ...]:
    """The semantic events that begin in the window or before it and are complete only after it: to tell them already is no fault."""
    told = events_of(truth, start_s, end_s)
    return tuple(event for event in truth.events if event.semantic and event.start_s < end_s <= event.end_s and event not in told)


def reference(truth: DrawnTruth, start_s: float, end_s: float, initial: bool) -> str:
    """What a perfect captioner says of the window: nothing where nothing becomes complete.

    An initial caption tells the scene first; where the window begins later than the video, also what has happened since.
    """
    told = [event.sentence for event in events_of(truth, start_s, end_s)]
    if initial:
        before = [event.sentence for event in truth.events if event.semantic and event.end_s < start_s]
        told = [truth.scene, *before, *told]
    return " ".join(told)


def tells(text: str, words: Words) -> bool:
    """Whether one sentence of a text has an alternative of every group. A sentence with a pronoun may take words from the sentence before it."""
    before = ""
    for sentence in _SENTENCE_END.split(text.lower()):
        said = f" {' '.join(_WORD.findall(sentence))} "
        if _has_all(said, words) or (_PRONOUN.search(said) and _has_all(before + said, words)):
            return True
        before = said
    return False


def _has_all(said: str, words: Words) -> bool:
    return bool(words) and all(any(f" {alternative} " in said for alternative in group) for group in words)
