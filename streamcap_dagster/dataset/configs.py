"""The configs of the Hugging Face dataset, and which of their columns hold pictures."""

from typing import TYPE_CHECKING, Literal

import pyarrow as pa

if TYPE_CHECKING:
    from datasets import Features

Config = Literal["sft", "rl", "stream", "preference"]
CONFIGS: tuple[Config, ...] = ("sft", "rl", "stream", "preference")

PICTURES: dict[Config, tuple[str, ...]] = {
    "sft": ("frames_window1", "frames_window2"),
    "rl": ("frames_window1", "frames_window2"),
    "stream": ("images",),
    "preference": ("frames_window1", "frames_window2"),
}
"""The columns that hold pictures: one per window, or one for all windows of the row."""


def features(config: Config) -> "Features":
    """The columns of a config as Hugging Face features, in order."""
    from streamcap_dagster.dataset.columns import features_of  # with `datasets`, which takes a second that every command would pay

    return features_of(config)


def arrow_schema(config: Config) -> pa.Schema:
    """The same columns for Arrow, with the features in the metadata, so that a shard describes itself."""
    return features(config).arrow_schema
