"""Examples to Hugging Face dataset: our writer against decoding every frame with PIL and `Dataset.from_list`, side by side.

Each runs in a fresh process, ours three times for the median; the clock starts after `datasets` is imported, which both need.
Peak memory is the highest resident set of the process, imports included.
Both read the same stored examples and frames: 16 photo-like JPEG frames of about 40 kB a row. The naive way gets fewer rows, being slow.
"""

import hashlib
import io
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import datasets
from PIL import Image

from benchmarks.photos import photos
from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.records import Caption, Captions, Clip, Clips, Frame, RlExamples, SftExample, SftExamples, SftPair, Turn, Video
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import read_frames, write_frames

WORK = Path(__file__).parent / ".work" / "dataset"
VIDEOS, WINDOWS, PER_WINDOW = 24, 31, 8
NAIVE_ROWS = 12


def measure() -> dict[str, object]:
    """Rows/s, MB/s of JPEG read and peak MB of both ways, and the factor between them."""
    shutil.rmtree(WORK, ignore_errors=True)
    make_inputs(FolderStorage(WORK))
    naive = _in_fresh_process("naive")
    ours = sorted((_in_fresh_process("ours") for _ in range(3)), key=lambda run: run["seconds"])[1]
    return {"ours": ours, "naive": naive, "times_faster": round(ours["rows_per_s"] / naive["rows_per_s"], 1)}


def make_inputs(storage: FolderStorage) -> None:
    """Videos of one clip each, with everything that the dataset is made from."""
    pictures = list(photos(4 * PER_WINDOW))
    for number in range(VIDEOS):
        video_id = f"video{number:03d}"
        with storage.staged(keys.frames(video_id)) as path:
            write_frames(path, _frames(pictures, number), "generated")
        clip = Clip(clip=0, start_s=0, end_s=2 * WINDOWS, windows=WINDOWS, reason="generated")
        write_record(storage, keys.clips(video_id), Clips(video_id=video_id, window_duration_s=2, clips=(clip,)))
        captions = [_caption(window, pictures, number) for window in range(WINDOWS)]
        write_record(storage, keys.initial_captions(video_id), Captions(video_id=video_id, captions=tuple(captions[:1])))
        write_record(storage, keys.delta_captions(video_id), Captions(video_id=video_id, captions=tuple(captions[1:])))
        pairs = tuple(SftPair(clip=0, window=window, example=_example(video_id, window)) for window in range(1, WINDOWS))
        write_record(storage, keys.sft_examples(video_id), SftExamples(video_id=video_id, examples=pairs))
        write_record(storage, keys.rl_examples(video_id), RlExamples(video_id=video_id, examples=()))


def ours() -> int:
    """The `sft` and `stream` configs of all videos (the rows of `stream` are extra work and not counted); returns the number of sft rows."""
    storage = FolderStorage(WORK)
    shutil.rmtree(WORK / keys.DATASET, ignore_errors=True)
    entries = [DatasetVideo(_video(f"video{number:03d}"), "train") for number in range(VIDEOS)]
    return build_dataset(storage, entries).contents.rows["sft", "train"]


def naive() -> int:
    """The `sft` config of a few rows as most people would write it."""
    storage = FolderStorage(WORK)
    examples = read_record(storage, keys.sft_examples("video000"), SftExamples).examples[:NAIVE_ROWS]
    windows: dict[int, list[bytes]] = {}
    with storage.local(keys.frames("video000")) as path:
        for frame in read_frames(path):
            windows.setdefault(frame.window, []).append(frame.jpeg)
    rows = []
    for pair in examples:
        pictures = [[Image.open(io.BytesIO(jpeg)).convert("RGB") for jpeg in windows[window]] for window in (pair.window - 1, pair.window)]
        rows.append({**pair.example.model_dump(), "frames_window1": pictures[0], "frames_window2": pictures[1]})
    datasets.Dataset.from_list(rows).to_parquet(WORK / "naive.parquet")
    return len(rows)


def _in_fresh_process(way: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", "benchmarks.dataset", way], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _timed(way: str) -> dict[str, float]:
    started = time.perf_counter()
    rows = {"ours": ours, "naive": naive}[way]()
    seconds = time.perf_counter() - started
    frame_bytes = sum(len(picture) for picture in photos(PER_WINDOW)) / PER_WINDOW
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "rows": rows,
        "seconds": round(seconds, 3),
        "rows_per_s": round(rows / seconds, 2),
        "mb_per_s": round(rows * 2 * PER_WINDOW * frame_bytes / seconds / 1e6, 2),
        "peak_mb": round(peak / 1e6),
    }


def _picture(pictures: list[bytes], number: int, window: int, k: int) -> bytes:
    """A JPEG may be followed by anything, so a few bytes at its end make each frame its own without drawing thousands."""
    return pictures[(window * PER_WINDOW + k) % len(pictures)] + f"{number} {window} {k}".encode()


def _frames(pictures: list[bytes], number: int) -> Iterator[Frame]:
    for window in range(WINDOWS):
        for k in range(PER_WINDOW):
            at = 2.0 * window + k / 4
            jpeg = _picture(pictures, number, window, k)
            yield Frame(0, window, k, at, at, 512, 384, hashlib.sha256(jpeg).hexdigest(), jpeg)


def _caption(window: int, pictures: list[bytes], number: int) -> Caption:
    return Caption(
        clip=0,
        window=window,
        start_s=2.0 * window,
        end_s=2.0 * window + 2,
        kind="delta" if window else "initial",
        outcome="ok",
        text=f"A person in a red coat walks past door {window}.",
        frame_sha256=tuple(hashlib.sha256(_picture(pictures, number, window, k)).hexdigest() for k in range(PER_WINDOW)),
        frame_pts_s=(),
        history_sha256="",
        prompt_version="1",
        captioner="generated",
        model="none",
    )


def _example(video_id: str, window: int) -> SftExample:
    said = "\n".join(f"A person in a red coat walks past door {earlier}." for earlier in range(window))
    return SftExample(
        video_id=video_id,
        start_time=2.0 * (window - 1),
        fps=4.0,
        source_fps=30.0,
        window_duration=2.0,
        frames_window1=tuple(keys.image_name(0, window - 1, k) for k in range(PER_WINDOW)),
        frames_window2=tuple(keys.image_name(0, window, k) for k in range(PER_WINDOW)),
        caption_window1=said,
        caption_window2_delta=f"A person in a red coat walks past door {window}.",
        conversations=(Turn(role="user", content=said), Turn(role="assistant", content="Door.")),
    )


def _video(video_id: str) -> Video:
    return Video(video_id=video_id, uri=f"{video_id}.mp4", sha256="", size_bytes=0, fps=30.0, status="ok")


if __name__ == "__main__":
    print(json.dumps(_timed(sys.argv[1]) if len(sys.argv) > 1 else measure(), indent=None if len(sys.argv) > 1 else 1))
