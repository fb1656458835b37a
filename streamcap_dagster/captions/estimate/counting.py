"""Counts what a video would be asked about by walking its chains with a stand-in: the real questions, in the real order, to nobody.

Answers that are kept already are read and believed; what the stand-in says is forgotten with the count. Nothing is written.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from streamcap_dagster.captions.asking import Answer, Asker
from streamcap_dagster.captions.calls import Call
from streamcap_dagster.captions.captioner import Captioner, CaptionReply, CaptionRequest, Parameter, RequestKind, call_key
from streamcap_dagster.captions.chain import Chain, caption_deltas, caption_initials
from streamcap_dagster.captions.estimate import VideoEstimate
from streamcap_dagster.captions.estimate.volume import Volume, typical_answer, volume_of
from streamcap_dagster.captions.objectives import state_objectives
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.policies import ChainPolicy
from streamcap_dagster.records import Captions, Clip, Clips, Frame, Objectives

Answered = Callable[[str], Call | None]
"""The kept answers of a video, by call key."""


@dataclass(frozen=True)
class MadeBefore:
    """What of a video is up to date, and so is not asked about again."""

    initials: Captions | None = None
    deltas: Captions | None = None
    objectives: Objectives | None = None

    @property
    def call_keys(self) -> set[str]:
        found = {caption.call_key for made in (self.initials, self.deltas) if made for caption in made.captions}
        found |= {pair.call_key for pair in self.objectives.pairs} if self.objectives else set()
        return found - {""}


async def count_video(
    duration_s: float, clips: Clips, frames: Path, captioner: Captioner, answered: Answered, policy: ChainPolicy, made: MadeBefore
) -> VideoEstimate:
    """What a video that has frames would take: the no-change gate and the kept answers have their say, so the calls are exact.

    They are as many as they can be: a captioner that itself sees no change in a window saves the statements about it.
    """
    asker = _Counter(captioner, answered)
    video_id = clips.video_id
    initials = made.initials or await caption_initials(video_id, clips, frames, asker, policy)
    deltas = made.deltas or await caption_deltas(video_id, clips, frames, initials, asker, policy, lambda: None)
    if made.objectives is None:
        await state_objectives(video_id, initials, deltas, asker)
    left, steps = asker.left()
    return VideoEstimate(
        video_id=video_id,
        duration_s=duration_s,
        windows=sum(clip.windows for clip in clips.clips),
        gated=sum(caption.gated for caption in deltas.captions),
        held=len(asker.held() | made.call_keys),
        left=left,
        steps=steps,
        whole=asker.whole() if made == MadeBefore() else None,
    )


async def count_questions(
    video_id: str, duration_s: float, windows: int, captioner: Captioner, answered: Answered, ask: Callable[[Asker], Awaitable[object]]
) -> VideoEstimate:
    """What other questions about a video that is captioned would take; `ask` puts all of them."""
    asker = _Counter(captioner, answered)
    await ask(asker)
    left, steps = asker.left()
    return VideoEstimate(video_id, duration_s, windows, gated=0, held=len(asker.held()), left=left, steps=steps, whole=None)


class Planner:
    """Counts for videos without frames: every window is asked about, and nothing is known to be answered."""

    def __init__(self, captioner: Captioner, policy: ChainPolicy, frames_per_window: int) -> None:
        self._captioner = captioner
        self._policy = policy.model_copy(update={"no_change_threshold": 0.0})
        self._frames = _NoFrames(frames_per_window)
        self._known: dict[int, Volume] = {}

    async def plan(self, duration_s: float, clips: Clips, trouble: str = "") -> VideoEstimate:
        volumes = [await self._clip(clips, clip) for clip in clips.clips]
        longest = max((clip.windows for clip in clips.clips), default=0)
        whole = sum(volumes, Volume())
        return VideoEstimate(
            video_id=clips.video_id,
            duration_s=duration_s,
            windows=sum(clip.windows for clip in clips.clips),
            gated=None if clips.clips else 0,
            held=0,
            left=whole,
            steps=longest + 1 if clips.clips else 0,
            whole=whole,
            trouble=trouble,
        )

    async def _clip(self, clips: Clips, clip: Clip) -> Volume:
        """Clips of as many windows take as much, so each length is walked once."""
        if clip.windows not in self._known:
            asker = _Counter(self._captioner, _nothing)
            chain = Chain(clips.video_id, clip, clips.window_duration_s, self._frames, asker, self._policy)
            initial = await chain.describe()
            deltas = await chain.go_on(initial, lambda: None)
            of = clips.video_id
            await state_objectives(of, Captions(video_id=of, captions=(initial,)), Captions(video_id=of, captions=tuple(deltas)), asker)
            self._known[clip.windows] = asker.whole()
        return self._known[clip.windows]


def _nothing(key: str) -> Call | None:
    del key
    return None


@dataclass(frozen=True)
class _Question:
    kind: RequestKind
    clip: int
    window: int
    volume: Volume
    held: bool

    @property
    def in_chain(self) -> bool:
        """Whether it waits for the window before it, as deltas and anchors do."""
        return self.kind == "delta" or (self.kind == "initial" and self.window > 0)


class _Counter(Asker):
    """Notes every question once, with what it takes and whether its answer is kept."""

    def __init__(self, captioner: Captioner, answered: Answered) -> None:
        super().__init__(_StandIn(captioner), _ReadOnly(answered), Underway())
        self._answered = answered
        self._questions: dict[str, _Question] = {}

    async def ask(self, request: CaptionRequest) -> Answer:
        key = call_key(self.captioner, request)
        if key not in self._questions:
            call = self._answered(key)
            held, place = call is not None and call.chosen is not None, request.place
            self._questions[key] = _Question(request.kind, place.clip, place.window, volume_of(request), held)
        return await super().ask(request)

    def held(self) -> set[str]:
        return {key for key, question in self._questions.items() if question.held}

    def whole(self) -> Volume:
        return _sum(self._questions.values())

    def left(self) -> tuple[Volume, int]:
        """What is not answered yet, and how many calls of it wait for each other: later windows for the first, statements for all captions."""
        left = [question for question in self._questions.values() if not question.held]
        later = Counter(question.clip for question in left if question.in_chain)
        once = {question.kind for question in left if not question.in_chain}
        return _sum(left), max(later.values(), default=0) + len(once)


def _sum(questions: Iterable[_Question]) -> Volume:
    return sum((question.volume for question in questions), Volume())


class _ReadOnly:
    """Kept answers that can be looked at; nothing is added to them."""

    def __init__(self, answered: Answered) -> None:
        self.get = answered

    def keep(self, call: Call) -> Call:
        """What the stand-in says is worth nothing to anyone; a question that comes again gets the same answer."""
        return call


class _StandIn:
    """Goes by the name, model and parameters of a captioner, so that calls have its keys, and answers everything at typical length."""

    def __init__(self, captioner: Captioner) -> None:
        self.name = captioner.name
        self.model = captioner.model
        self._captioner = captioner

    def parameters(self, request: CaptionRequest) -> Mapping[str, Parameter]:
        return self._captioner.parameters(request)

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        return CaptionReply(typical_answer(request), "stop", self.model)

    async def aclose(self) -> None:
        """Holds nothing."""


class _NoFrames:
    """Frames without pictures, each unlike any other."""

    def __init__(self, per_window: int) -> None:
        self._per_window = per_window

    def read(self, clip: Clip, window: int) -> tuple[Frame, ...]:
        length_s = (clip.end_s - clip.start_s) / clip.windows
        seconds = [clip.start_s + (window + k / self._per_window) * length_s for k in range(self._per_window)]
        return tuple(Frame(clip.clip, window, k, second, second, 0, 0, f"{clip.clip}/{window}/{k}", b"") for k, second in enumerate(seconds))
