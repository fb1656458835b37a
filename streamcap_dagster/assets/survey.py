"""How all videos of the catalog stand, in one look. Makes nothing."""

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.standing import Standing, VideoState, believed, judge, stand, unreadable
from streamcap_dagster.assets.survey_index import Entry, Index, Verdict, Versions, read_index, write_index
from streamcap_dagster.assets.wanted import Wanted
from streamcap_dagster.assets.work import PerVideoAsset, Workshop
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Video
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.failures import NotedFailure, read_failure
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.storage.receipt_text import read_vouched
from streamcap_dagster.videos.manifest import Rows, read_rows

_IN_A_ROW = 16
_NO_VERSION = "none"
"""No object ever has it."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """How one video of the catalog stands."""

    video_id: str
    state: VideoState
    missing: tuple[str, ...] = ()
    """Assets that were never made, or whose objects are gone."""
    stale: tuple[str, ...] = ()
    """Assets that would come out otherwise now."""
    changed: bool = False
    """Whether the file at the source has other bytes than what exists was made from."""
    reason: str = ""
    """Why it failed, was skipped or cannot be used."""
    failure: NotedFailure | None = None
    """Its last failure, unless the file or the code have changed since, with which it may go well."""

    @property
    def is_unreadable(self) -> bool:
        """Whether it failed at nothing that was tried: its receipts, or what they vouch for, cannot be read."""
        return self.state == "failed" and self.failure is None


def survey(workshop: Workshop, *, thorough: bool, only: Collection[str] = (), assets: Sequence[PerVideoAsset] = PER_VIDEO) -> list[Surveyed]:
    """How every video of the catalog stands, or those named, in order of the catalog.

    `thorough` looks for every object. Without it what a receipt vouches for is believed to be there, as a run finds out anyway, and what was
    found out about a video before holds until its row, its receipts, its failure or the settings are others.
    """
    if not thorough and not only:
        return Watched(workshop, assets).look()
    rows, look = read_rows(workshop.storage), _Look(Wanted(assets, workshop), thorough)
    videos = (rows.video(video_id) for video_id in rows.cells if not only or video_id in only)
    return [_surveyed(video_id, verdict) for video_id, verdict in _looked_at(videos, look)]


class Watched:
    """All videos of the catalog for whoever looks again and again: each look reads only what has changed since the one before, in this process or another."""

    def __init__(self, workshop: Workshop, assets: Sequence[PerVideoAsset] = PER_VIDEO) -> None:
        self._assets, self._workshop = assets, workshop
        self._storage = workshop.storage
        self._index: Index | None = None

    def look(self) -> list[Surveyed]:
        """How they stand now, with receipts believed."""
        with _uncollected():
            return self._look()

    def known(self) -> dict[str, Surveyed]:
        """What the last of the looks that are kept found out and still holds, which may be of few videos or none. Reads no receipt, and keeps nothing."""
        with _uncollected():
            wanted = self._wanted()
            index = read_index(self._storage, wanted.digest)
            if not index.entries:
                return {}
            now = self._now(wanted)
            entries = index.entries if index.holds(now) else _still_held(index, now, _digests(read_rows(self._storage)))
            return {video_id: _surveyed(video_id, entry.verdict) for video_id, entry in entries.items()}

    def _look(self) -> list[Surveyed]:
        wanted = self._wanted()
        now = self._now(wanted)
        held = self._index if self._index and self._index.settings == wanted.digest else None
        index = held or read_index(self._storage, wanted.digest)
        self._index = index if index.holds(now) else self._brought_up_to_date(index, now, wanted)
        return [_surveyed(video_id, entry.verdict) for video_id, entry in self._index.entries.items()]

    def _wanted(self) -> Wanted:
        """What is wanted now: what people have said meanwhile is another wish."""
        return Wanted(self._assets, replace(self._workshop))

    def _now(self, wanted: Wanted) -> Versions:
        manifest = self._storage.stat(keys.MANIFEST)
        receipts, failures = (_versions(self._storage, prefix) for prefix in (keys.RECEIPTS, keys.FAILURES))
        return Versions(manifest.version if manifest else "", receipts, failures, wanted.beside)

    def _brought_up_to_date(self, index: Index, now: Versions, wanted: Wanted) -> Index:
        rows = read_rows(self._storage)
        digests = _digests(rows)
        known = _still_held(index, now, digests)
        new = (rows.video(video_id) for video_id in rows.cells if video_id not in known)
        for video_id, verdict in _looked_at(new, _Look(wanted, False, now)):
            known[video_id] = _entry(verdict, video_id, digests[video_id], now)
        after = Index(wanted.digest, now.manifest, {video_id: known[video_id] for video_id in rows.cells})
        write_index(self._storage, index, after)
        return after


def _entry(verdict: Verdict, video_id: str, row: str, now: Versions) -> Entry:
    """What cannot be read may be mended without any book being written: that is looked at each time."""
    receipts = _NO_VERSION if _surveyed(video_id, verdict).is_unreadable else now.receipts.get(video_id, "")
    return Entry(verdict, row, receipts, now.failures.get(video_id, ""), now.beside.get(video_id, ""))


def _digests(rows: Rows) -> dict[str, str]:
    return {video_id: rows.digest(video_id) for video_id in rows.cells}


def _still_held(index: Index, now: Versions, digests: Mapping[str, str]) -> dict[str, Entry]:
    """The entries of videos of which nothing has changed since."""
    return {video_id: entry for video_id, entry in index.entries.items() if entry.row == digests.get(video_id) and now.fit(video_id, entry)}


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hundreds of thousands of new objects make Python search all of them for cycles again and again, which takes a third of the time; there are none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _surveyed(video_id: str, verdict: Verdict) -> Surveyed:
    return Surveyed(video_id, verdict.state, verdict.missing, verdict.stale, verdict.changed, verdict.reason, verdict.failure)


def _versions(storage: Storage, prefix: str) -> dict[str, str]:
    """The version of each object under a prefix, by the video that it is of."""
    return {stored.key[len(prefix) : -len(".json")]: stored.version for stored in storage.list(prefix)}


@dataclass(frozen=True)
class _Look:
    """How videos are looked at, some in a row."""

    wanted: Wanted
    thorough: bool
    listed: Versions | None = None
    """What is there to be read; None where that is found out by reading."""

    def __call__(self, videos: Sequence[Video]) -> list[tuple[str, Verdict]]:
        failures = [self._failure(video.video_id) for video in videos]
        standings = self._thorough(videos, failures) if self.thorough else self._believing(videos, failures)
        return [(video.video_id, _verdict(standing, failure)) for video, standing, failure in zip(videos, standings, failures, strict=True)]

    def _failure(self, video_id: str) -> NotedFailure | None:
        if self.listed is not None and video_id not in self.listed.failures:
            return None
        return read_failure(self.wanted.workshop.storage, video_id)

    def _thorough(self, videos: Sequence[Video], failures: Sequence[NotedFailure | None]) -> list[Standing]:
        return [stand(video, self.wanted, failure, thorough=True) for video, failure in zip(videos, failures, strict=True)]

    def _believing(self, videos: Sequence[Video], failures: Sequence[NotedFailure | None]) -> list[Standing]:
        """Reads before it judges: between reading and judging each, threads take Python from each other, at up to twice the work."""
        texts = [self._text(video.video_id) for video in videos]
        return [self._judged(*one) for one in zip(videos, failures, texts, strict=True)]

    def _text(self, video_id: str) -> bytes | None:
        if self.listed is not None and video_id not in self.listed.receipts:
            return None
        try:
            return self.wanted.workshop.storage.read(keys.receipts(video_id))
        except ObjectMissing:
            return None

    def _judged(self, video: Video, failure: NotedFailure | None, text: bytes | None) -> Standing:
        try:
            receipts = read_vouched(keys.receipts(video.video_id), text) if text is not None else {}
        except ObjectUnreadable as error:
            return unreadable(video, self.wanted, error)
        return judge(video, self.wanted, receipts, failure, believed)


def _looked_at(videos: Iterable[Video], look: _Look) -> Iterator[tuple[str, Verdict]]:
    """In the order given, a thread looking at some in a row: in a folder a look takes less time than handing it over."""
    storage, waiting = look.wanted.workshop.storage, iter(videos)
    rows = iter(lambda: list(islice(waiting, _IN_A_ROW)), [])
    for found in side_by_side(storage.lanes, look, rows):
        yield from found


def _verdict(standing: Standing, failure: NotedFailure | None) -> Verdict:
    missing, stale = (tuple(name for name, state in standing.assets.items() if state == wanted) for wanted in ("missing", "stale"))
    return Verdict(
        state=standing.state,
        missing=missing,
        stale=stale,
        changed=standing.changed,
        reason=standing.reason,
        failure=failure if standing.failed else None,
    )
