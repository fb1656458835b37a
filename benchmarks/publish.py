"""Adding one video to a published dataset of a thousand: seconds, and bytes sent again, against that video's own bytes and against sending everything.

The Hub is the emulated one, over loopback, without the chunked protocol of the real one, which sends even less of a file that changed in part. The
videos are a fortieth of one of a minute, three windows of one photo-like frame each, and so are the sizes of files: as many videos share one as with
STREAMCAP_SHARD_MB=500 and whole minutes, and in the other dataset hardly any do. Each runs in a fresh process, without the time to build it.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.photos import photos
from streamcap_dagster.assets.publishing import publisher
from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.emulators.hub.options import Options
from streamcap_dagster.emulators.hub.server import Running, running
from streamcap_dagster.hub.publishing import Wish
from streamcap_dagster.quality.measuring import measure as measure_windows
from streamcap_dagster.quality.records import CaptionQuality
from streamcap_dagster.records import Caption, Captions, Clip, Clips, Frame, RlExamples, SftExample, SftExamples, SftPair, Turn, Video
from streamcap_dagster.resources.hub import HubResource
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import write_frames
from streamcap_dagster.storage.receipts import Receipt, Receipts, write_receipts

VIDEOS = 1_000
WINDOWS = 3
SHARD_BYTES = {"shared_files": 6_000_000, "a_video_each": 400_000}
TARGET_RATIO = 1.0
"""Of what is sent again to what a dataset of the added video alone takes: its own bytes and the card."""


def measure(videos: int = VIDEOS) -> dict[str, Any]:
    """For both sizes of files: the first publication, and the one with a video more."""
    figures: dict[str, Any] = {"load": round(os.getloadavg()[0], 2), "videos": videos}
    for name, shard_bytes in SHARD_BYTES.items():
        command = [sys.executable, "-m", "benchmarks.publish", str(videos), str(shard_bytes)]
        done = subprocess.run(command, env={**os.environ, "HF_HUB_DISABLE_XET": "1"}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        figures[name] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _publish_twice(videos: int, shard_bytes: int, root: Path) -> dict[str, Any]:
    storage, pictures = FolderStorage(root), list(photos(WINDOWS))
    entries = [_store(storage, f"video{number:05d}", pictures) for number in range(videos + 1)]
    with running(Options(remember=False)) as hub:
        _build(storage, entries[:-1], shard_bytes)
        everything = _publish(hub, storage)
        _build(storage, entries, shard_bytes)
        one_more = _publish(hub, storage)
    with running(Options(remember=False)) as hub:  # what a dataset of that video alone takes
        _build(storage, entries[-1:], shard_bytes)
        own = _publish(hub, storage)["sent_bytes"]
    ratio = round(one_more["sent_bytes"] / own, 2)
    return {"everything": everything, "one_more": one_more, "alone_bytes": own, "sent_per_byte_of_its_own": ratio, "target_ratio": TARGET_RATIO}


def _build(storage: FolderStorage, entries: list[DatasetVideo], shard_bytes: int) -> None:
    """With the receipt of a dataset that has passed its checks."""
    report = build_dataset(storage, entries, shard_bytes)
    receipt = Receipt(asset="hf_dataset", fingerprint="", content_hash=report.card_sha256, objects=(), counts={"measured": len(entries)}, checked="1")
    write_receipts(storage, Receipts(owner="_hf_dataset", receipts=(receipt,)))


def _publish(hub: Running, storage: FolderStorage) -> dict[str, Any]:
    hub.journal.clear()
    start = time.perf_counter()
    resource = HubResource(repo="somebody/captions", token="hf_token", endpoint=hub.url)
    changes = publisher(storage, resource, Wish(), _silent).publish().changes
    took = round(time.perf_counter() - start, 2)
    files = len(changes.shards) + len(changes.small)
    return {"seconds": took, "sent_bytes": hub.journal.sent_bytes(), "files_sent": files, "requests": hub.journal.count()}


def _silent(words: str) -> None:
    del words


def _store(storage: FolderStorage, video_id: str, pictures: list[bytes]) -> DatasetVideo:
    """A JPEG may be followed by anything, so a few bytes at its end make each frame its own without drawing thousands."""
    jpegs = [picture + f"{video_id} {window}".encode() for window, picture in enumerate(pictures)]
    frames = [Frame(0, window, 0, 2.0 * window, 2.0 * window, 512, 384, hashlib.sha256(jpeg).hexdigest(), jpeg) for window, jpeg in enumerate(jpegs)]
    with storage.staged(keys.frames(video_id)) as path:
        write_frames(path, frames, "generated")
    captions = tuple(_caption(window, frame) for window, frame in enumerate(frames))
    clip = Clip(clip=0, start_s=0, end_s=2 * WINDOWS, windows=WINDOWS, reason="generated")
    write_record(storage, keys.clips(video_id), Clips(video_id=video_id, window_duration_s=2, clips=(clip,)))
    write_record(storage, keys.initial_captions(video_id), Captions(video_id=video_id, captions=captions[:1]))
    write_record(storage, keys.delta_captions(video_id), Captions(video_id=video_id, captions=captions[1:]))
    write_record(storage, keys.caption_quality(video_id), CaptionQuality(video_id=video_id, windows=measure_windows(captions)))
    pairs = tuple(SftPair(clip=0, window=window, example=_example(video_id, window)) for window in range(1, WINDOWS))
    write_record(storage, keys.sft_examples(video_id), SftExamples(video_id=video_id, examples=pairs))
    write_record(storage, keys.rl_examples(video_id), RlExamples(video_id=video_id, examples=()))
    return DatasetVideo(Video(video_id=video_id, uri=f"{video_id}.mp4", sha256="", size_bytes=0, fps=30.0, status="ok"), "train")


def _caption(window: int, frame: Frame) -> Caption:
    return Caption(
        clip=0,
        window=window,
        start_s=2.0 * window,
        end_s=2.0 * window + 2,
        kind="delta" if window else "initial",
        outcome="ok",
        text=f"A person walks past door {window}.",
        frame_sha256=(frame.sha256,),
        frame_pts_s=(frame.pts_s,),
        history_sha256="",
        prompt_version="1",
        captioner="generated",
        model="none",
    )


def _example(video_id: str, window: int) -> SftExample:
    said = f"A person walks past door {window}."
    return SftExample(
        video_id=video_id,
        start_time=2.0 * (window - 1),
        fps=0.5,
        source_fps=30.0,
        window_duration=2.0,
        frames_window1=(keys.image_name(0, window - 1, 0),),
        frames_window2=(keys.image_name(0, window, 0),),
        caption_window1="A hall.",
        caption_window2_delta=said,
        conversations=(Turn(role="user", content="Say what is new."), Turn(role="assistant", content=said)),
    )


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        print(json.dumps(_publish_twice(int(sys.argv[1]), int(sys.argv[2]), Path(folder))))
