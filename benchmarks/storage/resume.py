"""Coming back to a video of 1,800 answered calls at 50 ms: with its answers folded into one object, and with each an object of its own."""

import time

from benchmarks.storage.service import bucket_storage, emulated
from streamcap_dagster.captions.calls import Attempt, Call, CallStore

CALLS = 1800
LATENCY_MS = 50
TEXT = "A cyclist in a red jacket crosses from left to right; the traffic light behind him turns green."


def long_video() -> dict[str, object]:
    """Seconds until every answer is known again."""
    with emulated(LATENCY_MS), bucket_storage("resume") as storage:
        before = CallStore(storage, "long")
        began = time.monotonic()
        for number in range(CALLS):
            before.keep(_call(number))
        kept_s = time.monotonic() - began
        unfolded_s = _seconds_to_read(storage)
        before.fold()
        folded_s = _seconds_to_read(storage)
    return {
        "calls": CALLS,
        "latency_ms": LATENCY_MS,
        "keep_ms_per_call_one_after_another": round(kept_s * 1000 / CALLS, 1),
        "unfolded_s": round(unfolded_s, 2),
        "folded_s": round(folded_s, 2),
        "folded_target_s": 3.0,
    }


def _seconds_to_read(storage: object) -> float:
    began = time.monotonic()
    kept = CallStore(storage, "long")  # type: ignore[arg-type]
    assert all(kept.get(_key(number)) for number in range(CALLS))
    return time.monotonic() - began


def _key(number: int) -> str:
    return f"{number:064x}"


def _call(number: int) -> Call:
    attempt = Attempt(text=TEXT, finish="stop", model="generated")
    return Call(
        key=_key(number), question=_key(number), kind="delta", video_id="long", clip=0, window=number, attempts=(attempt,), chosen=0,
    )  # fmt: skip
