"""A small world whose truth is written by hand: a red ball and a box on a floor, a man, a dog, a sign, and a camera that shakes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streamcap_dagster.records import Caption, Captions, Outcome
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.truth import DrawnEvent, DrawnLook, DrawnTruth, EventType, Words

ROLLS_IN = ("rolls in", "enters", "comes in")
LEAVES = ("leaves", "walks out", "goes away")
MOVES = ("moves", "rolls", "walks")
TURNS = ("turns", "becomes")
RED, BLUE, GREEN = ("red", "crimson"), ("blue",), ("green",)
BALL, BOX, MAN, DOG, SIGN = ("ball",), ("box", "crate"), ("man",), ("dog",), ("sign",)
WINDOW_S = 2.0


def event(number: int, kind: EventType, start_s: float, end_s: float, sentence: str, words: Words = (), semantic: bool = True) -> DrawnEvent:
    return DrawnEvent(event=number, type=kind, start_s=start_s, end_s=end_s, sentence=sentence, words=words, semantic=semantic)


EVENTS = (
    event(0, "enter", 2.5, 3.5, "A red ball rolls in.", (RED, BALL, ROLLS_IN)),
    event(1, "move", 4.5, 7.0, "The man walks to the box.", (MAN, MOVES, BOX)),
    event(2, "camera", 8.2, 9.8, "The camera shakes.", (), semantic=False),
    event(3, "change", 12.5, 13.0, "The red ball turns blue.", (RED, BALL, TURNS, BLUE)),
    event(4, "leave", 14.5, 15.0, "The man leaves.", (MAN, LEAVES)),
)
"""Windows 1, 3, 6 and 7 of ten tell something; the man is on his way in window 2, and the camera shakes in window 4."""


def look(nouns: tuple[str, ...], colours: tuple[str, ...], start_s: float, end_s: float) -> DrawnLook:
    return DrawnLook(nouns=nouns, colours=colours, start_s=start_s, end_s=end_s)


LOOKS = (
    look(MAN, (), 0.0, 15.0),
    look(BOX, GREEN, 0.0, 20.0),
    look(BALL, RED, 2.5, 12.5),
    look(BALL, BLUE, 12.5, 20.0),
)


def world(video_id: str = "world", **facts: Any) -> DrawnTruth:
    usual: dict[str, Any] = {
        "seed": 0,
        "duration_s": 20.0,
        "width": 320,
        "height": 180,
        "fps": 12.0,
        "scene": "A man stands beside a green box.",
        "scene_words": ((MAN,), (GREEN, BOX)),
        "events": EVENTS,
        "looks": LOOKS,
        "nouns": ("ball", "box", "crate", "man", "dog", "sign", "floor"),
        "colours": ("red", "crimson", "blue", "green"),
        "actions": {"enter": ROLLS_IN, "leave": LEAVES, "move": MOVES, "change": TURNS, "camera": ("camera", "view shakes")},
    }
    return DrawnTruth(video_id=video_id, **{**usual, **facts})


def caption(window: int, text: str, outcome: Outcome = "ok", clip: int = 0, start_s: float = 0.0, kind: str = "") -> Caption:
    """Silence is an empty text with an outcome of its own."""
    at = start_s + window * WINDOW_S
    return Caption(
        clip=clip,
        window=window,
        start_s=at,
        end_s=at + WINDOW_S,
        kind=kind or ("delta" if window else "initial"),
        outcome=outcome if text or outcome != "ok" else "no_change",
        text=text,
        frame_sha256=(),
        frame_pts_s=(),
        history_sha256="",
        prompt_version="",
        captioner="recorded",
        model="",
    )


def captions(*texts: str) -> list[Caption]:
    return [caption(window, text) for window, text in enumerate(texts)]


PERFECT = (
    *("A man stands beside a green box.", "A red ball rolls in.", "", "The man walks to the box.", "", ""),
    *("The red ball turns blue.", "The man leaves.", "", ""),
)
"""The right captions of the world's ten windows."""
EMPTY = ("A man stands beside a green box.", *[""] * 9)


def store_captions(storage: Storage, video_id: str, said: Sequence[Caption]) -> None:
    for key, kinds in ((keys.initial_captions(video_id), ("initial",)), (keys.delta_captions(video_id), ("delta", "anchor"))):
        write_record(storage, key, Captions(video_id=video_id, captions=tuple(caption for caption in said if caption.kind in kinds)))


def store_truth(folder: Path, video_id: str) -> None:
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    (folder / "truth" / f"{video_id}.json").write_text(world(video_id).model_dump_json())
