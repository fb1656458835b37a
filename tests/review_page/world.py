"""A storage as runs leave it, made in a moment: captions, frames, what was measured and what was paid are written by hand."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from streamcap_dagster.captions.calls import Attempt, Call
from streamcap_dagster.captions.captioner import Bill
from streamcap_dagster.quality.records import CaptionQuality, WindowQuality
from streamcap_dagster.records import Candidate, Caption, Captions, Clip, Clips, Frame, Outcome, PreferenceExamples, Undecided, Video
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import write_frames
from streamcap_dagster.videos.manifest import read_manifest, write_manifest
from streamcap_dagster.videos.source import FolderSource

WINDOW_S = 2.0
FRAMES = 4
"""Of a window."""


@dataclass(frozen=True)
class Said:
    """What is to be said of a window."""

    text: str = ""
    outcome: Outcome = "ok"
    novelty: float = 0.8
    flags: tuple[str, ...] = ()
    usd: float = 0.0
    candidates: tuple[str, ...] = ()


def says(*texts: str) -> list[Said]:
    """Windows that say this; an empty text is silence."""
    return [Said(text) if text else Said("", "no_change") for text in texts]


@dataclass
class World:
    """A source and a storage under one folder."""

    root: Path
    storage: FolderStorage = field(init=False)
    source: FolderSource = field(init=False)

    def __post_init__(self) -> None:
        (self.root / "videos").mkdir(parents=True, exist_ok=True)
        self.storage, self.source = FolderStorage(self.root / "data"), FolderSource(self.root / "videos")

    def add(self, video_id: str, windows: Sequence[Said], film: Path | None = None, *, measured: bool = True, pictures: bool = True) -> None:
        """A video of one clip. Its file, when there is one, is kept in the storage."""
        self.catalog(video_id, len(windows))
        if film is not None:
            self.storage.write(keys.raw_video(video_id, film.suffix), film.read_bytes())
        captions = tuple(caption_of(number, said) for number, said in enumerate(windows))
        clip = Clip(clip=0, start_s=0, end_s=WINDOW_S * len(windows), windows=len(windows), reason="generated")
        write_record(self.storage, keys.clips(video_id), Clips(video_id=video_id, window_duration_s=WINDOW_S, clips=(clip,)))
        write_record(self.storage, keys.initial_captions(video_id), Captions(video_id=video_id, captions=captions[:1]))
        write_record(self.storage, keys.delta_captions(video_id), Captions(video_id=video_id, captions=captions[1:]))
        if measured:
            write_record(self.storage, keys.caption_quality(video_id), CaptionQuality(video_id=video_id, windows=tuple(map(quality_of, captions, windows))))
        if pictures:
            with self.storage.staged(keys.frames(video_id)) as path:
                write_frames(path, (frame for number in range(len(windows)) for frame in frames_of(number)), "drawn")
        self._paid(video_id, windows)
        self._preferences(video_id, windows)

    def catalog(self, *video_ids_and_windows: str | int) -> None:
        """Rows of the manifest, added to those that there are."""
        rows = read_manifest(self.storage)
        for video_id, windows in zip(video_ids_and_windows[::2], video_ids_and_windows[1::2], strict=True):
            duration_s = WINDOW_S * int(windows)
            rows[str(video_id)] = Video(
                video_id=str(video_id), uri=f"{video_id}.mp4", sha256="", size_bytes=1, codec="h264", width=320, height=180,
                display_width=320, display_height=180, duration_s=duration_s, fps=12, status="ok",
            )  # fmt: skip
        write_manifest(self.storage, rows.values())

    def _paid(self, video_id: str, windows: Sequence[Said]) -> None:
        calls = [
            Call(
                key=f"{number:064x}", question="", kind="delta" if number else "initial", video_id=video_id, clip=0, window=number, chosen=0,
                attempts=(Attempt(text=said.text, finish="stop", model="model-1", bill=Bill(cost_usd=said.usd)),),
            )
            for number, said in enumerate(windows)
            if said.usd
        ]  # fmt: skip
        if calls:
            self.storage.write(keys.folded_calls(video_id), b"".join(call.model_dump_json().encode() + b"\n" for call in calls))

    def _preferences(self, video_id: str, windows: Sequence[Said]) -> None:
        undecided = tuple(
            Undecided(clip=0, window=number, ranked_by="score", candidates=tuple(_candidate(text) for text in said.candidates))
            for number, said in enumerate(windows)
            if said.candidates
        )
        if undecided:
            write_record(self.storage, keys.preference_examples(video_id), PreferenceExamples(video_id=video_id, examples=(), undecided=undecided))


def caption_of(number: int, said: Said) -> Caption:
    start_s = WINDOW_S * number
    frames = list(frames_of(number))
    return Caption(
        clip=0, window=number, start_s=start_s, end_s=start_s + WINDOW_S, kind="delta" if number else "initial", outcome=said.outcome,
        text=said.text, reason="SAFETY" if said.outcome == "blocked" else "", frame_sha256=tuple(frame.sha256 for frame in frames),
        frame_pts_s=tuple(frame.pts_s for frame in frames), history_sha256="", prompt_version="1", captioner="recorded", model="model-1",
        call_key=f"{number:064x}" if said.usd else "",
    )  # fmt: skip


def quality_of(caption: Caption, said: Said) -> WindowQuality:
    words = len(caption.text.split())
    about = {"clip": caption.clip, "window": caption.window, "kind": caption.kind, "outcome": caption.outcome}
    if not words:
        return WindowQuality(**about)
    return WindowQuality(**about, words=words, words_per_s=words / WINDOW_S, novelty=said.novelty, redundancy=1 - said.novelty, language="en", flags=said.flags)


@cache
def frames_of(number: int) -> list[Frame]:
    """Pictures that tell which window and frame they are of."""
    found = []
    for k in range(FRAMES):
        at_s = WINDOW_S * (number + k / FRAMES)
        jpeg = picture(f"{number}.{k}", (number * 40 + k * 5) % 256)
        found.append(Frame(0, number, k, at_s, at_s, 320, 180, hashlib.sha256(jpeg).hexdigest(), jpeg))
    return found


def picture(words: str, hue: int) -> bytes:
    image = Image.new("HSV", (320, 180), (hue, 90, 170)).convert("RGB")
    ImageDraw.Draw(image).text((140, 80), words, fill="white")
    encoded = BytesIO()
    image.save(encoded, "JPEG", quality=70)
    return encoded.getvalue()


def _candidate(text: str) -> Candidate:
    return Candidate(text=text, generator="recorded", redundancy=0, informativeness=0, coverage=0, score=0, rank=1)
