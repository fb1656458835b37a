"""The three configs of the Hugging Face dataset and their columns."""

from typing import TYPE_CHECKING, Literal

import pyarrow as pa

if TYPE_CHECKING:
    from datasets import Features

Config = Literal["sft", "rl", "stream"]
CONFIGS: tuple[Config, ...] = ("sft", "rl", "stream")

PICTURES: dict[Config, tuple[str, ...]] = {
    "sft": ("frames_window1", "frames_window2"),
    "rl": ("frames_window1", "frames_window2"),
    "stream": ("images",),
}
"""The columns that hold pictures: one per window, or one for all windows of the row."""


def features(config: Config) -> "Features":
    """The columns of a config as Hugging Face features, in order."""
    from datasets import Features, Image, List, Value  # takes a second to import, which every command would pay

    text, number, count, pictures = Value("string"), Value("float64"), Value("int32"), List(Image())
    pair = {
        "video_id": text,
        "start_time": number,
        "fps": number,
        "source_fps": number,
        "window_duration": number,
        "frames_window1": pictures,
        "frames_window2": pictures,
    }
    if config == "sft":
        said = {"caption_window1": text, "caption_window2_delta": text, "conversations": List({"role": text, "content": text})}
        return Features({**pair, **said})
    if config == "rl":
        return Features({**pair, "objectives": List(text)})
    clip = {"video_id": text, "clip": count, "start_time": number, "end_time": number, "fps": number, "source_fps": number, "window_duration": number}
    window = {"start_s": number, "end_s": number, "kind": text, "outcome": text, "text": text}
    return Features({**clip, "images": pictures, "frames_per_window": List(count), "windows": List(window), "captioner": text, "model": text})


def arrow_schema(config: Config) -> pa.Schema:
    """The same columns for Arrow, with the features in the metadata, so that a shard describes itself."""
    return features(config).arrow_schema
