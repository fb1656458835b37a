"""What people decide of a video's captions, as it is kept in `reviews/<video_id>.json`."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from streamcap_dagster.records import Record, Seconds, VideoId

FORMAT: Literal[1] = 1
"""Of the files; a later version of streamcap may write a later one."""
LONGEST_TEXT = 20_000
Verdict = Literal["keep", "drop"]
Place = tuple[float, float | None]
"""What a choice is of. Of captions: a clip and a window of it, or None for the whole clip. Of time: where a span begins and ends, in seconds."""

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _in_one_line(text: str) -> str:
    """As captions are: no line ends, no control characters."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


Person = Annotated[str, AfterValidator(_in_one_line), Field(min_length=1, max_length=100)]


class Choice(Record):
    """What is decided of a window, or of a whole clip. One that chooses nothing takes back what was decided before."""

    clip: Annotated[int, Field(ge=0)]
    window: Annotated[int, Field(ge=0)] | None = None
    """None: of the whole clip, where only the verdict counts."""
    verdict: Verdict | None = None
    text: Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_in_one_line)] | None = None
    """What is to be said instead; empty for silence, None to leave the caption as it is."""
    ranking: tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)], ...] | None = None
    """Candidates of the window in their own words, the best first; silence is `NO_CHANGE`."""
    caption_sha256: str
    """What was decided on: `applying.caption_sha256`. It stops counting when something else is said of the window."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.window is None and (self.text is not None or self.ranking is not None):
            raise ValueError("a text or a ranking is of one window, not of a whole clip")
        if self.ranking is not None and (len(self.ranking) < 2 or len(set(self.ranking)) < len(self.ranking)):
            raise ValueError("a ranking has at least two texts, each once")
        return self

    @property
    def place(self) -> Place:
        return self.clip, self.window

    @property
    def is_nothing(self) -> bool:
        return self.verdict is None and self.text is None and self.ranking is None


class Decision(Choice):
    """A choice, and whose it is."""

    by: Person
    at: AwareDatetime
    revision: int
    """The revision of the review that it came with."""
    replaces: tuple[int, ...] = ()
    """The revisions of what was decided there before and was seen by whoever decided this. By them two copies of a review are joined."""

    @property
    def lineage(self) -> tuple[int, ...]:
        """The revisions of all that was decided there, its own the last."""
        return (*self.replaces, self.revision)

    @property
    def choice(self) -> Choice:
        return Choice(**self.model_dump(include=set(Choice.model_fields)))


class Span(Record):
    """A span that is marked for the clip policy `manual`."""

    start_s: Seconds
    end_s: Seconds
    keep: bool | None = True
    """False: it was looked at, and makes no clip. None takes back what was marked before."""

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if not self.start_s < self.end_s:
            raise ValueError("a span ends after it begins")
        return self

    @property
    def place(self) -> Place:
        return self.start_s, self.end_s

    @property
    def is_nothing(self) -> bool:
        return self.keep is None


class Mark(Span):
    """A marked span, and who marked it."""

    by: Person
    at: AwareDatetime
    revision: int
    replaces: tuple[int, ...] = ()

    @property
    def lineage(self) -> tuple[int, ...]:
        """The revisions of all that was decided there, its own the last."""
        return (*self.replaces, self.revision)

    @property
    def choice(self) -> Span:
        return Span(**self.model_dump(include=set(Span.model_fields)))


class Review(Record):
    """`reviews/<video_id>.json`: one decision a window or clip in order of place, one mark a span in order of time. No run writes there.

    What was taken back stays as a decision of nothing, so that whoever did not see that yet is told.
    """

    format: Literal[1] = FORMAT
    video_id: VideoId
    revision: int = 0
    """Grows with every save; 0 where nothing was ever saved."""
    decisions: tuple[Decision, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def version(self) -> str:
        """Names this state of it: what a save is based on."""
        return str(self.revision)

    def of(self, clip: int, window: int | None) -> Decision | None:
        """The decision on a window, or with None on a whole clip."""
        return next((decision for decision in self.decisions if decision.place == (clip, window)), None)
