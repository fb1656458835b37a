"""Keeps the manifest true to the source: what is new or changed is read, what is gone is marked, what is known is left alone."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from streamcap_dagster.errors import SourceError, UnusableVideo, VideoUnreadable
from streamcap_dagster.records import Video
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.tombstones import TakenDown, read_tombstones
from streamcap_dagster.videos.copying import hash_file
from streamcap_dagster.videos.ids import assign_ids
from streamcap_dagster.videos.manifest import Seen, read_manifest, read_seen, write_manifest, write_seen
from streamcap_dagster.videos.metadata import COLUMNS, About, Described
from streamcap_dagster.videos.probe import probe_video, probed_by
from streamcap_dagster.videos.settling import EVERYTHING, Settled
from streamcap_dagster.videos.source import SUFFIXES, UNKNOWN_SIZE, SourceFile, VideoSource

OnVideo = Callable[[int, int, str], None]
"""Told after each file that had to be read: how many are done, how many there are to read, and its uri."""

_STILL_WRITTEN = "It changed a moment ago, so it may not be written completely. A later look takes it."


@dataclass(frozen=True)
class CatalogUpdate:
    """The manifest as it is now, and the ids of what became different. All in order of id; `failed` names every failed video, new or old."""

    videos: tuple[Video, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    failed: tuple[str, ...]
    content_hash: str
    """SHA-256 of the manifest's bytes."""
    remarks: tuple[str, ...] = ()
    """What is wrong with what is said of the videos, a sentence each."""


@dataclass(frozen=True)
class _Known:
    """What earlier scans left behind, by uri, and what probes in this one."""

    rows: Mapping[str, Video]
    seen: Mapping[str, Seen]
    probed_by: str
    taken_down: TakenDown

    def holds(self, file: SourceFile, video_id: str) -> Video | None:
        """The row of a file that looks as it did when the row was made."""
        sha256 = self.hash_of(file)
        if not sha256:
            return None
        return self.forgotten(file.uri, self.size_of(file), video_id, sha256) or self.row_of_bytes(file.uri, sha256)

    def hash_of(self, file: SourceFile) -> str:
        """The hash of a file that looks as it did when it was hashed; empty for any other."""
        seen = self.seen.get(file.uri)
        same = seen is not None and not file.problem and (seen.size_bytes, seen.version) == (file.size_bytes, file.version)
        return seen.sha256 if seen and same else ""

    def row_of_bytes(self, uri: str, sha256: str) -> Video | None:
        """The row that the same probe made of these bytes under this name, unless the scan cache has lost or never had the file."""
        row, seen = self.rows.get(uri), self.seen.get(uri)
        if row is None or seen is None or row.status in ("removed", "forgotten"):
            return None
        return row if (row.sha256, seen.probed_by) == (sha256, self.probed_by) else None

    def forgotten(self, uri: str, size_bytes: int, video_id: str, sha256: str) -> Video | None:
        """The row of a file whose bytes were taken down, under this name or another; nothing more is made of it."""
        stone = self.taken_down.by_sha256.get(sha256)
        if stone is None:
            return None
        return Video(video_id=video_id, uri=uri, sha256=sha256, size_bytes=size_bytes, status="forgotten", reason=stone.reason)

    def size_of(self, file: SourceFile) -> int:
        """Its size, or what the row that it has says of it where the source does not tell."""
        if file.size_bytes != UNKNOWN_SIZE:
            return file.size_bytes
        row = self.rows.get(file.uri)
        return row.size_bytes if row else 0

    def said_of(self, row: Video, described: Described) -> Video:
        """The row with what the source says of its video; one of a video that is gone, or was taken down, stays as it is."""
        if row.status in ("removed", "forgotten"):
            return row
        said = asdict(described.of(row.uri, _about(self.rows.get(row.uri, row))))
        return row if said == asdict(_about(row)) else row.model_copy(update=said)

    def is_forgotten(self, row: Video) -> bool:
        """Whether a row is one of what was taken down, also where it was made before that."""
        return row.status == "forgotten" or row.video_id in self.taken_down.by_id or row.sha256 in self.taken_down.by_sha256

    def stays(self, uri: str) -> bool:
        """Whether a file has a row that can stay as it is."""
        row = self.rows.get(uri)
        return row is not None and (row.status == "forgotten" or not self.is_forgotten(row))


@dataclass(frozen=True)
class _Read:
    """A row made anew, and what to remember of the file: nothing when the next scan has to try again."""

    row: Video
    seen: Seen | None


def update_catalog(source: VideoSource, storage: Storage, *, workers: int, on_video: OnVideo, settled: Settled = EVERYTHING) -> CatalogUpdate:
    """Scan the source, read what is new or has other bytes (`workers` files at a time) and store the manifest.

    A file with the size and version that the scan cache remembers is not opened at all. When another ffprobe, or another version of our
    probe, looked into it then, it is probed again but not hashed: this one may know more. What the scan does not list is looked at by itself
    before it counts as gone, and where the source could not be listed nothing does: its row stays as it is. So does that of a changed file
    that has not `settled`, and a new one is listed as failed until it has. A file whose bytes were taken down is `forgotten`, and once it is
    gone nothing here names it; its id is nobody else's. What is said of the videos is read each time, and nothing that is wrong with it keeps
    a video out. Raises MissingTool, and SourceError when the source holds no video: an unmounted disk must not look like the removal of everything.
    """
    files = {file.uri: file for file in source.scan()}
    if not files:
        raise SourceError(source.uri, f"it holds no video ({', '.join(SUFFIXES)}). Put videos into it, or choose another STREAMCAP_SOURCE.")
    before = read_manifest(storage)
    absent = [video.uri for video in before.values() if video.uri not in files and video.status != "removed"]
    files.update((file.uri, file) for file in source.overlooked(absent))
    known = _Known({video.uri: video for video in before.values()}, read_seen(storage), probed_by(), read_tombstones(storage))
    ids = assign_ids(files, {uri: row.video_id for uri, row in known.rows.items()}, known.taken_down.video_ids)
    kept = {uri: row for uri, file in files.items() if (row := known.holds(file, ids[uri]))}
    waiting = [uri for uri, file in files.items() if uri not in kept and not settled.takes(file)]
    missing = [row for uri, row in known.rows.items() if uri not in files and not known.is_forgotten(row)]
    unlisted = {row.uri: row for row in missing if row.uri.startswith(source.unlisted)}
    held = unlisted | {uri: known.rows[uri] for uri in waiting if known.stays(uri)}
    files |= {uri: replace(files[uri], problem=_STILL_WRITTEN) for uri in waiting}
    fresh = _read_all(source, [file for uri, file in files.items() if uri not in kept and uri not in held], ids, known, workers, on_video)
    gone = [_removed(row) for row in missing if row.uri not in held]
    described = source.describe(files.keys() | held.keys())
    rows = _renamed([*kept.values(), *(read.row for read in fresh), *gone, *held.values()], known.taken_down)
    after = sorted((row if row.uri in held else known.said_of(row, described) for row in rows), key=lambda row: row.video_id)
    # The cache comes last: a run that dies in between reads some files again, and never trusts a row that is not there.
    manifest = write_manifest(storage, after)
    write_seen(storage, {uri: known.seen[uri] for uri in [*kept, *held] if uri in known.seen} | {read.row.uri: read.seen for read in fresh if read.seen})
    if any(known.is_forgotten(row) for uri, row in known.rows.items() if uri not in files):
        storage.delete(keys.SURVEY)  # which may name what nothing names any more, and only saves work
    remarks = (*_still_written(waiting), *_held_remarks(source.unlisted, unlisted), *described.remarks)
    return _compared(before, after, hashlib.sha256(manifest).hexdigest(), remarks)


def _renamed(rows: Sequence[Video], taken_down: TakenDown) -> list[Video]:
    """The rows, with another id for each file that has other bytes now than those that were taken down with its id."""
    own = {row.uri: row.video_id for row in rows if row.status == "forgotten" or row.video_id not in taken_down.by_id}
    ids = assign_ids((row.uri for row in rows), own, taken_down.video_ids)
    return [row if row.uri in own else row.model_copy(update={"video_id": ids[row.uri]}) for row in rows]


def _read_all(source: VideoSource, files: Sequence[SourceFile], ids: Mapping[str, str], known: _Known, workers: int, on_video: OnVideo) -> list[_Read]:
    pool = ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="catalog")
    try:
        waiting = {pool.submit(_read_file, source, file, ids[file.uri], known): file.uri for file in files}
        done = []
        for future in as_completed(waiting):
            done.append(future.result())
            on_video(len(done), len(waiting), waiting[future])
        return done
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # an interrupt does not wait for a large file to be read


def _read_file(source: VideoSource, file: SourceFile, video_id: str, known: _Known) -> _Read:
    failed = Video(video_id=video_id, uri=file.uri, sha256="", size_bytes=known.size_of(file), status="failed", reason=file.problem)
    if file.problem:
        return _Read(failed, None)
    try:
        with source.local(file.uri, file.version) as path:
            sha256, size_bytes = known.hash_of(file) or _hash_unchanged(path, file), path.stat().st_size
            failed = failed.model_copy(update={"size_bytes": size_bytes})
            row = known.forgotten(file.uri, size_bytes, video_id, sha256) or known.row_of_bytes(file.uri, sha256) or _probed(path, failed, sha256)
            return _Read(row, Seen(file.size_bytes, file.version, sha256, known.probed_by))
    except OSError as error:
        reason = f"It could not be read ({error.strerror or error}). Check its permissions and its disk; the next scan tries again."
    except VideoUnreadable as error:
        reason = error.reason
    return _Read(failed.model_copy(update={"reason": reason}), None)


def _hash_unchanged(path: Path, file: SourceFile) -> str:
    sha256 = hash_file(path)
    if file.size_bytes not in (UNKNOWN_SIZE, path.stat().st_size):
        raise VideoUnreadable(file.uri, "it changed while it was read", "Wait until it is written completely; the next scan tries again.")
    return sha256


def _probed(path: Path, failed: Video, sha256: str) -> Video:
    try:
        probed = probe_video(path, failed.uri)
    except VideoUnreadable:
        raise
    except UnusableVideo as error:
        return failed.model_copy(update={"sha256": sha256, "reason": error.reason})
    return Video.model_validate({**failed.model_dump(), **asdict(probed), "sha256": sha256, "status": "ok", "reason": ""})


def _about(row: Video) -> About:
    return About(**{column: getattr(row, column) for column in COLUMNS})


def _removed(row: Video) -> Video:
    if row.status == "removed":
        return row
    return row.model_copy(update={"status": "removed", "reason": "It is no longer in the source. Put it back to go on with it."})


def _still_written(waiting: Sequence[str]) -> Iterator[str]:
    """That files wait for a later look, where any does."""
    if waiting:
        others = f" and {len(waiting) - 1:,} more" if len(waiting) > 1 else ""
        yield f"{waiting[0]!r}{others} changed a moment ago and may not be written completely; a later look takes what has settled."


def _held_remarks(unlisted: Iterable[str], held: Mapping[str, Video]) -> Iterator[str]:
    """For each folder that could not be listed, how many rows stay as they were only because of that."""
    for folder in unlisted:
        count = sum(uri.startswith(folder) for uri, row in held.items() if row.status != "removed")
        if count:
            where = f"{folder!r}" if folder else "A part of the source"
            yield f"{where} cannot be listed, so what is known of {count:,} video{'' if count == 1 else 's'} that may still be there stays as it was."


def _compared(before: Mapping[str, Video], after: Iterable[Video], content_hash: str, remarks: tuple[str, ...]) -> CatalogUpdate:
    videos = tuple(after)
    pairs = [(before[row.video_id], row) for row in videos if row.video_id in before]
    return CatalogUpdate(
        videos=videos,
        added=tuple(row.video_id for row in videos if row.video_id not in before),
        changed=tuple(new.video_id for old, new in pairs if old.sha256 != new.sha256),
        removed=tuple(new.video_id for old, new in pairs if new.status == "removed" != old.status),
        failed=tuple(row.video_id for row in videos if row.status == "failed"),
        content_hash=content_hash,
        remarks=remarks,
    )
