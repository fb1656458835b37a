"""Little videos in which one thing after another passes by or nothing does, with captions that tell exactly that."""

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image, ImageDraw

from streamcap_dagster.captions.checking import caption_faults
from streamcap_dagster.frames.sampling import SamplingJob, sample_frames
from streamcap_dagster.policies import Sampling, Windowing
from streamcap_dagster.quality.measuring import measure
from streamcap_dagster.quality.pairing import Window, audit_by_features
from streamcap_dagster.quality.records import CaptionQuality
from streamcap_dagster.quality.thresholds import METRICS
from streamcap_dagster.quality.verdicts import counted, judge
from streamcap_dagster.records import Caption, Captions, Clip, Clips, Video
from streamcap_dagster.storage.frame_table import read_frames
from tests.frames.numbered import probed

WIDTH, HEIGHT = 160, 96
FPS, SECONDS = 4, 2.0
STRUCTURE = "every_window_has_its_outcome"
"""The check that stops a video."""

_PAINTS = {
    "red": (215, 30, 30),
    "orange": (240, 130, 20),
    "yellow": (235, 220, 40),
    "green": (30, 150, 50),
    "turquoise": (40, 200, 190),
    "blue": (30, 50, 220),
    "purple": (130, 40, 190),
    "pink": (240, 70, 170),
}
_THINGS = (
    "ball box coin leaf kite plate balloon button disc wheel lemon plum marble pearl moon bubble shield drum bowl cap cushion pebble "
    "melon turnip acorn walnut globe lantern ribbon feather shell crate lamp bucket basket stool cork berry pumpkin medal"
)
_WAYS = {"rolls in from the left": (1, 0), "slides over to the left": (-1, 0), "falls": (0, 1), "climbs": (0, -1)}
SCENE = "A plain grey wall above a brown floor."


@dataclass(frozen=True)
class Passing:
    """What passes in one window; nothing where `text` is empty."""

    text: str = ""
    paint: str = ""
    way: tuple[int, int] = (0, 0)


def passings(seed: int, windows: int) -> list[Passing]:
    """The first window shows the empty scene; of the others two in three have something new in them."""
    draw = Random(seed)
    things = iter(draw.sample(_THINGS.split(), len(_THINGS.split())))
    found = [Passing(SCENE)]
    while len(found) < windows:
        if draw.random() < 1 / 3:
            found.append(Passing())
            continue
        paint, (told, way) = draw.choice(sorted(_PAINTS)), draw.choice(sorted(_WAYS.items()))
        found.append(Passing(f"A {paint} {next(things)} {told}.", paint, way))
    return found


def pictures(passing: Passing, count: int = round(FPS * SECONDS)) -> Iterable[Image.Image]:
    for number in range(count):
        image = Image.new("RGB", (WIDTH, HEIGHT), (190, 190, 190))
        pen = ImageDraw.Draw(image)
        pen.rectangle((0, 76, WIDTH, HEIGHT), fill=(120, 85, 50))
        if passing.paint:
            along = (number + 0.5) / count - 0.5
            x, y = WIDTH / 2 + passing.way[0] * along * WIDTH, HEIGHT / 2 + passing.way[1] * along * HEIGHT
            pen.ellipse((x - 12, y - 12, x + 12, y + 12), fill=_PAINTS[passing.paint])
        yield image


@dataclass(frozen=True)
class Captioned:
    """A video, the frames that were sampled from it, and captions of it."""

    video: Video
    clips: Clips
    frames: Path
    captions: tuple[Caption, ...]

    @property
    def texts(self) -> list[str]:
        return [caption.text for caption in self.captions]

    def saying(self, texts: Sequence[str]) -> "Captioned":
        """The same windows with other texts; an empty one is silence."""
        said = [caption.model_copy(update={"text": text, "outcome": "ok" if text else "no_change"}) for caption, text in zip(self.captions, texts, strict=True)]
        return replace(self, captions=tuple(said))

    def with_captions(self, captions: Iterable[Caption]) -> "Captioned":
        return replace(self, captions=tuple(captions))

    def windows(self) -> Iterable[Window]:
        of_window = groupby(read_frames(self.frames), key=lambda frame: (frame.clip, frame.window))
        return ((place, tuple(frames)) for place, frames in of_window)

    def quality(self) -> CaptionQuality:
        audit = audit_by_features(self.video.video_id, self.captions, self.windows())
        return CaptionQuality(video_id=self.video.video_id, windows=measure(self.captions), pairing=audit)

    def caught_by(self) -> set[str]:
        """The checks that find something: that of the structure, what is flagged in a window, and what is found of the video."""
        initials, deltas = (tuple(caption for caption in self.captions if (caption.kind == "initial") is first) for first in (True, False))
        faults = caption_faults(
            self.video,
            self.clips,
            Captions(video_id=self.video.video_id, captions=initials),
            Captions(video_id=self.video.video_id, captions=deltas),
            self.frames,
        )
        quality = self.quality()
        structural = {STRUCTURE} if any(faults) else set()
        flagged = {f"{flag} in a window" for window in quality.windows for flag in window.flags if flag in METRICS}
        return structural | flagged | {judged.metric.name for judged in judge(counted(quality), "video") if judged.verdict != "ok"}


def make_passing(folder: Path, name: str, seed: int, windows: int) -> Captioned:
    """Render, sample and caption a video of these windows, all of which are one clip."""
    path, told = folder / f"{name}.mp4", passings(seed, windows)
    size = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS))
    command = ["ffmpeg", "-loglevel", "error", "-y", *size, "-i", "-", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for passing in told:
            for picture in pictures(passing):
                encoder.stdin.write(picture.tobytes())
    assert encoder.returncode == 0
    video = probed(path)
    clips = Clips(
        video_id=video.video_id,
        window_duration_s=SECONDS,
        clips=(Clip(clip=0, start_s=0, end_s=windows * SECONDS, windows=windows, reason="test"),),
    )
    frames = path.with_suffix(".parquet")
    sample_frames(SamplingJob(video, path, clips, Windowing(window_duration_s=SECONDS), Sampling(fps=FPS, decoder="ffmpeg"), frames))
    shown = groupby(read_frames(frames), key=lambda frame: frame.window)
    captions = [caption(window, passing.text, list(of_window)) for (window, of_window), passing in zip(shown, told, strict=True)]
    return Captioned(video, clips, frames, tuple(captions))


def caption(window: int, text: str, frames: Sequence[Any] = (), **more: Any) -> Caption:
    facts: dict[str, Any] = {
        "clip": 0,
        "window": window,
        "start_s": window * SECONDS,
        "end_s": (window + 1) * SECONDS,
        "kind": "delta" if window else "initial",
        "outcome": "ok" if text else "no_change",
        "text": text,
        "frame_sha256": tuple(frame.sha256 for frame in frames),
        "frame_pts_s": tuple(frame.pts_s for frame in frames),
        "history_sha256": "",
        "prompt_version": "p1",
        "captioner": "recorded",
        "model": "none",
    }
    return Caption.model_validate(facts | more)
