"""Two storages with captions of the same windows, made by hand."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from streamcap_dagster.cli import app
from streamcap_dagster.records import Captions
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import write_manifest
from tests.dataset.corpus import Said, store_video, video

GOOD: tuple[Said, ...] = (("ok", "A red door. A cat sits before it."), ("ok", "It opens."), ("no_change", ""), ("ok", "A dog comes out."))
POOR: tuple[Said, ...] = (*GOOD[:3], ("ok", "A red door. A cat sits before it."))


def run(root: Path, videos: Mapping[str, Sequence[Said]], model: str = "none", **facts: Any) -> FolderStorage:
    """A storage with one clip a video."""
    storage = FolderStorage(root)
    write_manifest(storage, [video(name, **facts) for name in videos])
    for name, chain in videos.items():
        store_video(storage, name, [chain])
        written_by(storage, name, model)
    return storage


def written_by(storage: FolderStorage, video_id: str, model: str) -> None:
    for key in (keys.initial_captions(video_id), keys.delta_captions(video_id)):
        captions = read_record(storage, key, Captions).captions
        write_record(storage, key, Captions(video_id=video_id, captions=tuple(one.model_copy(update={"model": model}) for one in captions)))


def compare(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["compare", *arguments])


def told(*arguments: str) -> dict[str, Any]:
    done = compare(*arguments, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
