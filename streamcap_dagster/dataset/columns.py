"""The columns of each config as Hugging Face features, in order. Imported where they are needed, for `datasets` takes a second that every command would pay."""

from typing import Any

from datasets import Features, Image, List, Value

from streamcap_dagster.dataset.configs import Config

_TEXT, _NUMBER, _COUNT, _YES_OR_NO = Value("string"), Value("float64"), Value("int32"), Value("bool")
_SINGLE = Value("float32")
_TEXTS, _NUMBERS, _PICTURES = List(_TEXT), List(_NUMBER), List(Image())

_RATES = {"fps": _NUMBER, "source_fps": _NUMBER, "window_duration": _NUMBER}
_PAIR = {"video_id": _TEXT, "start_time": _NUMBER, **_RATES, "frames_window1": _PICTURES, "frames_window2": _PICTURES}
_ORIGIN = dict.fromkeys(("source_sha256", "license", "credit", "source_url", "group", "split"), _TEXT)
_QUALITY = {**dict.fromkeys(("novelty", "redundancy", "words_per_s"), _SINGLE), "quality_flags": _TEXTS}
_PAIR_PROVENANCE = {
    "sample_id": _TEXT,
    "clip": _COUNT,
    "window": _COUNT,
    "outcome": _TEXT,
    **_QUALITY,
    "frame_pts_window1": _NUMBERS,
    "frame_pts_window2": _NUMBERS,
    "history": _TEXTS,
    "captioner": _TEXT,
    "model": _TEXT,
    "prompt_version": _TEXT,
    "edited_by": _TEXT,
    "edited_at": _TEXT,
    **_ORIGIN,
}
_SFT = {"caption_window1": _TEXT, "caption_window2_delta": _TEXT, "conversations": List({"role": _TEXT, "content": _TEXT})}
_PREFERENCE = {
    "prompt": _TEXT,
    "chosen": _TEXT,
    "rejected": _TEXT,
    "margin": _NUMBER,
    "length_matched": _YES_OR_NO,
    "ranked_by": _TEXT,
    "candidates": List(
        {"text": _TEXT, "generator": _TEXT, **dict.fromkeys(("redundancy", "informativeness", "coverage", "score"), _NUMBER), "rank": _COUNT},
    ),
    "objectives": _TEXTS,
}
_WINDOWS = {
    "frames_per_window": List(_COUNT),
    "windows": List(
        {"start_s": _NUMBER, "end_s": _NUMBER, "kind": _TEXT, "outcome": _TEXT, **_QUALITY, "text": _TEXT, "edited_by": _TEXT, "edited_at": _TEXT},
    ),
}
_STREAM = {
    "video_id": _TEXT,
    "clip": _COUNT,
    "start_time": _NUMBER,
    "end_time": _NUMBER,
    **_RATES,
    "images": _PICTURES,
    **_WINDOWS,
    "captioner": _TEXT,
    "model": _TEXT,
    "frame_pts": _NUMBERS,
    "prompt_version": _TEXT,
    **_ORIGIN,
    "sample_id": _TEXT,
    "merged": List({"window_duration": _NUMBER, **_WINDOWS}),
}

COLUMNS: dict[Config, dict[str, Any]] = {
    "sft": {**_PAIR, **_SFT, **_PAIR_PROVENANCE},
    "rl": {**_PAIR, "objectives": _TEXTS, **_PAIR_PROVENANCE},
    "stream": _STREAM,
    "preference": {**_PAIR, **_PREFERENCE, **_PAIR_PROVENANCE},
}


def features_of(config: Config) -> Features:
    """A new one each time, for their owner may change them."""
    return Features(COLUMNS[config])
