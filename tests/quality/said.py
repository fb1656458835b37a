"""Captions by hand: a clip is a list of texts, the first of which is the initial caption and empty ones are silence."""

from typing import Any

from streamcap_dagster.quality.measuring import measure
from streamcap_dagster.quality.records import WindowQuality
from streamcap_dagster.records import Caption

WINDOW_S = 2.0


def caption(window: int, text: str, clip: int = 0, **more: Any) -> Caption:
    told: dict[str, Any] = {
        "kind": "delta" if window else "initial",
        "outcome": "ok" if text else "no_change",
        "start_s": 100.0 * clip + WINDOW_S * window,
        "end_s": 100.0 * clip + WINDOW_S * (window + 1),
    }
    return Caption(
        clip=clip,
        window=window,
        text=text,
        frame_sha256=(),
        frame_pts_s=(),
        history_sha256="",
        prompt_version="p1",
        captioner="recorded",
        model="none",
        **{**told, **more},
    )


def chain(*texts: str, clip: int = 0) -> list[Caption]:
    return [caption(window, text, clip) for window, text in enumerate(texts)]


def measured(*texts: str) -> tuple[WindowQuality, ...]:
    return measure(chain(*texts))


def last(*texts: str) -> WindowQuality:
    """What the last of these captions of a clip is like."""
    return measured(*texts)[-1]
