"""What one per-video asset is, and what its function is given to work with."""

import asyncio
import hashlib
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ParamSpec, TypeVar

import dagster as dg

from streamcap_dagster.assets.progress import Progress, unwatched
from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.captioner import Captioner
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.frames.worker_pool import DecodePool
from streamcap_dagster.policies import Policy
from streamcap_dagster.quality.thresholds import Metric
from streamcap_dagster.quality.verdicts import Judged
from streamcap_dagster.records import Record, Video
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import parse_record, write_record
from streamcap_dagster.storage.many import write_all
from streamcap_dagster.storage.receipts import StoredObject, content_hash
from streamcap_dagster.videos.source import VideoSource

P = TypeVar("P", bound=Policy)
R = TypeVar("R", bound=Record)
A = ParamSpec("A")
T = TypeVar("T")

_SPARE_THREADS = 3
_LARGEST_REMEMBERED = 256 << 10
"""Size of a record, as stored, up to which it is kept in memory for the assets that follow; a larger one is worth another read."""


def hands_for(storage: Storage) -> int:
    """Plain functions at a time: they wait for the storage, copy files for minutes, or keep a core busy."""
    return max(storage.lanes, min(32, (os.cpu_count() or 1) + 4) - _SPARE_THREADS)


def threads_for(storage: Storage) -> int:
    """Threads of a walk's loop: while all hands are full, as many operations of the storage can go on, so that an answer that is paid for is kept at once."""
    return hands_for(storage) + max(storage.lanes, _SPARE_THREADS)


@dataclass(frozen=True)
class Workshop:
    """What all videos of a run share."""

    settings: Settings
    source: VideoSource
    storage: Storage
    captioner: Captioner
    progress: Progress = unwatched
    underway: Underway = field(default_factory=Underway)
    decoding: DecodePool | None = None
    """None where nothing is going to be decoded, as when only the state of things is looked at."""

    @cached_property
    def ranked(self) -> Mapping[str, str]:
        """Videos of which people have ranked something, with the version of what they said, as it was when this was first asked for."""
        return {stored.key[len(keys.RANKINGS) : -len(".json")]: stored.version for stored in self.storage.list(keys.RANKINGS)}

    @cached_property
    def decided(self) -> Mapping[str, str]:
        """The same of videos of which people have decided something."""
        return {stored.key[len(keys.REVIEWS) : -len(".json")]: stored.version for stored in self.storage.list(keys.REVIEWS)}

    @cached_property
    def hands(self) -> asyncio.Semaphore:
        """For plain functions: fewer at a time than there are threads."""
        return asyncio.Semaphore(hands_for(self.storage))

    async def by_hand(self, function: Callable[A, T], /, *args: A.args, **more: A.kwargs) -> T:
        """The result of a plain function, which runs in a thread."""
        async with self.hands:
            return await asyncio.to_thread(function, *args, **more)


NOTICE = "notice"
"""The note that the person who started the run should read."""


@dataclass(frozen=True)
class Made:
    """What came out of making an asset of a video."""

    objects: tuple[StoredObject, ...]
    content_hash: str
    counts: dict[str, int]
    notes: Mapping[str, str] = field(default_factory=dict)
    """Words for whoever looks at this run; never part of what is stored."""
    spent: Mapping[str, float] = field(default_factory=dict)
    """What it took this time, such as requests, tokens and money; never part of what is stored either."""
    shown: Mapping[str, dg.MetadataValue] | None = None
    """What a person would want to see of it, where it was at hand; None where the asset's `show` is to be asked."""


class VideoWork:
    """One video in the hands of the functions that make its assets, for as long as it walks.

    What one asset stores or fetches stays at hand for those that follow, so that it need not be read again.
    """

    def __init__(self, video: Video, workshop: Workshop, storage: Storage | None = None) -> None:
        """`storage` is the workshop's, or that as the video's turn sees it."""
        self.video = video
        self.workshop = workshop
        self.settings = workshop.settings
        self.storage = storage or workshop.storage
        self._asking: tuple[CallStore, Asker] | None = None
        self._records: dict[str, Record] = {}
        self._held = _HeldFiles(self.storage)
        self.images: StoredObject | None = None
        """The images beside the JSON files, once this walk has made them what they should be."""

    @property
    def video_id(self) -> str:
        return self.video.video_id

    async def asker(self) -> Asker:
        """Asks the captioner on behalf of this video; its stored answers are read on first use."""
        if self._asking is None:
            calls = await asyncio.to_thread(CallStore, self.storage, self.video_id)
            self._asking = calls, Asker(self.workshop.captioner, calls, self.workshop.underway)
        return self._asking[1]

    async def fold_calls(self) -> None:
        """Put the answers of a finished video into one object."""
        if self._asking is not None:
            await asyncio.to_thread(self._asking[0].fold)

    def policy(self, kind: type[P]) -> P:
        """The settings that one step reads."""
        return self.settings.policy(kind)

    def read(self, key: str, kind: type[R]) -> R:
        known = self._records.get(key)
        if isinstance(known, kind):
            return known
        data = self.storage.read(key)
        return self._remembered(key, parse_record(key, data, kind), len(data))

    def store(self, key: str, record: Record, counts: dict[str, int], beside: tuple[StoredObject, ...] = ()) -> Made:
        """Store one record as an asset; `beside` are files that belong to it and follow from it."""
        self._records.pop(key, None)
        data = write_record(self.storage, key, record)
        self._remembered(key, record, len(data))
        return Made((StoredObject(key=key, size_bytes=len(data)), *beside), hashlib.sha256(data).hexdigest(), counts)

    def store_files(self, files: Mapping[str, bytes], counts: dict[str, int]) -> Made:
        """Store small files as an asset, at the same time."""
        write_all(self.storage, files.items())
        objects = tuple(StoredObject(key=key, size_bytes=len(data)) for key, data in files.items())
        return Made(objects, content_hash(hashlib.sha256(data).hexdigest() for data in files.values()), counts)

    @contextmanager
    def staged(self, key: str) -> Iterator["StagedFile"]:
        """A file to write as an object of an asset; its size and hash are known once the block ends."""
        with self.storage.staged(key) as path:
            file = StagedFile(key, path)
            yield file
            file.seal()

    def local(self, key: str) -> Path:
        """Where an object that is not made anew any more can be read as a file until the video's walk ends."""
        return self._held.path(key)

    def close(self) -> None:
        """Let go of what is at hand: whoever reports what was made may keep this for long, and can read a record again."""
        self._records.clear()
        self._asking = None
        self._held.close()

    def _remembered(self, key: str, record: R, size_bytes: int) -> R:
        if size_bytes <= _LARGEST_REMEMBERED:
            self._records[key] = record
        return record


class _HeldFiles:
    """Objects as local files, each fetched on first use. May be used from several threads; who comes after the end is refused."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = threading.Lock()
        self._paths: dict[str, Path] = {}
        self._open: ExitStack | None = ExitStack()

    def path(self, key: str) -> Path:
        with self._lock:
            if self._open is None:
                raise RuntimeError(f"{key} is wanted after its video has ended its walk")
            if key not in self._paths:
                self._paths[key] = self._open.enter_context(self._storage.local(key))
            return self._paths[key]

    def close(self) -> None:
        with self._lock:
            held, self._open = self._open, None
        if held is not None:
            held.close()


class StagedFile:
    """A file on its way to becoming an object."""

    def __init__(self, key: str, path: Path) -> None:
        self.key = key
        self.path = path
        self.stored: StoredObject
        self.sha256 = ""

    def seal(self) -> None:
        """Take size and hash, once: whoever is on an event loop does it in a thread before the block ends, for a file may be large."""
        if self.sha256:
            return
        self.stored = StoredObject(key=self.key, size_bytes=self.path.stat().st_size)
        with self.path.open("rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()


def made_of(files: list[StagedFile], counts: dict[str, int], **notes: str) -> Made:
    """An asset that consists of these files."""
    return Made(tuple(file.stored for file in files), content_hash(file.sha256 for file in files), counts, notes)


def places(storage: Storage, stored: Sequence[str]) -> dict[str, dg.MetadataValue]:
    """Where the objects of an asset are, and the page in which a person can look at each where the storage has pages."""
    found: dict[str, dg.MetadataValue] = {}
    for index, key in enumerate(stored):
        number = str(index or "")
        found[f"file{number}"] = dg.MetadataValue.path(f"{storage.uri}/{key}")
        if link := storage.link(key):
            found[f"console{number}"] = dg.MetadataValue.url(link)
    return found


def _nothing_more(work: VideoWork) -> dict[str, str]:
    del work
    return {}


def _nobody(settings: Settings) -> str:
    del settings
    return ""


def _nothing_beside(workshop: Workshop) -> Mapping[str, str]:
    del workshop
    return {}


def _nothing_to_show(work: VideoWork) -> dict[str, dg.MetadataValue]:
    del work
    return {}


@dataclass(frozen=True)
class VideoCheck:
    """What must hold of an asset of a video before its receipt vouches for it."""

    name: str
    description: str
    version: str
    """Raised when it finds what it did not find before; what had passed is then checked again where a run comes past."""
    faults: Callable[[VideoWork], Iterator[str]]
    """A plain function that runs in a thread: what is wrong, each a few words that name the window or the frame."""
    fix: str
    """What to do about it, as a sentence."""


@dataclass(frozen=True)
class VideoFindings:
    """What people should know of an asset of a video, and what holds up nothing: it is judged by what the receipt counts, so that nobody reads it again."""

    metrics: tuple[Metric, ...]
    judge: Callable[[Mapping[str, int]], Iterable[Judged]]
    """Takes the counts of a receipt; of a metric that there is nothing to say of nothing comes."""


@dataclass(frozen=True)
class PerVideoAsset:
    """An asset that exists once per video: its place in the graph and the function that makes it for one video."""

    name: str
    description: str
    deps: tuple[str, ...]
    group: str
    kinds: frozenset[str]
    version: str
    """Raised when the function would make something else from the same inputs."""
    make: Callable[[VideoWork], Made] | Callable[[VideoWork], Awaitable[Made]]
    """A plain function runs in a thread; a coroutine function on the walk's own loop."""
    reads: tuple[type[Policy], ...] = ()
    """The settings that change what is made."""
    also_from: Callable[[VideoWork], dict[str, str]] = _nothing_more
    """What else it is made from, by name: things that are neither assets nor settings."""
    decided_by: Callable[[Settings], str] = _nobody
    """What decides `also_from` where it differs from video to video, in a word that changes with it; empty while it is the same for all videos."""
    found_beside: Callable[[Workshop], Mapping[str, str]] = _nothing_beside
    """Of which videos there is something that `also_from` tells and no setting decides, such as what people said of them, with the version of it. Of all
    others `also_from` tells the same."""
    show: Callable[[VideoWork], dict[str, dg.MetadataValue]] = _nothing_to_show
    """What a person would want to see of it, read back from storage."""
    check: VideoCheck | None = None
    findings: VideoFindings | None = None

    @property
    def checks_version(self) -> str:
        """What a receipt says of an asset that has passed its check."""
        return f"{self.check.name} {self.check.version}" if self.check else ""

    def code_version(self, settings: Settings) -> str:
        """The version and the settings it reads in one short string, so that Dagster sees a changed setting as changed code."""
        if not self.reads:
            return self.version
        values = "\n".join(settings.policy(kind).model_dump_json() for kind in self.reads)
        return f"{self.version}-{hashlib.sha256(values.encode()).hexdigest()[:8]}"

    def settings(self, settings: Settings) -> dict[str, str]:
        """The settings it reads, by name, as they are written in the environment."""
        return {name: str(value) for kind in self.reads for name, value in settings.policy(kind)}
