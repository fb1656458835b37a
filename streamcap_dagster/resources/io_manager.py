"""The Dagster face of storage: stored files as typed values, for `load_asset_value`, the UI's neighbours and assets that users add.

Our own per-video assets store themselves (a run holds many videos and one may fail), so this manager mostly reads. It is the same for a folder
and a bucket: which of them is the storage resource's affair.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, get_args, get_origin

import dagster as dg

from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.resources.formats import format_of
from streamcap_dagster.resources.storage import StorageResource
from streamcap_dagster.resources.stored_values import READERS, Reader
from streamcap_dagster.storage import Storage

WHOLE = "whole"
"""Stands for the partition in the key of a value that has none."""


class NotStorable(StreamcapError):
    """An asset returned something that has no readable file format here."""

    def __init__(self, asset: str, value: object) -> None:
        super().__init__(
            f"{asset} returned a {type(value).__name__}, which has no file format here. Return a Record, a pyarrow Table, a pandas DataFrame or the Path "
            "of a file, or store it through the storage resource."
        )


class NotOnePerPartition(StreamcapError):
    """An asset returned values, but not one for each partition of its run."""

    def __init__(self, asset: str, returned: Collection[str], wanted: Collection[str]) -> None:
        got = f"values for {', '.join(returned)}" if returned else "one value for them all"
        super().__init__(f"{asset} returned {got}, but its run is for {', '.join(wanted)}. Return a mapping of each to its value.")


class UnknownKind(StreamcapError):
    """A stored value is to be loaded, but nothing says what it is."""

    def __init__(self, asset: str) -> None:
        super().__init__(
            f"{asset} cannot be loaded without knowing what it is. Annotate the input with its Record, or with pyarrow's Table, DataFrame or Path; with "
            "Mapping[str, it] where a run has several partitions; from a Python prompt give it as python_type."
        )


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
    """Reads what the project's assets stored, and keeps what users' own assets return under `<asset>/<partition>` with the suffix of its format."""

    storage: dg.ResourceDependency[StorageResource]

    def load_input(self, context: dg.InputContext) -> Any:
        """The value of one video, or for several a mapping that reads each when it is looked at.

        An input that is annotated as Mapping[str, Captions] is a dict to Dagster, so all of it is read; Mapping alone keeps it lazy.
        """
        storage = self.storage.open()
        name = _name(context)
        read = READERS.get(name) or _own_value(name, context)
        if not context.has_asset_partitions:
            return read(storage, "")
        wanted = context.asset_partition_key_range
        if wanted.start == wanted.end:
            return read(storage, wanted.start)
        values = PerVideo(sorted(context.asset_partition_keys), lambda video_id: read(storage, video_id))
        return dict(values) if _origin(context) is dict else values

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Keep a Record, a table or the file at a Path, or a mapping of partition to one of them when the run has several."""
        if obj is None:
            return
        storage = self.storage.open()
        name = _name(context)
        for partition, value in _by_partition(name, context, obj).items():
            known = format_of(type(value))
            assert known is not None
            known.write(storage, f"{name}/{partition}", value)


def _by_partition(name: str, context: dg.OutputContext, obj: Any) -> Mapping[str, Any]:
    """What is to be stored, found to be whole before anything is."""
    wanted = sorted(context.asset_partition_keys) if context.has_asset_partitions else [WHOLE]
    values = obj if isinstance(obj, Mapping) and context.has_asset_partitions else dict.fromkeys(wanted[:1], obj)
    for value in values.values():
        if format_of(type(value)) is None:
            raise NotStorable(name, value)
    if values.keys() != set(wanted):
        raise NotOnePerPartition(name, values.keys() if values is obj else (), wanted)
    return values


def _own_value(name: str, context: dg.InputContext) -> Reader:
    kind = context.dagster_type.typing_type
    known = format_of(get_args(kind)[-1] if _origin(context) in (dict, Mapping) else kind)
    if known is None:
        raise UnknownKind(name)

    def read(storage: Storage, partition: str) -> Any:
        return known.read(storage, f"{name}/{partition or WHOLE}")

    return read


def _origin(context: dg.InputContext) -> Any:
    """`dict` of an input that is annotated as dict[str, Captions], None of one that is annotated as Captions."""
    return get_origin(context.dagster_type.typing_type)


def _name(context: dg.InputContext | dg.OutputContext) -> str:
    return "/".join(context.asset_key.path)
