"""The assets of the whole corpus over very many videos: `train_json` from records that exist, and `hf_dataset` from records and frames.

Each runs in a fresh process, as a run of Dagster on an instance of its own, so that its peak memory is its own.
"""

import json
import sys
import time
from pathlib import Path

from benchmarks.processes import peak_mb, run_module
from benchmarks.scale.corpus import content_of
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.run import Graph
from streamcap_dagster.dataset.grouping.likeness import RULE
from streamcap_dagster.dataset.grouping.records import GroupedVideo, VideoGroup, VideoGroups
from streamcap_dagster.dataset.grouping.stored import write_groups
from streamcap_dagster.records import SftExample, SftExamples, SftPair, Turn
from streamcap_dagster.settings import Settings, read_settings
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import build_definitions

PAIRS = 2
"""Examples of a video; all are of the same text, so that size is that of a short video's real ones."""


def measure(settings: Settings) -> dict[str, object]:
    """Seconds and peak memory of `train_json` over every video of the storage, and of a second time, when there is nothing to do."""
    write_examples(settings)
    write_one_group(settings)
    runs = [run_module(__spec__.name, settings, "train_json") for _ in range(2)]
    return {
        "train_json_s": runs[0]["seconds"],
        "train_json_peak_mb": runs[0]["peak_mb"],
        "train_json_mb": round((Path(settings.storage) / keys.TRAIN_JSON).stat().st_size / 1e6),
        "train_json_again_s": runs[1]["seconds"],
        "train_json_target": {"s": 60, "mb": 500},
    }


def write_examples(settings: Settings) -> None:
    """Records of examples for every video of the manifest."""
    storage = FolderStorage(Path(settings.storage))
    folder = (storage.root / keys.sft_examples("x")).parent
    folder.mkdir(parents=True, exist_ok=True)
    form = SftExamples(video_id="id-of-video", examples=tuple(_pair(window) for window in range(1, 1 + PAIRS))).model_dump_json(indent=1) + "\n"
    for video_id in read_manifest(storage):
        (folder / f"{video_id}.json").write_text(form.replace("id-of-video", video_id))


def write_one_group(settings: Settings) -> None:
    """What `video_groups` finds of a corpus whose videos are one file under many names."""
    storage = FolderStorage(Path(settings.storage))
    rows = read_manifest(storage).values()
    videos = tuple(GroupedVideo(video_id=row.video_id, sha256=row.sha256, hashes=content_of(row, "frame_hashes")) for row in rows)
    write_groups(storage, VideoGroups(rule=RULE, groups=(VideoGroup(group=videos[0].sha256, given=False, videos=videos),)))


def _pair(window: int) -> SftPair:
    said = "A street at dusk, a man in a red coat at the left, three parked cars. " * 3
    asked = "The video goes on. Already said:\n- " + said
    names = [tuple(f"images/id-of-video/{keys.image_name(0, at, k)}" for k in range(8)) for at in (window - 1, window)]
    example = SftExample(
        video_id="id-of-video",
        start_time=2.0 * (window - 1),
        fps=4.0,
        source_fps=30.0,
        window_duration=2.0,
        frames_window1=names[0],
        frames_window2=names[1],
        caption_window1=said,
        caption_window2_delta="The man walks to the right.",
        conversations=(Turn(role="user", content=asked), Turn(role="assistant", content="The man walks to the right.")),
    )
    return SftPair(clip=0, window=window, example=example)


def _make(asset: str) -> None:
    """One asset in this process; prints what it took."""
    with open_instance() as instance:
        graph = Graph(build_definitions(read_settings()), instance)
        began = time.monotonic()
        graph.make([asset])
        print(json.dumps({"seconds": round(time.monotonic() - began, 1), "peak_mb": peak_mb()}))


if __name__ == "__main__":
    _make(sys.argv[1])
