"""The report of an hour of video, and the review page on a thousand videos of 500 windows: seconds, megabytes, and the memory of the server.

The storage is made up: photo-like frames of 512x384, captions of a dozen words, each window with what was measured of it and an answer that was paid for.
All videos but one share their files (hard links), so that it fits on a disk; the server reads each as its own. Needs a Chromium, as the pictures of pages do.
"""

import hashlib
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.photos import photos
from docs.browser import Page, browser
from docs.screenshots import SIZE
from streamcap_dagster.captions.calls import Attempt, Call
from streamcap_dagster.captions.captioner import Bill
from streamcap_dagster.quality.records import CaptionQuality, WindowQuality
from streamcap_dagster.records import Caption, Captions, Clip, Clips, Frame, Video
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import write_frames
from streamcap_dagster.videos.manifest import write_manifest

HOUR_WINDOWS, VIDEOS, WINDOWS = 1_800, 1_000, 500
FRAMES = 8
_PHOTOS = 60
_SHARED = (keys.clips, keys.frames, keys.initial_captions, keys.delta_captions, keys.caption_quality, keys.folded_calls)
_FIRST = "document.querySelector('.heat-row .heat-numbers')?.innerText.includes('flagged')"
_ALL = "document.querySelector('.tile') && !document.querySelector('.progress').innerText.includes('so far')"
_FRAME = "[...document.querySelectorAll('.frame img')].some(one => one.naturalHeight > 0)"
_FRAME_CAME_MS = "Math.min(...performance.getEntriesByType('resource').filter(one => one.name.includes('/stills/')).map(one => one.responseEnd))"


def measure(hour_windows: int = HOUR_WINDOWS, videos: int = VIDEOS, windows: int = WINDOWS) -> dict[str, Any]:
    figures: dict[str, Any] = {"load": round(os.getloadavg()[0], 2)}
    with TemporaryDirectory() as folder:
        figures["report"] = _report(Path(folder), hour_windows)
    with TemporaryDirectory() as folder:
        figures["page"] = {"videos": videos, "windows": videos * windows, **_page(Path(folder), videos, windows)}
    return figures


def _report(root: Path, windows: int) -> dict[str, Any]:
    storage = FolderStorage(root / "data")
    _make(storage, "v0000", windows)
    write_manifest(storage, [_video("v0000", windows)])
    began = time.perf_counter()
    done = subprocess.run(_command("report", "--out", str(root / "report.html")), env=_env(root), capture_output=True, text=True, check=True)
    whole = time.perf_counter() - began
    own = re.search(r"in ([\d.]+) s", done.stdout)
    assert own is not None, done.stdout
    size = (root / "report.html").stat().st_size
    took = {"seconds": float(own[1]), "seconds_of_the_command": round(whole, 1)}
    return {"hours": round(2 * windows / 3600, 2), "windows": windows, **took, "mb": round(size / 1e6, 2)}


def _page(root: Path, videos: int, windows: int) -> dict[str, Any]:
    storage = FolderStorage(root / "data")
    names = [f"v{number:04d}" for number in range(videos)]
    _make(storage, names[0], windows)
    for name, key in itertools.product(names[1:], _SHARED):
        (storage.root / key(name)).hardlink_to(storage.root / key(names[0]))
    write_manifest(storage, [_video(name, windows) for name in names])
    with _server(root) as (process, address, start_s), browser(*SIZE) as page:
        idle_mb, began = _memory_mb(process), time.perf_counter()
        page.open(address)
        page.wait_for(_FIRST, "the first video")
        overview_s = page.evaluate("performance.now() / 1000")
        first_frame_ms = _first_frame_ms(page, f"{address.split('/enter')[0]}/videos/{names[videos // 2]}")
        page.open(address)
        page.wait_for(_ALL, "the figures of all videos", 600)
        counted_s = time.perf_counter() - began
        return {
            "start_s": round(start_s, 1),
            "overview_s": round(overview_s, 2),
            "first_frame_ms": first_frame_ms,
            "all_counted_s": round(counted_s, 1),
            "server_idle_mb": idle_mb,
            "server_mb": _memory_mb(process),
        }


def _first_frame_ms(page: Page, address: str) -> int:
    """From the click to the first picture of the video's timeline, by the browser's own clock."""
    page.open(address)
    page.wait_for(_FRAME, "a frame")
    return round(page.evaluate(_FRAME_CAME_MS))


@contextmanager
def _server(root: Path) -> Iterator[tuple[subprocess.Popen[str], str, float]]:
    """With its address, and how long it took to be there."""
    began = time.perf_counter()
    with subprocess.Popen(_command("review", "--port", "0", "--no-open"), env=_env(root), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            yield process, address, time.perf_counter() - began
        finally:
            process.terminate()


def _memory_mb(process: subprocess.Popen[str]) -> int:
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(process.pid)], capture_output=True, text=True, check=True)
    return round(int(told.stdout) * 1024 / 1e6)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "streamcap_dagster.cli", *arguments]


def _env(root: Path) -> dict[str, str]:
    return {**os.environ, "STREAMCAP_STORAGE": str(root / "data"), "STREAMCAP_SOURCE": str(root / "videos"), "STREAMCAP_CAPTIONER": "offline"}


def _video(video_id: str, windows: int) -> Video:
    shape = {"codec": "h264", "display_width": 512, "display_height": 384}
    return Video(video_id=video_id, uri=f"{video_id}.mp4", sha256="", size_bytes=1, duration_s=2.0 * windows, status="ok", **shape)


def _make(storage: FolderStorage, video_id: str, windows: int) -> None:
    """All that the page shows of a video, but its file."""
    jpegs = list(photos(_PHOTOS))
    sha256s = [hashlib.sha256(jpeg).hexdigest() for jpeg in jpegs]

    def frames() -> Iterator[Frame]:
        for window, k in itertools.product(range(windows), range(FRAMES)):
            at_s, drawn = 2.0 * window + 0.25 * k, (window + k) % _PHOTOS
            yield Frame(0, window, k, at_s, at_s, 512, 384, sha256s[drawn], jpegs[drawn])

    with storage.staged(keys.frames(video_id)) as path:
        write_frames(path, frames(), "generated")
    captions = tuple(_caption(window, sha256s) for window in range(windows))
    clip = Clip(clip=0, start_s=0, end_s=2.0 * windows, windows=windows, reason="generated")
    write_record(storage, keys.clips(video_id), Clips(video_id=video_id, window_duration_s=2, clips=(clip,)))
    write_record(storage, keys.initial_captions(video_id), Captions(video_id=video_id, captions=captions[:1]))
    write_record(storage, keys.delta_captions(video_id), Captions(video_id=video_id, captions=captions[1:]))
    write_record(storage, keys.caption_quality(video_id), CaptionQuality(video_id=video_id, windows=tuple(map(_quality, captions))))
    storage.write(keys.folded_calls(video_id), b"".join(_call(video_id, window).model_dump_json().encode() + b"\n" for window in range(windows)))


def _caption(window: int, sha256s: list[str]) -> Caption:
    start_s, silent = 2.0 * window, window % 3 == 2
    return Caption(
        clip=0, window=window, start_s=start_s, end_s=start_s + 2, kind="delta" if window else "initial", outcome="no_change" if silent else "ok",
        text="" if silent else f"A person in a red coat walks past door {window} and looks around.", history_sha256="", prompt_version="1",
        frame_sha256=tuple(sha256s[(window + k) % _PHOTOS] for k in range(FRAMES)), frame_pts_s=tuple(start_s + 0.25 * k for k in range(FRAMES)),
        captioner="generated", model="none",
    )  # fmt: skip


def _quality(caption: Caption) -> WindowQuality:
    about = {"clip": 0, "window": caption.window, "kind": caption.kind, "outcome": caption.outcome}
    if not caption.text:
        return WindowQuality(**about)
    novelty = (caption.window * 37 % 100) / 100
    return WindowQuality(**about, words=12, words_per_s=6, novelty=novelty, redundancy=1 - novelty, flags=("novelty",) if novelty < 0.25 else ())


def _call(video_id: str, window: int) -> Call:
    answer = Attempt(text='{"changed": true, "delta": "A person in a red coat walks past."}', finish="stop", model="model-1", bill=Bill(cost_usd=0.0002))
    return Call(key=f"{window:064x}", question="0" * 64, kind="delta", video_id=video_id, clip=0, window=window, attempts=(answer,), chosen=0)
