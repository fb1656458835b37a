"""The rows of the config `preference`, their images apart: two things that could be said of a window, the better one first."""

from streamcap_dagster.dataset.stream import frame_rate
from streamcap_dagster.records import Candidate, Caption, Objective, PreferencePair, RankedBy, Record, Video


class Preference(Record):
    """A preference pair with the two windows that it was asked of."""

    video_id: str
    start_time: float
    fps: float
    source_fps: float
    window_duration: float
    prompt: str
    chosen: str
    rejected: str
    margin: float
    length_matched: bool
    ranked_by: RankedBy
    candidates: tuple[Candidate, ...]
    objectives: tuple[Objective, ...]


def preference(video: Video, pair: PreferencePair, first: Caption, window_s: float) -> Preference:
    """The row of a pair, of whose two windows `first` is the caption of the earlier."""
    return Preference(
        video_id=video.video_id,
        start_time=first.start_s,
        fps=frame_rate(first, window_s),
        source_fps=video.fps,
        window_duration=window_s,
        **pair.model_dump(exclude={"clip", "window"}),
    )
