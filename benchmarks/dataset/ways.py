"""The ways from examples to a dataset, and from a dataset to rows: `python -m benchmarks.dataset.ways WAY ROOT ROWS` runs one and prints what it took."""

import io
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import datasets
from PIL import Image

from benchmarks.dataset.inputs import PER_WINDOW, WINDOWS, entries
from benchmarks.processes import peak_mb
from streamcap_dagster.captions.prompts import AsAsked
from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.exporters.exporting import export
from streamcap_dagster.exporters.table import exporter_of
from streamcap_dagster.policies import CaptionPolicy
from streamcap_dagster.records import SftExamples
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import read_frames

FRAMES = ("frames_window1", "frames_window2")
CADENCES_S = (4.0, 8.0)
_CHUNK_BYTES = 4 << 20


def ours(storage: FolderStorage, videos: list[DatasetVideo], rows: int) -> int:
    """All configs that the videos have rows for: `sft`, whose rows are counted, and `stream`; what was written is read back and checked as always."""
    shutil.rmtree(storage.root / keys.DATASET, ignore_errors=True)
    report = build_dataset(storage, videos, cadences_s=CADENCES_S)
    assert (report.contents.rows["sft", "train"], report.skipped, report.found.faults) == (rows, {}, [])
    return sum(report.size_bytes.values())


def copy(storage: FolderStorage, videos: list[DatasetVideo], rows: int) -> int:
    """The files that ours has just written, byte by byte."""
    del videos, rows
    dataset, size_bytes = storage.root / keys.DATASET, 0
    shutil.rmtree(storage.root / "copy", ignore_errors=True)
    for path in (path for path in dataset.rglob("*") if path.is_file()):
        to = storage.root / "copy" / path.relative_to(dataset)
        to.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as old, to.open("wb") as new:
            shutil.copyfileobj(old, new, _CHUNK_BYTES)  # shutil.copy may let the disk share the bytes, and so copy nothing
        size_bytes += to.stat().st_size
    return size_bytes


def from_generator(storage: FolderStorage, videos: list[DatasetVideo], rows: int) -> int:
    """As the documentation of `datasets` shows it, with the JPEG bytes passed through: to an Arrow cache, and from there to Parquet."""
    made = datasets.Dataset.from_generator(lambda: islice(_examples(storage, videos), rows), features=_features(), cache_dir=str(storage.root / "hf"))
    return int(made.to_parquet(storage.root / "generated.parquet"))


def png(storage: FolderStorage, videos: list[DatasetVideo], rows: int) -> int:
    """As most people would write it first: every frame opened with PIL, and saved by `datasets` as it sees fit, which is PNG."""
    made = [{**row, **{name: [_opened(frame["bytes"]) for frame in row[name]] for name in FRAMES}} for row in islice(_examples(storage, videos), rows)]
    return int(datasets.Dataset.from_list(made).to_parquet(storage.root / "png.parquet"))


def stream(storage: FolderStorage, videos: list[DatasetVideo], rows: int) -> int:
    """`load_dataset(…, streaming=True)` of what ours has written, its pictures as bytes."""
    del videos
    undecoded = datasets.List(datasets.Image(decode=False))
    loaded = _streamed(storage)
    for name in FRAMES:
        loaded = loaded.cast_column(name, undecoded)
    taken = [sum(len(image["bytes"]) for name in FRAMES for image in row[name]) for row in loaded]
    assert len(taken) == rows
    return sum(taken)


def stream_decoded(storage: FolderStorage, videos: list[DatasetVideo], rows: int) -> int:
    """The same with every picture decoded, as a trainer gets it; MB are those of the JPEG bytes."""
    shown = [image.size for row in islice(_streamed(storage), rows) for name in FRAMES for image in row[name]]
    assert len(shown) == rows * len(FRAMES) * PER_WINDOW
    return _jpeg_bytes(storage, videos, rows)


def exported(storage: FolderStorage, videos: list[DatasetVideo], rows: int) -> int:
    """`streamcap export trl-prompt-completion` of what ours has written."""
    del videos
    folder = storage.root / "trl"
    done = export(storage, exporter_of("trl-prompt-completion"), AsAsked(CaptionPolicy().history_tokens), folder)
    assert done.splits["train"].rows == rows
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def collated(storage: FolderStorage, videos: list[DatasetVideo], rows: int) -> int:
    """What was exported, streamed and made into batches of one by TRL's own collator with the processor of a tiny model."""
    from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

    from tests.heavy.tiny_vlm import tiny_processor

    collate = DataCollatorForVisionLanguageModeling(tiny_processor())
    for row in islice(datasets.load_dataset(str(storage.root / "trl"), split="train", streaming=True), rows):
        assert (collate([row])["labels"] != -100).any()
    return _jpeg_bytes(storage, videos, rows)


WAYS: dict[str, Callable[[FolderStorage, list[DatasetVideo], int], int]] = {
    way.__name__: way for way in (ours, copy, from_generator, png, stream, stream_decoded, exported, collated)
}
"""Each returns how many bytes it has written or read."""


_IMPORTED_FIRST = {"collated": ("trl.trainer.sft_trainer", "tests.heavy.tiny_vlm")}
"""What takes seconds to import, and is not what is measured."""


def _jpeg_bytes(storage: FolderStorage, videos: list[DatasetVideo], rows: int) -> int:
    return rows * 2 * PER_WINDOW * (videos[0].size(storage, keys.frames(videos[0].video.video_id)) or 0) // (WINDOWS * PER_WINDOW)


def _streamed(storage: FolderStorage) -> Any:
    return datasets.load_dataset(str(storage.root / keys.DATASET), "sft", split="train", streaming=True)


def _examples(storage: FolderStorage, videos: list[DatasetVideo]) -> Iterator[dict[str, Any]]:
    for video_id in (entry.video.video_id for entry in videos):
        windows: dict[int, list[dict[str, Any]]] = {}
        with storage.local(keys.frames(video_id)) as path:
            for frame in read_frames(path):
                windows.setdefault(frame.window, []).append({"bytes": frame.jpeg, "path": None})
        for pair in read_record(storage, keys.sft_examples(video_id), SftExamples).examples:
            yield {**pair.example.model_dump(), "frames_window1": windows[pair.window - 1], "frames_window2": windows[pair.window]}


def _features() -> datasets.Features:
    text, number, pictures = datasets.Value("string"), datasets.Value("float64"), datasets.List(datasets.Image())
    place = {"video_id": text, **dict.fromkeys(("start_time", "fps", "source_fps", "window_duration"), number)}
    said = {"caption_window1": text, "caption_window2_delta": text, "conversations": datasets.List({"role": text, "content": text})}
    return datasets.Features({**place, **dict.fromkeys(FRAMES, pictures), **said})


def _opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg)).convert("RGB")


def _run(way: str, root: Path, rows: int) -> dict[str, float]:
    storage, videos = FolderStorage(root), entries(rows)
    for module in _IMPORTED_FIRST.get(way, ()):
        import_module(module)
    began = time.perf_counter()
    size_bytes = WAYS[way](storage, videos, rows)
    seconds = time.perf_counter() - began
    return {
        "rows": rows,
        "seconds": round(seconds, 3),
        "rows_per_s": round(rows / seconds, 2),
        "mb_per_s": round(size_bytes / seconds / 1e6, 2),
        "peak_mb": peak_mb(),
    }


if __name__ == "__main__":
    print(json.dumps(_run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
