"""Videos by hand: frames drawn with Pillow, captions as given, examples made of them; all stored as the steps before would."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from PIL import Image, ImageDraw

from streamcap_dagster.dataset.quality_columns import QualityColumns, quality_columns
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.dataset.splits import Split
from streamcap_dagster.examples.pairs import make_rl, make_sft
from streamcap_dagster.policies import ExamplePolicy, Sampling, Windowing
from streamcap_dagster.quality.drift import drifts_of
from streamcap_dagster.quality.measuring import measure
from streamcap_dagster.quality.records import CaptionQuality
from streamcap_dagster.records import (
    NO_CHANGE,
    Candidate,
    Caption,
    Captions,
    Clip,
    Clips,
    Frame,
    LeftOut,
    Objectives,
    Outcome,
    PairObjectives,
    PreferenceExamples,
    PreferencePair,
    Video,
    in_order,
)
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.frame_table import write_frames

WINDOWING = Windowing(window_duration_s=2.0)
SAMPLING = Sampling(fps=1.0)
FRAMES_PER_WINDOW = 2
"""Whatever the length of the windows, in videos stored here."""

Said = tuple[Outcome, str]
HELLO: tuple[tuple[Said, ...], ...] = ((("ok", "A red door."), ("ok", "It opens."), ("no_change", "")),)
"""One clip of three windows."""


class Prompts:
    def initial(self) -> str:
        return "Describe the first window."

    def delta(self, history: Sequence[str]) -> str:
        return "What is new? So far: " + " / ".join(history)


def video(video_id: str, **facts: Any) -> Video:
    return Video(video_id=video_id, uri=f"{video_id}.mp4", sha256="0" * 64, size_bytes=1, duration_s=60, fps=29.97, status="ok", **facts)


def jpeg(*words: object, size: tuple[int, int] = (48, 32), quality: int = 85) -> bytes:
    """A small picture that differs with the words."""
    seed = hashlib.sha256(repr(words).encode()).digest()
    picture = Image.new("RGB", size, tuple(seed[:3]))
    ImageDraw.Draw(picture).ellipse((seed[3] % size[0], seed[4] % size[1], size[0], size[1]), fill=tuple(seed[5:8]))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality)
    return data.getvalue()


def frames_of(video_id: str, clips: Sequence[Sequence[Said]], window_s: float = 2.0) -> Iterator[Frame]:
    for clip, chain in enumerate(clips):
        for window in range(len(chain)):
            for k in range(FRAMES_PER_WINDOW):
                data = jpeg(video_id, clip, window, k)
                at = clip * 60 + (window + k / FRAMES_PER_WINDOW) * window_s
                yield Frame(clip, window, k, at, at, 48, 32, hashlib.sha256(data).hexdigest(), data)


def captions_of(video_id: str, clips: Sequence[Sequence[Said]], captioner: str = "recorded", window_s: float = 2.0) -> list[Caption]:
    frames = frames_of(video_id, clips, window_s)
    shown = {place: tuple(of_window) for place, of_window in groupby(frames, key=lambda frame: (frame.clip, frame.window))}
    return [
        Caption(
            clip=clip,
            window=window,
            start_s=clip * 60 + window * window_s,
            end_s=clip * 60 + (window + 1) * window_s,
            kind="delta" if window else "initial",
            outcome=outcome,
            text=text,
            frame_sha256=tuple(frame.sha256 for frame in shown[clip, window]),
            frame_pts_s=tuple(frame.pts_s for frame in shown[clip, window]),
            history_sha256="",
            prompt_version="p1",
            captioner=captioner,
            model="none",
        )
        for clip, chain in enumerate(clips)
        for window, (outcome, text) in enumerate(chain)
    ]


def with_anchors(captions: Sequence[Caption], every: int) -> list[Caption]:
    """The same with every so many windows of a clip as an anchor."""
    told: list[Caption] = []
    for caption in captions:
        before = told[-1].segment if caption.window else 0
        is_anchor = bool(every and caption.window and caption.window % every == 0)
        changed = {"kind": "anchor" if is_anchor else caption.kind, "segment": before + (is_anchor and caption.outcome == "ok")}
        told.append(caption.model_copy(update=changed))
    return told


def clips_of(video_id: str, clips: Sequence[Sequence[Said]], window_s: float = 2.0) -> Clips:
    spans = (
        Clip(clip=clip, start_s=clip * 60, end_s=clip * 60 + len(chain) * window_s, windows=len(chain), reason="by hand") for clip, chain in enumerate(clips)
    )
    return Clips(video_id=video_id, window_duration_s=window_s, clips=tuple(spans))


def caption_records(
    video_id: str, clips: Sequence[Sequence[Said]], captioner: str = "recorded", window_s: float = 2.0, anchor_every: int = 0
) -> tuple[Captions, Captions]:
    """Initial captions, and delta captions with the anchors among them."""
    captions = with_anchors(captions_of(video_id, clips, captioner, window_s), anchor_every)
    initials, deltas = (tuple(caption for caption in captions if (caption.window == 0) is first) for first in (True, False))
    return Captions(video_id=video_id, captions=initials), Captions(video_id=video_id, captions=deltas)


def objectives_of(deltas: Captions) -> Objectives:
    """One objective for every delta that says something."""
    pairs = (
        PairObjectives(
            clip=delta.clip, window=delta.window, objectives=(f"says {delta.text}"[:120],) if delta.text else (), reason="" if delta.text else "silent"
        )
        for delta in deltas.captions
    )
    return Objectives(video_id=deltas.video_id, pairs=tuple(pairs))


def store_video(
    storage: Storage,
    video_id: str,
    clips: Sequence[Sequence[Said]] = HELLO,
    captioner: str = "recorded",
    split: Split = "train",
    windowing: Windowing = WINDOWING,
    anchor_every: int = 0,
) -> DatasetVideo:
    """Store everything that the dataset is made from for one video."""
    policy, window_s = ExamplePolicy(max_silent_share=0.5), windowing.window_duration_s
    sampling = Sampling(fps=FRAMES_PER_WINDOW / window_s)
    initials, deltas = caption_records(video_id, clips, captioner, window_s, anchor_every)
    write_record(storage, keys.clips(video_id), clips_of(video_id, clips, window_s))
    with storage.staged(keys.frames(video_id)) as path:
        write_frames(path, frames_of(video_id, clips, window_s), "by hand")
    write_record(storage, keys.initial_captions(video_id), initials)
    write_record(storage, keys.delta_captions(video_id), deltas)
    store_quality(storage, video_id)
    write_record(storage, keys.sft_examples(video_id), make_sft(video(video_id), initials, deltas, windowing, sampling, policy, Prompts()))
    write_record(storage, keys.rl_examples(video_id), make_rl(video(video_id), initials, deltas, objectives_of(deltas), windowing, sampling, policy))
    return DatasetVideo(video(video_id), split)


def store_quality(storage: Storage, video_id: str) -> None:
    """What the stored captions of a video are like."""
    captions = in_order(*(read_record(storage, key(video_id), Captions) for key in (keys.initial_captions, keys.delta_captions)))
    write_record(storage, keys.caption_quality(video_id), CaptionQuality(video_id=video_id, windows=measure(captions), drifts=drifts_of(captions)))


def columns_of(captions: Iterable[Caption]) -> list[QualityColumns]:
    return [quality_columns(window) for window in measure(captions)]


def preference_pair(window: int, chosen: str, rejected: str, clip: int = 0) -> PreferencePair:
    """A pair of which two candidates were scored."""
    judged = ((chosen, "caption", 0.0, 0.8, 1.0, 0.9, 1), (rejected, "history", 1.0, 0.0, 0.5, 0.2, 2))
    candidates = (Candidate(**dict(zip(Candidate.model_fields, values, strict=True))) for values in judged)
    return PreferencePair(
        clip=clip,
        window=window,
        prompt="What is new? So far: A red door.",
        chosen=chosen,
        rejected=rejected,
        margin=0.7,
        length_matched=False,
        ranked_by="score",
        objectives=("door opens",),
        candidates=tuple(candidates),
    )


def store_preferences(storage: Storage, video_id: str, *pairs: PreferencePair) -> None:
    """Preferences between captions of HELLO, unless other pairs are given, and one pair that made none."""
    of_hello = (preference_pair(1, "It opens.", "A red door."), preference_pair(2, NO_CHANGE, "It opens."))
    left_out = (LeftOut(clip=0, window=2, reason="all candidates are alike"),)
    write_record(storage, keys.preference_examples(video_id), PreferenceExamples(video_id=video_id, examples=pairs or of_hello, left_out=left_out))
