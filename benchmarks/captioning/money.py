"""What an hour of video costs, by the tokens that the emulator really counts: as set by default, and as it would be without each of the savings."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.captioning import ours
from benchmarks.captioning.footage import WINDOW_S, Footage, same_footage, store_footage
from benchmarks.captioning.service import service
from streamcap_dagster.policies import CaptionPolicy
from streamcap_dagster.storage.folder import FolderStorage

_HOUR = round(3600 / WINDOW_S)
_STILL_EVERY = 2
_ALWAYS_ASK = {"no_change_threshold": 0}
_UNBOUNDED = {"history_tokens": 10_000_000}
_AS_BY_DEFAULT_OF_GEMINI = {"media_resolution": "high"}
_CLIPS = Footage(videos=1, clips=10, windows=30, height=72, still_every=_STILL_EVERY)
"""Ten minutes in clips of the default length. Small pictures: an image is billed by resolution setting, not by size."""
_ONE_CLIP = Footage(videos=1, clips=1, windows=_HOUR, height=72, still_every=_STILL_EVERY)
"""An hour in one clip, long enough for the cap of the history to bite."""
_WAYS: dict[str, tuple[Footage, dict[str, object]]] = {
    "default": (_CLIPS, {}),
    "gate_off": (_CLIPS, _ALWAYS_ASK),
    "gate_off_default_resolution": (_CLIPS, {**_ALWAYS_ASK, **_AS_BY_DEFAULT_OF_GEMINI}),
    "one_clip_gate_off": (_ONE_CLIP, _ALWAYS_ASK),
    "one_clip_gate_off_unbounded_history": (_ONE_CLIP, {**_ALWAYS_ASK, **_UNBOUNDED}),
}


def usd_per_hour() -> dict[str, object]:
    """Dollars, and tokens a call, for each way; half of the windows show nothing new."""
    with TemporaryDirectory() as folder, service(by_hash=False) as gemini, ThreadPoolExecutor(len(_WAYS)) as side_by_side:
        for footage in (_CLIPS, _ONE_CLIP):
            store_footage(footage, FolderStorage(Path(folder, str(footage.clips))))
        runs = side_by_side.map(lambda way: _run(folder, gemini.url, *way), _WAYS.values())
        figures = {name: _figures(footage, run) for (name, (footage, _)), run in zip(_WAYS.items(), runs, strict=True)}
    return {"model": ours.MODEL, "share_of_still_windows": 1 / _STILL_EVERY, "history_tokens": CaptionPolicy().history_tokens, **figures}


def _run(folder: str, url: str, footage: Footage, policy: dict[str, object]) -> dict[str, float]:
    with same_footage(footage, f"{folder}/{footage.clips}") as storage:
        return ours.run(ours.Job(storage, footage, url, policy=policy))


def _figures(footage: Footage, run: dict[str, float]) -> dict[str, float]:
    hours = footage.all_windows / _HOUR
    return {
        "usd": round(run["cost_usd"] / hours, 2),
        "calls": round(run["answered"] / hours),
        "input_tokens_per_call": round((run["text_tokens"] + run["image_tokens"]) / run["answered"]),
        "output_tokens_per_call": round(run["output_tokens"] / run["answered"]),
    }
