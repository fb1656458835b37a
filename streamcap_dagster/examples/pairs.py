"""SFT and RL examples of a video, one per window pair that can make one; the others are left out with the reason."""

import hashlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Protocol, TypedDict

from streamcap_dagster.examples.chain import WindowPair, refusal, window_pairs
from streamcap_dagster.examples.frame_names import FrameNames, frame_names
from streamcap_dagster.examples.objectives import objectives_that_hold
from streamcap_dagster.policies import ExamplePolicy, Sampling, Windowing
from streamcap_dagster.records import (
    NO_CHANGE,
    Captions,
    LeftOut,
    Objectives,
    PairObjectives,
    RlExample,
    RlExamples,
    RlPair,
    SftExample,
    SftExamples,
    SftPair,
    Turn,
    Video,
    in_order,
)

TOO_SILENT = "silence beyond max_silent_share"
NOT_ASKED = "no objectives were made"


class PromptBook(Protocol):
    """The words that ask for a caption, the same as the captioner was asked with."""

    def initial(self) -> str:
        """Asks for the full description of a clip's first window."""

    def delta(self, history: Sequence[str]) -> str:
        """Asks for what a window adds to the captions so far."""


def make_sft(
    video: Video, initials: Captions, deltas: Captions, windowing: Windowing, sampling: Sampling, policy: ExamplePolicy, prompts: PromptBook
) -> SftExamples:
    """Examples of every window pair, or of each clip's first alone when `sft_pairs` is `first`; the pairs not asked for are not listed as left out."""
    names = frame_names(in_order(initials, deltas), video.video_id, windowing, sampling, policy)
    pairs = [pair for pair in window_pairs(initials, deltas) if policy.sft_pairs == "every" or pair.first_of_clip]
    reasons = {pair.place: reason for pair in pairs if (reason := refusal(pair))}
    usable = [pair for pair in pairs if pair.place not in reasons]
    reasons |= {pair.place: TOO_SILENT for pair in _beyond_share(usable, video.video_id, policy.max_silent_share)}
    return SftExamples(
        video_id=video.video_id,
        examples=tuple(
            SftPair(
                clip=pair.later.clip,
                window=pair.later.window,
                example=SftExample(
                    **_shared(pair, video, names, windowing, sampling),
                    caption_window1="\n".join(pair.said),
                    caption_window2_delta=pair.later.text,
                    conversations=tuple(_conversation(pair, prompts)),
                ),
            )
            for pair in usable
            if pair.place not in reasons
        ),
        left_out=tuple(_left_out(pair, reasons[pair.place]) for pair in pairs if pair.place in reasons),
    )


def make_rl(
    video: Video, initials: Captions, deltas: Captions, objectives: Objectives, windowing: Windowing, sampling: Sampling, policy: ExamplePolicy
) -> RlExamples:
    """Examples of every window pair that could make an SFT example and has objectives."""
    names = frame_names(in_order(initials, deltas), video.video_id, windowing, sampling, policy)
    pairs = list(window_pairs(initials, deltas))
    known = objectives_that_hold(pairs, objectives)
    reasons = {pair.place: reason for pair in pairs if (reason := refusal(pair) or _no_objectives(known.get(pair.place)))}
    return RlExamples(
        video_id=video.video_id,
        examples=tuple(
            RlPair(
                clip=pair.later.clip,
                window=pair.later.window,
                example=RlExample(**_shared(pair, video, names, windowing, sampling), objectives=known[pair.place].objectives),
            )
            for pair in pairs
            if pair.place not in reasons
        ),
        left_out=tuple(_left_out(pair, reasons[pair.place]) for pair in pairs if pair.place in reasons),
    )


class _Shared(TypedDict):
    video_id: str
    start_time: float
    fps: float
    source_fps: float
    window_duration: float
    frames_window1: tuple[str, ...]
    frames_window2: tuple[str, ...]


def _shared(pair: WindowPair, video: Video, names: FrameNames, windowing: Windowing, sampling: Sampling) -> _Shared:
    """The fields that both kinds of example begin with."""
    return {
        "video_id": video.video_id,
        "start_time": pair.earlier.start_s,
        "fps": sampling.fps,
        "source_fps": video.fps,
        "window_duration": windowing.window_duration_s,
        "frames_window1": names.of(pair.earlier),
        "frames_window2": names.of(pair.later),
    }


def _conversation(pair: WindowPair, prompts: PromptBook) -> Iterator[Turn]:
    """Only the first pair of a clip, or after an anchor, holds the exchange before it: the earlier text of another speaks of frames that its row lacks."""
    if pair.begins_anew:
        yield Turn(role="user", content=prompts.initial())
        yield Turn(role="assistant", content=pair.earlier.text)
    yield Turn(role="user", content=prompts.delta(pair.said))
    yield Turn(role="assistant", content=pair.later.text or NO_CHANGE)


def _no_objectives(objectives: PairObjectives | None) -> str:
    """Why a pair has no objectives, or an empty text when it has some."""
    if objectives is None:
        return NOT_ASKED
    if objectives.objectives:
        return ""
    return f"no objectives: {objectives.reason}" if objectives.reason else "no objectives"


def _beyond_share(pairs: Sequence[WindowPair], video_id: str, share: float) -> list[WindowPair]:
    """The silent pairs to drop so that silence is at most `share` of what stays. A hash chooses, so that no stretch of the video is favoured."""
    if share == 1:
        return []
    spoken = sum(1 for pair in pairs if pair.later.text)
    silent = sorted((pair for pair in pairs if not pair.later.text), key=lambda pair: _lot(video_id, pair))
    exact = Fraction(str(share))
    return silent[int(spoken * exact / (1 - exact)) :]


def _lot(video_id: str, pair: WindowPair) -> str:
    return hashlib.sha256(f"{video_id}:{pair.later.clip}:{pair.later.window}".encode()).hexdigest()


def _left_out(pair: WindowPair, reason: str) -> LeftOut:
    return LeftOut(clip=pair.later.clip, window=pair.later.window, reason=reason)
