"""What a perfect captioner answers about drawn videos, as lines that the `recorded` captioner reads."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from streamcap_dagster.drawn_world.questions import of_events, of_scene
from streamcap_dagster.truth import DrawnTruth, events_of, reference

_ARTICLE: Final = re.compile(r"^(?:The|A|An) ")
_LONGEST, _MOST = 120, 6


def answers(truth: DrawnTruth, window_s: float) -> Iterator[str]:
    """A line per window of the whole video, another for where it is described in full again, one where it has something to state, and one for each question
    about what is new in it; a single clip from 0 s is supposed.

    A full description tells the scene, and all that has happened in it up to the end of its window.
    """
    for window in range(int(truth.duration_s / window_s + 1e-6)):
        start, end = window * window_s, (window + 1) * window_s
        place = {"video_id": truth.video_id, "clip": 0, "window": window}
        yield json.dumps({**place, "caption": reference(truth, start, end, initial=window == 0)}, ensure_ascii=False)
        stated = objectives(truth, start, end)
        if window:
            yield json.dumps({**place, "caption": reference(truth, start, end, initial=True), "anchor": True}, ensure_ascii=False)
        if window and stated:
            yield json.dumps({**place, "objectives": stated}, ensure_ascii=False)
        for question in (*(of_scene(truth) if window == 0 else ()), *of_events(truth, start, end)):
            yield json.dumps({**place, **asdict(question)}, ensure_ascii=False)


def objectives(truth: DrawnTruth, start_s: float, end_s: float) -> list[str]:
    """What a good delta of the window conveys: its events, as short statements."""
    return [_stated(event.sentence) for event in events_of(truth, start_s, end_s)][:_MOST]


def _stated(sentence: str) -> str:
    bare = _ARTICLE.sub("", sentence).rstrip(".")
    return f"{bare[0].lower()}{bare[1:]}"[:_LONGEST]
