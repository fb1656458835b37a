"""The typed settings that each step reads. Values and defaults only; where they come from is `settings.py`.

Every field name is unique across the policies, because each is also one environment variable, `STREAMCAP_<NAME>`.
A policy is part of the fingerprint of what was made under it, so a field belongs here only if it changes the result.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

HomePath = Annotated[Path, AfterValidator(Path.expanduser)]
Share = Annotated[float, Field(ge=0, le=1)]


class Policy(BaseModel):
    """Base of the policies: immutable and finite."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Windowing(Policy):
    """How time is cut: the length of a window. Shared by every step that counts windows."""

    window_duration_s: float = Field(2.0, gt=0, le=60, description="length of a window, in seconds")


class ClipPolicy(Policy):
    """Which spans of a video are captioned."""

    clip_policy: Literal["whole", "random_pairs", "manual"] = Field(
        "whole", description="whole: all of the video; random_pairs: a few spans of two windows; manual: those of STREAMCAP_CLIPS_CSV, or marked by people"
    )
    clip_max_s: float = Field(60.0, gt=0, description="longest clip of the policy `whole`, in seconds")
    clip_pairs: int = Field(4, ge=1, description="spans per video of the policy `random_pairs`")
    clips_csv: HomePath | None = Field(None, description="for the policy `manual`: a CSV video_id,start_s,end_s[,keep]")


class Sampling(Policy):
    """How frames are taken from a clip."""

    fps: float = Field(4.0, gt=0, le=60, description="frames per second that are sampled")
    frame_height: int = Field(384, ge=16, le=4320, description="frames are scaled down to this height in pixels, never up")
    jpeg_quality: int = Field(85, ge=1, le=95, description="JPEG quality of the frames, 1 to 95")
    decoder: Literal["torchcodec", "ffmpeg"] = Field("torchcodec", description="what decodes the videos")


class CaptionPolicy(Policy):
    """How windows are captioned, whoever captions them."""

    captioner: str = Field("", description="who writes the captions; empty: gemini when there is a key for it, else offline")
    media_resolution: Literal["low", "medium", "high"] = Field("low", description="how closely a captioner looks at a frame, where it has a choice")
    thinking: Literal["least", "minimal", "low", "medium", "high"] = Field(
        "least", description="how much a captioner thinks before it answers, where it has a choice; least: as little as the model accepts"
    )
    history_tokens: int = Field(1500, ge=50, description="most tokens of earlier captions that a request carries")
    no_change_threshold: float = Field(
        10.0,
        ge=0,
        le=255,
        description="a window that differs by less (0 to 255) from what was last captioned is no_change without asking; 0 always asks",
    )


class ChainPolicy(CaptionPolicy):
    """How the windows of a clip follow on each other. What it adds goes into the fingerprints of those videos alone that have an anchor under it."""

    anchor_every: int = Field(0, ge=0, description="a clip of more windows than this is described in full again every so many windows, as an anchor; 0 never")


class PairingPolicy(Policy):
    """By what captions are compared with the frames of their windows."""

    pairing_model: str = Field(
        "", description="what compares captions with frames: module:function, or a model that STREAMCAP_PAIRING_URL serves; empty: features, without a model"
    )


class ExamplePolicy(Policy):
    """How caption chains become training examples."""

    sft_pairs: Literal["every", "first"] = Field("every", description="SFT examples from every window pair of a clip, or only from its first")
    max_silent_share: Share = Field(0.2, description="largest share of SFT examples whose delta is silence, 0 to 1")
    json_images: bool = Field(True, description="write the frames of the JSON files as images beside them; off refers to rows of the frames Parquet")


class PreferencePolicy(Policy):
    """How what could be said of a window becomes preference pairs."""

    preference_candidates: int = Field(3, ge=1, le=5, description="deltas of a window that are compared: its caption, and worse ones made by rule")
    preference_runs: str = Field("", description="other storages, separated by commas, whose captions of the same windows are compared too")
    preference_margin: Share = Field(0.2, description="least difference in score, 0 to 1, for one delta to be preferred to another")
    preference_length_tolerance: Share = Field(0.2, description="share of their words by which a length-matched pair may differ, 0 to 1")
    preference_keep: Literal["all", "human", "model"] = Field(
        "all", description="human: only windows that people ranked; model: only what captioners wrote, nothing made by rule"
    )


def _checked_cadences(text: str) -> str:
    if not re.fullmatch(r"\d+(\.\d+)?(,\d+(\.\d+)?)*", text):
        raise ValueError("give seconds with commas between them, such as 4,8, or 0 for none")
    return text


class DatasetPolicy(Policy):
    """What the dataset holds beside the examples as they were made."""

    cadences: Annotated[str, AfterValidator(_checked_cadences)] = Field(
        "4,8", description="longer windows, in seconds, that the dataset's config stream merges captions to as well; 0 for none"
    )

    shard_mb: float = Field(
        500, gt=0, le=5000, description="most megabytes of a file of the dataset; smaller files are more, and less is published again when a video changes"
    )

    @property
    def cadences_s(self) -> tuple[float, ...]:
        return tuple(float(cadence) for cadence in self.cadences.split(","))


class SplitPolicy(Policy):
    """How videos are divided into train, validation and test."""

    validation_share: Share = Field(0.05, description="share of the videos that go to the validation split")
    test_share: Share = Field(0.05, description="share of the videos that go to the test split")


def frames_per_window(sampling: Sampling, windowing: Windowing) -> int:
    """Whole number of frames in a window: fps x window_duration_s. Settings are checked so that it is whole."""
    return round(sampling.fps * windowing.window_duration_s)
