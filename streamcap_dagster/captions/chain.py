"""The chain of a clip: its initial caption, then window after window what each adds. Clips go on side by side, windows in order.

Where anchors are asked for, the scene is described in full again every so many windows, and the chain goes on from there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from streamcap_dagster.captions.anchors import anchor_windows
from streamcap_dagster.captions.asking import Answer, Asker, every
from streamcap_dagster.captions.captioner import CaptionRequest, Place
from streamcap_dagster.captions.gate import NoChangeGate
from streamcap_dagster.captions.history import History, history_sha256
from streamcap_dagster.captions.looking import look
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.captions.window_frames import FrameSource, WindowFrames
from streamcap_dagster.errors import FramesAhead
from streamcap_dagster.policies import ChainPolicy
from streamcap_dagster.records import SPOKEN, Caption, Captions, Clip, Clips, Frame

_INITIAL_TOKENS = 1024
_DELTA_TOKENS = 512


async def caption_initials(video_id: str, clips: Clips, frames: Path, asker: Asker, policy: ChainPolicy) -> Captions:
    """The full description of each clip's first window, in order of clip.

    Raises CaptionerUnavailable when a clip got no answer, after the others are done.
    """
    chains = await _chains(video_id, clips, frames, asker, policy)
    return Captions(video_id=video_id, captions=tuple(await every([chain.describe() for chain in chains])))


async def caption_deltas(
    video_id: str, clips: Clips, frames: Path, initials: Captions, asker: Asker, policy: ChainPolicy, on_window: Callable[[], None]
) -> Captions:
    """What each later window adds, and the anchors among them, in order of clip, then window; `on_window` is called after each.

    A window whose caption failed for good keeps its outcome and the chain goes on without it, an anchor's too. Raises CaptionerUnavailable when a
    clip got no answer at all, after the other clips are done; all answers that did arrive are kept for the next run.
    """
    begun = {caption.clip: caption for caption in initials.captions}
    chains = await _chains(video_id, clips, frames, asker, policy)
    done = await every([chain.go_on(begun[chain.clip.clip], on_window) for chain in chains])
    return Captions(video_id=video_id, captions=tuple(caption for captions in done for caption in captions))


async def _chains(video_id: str, clips: Clips, frames: Path, asker: Asker, policy: ChainPolicy) -> list["Chain"]:
    if not clips.clips:
        return []
    windows = await look(WindowFrames, video_id, frames)
    return [Chain(video_id, clip, clips.window_duration_s, windows, asker, policy) for clip in clips.clips]


class Chain:
    """One clip on its way: what was said of it so far and what the gate compares with."""

    def __init__(self, video_id: str, clip: Clip, window_duration_s: float, frames: FrameSource, asker: Asker, policy: ChainPolicy) -> None:
        self.clip = clip
        self._video_id = video_id
        self._window_duration_s = window_duration_s
        self._frames = frames
        self._asker = asker
        self._history_tokens = policy.history_tokens
        self._prompts = Prompts()
        self._gate = NoChangeGate(policy.no_change_threshold)
        self._history = History()
        self._anchors = anchor_windows(clip.windows, policy.anchor_every)
        self._segment = 0

    async def describe(self) -> Caption:
        async with self._asker.place():
            request = self._request("initial", 0, await self._read(0))
            return self._caption(request, await self._asker.ask(request))

    async def go_on(self, initial: Caption, on_window: Callable[[], None]) -> list[Caption]:
        async with self._asker.place():
            await self._take_note(initial, await self._read(0))
        captions = []
        for window in range(1, self.clip.windows):
            async with self._asker.place():
                captions.append(await (self._anchor(window) if window in self._anchors else self._next(window)))
            on_window()
        return captions

    async def _next(self, window: int) -> Caption:
        frames = await self._read(window)
        caption = await self._delta(window, frames)
        if not caption.gated:
            await self._take_note(caption, frames)
        return caption

    async def _anchor(self, window: int) -> Caption:
        """A full caption of a window, changed or not, by someone who was told nothing. One that failed opens no segment: the chain goes on as before it."""
        frames = await self._read(window)
        request = self._request("initial", window, frames)
        answer = await self._asker.ask(request)
        if answer.text:
            self._history, self._segment = History(), self._segment + 1
        caption = self._caption(request, answer)
        await self._take_note(caption, frames)
        return caption

    async def _delta(self, window: int, frames: tuple[Frame, ...]) -> Caption:
        request = self._request("delta", window, frames)
        if await look(self._gate.passes, frames, request.place):
            return self._caption(request, await self._asker.ask(request))
        held_back = Answer("", "no_change", reason="no visible change since the last window that was captioned, so nobody was asked")
        return self._caption(request, held_back, gated=True)

    async def _take_note(self, caption: Caption, frames: tuple[Frame, ...]) -> None:
        if caption.text:
            self._history = self._history.plus(caption.text)
        if caption.outcome in SPOKEN:
            await look(self._gate.refer, frames, self._place(caption.window))

    async def _read(self, window: int) -> tuple[Frame, ...]:
        frames = await look(self._frames.read, self.clip, window)
        if late := [frame for frame in frames if frame.pts_s > self._second(window + 1)]:
            raise FramesAhead(self._place(window), late[0].pts_s, self._second(window + 1))
        return frames

    def _request(self, kind: Literal["initial", "delta"], window: int, frames: tuple[Frame, ...]) -> CaptionRequest:
        shown = self._history.shown(self._history_tokens) if kind == "delta" else ()
        return CaptionRequest(
            kind=kind,
            place=self._place(window),
            system=self._prompts.system(kind),
            prompt=self._prompts.initial() if kind == "initial" else self._prompts.delta(shown),
            prompt_version=self._prompts.version_of(kind),
            max_output_tokens=_INITIAL_TOKENS if kind == "initial" else _DELTA_TOKENS,
            frames=frames,
            history=shown,
        )

    def _caption(self, request: CaptionRequest, answer: Answer, gated: bool = False) -> Caption:
        window = request.place.window
        return Caption(
            clip=self.clip.clip,
            window=window,
            start_s=self._second(window),
            end_s=self._second(window + 1),
            kind="delta" if request.kind == "delta" else "anchor" if window else "initial",
            outcome=answer.outcome,
            text=answer.text,
            reason=answer.reason,
            gated=gated,
            frame_sha256=tuple(frame.sha256 for frame in request.frames),
            frame_pts_s=tuple(frame.pts_s for frame in request.frames),
            history_sha256=history_sha256(request.history),
            prompt_version=request.prompt_version,
            captioner=self._asker.captioner.name,
            model=self._asker.captioner.model,
            call_key=answer.call_key,
            attested=answer.attested,
            segment=self._segment,
        )

    def _second(self, window: int) -> float:
        return round(self.clip.start_s + window * self._window_duration_s, 6)

    def _place(self, window: int) -> Place:
        return Place(self._video_id, self.clip.clip, window)
