"""A dataset is built, much of it is lost, and it is built again from what is left. How `streamcap drill` shows that is not known here."""

import hashlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import cast

import dagster as dg

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.dataset import WHOLE_CORPUS
from streamcap_dagster.assets.progress import AssetDone, Happening, VideoDone
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.run import Graph
from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.settings import Settings, scheme_of
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.address import GcsAddress, read_address
from streamcap_dagster.storage.many import delete_all, side_by_side
from streamcap_dagster.wiring import build_definitions, storage_for

PROCESSED = "processed/"
_NOT_FINAL = (keys.CALLS, keys.QUOTA, "ledger/")
"""What differs from run to run: answers with their times, and the books of requests."""
_FREE = ("offline", "recorded")
_MOST_EVENTS = 10_000


@dataclass(frozen=True)
class Scene:
    """Where a drill takes place; nothing else is there."""

    settings: Settings
    """With a source, a storage and a cache of its own."""
    instance: Path
    """The folder of a Dagster instance of its own."""


@dataclass(frozen=True)
class Drilled:
    """What was lost, and how it came back."""

    video_id: str
    """The one that was lost with all that was made of it."""
    deleted: Mapping[str, int]
    """Objects by the first part of their keys."""
    spared: bool
    """Whether the answers about the lost video were left in place, because the storage does not keep what is deleted."""
    restored: int
    """Objects with answers that were brought back."""
    made: Mapping[str, int] = field(default_factory=dict)
    """How many videos each asset was made again of; 1 for one of the whole corpus."""
    reused: Mapping[str, int] = field(default_factory=dict)
    answers: int = 0
    """Questions that the captioner was asked while recovering."""
    from_store: int = 0
    """Questions that a kept answer settled."""
    recovery_s: float = 0.0
    final: int = 0
    """Objects that must be again as they were."""
    differing: tuple[str, ...] = ()
    """Those that are not, or are not there."""
    stopped: str = ""
    """Why recovery was not tried, or did not get to its end."""

    @property
    def troubles(self) -> Sequence[str]:
        """What went wrong; nothing when all came back and nobody was asked again."""
        return [
            *([self.stopped] if self.stopped else []),
            *([f"{self.answers} questions were asked again, which a paid captioner would have billed again"] if self.answers else []),
            *([f"{len(self.differing)} of {self.final} objects are not what they were, such as {self.differing[0]}"] if self.differing else []),
        ]


class DrillUnfit(StreamcapError):
    """The dataset could not even be built, so nothing can be learned from losing it."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the drill ended before anything was deleted: {why}. Make `streamcap run` work on these videos first.")


def _to_nobody(begun: str) -> None:
    del begun


def drill(scene: Scene, tell: Callable[[str], object] = _to_nobody) -> Drilled:
    """Build, lose and build again; `tell` hears what is begun. Raises DrillUnfit when the first part of it does not work."""
    with _instance_at(scene.instance):
        return _drill(scene, tell)


def _drill(scene: Scene, tell: Callable[[str], object]) -> Drilled:
    tell("building a dataset")
    video_ids, failures, _ = _build(scene)
    if failures or not video_ids:
        raise DrillUnfit("; ".join(failures) or "the source has no usable video")
    storage = storage_for(scene.settings).open()
    before = _final(storage)
    tell("losing it")
    lost = _lose(scene, storage, video_ids[0])
    if lost.deleted.get("calls") and not lost.restored and scene.settings.captioner not in _FREE:
        return replace(lost, stopped="the answers could not be restored, and asking again would have cost money")
    tell("building it again")
    started = time.monotonic()
    _, failures, work = _build(scene)
    recovery_s = time.monotonic() - started
    after = _final(storage_for(scene.settings).open())
    return replace(
        lost,
        made=dict(work.made),
        reused=dict(work.reused),
        answers=work.answers,
        from_store=work.from_store,
        recovery_s=recovery_s,
        final=len(before),
        differing=tuple(key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key)),
        stopped="; ".join(failures),
    )


@dataclass
class _Work:
    """What a run did; it is told as it happens."""

    made: Counter[str] = field(default_factory=Counter)
    reused: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    answers: int = 0
    from_store: int = 0

    def __call__(self, happening: Happening) -> None:
        match happening:
            case AssetDone():
                (self.reused if happening.reused else self.made)[happening.asset] += 1
            case VideoDone(failure=failure) if failure:
                self.failures.append(failure)


def _build(scene: Scene) -> tuple[list[str], list[str], _Work]:
    """Run the whole graph; returns the videos, what failed, and what was done."""
    work = _Work()
    with open_instance() as instance:
        graph = Graph(build_definitions(scene.settings, work), instance)
        graph.make(["video_catalog"])
        video_ids = list(instance.get_dynamic_partitions("videos"))
        troubles = graph.make_all(storage_for(scene.settings).open(), video_ids)
        _look_back(instance, work)
    return video_ids, [*work.failures, *(trouble.why for trouble in troubles.values() if trouble.why)], work


def _look_back(instance: dg.DagsterInstance, work: _Work) -> None:
    """Add what only the events of the instance tell: what answers took, and what was done for the whole corpus."""
    for name in (*(asset.name for asset in PER_VIDEO), *WHOLE_CORPUS):
        for record in instance.fetch_materializations(dg.AssetKey(name), limit=_MOST_EVENTS).records:
            metadata = record.asset_materialization.metadata if record.asset_materialization else {}
            work.answers += _number(metadata, "answers")
            work.from_store += _number(metadata, "from_store")
            if name in WHOLE_CORPUS and "reused" in metadata:
                (work.reused if metadata["reused"].value else work.made)[name] += 1


def _number(metadata: Mapping[str, dg.MetadataValue], name: str) -> int:
    return int(str(metadata[name].value)) if name in metadata else 0


def _final(storage: Storage) -> dict[str, str]:
    """Hash of everything that must be the same however it came about, by key."""
    final = [stored.key for stored in storage.list("") if not stored.key.startswith(_NOT_FINAL)]
    return dict(zip(final, side_by_side(storage.lanes, partial(_hash, storage), final), strict=True))


def _hash(storage: Storage, key: str) -> str:
    with storage.open(key) as file:
        return hashlib.file_digest(cast(BufferedReader, file), "sha256").hexdigest()


def _lose(scene: Scene, storage: Storage, video_id: str) -> Drilled:
    """Delete the dataset, one video with all that was made of it, and the Dagster instance; then bring back the answers about the video."""
    bucket = read_address(scene.settings.storage, "STREAMCAP_STORAGE") if scheme_of(scene.settings.storage) else None
    spared = bucket is None or not _keeps_deleted(bucket, scene.settings)
    doomed = [stored.key for stored in storage.list("") if stored.key.startswith(PROCESSED) or _is_of(stored.key, video_id)]
    doomed = [key for key in doomed if not (spared and key.startswith(keys.CALLS))]
    delete_all(storage, doomed)
    shutil.rmtree(scene.instance)
    _empty_instance(scene.instance)
    restored = 0 if spared or bucket is None else _restore_answers(bucket, scene.settings, video_id)
    return Drilled(video_id, dict(Counter(key.split("/")[0] for key in doomed)), spared, restored)


def _is_of(key: str, video_id: str) -> bool:
    """Whether a part of the key is the video's id, but for a suffix."""
    return any(part.partition(".")[0] == video_id for part in key.split("/"))


def _keeps_deleted(address: GcsAddress, settings: Settings) -> bool:
    """Whether a bucket can give back what is deleted; taken for granted where these credentials may not know."""
    from streamcap_dagster.storage.gcs.protection import read_protection

    found = read_protection(address.bucket, settings.storage_connections, settings.storage_deadline_s)
    return found is None or found.soft_delete_s > 0


def _restore_answers(address: GcsAddress, settings: Settings, video_id: str) -> int:
    """Bring back the file of answers of a video, or where there was none yet, its single answers."""
    from streamcap_dagster.storage.gcs.bucket import Bucket

    bucket = Bucket(address.bucket, settings.storage_connections, settings.storage_deadline_s)
    return bucket.restore(f"{address.prefix}{keys.folded_calls(video_id)}") or bucket.restore(f"{address.prefix}{keys.calls(video_id)}")


@contextmanager
def _instance_at(folder: Path) -> Iterator[None]:
    """Dagster's instance is the one in that folder while the block lasts."""
    before = os.environ.get("DAGSTER_HOME")
    _empty_instance(folder)
    os.environ["DAGSTER_HOME"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("DAGSTER_HOME")
        if before is not None:
            os.environ["DAGSTER_HOME"] = before


def _empty_instance(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").touch()
