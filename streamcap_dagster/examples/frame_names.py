"""What the JSON files call the frames of a window: an image beside them, or a row of the video's frames Parquet."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamcap_dagster.policies import ExamplePolicy, Sampling, Windowing, frames_per_window
from streamcap_dagster.records import Caption
from streamcap_dagster.storage import keys


@dataclass(frozen=True)
class FrameNames:
    """Names of a video's frames. Every window has a caption and as many frames as the next, so a frame's row follows from the order of the captions."""

    video_id: str
    per_window: int
    first_rows: dict[tuple[int, int], int] | None
    """Row of the first frame of each (clip, window) in the frames Parquet; None when frames are named as images."""

    def of(self, caption: Caption) -> tuple[str, ...]:
        """Images are named relative to `processed/`, where the JSON files are; rows, counted from 0, relative to the root of the storage."""
        if self.first_rows is None:
            folder = keys.images(self.video_id).removeprefix("processed/")
            return tuple(folder + keys.image_name(caption.clip, caption.window, k) for k in range(self.per_window))
        first = self.first_rows[caption.clip, caption.window]
        return tuple(f"{keys.frames(self.video_id)}#{first + k}" for k in range(self.per_window))


def frame_names(captions: Sequence[Caption], video_id: str, windowing: Windowing, sampling: Sampling, policy: ExamplePolicy) -> FrameNames:
    """The names under a policy; `captions` are all of the video's, in order."""
    per_window = frames_per_window(sampling, windowing)
    if policy.json_images:
        return FrameNames(video_id, per_window, None)
    return FrameNames(video_id, per_window, {(caption.clip, caption.window): place * per_window for place, caption in enumerate(captions)})
