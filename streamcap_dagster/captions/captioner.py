"""The boundary to whoever captions: what is asked of a captioner, what it answers, and how the two are named by content."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from streamcap_dagster.records import Frame

RequestKind = Literal["initial", "delta", "objectives"]
Finish = Literal["stop", "blocked", "recitation", "truncated", "empty"]
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
    """Pictures of one window in time order; none for objectives."""
    history: tuple[str, ...] = ()
    """The earlier captions as shown in the prompt."""
    pairs: tuple[Pair, ...] = ()
    """For objectives, in order: everything before a pair, and the history, was said before it."""
    attempt: int = 0
    """How many replies to this question were of no use so far."""
    hint: str = ""
    """A line for this attempt only, such as a plea for other words; outside the call key."""

    @property
    def text(self) -> str:
        """What a backend sends as the user's words."""
        return f"{self.prompt}\n\n{self.hint}" if self.hint else self.prompt


@dataclass(frozen=True)
class CaptionReply:
    """What came back, not yet judged: `text` is the JSON that was asked for, or whatever else the captioner said."""

    text: str
    finish: Finish
    model: str
    """The model that says it answered, which may name a version of the one that was asked."""
    reason: str = ""
    """Why it ended as it did, when it is not `stop`."""


class Captioner(Protocol):
    """Turns a request into a reply and does nothing else: no retries, no pacing, no prompt of its own.

    No answer at all (transport, quota, outage) raises CaptionerUnavailable; every answer, however useless, is a reply.
    Pacing and transport retries fit round it as another Captioner.
    """

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    def parameters(self, request: CaptionRequest) -> Mapping[str, Parameter]:
        """What else shapes the answer to a request, such as the resolution that the captioner sees; part of the call key."""

    async def complete(self, request: CaptionRequest) -> CaptionReply: ...


def question_sha256(request: CaptionRequest) -> str:
    """Names what is asked, whoever is asked: kind, prompt version, words and pictures."""
    return _hash([request.kind, request.prompt_version, request.system, request.prompt, [frame.sha256 for frame in request.frames]])


def call_key(captioner: Captioner, request: CaptionRequest) -> str:
    """Names a call: the question, the model that it is put to, and the parameters that shape the answer."""
    return _hash([captioner.model, dict(captioner.parameters(request)), request.max_output_tokens, question_sha256(request)])


def _hash(facts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
