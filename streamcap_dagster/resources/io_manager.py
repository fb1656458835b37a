"""The Dagster face of storage: stored files as typed values, for `load_asset_value`, the UI's neighbours and assets that users add.

Our own per-video assets store themselves (a run holds many videos and one may fail), so this manager mostly reads.
"""

import io
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, get_args, get_origin

import dagster as dg
import pandas as pd
import pyarrow.parquet as pq

from streamcap_dagster.errors import ObjectMissing, StreamcapError
from streamcap_dagster.records import Captions, Clips, Objectives, Record, RlExamples, SftExamples
from streamcap_dagster.resources.storage import StorageResource
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record, write_record

Reader = Callable[[Storage, str], Any]
"""Reads the value of an asset; the second argument is the partition, empty for an asset of the whole corpus."""

WHOLE = "whole"
"""Stands for the partition in the key of a record that has none."""


class NotStorable(StreamcapError):
    """An asset returned something that has no readable file format here."""

    def __init__(self, asset: str, value: object) -> None:
        super().__init__(
            f"{asset} returned a {type(value).__name__}, which has no file format here. Return a Record, or store it through the storage resource."
        )


class NotOnePerPartition(StreamcapError):
    """An asset returned records, but not one for each partition of its run."""

    def __init__(self, asset: str, returned: Collection[str], wanted: Collection[str]) -> None:
        got = f"records for {', '.join(returned)}" if returned else "one value for them all"
        super().__init__(f"{asset} returned {got}, but its run is for {', '.join(wanted)}. Return a mapping of each to its Record.")


class UnknownKind(StreamcapError):
    """A stored record is to be loaded, but nothing says which kind of record it is."""

    def __init__(self, asset: str) -> None:
        super().__init__(
            f"{asset} cannot be loaded without the kind of Record that it is. Annotate the input with it, or with Mapping[str, it] "
            "where a run has several partitions; from a Python prompt give it as python_type."
        )


def _record(key: Callable[[str], str], kind: type[Record]) -> Reader:
    return lambda storage, video_id: read_record(storage, key(video_id), kind)


class HeldPath(type(Path())):  # type: ignore[misc]
    """A path that can be read for as long as this very object is there; a copy of it holds nothing."""


def _held(file: AbstractContextManager[Path]) -> HeldPath:
    with ExitStack() as opened:
        path = HeldPath(opened.enter_context(file))
        weakref.finalize(path, opened.pop_all().close)
    return path


def _raw_video(storage: Storage, video_id: str) -> Path:
    """The file as a path: for a video in a folder the very file, for one in a bucket a local copy that stays as long as the path does."""
    for stored in storage.list(keys.raw_video(video_id, ".")):
        return _held(storage.local(stored.key))
    raise ObjectMissing(keys.raw_video(video_id, ".*"), storage.uri, "Make it by materializing `raw_videos` for this video, or with `streamcap run`.")


def _frames(storage: Storage, video_id: str) -> Any:
    """A pyarrow Table with a row per frame."""
    with storage.local(keys.frames(video_id)) as path:
        return pq.read_table(path)


def _subtitles(storage: Storage, video_id: str) -> str:
    return storage.read(keys.subtitles(video_id, ".vtt")).decode()


def _manifest(storage: Storage, whole: str) -> pd.DataFrame:
    del whole
    return pd.read_csv(io.BytesIO(storage.read(keys.MANIFEST)), keep_default_na=False)


def _json_rows(key: str) -> Reader:
    def read(storage: Storage, whole: str) -> pd.DataFrame:
        del whole
        return pd.read_json(io.BytesIO(storage.read(key)), orient="records", dtype=False)

    return read


def _dataset(storage: Storage, whole: str) -> str:
    """The place to give to `datasets.load_dataset`."""
    del whole
    return f"{storage.uri}/{keys.DATASET}"


READERS: dict[str, Reader] = {
    "video_catalog": _manifest,
    "raw_videos": _raw_video,
    "clips": _record(keys.clips, Clips),
    "frames": _frames,
    "initial_captions": _record(keys.initial_captions, Captions),
    "delta_captions": _record(keys.delta_captions, Captions),
    "objectives": _record(keys.objectives, Objectives),
    "caption_files": _subtitles,
    "sft_examples": _record(keys.sft_examples, SftExamples),
    "rl_examples": _record(keys.rl_examples, RlExamples),
    "train_json": _json_rows(keys.TRAIN_JSON),
    "rl_json": _json_rows(keys.RL_JSON),
    "hf_dataset": _dataset,
}


class PerVideo(Mapping[str, Any]):
    """The values of an asset for several videos, each read when it is looked at and none of them kept."""

    def __init__(self, video_ids: list[str], read: Callable[[str], Any]) -> None:
        self._video_ids = video_ids
        self._read = read

    def __getitem__(self, video_id: str) -> Any:
        if video_id not in self._video_ids:
            raise KeyError(video_id)
        return self._read(video_id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._video_ids)

    def __len__(self) -> int:
        return len(self._video_ids)


class StreamcapIOManager(dg.ConfigurableIOManager):
    """Reads what the project's assets stored, and keeps Records that users' own assets return under `<asset>/<partition>.json`."""

    storage: dg.ResourceDependency[StorageResource]

    def load_input(self, context: dg.InputContext) -> Any:
        """The value of one video, or for several a mapping that reads each when it is looked at.

        An input that is annotated as Mapping[str, Captions] is a dict to Dagster, so all of it is read; Mapping alone keeps it lazy.
        """
        storage = self.storage.open()
        name = _name(context)
        read = READERS.get(name) or _own_record(name, context)
        if not context.has_asset_partitions:
            return read(storage, "")
        wanted = context.asset_partition_key_range
        if wanted.start == wanted.end:
            return read(storage, wanted.start)
        values = PerVideo(sorted(context.asset_partition_keys), lambda video_id: read(storage, video_id))
        return dict(values) if _origin(context) is dict else values

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Keep a Record, or a mapping of partition to Record when the run has several."""
        if obj is None:
            return
        storage = self.storage.open()
        name = _name(context)
        for partition, value in _by_partition(name, context, obj).items():
            write_record(storage, f"{name}/{partition}.json", value)


def _by_partition(name: str, context: dg.OutputContext, obj: Any) -> Mapping[str, Record]:
    """What is to be stored, found to be whole before anything is."""
    wanted = sorted(context.asset_partition_keys) if context.has_asset_partitions else [WHOLE]
    values = obj if isinstance(obj, Mapping) and context.has_asset_partitions else dict.fromkeys(wanted[:1], obj)
    for value in values.values():
        if not isinstance(value, Record):
            raise NotStorable(name, value)
    if values.keys() != set(wanted):
        raise NotOnePerPartition(name, values.keys() if values is obj else (), wanted)
    return values


def _own_record(name: str, context: dg.InputContext) -> Reader:
    kind = context.dagster_type.typing_type
    kind = get_args(kind)[-1] if _origin(context) in (dict, Mapping) else kind
    if not (isinstance(kind, type) and issubclass(kind, Record)):
        raise UnknownKind(name)
    return lambda storage, partition: read_record(storage, f"{name}/{partition or WHOLE}.json", kind)


def _origin(context: dg.InputContext) -> Any:
    """`dict` of an input that is annotated as dict[str, Captions], None of one that is annotated as Captions."""
    return get_origin(context.dagster_type.typing_type)


def _name(context: dg.InputContext | dg.OutputContext) -> str:
    return "/".join(context.asset_key.path)
