"""What the dataset is made from: videos of one clip each, stored as the steps before would."""

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path

from benchmarks.photos import photos
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.quality.measuring import measure
from streamcap_dagster.quality.records import CaptionQuality
from streamcap_dagster.records import Caption, Captions, Clip, Clips, Frame, RlExamples, SftExample, SftExamples, SftPair, Turn, Video
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import write_frames

WINDOWS, PER_WINDOW = 31, 8
PAIRS = WINDOWS - 1
PROMPT = "The video goes on. Say only what is new. Already said:\n"


def make_inputs(root: Path, rows: int) -> int:
    """Everything that the dataset is made from, for as many videos as give that many pairs at least; returns how many they give."""
    storage = FolderStorage(root)
    pictures = list(photos(4 * PER_WINDOW))
    videos = math.ceil(rows / PAIRS)
    for number in range(videos):
        _store_video(storage, _name(number), pictures, number)
    return videos * PAIRS


def entries(rows: int) -> list[DatasetVideo]:
    """The videos that give so many rows."""
    return [DatasetVideo(_video(_name(number)), "train", group=f"group{number}") for number in range(math.ceil(rows / PAIRS))]


def _store_video(storage: FolderStorage, video_id: str, pictures: list[bytes], number: int) -> None:
    frames = list(_frames(pictures, number))
    with storage.staged(keys.frames(video_id)) as path:
        write_frames(path, frames, "generated")
    clip = Clip(clip=0, start_s=0, end_s=2 * WINDOWS, windows=WINDOWS, reason="generated")
    write_record(storage, keys.clips(video_id), Clips(video_id=video_id, window_duration_s=2, clips=(clip,)))
    captions = [_caption(window, frames[window * PER_WINDOW : (window + 1) * PER_WINDOW]) for window in range(WINDOWS)]
    write_record(storage, keys.initial_captions(video_id), Captions(video_id=video_id, captions=tuple(captions[:1])))
    write_record(storage, keys.delta_captions(video_id), Captions(video_id=video_id, captions=tuple(captions[1:])))
    write_record(storage, keys.caption_quality(video_id), CaptionQuality(video_id=video_id, windows=measure(captions)))
    pairs = tuple(SftPair(clip=0, window=window, example=_example(video_id, window)) for window in range(1, WINDOWS))
    write_record(storage, keys.sft_examples(video_id), SftExamples(video_id=video_id, examples=pairs))
    write_record(storage, keys.rl_examples(video_id), RlExamples(video_id=video_id, examples=()))


def _frames(pictures: list[bytes], number: int) -> Iterator[Frame]:
    """A JPEG may be followed by anything, so a few bytes at its end make each frame its own without drawing thousands."""
    for window in range(WINDOWS):
        for k in range(PER_WINDOW):
            at = 2.0 * window + k / 4
            jpeg = pictures[(window * PER_WINDOW + k) % len(pictures)] + f"{number} {window} {k}".encode()
            yield Frame(0, window, k, at, at, 512, 384, hashlib.sha256(jpeg).hexdigest(), jpeg)


def _said(window: int) -> str:
    return f"A person in a red coat walks past door {window}."


def _caption(window: int, frames: list[Frame]) -> Caption:
    return Caption(
        clip=0,
        window=window,
        start_s=2.0 * window,
        end_s=2.0 * window + 2,
        kind="delta" if window else "initial",
        outcome="ok",
        text=_said(window),
        frame_sha256=tuple(frame.sha256 for frame in frames),
        frame_pts_s=tuple(frame.pts_s for frame in frames),
        history_sha256="",
        prompt_version="1",
        captioner="generated",
        model="none",
    )


def _example(video_id: str, window: int) -> SftExample:
    history = "\n".join(map(_said, range(window)))
    return SftExample(
        video_id=video_id,
        start_time=2.0 * (window - 1),
        fps=4.0,
        source_fps=30.0,
        window_duration=2.0,
        frames_window1=tuple(keys.image_name(0, window - 1, k) for k in range(PER_WINDOW)),
        frames_window2=tuple(keys.image_name(0, window, k) for k in range(PER_WINDOW)),
        caption_window1=history,
        caption_window2_delta=_said(window),
        conversations=(Turn(role="user", content=PROMPT + history), Turn(role="assistant", content=_said(window))),
    )


def _name(number: int) -> str:
    return f"video{number:05d}"


def _video(video_id: str) -> Video:
    return Video(video_id=video_id, uri=f"{video_id}.mp4", sha256="", size_bytes=0, fps=30.0, status="ok")
