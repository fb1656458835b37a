"""Molmo2: one span of a video per sample, with what was said before it in the question, for its trainer takes no more than one video a sample.

The keys are those that the datasets of its own trainer give: `video`, `metadata` with the span in seconds, and `message_list`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from streamcap_dagster.exporters.conversations import exchanges_of_pair, last_question
from streamcap_dagster.exporters.exporter import Exporter, Samples, Words
from streamcap_dagster.exporters.rows import SftRow
from streamcap_dagster.exporters.target import SplitTarget
from streamcap_dagster.exporters.videos import OPTION, Videos, checked, video_path

STYLE = "user_qa"
"""Its trainer's name for a question in free words that is answered in free words."""


def spans(videos: Videos) -> Samples:
    """Samples from the second window of each pair; of a clip's first pair also from the first."""

    def samples(row: SftRow, to: SplitTarget, words: Words) -> Iterator[dict[str, Any]]:
        path = video_path(to, row, videos)
        *initial, delta = exchanges_of_pair(row, words)
        for exchange in initial:
            yield _sample(row, path, row.window - 1, row.start_time, row.frame_pts_window1, exchange.asked, exchange.answer)
        yield _sample(row, path, row.window, row.start_time + row.window_duration, row.frame_pts_window2, last_question(row), delta.answer)

    return samples


def _sample(row: SftRow, path: str, window: int, start_s: float, pts_s: tuple[float, ...], question: str, answer: str) -> dict[str, Any]:
    """`frame_times` are the stills that were captioned, in seconds of the video, for whoever feeds these and no others."""
    span = {"clip_start_time": round(start_s, 6), "clip_end_time": round(start_s + row.window_duration, 6), "frame_times": list(pts_s)}
    return {
        "video": path,
        "metadata": {"example_id": f"{row.video_id}/{row.clip}/{window}", "video_id": row.video_id, **span},
        "message_list": [{"question": question, "answer": answer, "style": STYLE}],
    }


def _writer(to: SplitTarget) -> AbstractContextManager[Callable[[Any], None]]:
    return to.lines(f"{to.split}.jsonl")


def exporter(videos: str = "copy") -> Exporter:
    """Raises SettingError for `videos` that are neither copied nor referred to."""
    about = "Molmo2: one window of a video per sample, with what was said before in the question"
    return Exporter("molmo2", ("sft",), about, spans(checked(videos)), _writer, options=OPTION, chosen={"videos": videos}, choose=exporter)


EXPORTER = exporter()
