"""The caption step without Dagster against the Gemini emulator on the other core: speed, quota, CPU, memory and money, beside other ways to ask.

The lower bound of a run is the longest of: the longest chain of latencies, calls by quota, bytes by link, and our own CPU on one core.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.captioning import money, others, ours
from benchmarks.captioning.bounds import link_bytes_per_s, longest_chain_s
from benchmarks.captioning.footage import PER_WINDOW, Footage, same_footage, store_footage
from benchmarks.captioning.ours import Job, captions_of
from benchmarks.captioning.service import service
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage.folder import FolderStorage

LATENCY_MS = (2000, 6000)
RPM = 600
THREADS = 64
SEQUENTIAL_CALLS = 30
FOOTAGE = Footage(videos=20, clips=10, windows=10)
A_FEW = Footage(videos=5, clips=10, windows=10)
MANY_SMALL = Footage(videos=200, clips=10, windows=10, height=48, alike=True)
MANY_CHAINS = Footage(videos=100, clips=20, windows=2, alike=True)
_BASE64 = 4 / 3


def measure() -> dict[str, object]:
    """Every figure of one run; `load` is that of the machine before it."""
    figures: dict[str, object] = {"load": round(os.getloadavg()[0], 2), "windows": FOOTAGE.all_windows, "latency_ms": list(LATENCY_MS)}
    with TemporaryDirectory() as folder:
        storage = f"{folder}/footage"
        frame_bytes = store_footage(FOOTAGE, FolderStorage(Path(storage)))
        figures |= {"frame_kb": round(frame_bytes / 1e3, 1), **efficiency(storage, frame_bytes), **under_quota(storage), **gate(storage)}
    sequential, wall = figures["sequential_s_per_call"], figures["wall_s"]
    assert isinstance(sequential, float)
    assert isinstance(wall, float)
    figures["times_faster_than_sequential"] = round(sequential * FOOTAGE.all_windows / wall, 1)
    return {**figures, "memory": memory(), "chains_2000": chains(), "usd_per_video_hour": money.usd_per_hour()}


def efficiency(storage: str, frame_bytes: float) -> dict[str, object]:
    """No quota, 200 in flight: wall time over the lower bound, and CPU a call."""
    with same_footage(FOOTAGE, storage) as folder, service(LATENCY_MS) as gemini:
        run = ours.run(Job(folder, FOOTAGE, gemini.url))
        chain_s = longest_chain_s(gemini, LATENCY_MS, captions_of(folder, FOOTAGE))
    assert run["answered"] == FOOTAGE.all_windows
    link_s = FOOTAGE.all_windows * PER_WINDOW * frame_bytes * _BASE64 / link_bytes_per_s()
    bounds = {"longest_chain_s": chain_s, "link_s": link_s, "cpu_s": run["cpu_s"]}
    return {
        "efficiency_ratio": round(run["wall_s"] / max(bounds.values()), 3),
        "wall_s": round(run["wall_s"], 2),
        **{name: round(seconds, 2) for name, seconds in bounds.items()},
        "cpu_ms_per_call": round(run["cpu_s"] * 1000 / run["answered"], 2),
        "peak_mb": run["peak_mb"],
    }


def under_quota(storage: str) -> dict[str, object]:
    """So many requests a minute: ours, threads that leave it to the SDK, and one call after another, each with a service of its own, at the same time."""
    with same_footage(FOOTAGE, storage) as folder, service(LATENCY_MS, RPM) as ours_asks, service(LATENCY_MS, RPM) as theirs, service(LATENCY_MS) as slow:
        threads = others.start("threads", storage, FOOTAGE, theirs.url, THREADS)
        sequential = others.start("sequential", storage, FOOTAGE, slow.url, SEQUENTIAL_CALLS)
        run = ours.run(Job(folder, FOOTAGE, ours_asks.url, rpm=RPM))
        chain_s = longest_chain_s(ours_asks, LATENCY_MS, captions_of(folder, FOOTAGE))
        of_threads, one_by_one = others.figures(threads), others.figures(sequential)
        refused = theirs.refused
    bound_s = max(run["answered"] / RPM * 60, chain_s, run["cpu_s"])
    return {
        "quota_ratio": round(run["wall_s"] / bound_s, 3),
        "share_429": round(run["rate_limited"] / run["requests"], 5),
        "quota": {
            "rpm": RPM,
            "share": Settings.model_fields["quota_share"].default,
            "wall_s": round(run["wall_s"], 2),
            "bound_s": round(bound_s, 2),
            "windows_done": int(run["answered"]),
        },
        "sdk_retries_64_threads": {"windows_done": of_threads["windows"], "wall_s": round(of_threads["wall_s"], 2), "share_429": refused},
        "sequential_s_per_call": round(one_by_one["s_per_call"], 3),
    }


def gate(storage: str) -> dict[str, object]:
    """CPU a call without and with the no-change gate, which lets every window through here; the fixed cost of a start is spread over fewer calls."""
    ms = {}
    for name, threshold in (("off", 0), ("on", 10)):
        with same_footage(A_FEW, storage) as folder, service() as gemini:
            run = ours.run(Job(folder, A_FEW, gemini.url, policy={"no_change_threshold": threshold}))
        assert run["answered"] == A_FEW.all_windows
        ms[name] = round(run["cpu_s"] * 1000 / run["answered"], 2)
    return {"cpu_ms_per_call_by_gate": ms}


def memory() -> dict[str, float]:
    """Resident megabytes after 2,000 and after 20,000 calls with small pictures."""
    with TemporaryDirectory() as folder, service() as gemini:
        store_footage(MANY_SMALL, FolderStorage(Path(folder)))
        run = ours.run(Job(folder, MANY_SMALL, gemini.url, videos_in_flight=20, weigh_at=(2000, 20_000)))
    return {"mb_at_2000": round(run["mb_at_2000"]), "mb_at_20000": round(run["mb_at_20000"]), "calls": run["answered"], "wall_s": round(run["wall_s"], 1)}


def chains() -> dict[str, float]:
    """2,000 chains at the same time in one process, with pictures of full size."""
    with TemporaryDirectory() as folder, service((15_000, 15_000)) as gemini:
        store_footage(MANY_CHAINS, FolderStorage(Path(folder)))
        run = ours.run(Job(folder, MANY_CHAINS, gemini.url, in_flight=2000, videos_in_flight=MANY_CHAINS.videos))
        most = gemini.most_in_flight
    cpu_ms = round(run["cpu_s"] * 1000 / run["answered"], 2)
    return {"most_in_flight": most, "answered": run["answered"], "peak_mb": run["peak_mb"], "wall_s": round(run["wall_s"], 1), "cpu_ms_per_call": cpu_ms}
