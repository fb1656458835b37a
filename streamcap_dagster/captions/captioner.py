"""The boundary to whoever captions: what is asked of a captioner, what it answers, and how the two are named by content."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from streamcap_dagster.records import Frame, Record

CaptioningKind = Literal["initial", "delta", "objectives"]
"""What the dataset is made of."""
ExaminingKind = Literal["full", "questions", "answers", "grades", "judgement"]
"""What tells how good captions are; no part of the dataset. `full` describes a later window as if it were the first of its clip."""
RequestKind = Literal[CaptioningKind, ExaminingKind]
Finish = Literal["stop", "blocked", "recitation", "truncated", "empty"]
Tier = Literal["standard", "flex"]
Parameter = str | int | float | bool


@dataclass(frozen=True)
class Place:
    """Where a request belongs. For people and for hand-written answers; never part of what is asked."""

    video_id: str
    clip: int
    window: int

    def __str__(self) -> str:
        return f"video {self.video_id}, clip {self.clip}, window {self.window}"


@dataclass(frozen=True)
class Pair:
    """A window pair that objectives are asked for: `id` is echoed in the reply, `delta` is what the later window says."""

    id: str
    delta: str


@dataclass(frozen=True)
class CaptionRequest:
    """One question to a captioner. The prompt is rendered: it holds the history (and the pairs) as text already."""

    kind: RequestKind
    place: Place
    system: str
    prompt: str
    prompt_version: str
    max_output_tokens: int
    frames: tuple[Frame, ...] = ()
    """Pictures of one window in time order; none where texts alone are asked about."""
    history: tuple[str, ...] = ()
    """The earlier captions as shown in the prompt."""
    pairs: tuple[Pair, ...] = ()
    """For objectives, in order: everything before a pair, and the history, was said before it."""
    ids: tuple[str, ...] = ()
    """For answers and grades: the questions that the reply has to speak of, each by its id."""
    attempt: int = 0
    """How many replies to this question were of no use so far."""
    hint: str = ""
    """A line for this attempt only, such as a plea for other words; outside the call key."""
    nonce: str = ""
    """A word that the reply must give back as `nonce`, to prove that it answers this request; outside the call key."""
    tier: Tier = "standard"
    """The service tier to be served at, for a captioner that has several; outside the call key."""

    @property
    def times(self) -> tuple[str, ...]:
        """What is said before each picture: its seconds from the first of the window, so that equal windows are equal questions."""
        return tuple(f"+{frame.target_s - self.frames[0].target_s:.2f} s" for frame in self.frames)

    @property
    def closing(self) -> str:
        """What is said last, after the prompt and the pictures: what belongs to this attempt only. Often empty."""
        give_back = f'Put "nonce": "{self.nonce}" into the JSON object, copied exactly.' if self.nonce else ""
        return "\n".join(filter(None, (self.hint, give_back)))


class Bill(Record):
    """What one answer took: nothing of it is part of what was said, and zeros are what a captioner does not tell."""

    response_id: str = ""
    tier: str = ""
    """The service tier that served it, as the service tells."""
    text_tokens: int = 0
    """Input other than images, the cached part included."""
    image_tokens: int | None = None
    """Input that the service counted as images; None when it does not tell."""
    attested: bool | None = None
    """Whether that is as many as the frames that were sent come to; None when it cannot be told."""
    cached_tokens: int = 0
    """Input that was billed at the price of the cache."""
    output_tokens: int = 0
    """Output, thoughts not included."""
    thought_tokens: int = 0
    cost_usd: float = 0.0
    price_table: str = ""
    """Version of the model table that the cost was computed with; empty when the model has no known price."""
    latency_s: float = 0.0
    """From sending the request that was answered to its answer."""
    requests: int = 1
    """HTTP requests that the answer took, with those that failed."""

    @property
    def input_tokens(self) -> int:
        return self.text_tokens + (self.image_tokens or 0)


@dataclass(frozen=True)
class CaptionReply:
    """What came back, not yet judged: `text` is the JSON that was asked for, or whatever else the captioner said."""

    text: str
    finish: Finish
    model: str
    """The model that says it answered, which may name a version of the one that was asked."""
    reason: str = ""
    """Why it ended as it did, when it is not `stop`."""
    bill: Bill = field(default_factory=Bill)


class Captioner(Protocol):
    """Turns a request into a reply and does nothing else: no retries, no pacing, no prompt of its own.

    Every answer, however useless, is a reply. No answer at all raises CallFailed, which tells whether asking again can help;
    `pacing/` fits round a captioner as another one and raises CaptionerUnavailable, or RunStopped, once it does not.
    """

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    def parameters(self, request: CaptionRequest) -> Mapping[str, Parameter]:
        """What else shapes the answer to a request, such as the resolution that the captioner sees; part of the call key."""

    async def complete(self, request: CaptionRequest) -> CaptionReply: ...

    async def aclose(self) -> None:
        """Give back what is held, such as connections; on the loop that `complete` was called on. Nothing can be asked afterwards."""


@runtime_checkable
class Stoppable(Protocol):
    """A captioner whose calls may wait for long before they are sent."""

    def stop(self) -> None:
        """Send nothing any more: what waits gets RunStopped, what was sent may still be answered."""


def question_sha256(request: CaptionRequest) -> str:
    """Names what is asked, whoever is asked: kind, prompt version, words and pictures."""
    pictures = [(time, frame.sha256) for time, frame in zip(request.times, request.frames, strict=True)]
    return _hash([request.kind, request.prompt_version, request.system, request.prompt, pictures])


def call_key(captioner: Captioner, request: CaptionRequest) -> str:
    """Names a call: the question, the model that it is put to, and the parameters that shape the answer."""
    return _hash([captioner.model, dict(captioner.parameters(request)), request.max_output_tokens, question_sha256(request)])


def _hash(facts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
