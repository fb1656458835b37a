"""A Hugging Face dataset by hand, as the storage holds it: a few rows of each config in Parquet, and a card that lists the files."""

from collections.abc import Container, Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from streamcap_dagster.storage import Storage, keys
from tests.dataset.corpus import jpeg

FRAMES_PER_WINDOW = 2
WINDOW_S = 2.0
Row = dict[str, Any]

SAID: tuple[tuple[str, str], ...] = (("ok", "A red door."), ("ok", "It opens."), ("no_change", ""))
"""Outcome and text of a clip's windows."""


class Words:
    """The words that ask, short enough to be read in an expected sample."""

    def initial(self) -> str:
        return "What is there?"

    def delta(self, history: Sequence[str]) -> str:
        return f"Said: {' / '.join(history)} What is new?"

    def turn(self) -> str:
        return "What is new?"


WORDS = Words()


def frames(video_id: str, window: int) -> list[bytes]:
    return [jpeg(video_id, window, k) for k in range(FRAMES_PER_WINDOW)]


def stream_row(video_id: str = "cat", said: Sequence[tuple[str, str]] = SAID, anchors: Container[int] = (), **changed: Any) -> Row:
    """A clip that begins with the video; `anchors` are the windows that open a new segment."""
    windows = [
        {"start_s": place * WINDOW_S, "end_s": (place + 1) * WINDOW_S, "kind": _kind(place, anchors), "outcome": outcome, "text": text}
        for place, (outcome, text) in enumerate(said)
    ]
    return {
        **_video(video_id),
        "sample_id": f"{video_id}/0",
        "clip": 0,
        "start_time": 0.0,
        "end_time": len(said) * WINDOW_S,
        "images": _pictures(image for place in range(len(said)) for image in frames(video_id, place)),
        "frame_pts": [pts for place in range(len(said)) for pts in _pts(place)],
        "frames_per_window": [FRAMES_PER_WINDOW] * len(said),
        "windows": windows,
        "merged": [],
        **changed,
    }


def pair_row(video_id: str = "cat", window: int = 1, said: Sequence[tuple[str, str]] = SAID, **changed: Any) -> Row:
    """What the rows of `sft`, `rl` and `preference` have in common: windows `window - 1` and `window` of a clip."""
    return {
        **_video(video_id),
        "sample_id": f"{video_id}/0/{window}",
        "clip": 0,
        "window": window,
        "outcome": said[window][0],
        "start_time": (window - 1) * WINDOW_S,
        "history": [text for _, text in said[:window] if text],
        "frames_window1": _pictures(frames(video_id, window - 1)),
        "frames_window2": _pictures(frames(video_id, window)),
        "frame_pts_window1": _pts(window - 1),
        "frame_pts_window2": _pts(window),
        **changed,
    }


def sft_row(video_id: str = "cat", window: int = 1, said: Sequence[tuple[str, str]] = SAID, **changed: Any) -> Row:
    row = pair_row(video_id, window, said)
    first = [("user", WORDS.initial()), ("assistant", said[0][1])] if window == 1 else []
    turns = [*first, ("user", WORDS.delta(row["history"])), ("assistant", said[window][1] or "No change.")]
    return {
        **row,
        "caption_window1": "\n".join(row["history"]),
        "caption_window2_delta": said[window][1],
        "conversations": [{"role": role, "content": content} for role, content in turns],
        **changed,
    }


def rl_row(video_id: str = "cat", window: int = 1, **changed: Any) -> Row:
    return {**pair_row(video_id, window), "objectives": ["door opens"], **changed}


def preference_row(video_id: str = "cat", window: int = 1, **changed: Any) -> Row:
    row = pair_row(video_id, window)
    candidates = [
        {"text": text, "generator": generator, "redundancy": 0.0, "informativeness": 1.0, "coverage": 1.0, "score": score, "rank": rank}
        for rank, (text, generator, score) in enumerate([("It opens.", "caption", 0.9), ("A red door.", "history", 0.1)])
    ]
    texts = {"prompt": WORDS.delta(row["history"]), "chosen": "It opens.", "rejected": "A red door."}
    judged = {"margin": 0.8, "length_matched": True, "ranked_by": "score", "candidates": candidates, "objectives": ["door opens"]}
    return {**row, **texts, **judged, **changed}


def store_dataset(storage: Storage, shards: dict[str, dict[str, list[list[Row]]]]) -> None:
    """Store shards of rows by config and split, and the card; every row is a row group of its own."""
    declared = []
    for config, splits in shards.items():
        files = {split: [f"{config}/{split}-{number}.parquet" for number in range(len(parts))] for split, parts in splits.items()}
        declared.append({"config_name": config, "data_files": [{"split": split, "path": paths} for split, paths in files.items()]})
        for split, parts in splits.items():
            for path, rows in zip(files[split], parts, strict=True):
                with storage.staged(f"{keys.DATASET}/{path}") as staged:
                    pq.write_table(pa.Table.from_pylist(rows), staged, row_group_size=1)
    storage.write(f"{keys.DATASET}/README.md", f"---\n{yaml.safe_dump({'configs': declared})}---\n\n# A dataset\n".encode())


def _kind(window: int, anchors: Container[int]) -> str:
    return "anchor" if window in anchors else "delta" if window else "initial"


def _video(video_id: str) -> Row:
    return {
        "video_id": video_id,
        "fps": FRAMES_PER_WINDOW / WINDOW_S,
        "source_fps": 29.97,
        "window_duration": WINDOW_S,
        "captioner": "recorded",
        "model": "none",
        "prompt_version": "p1",
        "source_sha256": "0" * 64,
        "license": "cc-by-4.0",
        "credit": "Somebody",
        "source_url": f"https://videos.example/{video_id}",
        "group": video_id,
        "split": "train",
    }


def _pictures(images: Iterable[bytes]) -> list[dict[str, Any]]:
    return [{"bytes": image, "path": None} for image in images]


def _pts(window: int) -> list[float]:
    return [window * WINDOW_S + k * WINDOW_S / FRAMES_PER_WINDOW for k in range(FRAMES_PER_WINDOW)]
