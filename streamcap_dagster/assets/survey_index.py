"""What surveys found out, kept so that the next need not find it out again. It only saves work: without it everything comes out the same."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from streamcap_dagster.assets.standing import VideoState
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable, StreamcapError
from streamcap_dagster.records import Record
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.failures import NotedFailure

_WORTH_A_WRITE = 500
"""Videos that were looked at anew, from which on the index is written: few are looked at again in less time than that takes."""

logger = logging.getLogger(__name__)


class Verdict(Record):
    """How a video stands; see `survey.Surveyed`."""

    state: VideoState
    missing: tuple[str, ...]
    stale: tuple[str, ...]
    changed: bool
    reason: str
    failure: NotedFailure | None


class Entry(NamedTuple):
    """What was found out about a video, and when it does not hold any more."""

    verdict: Verdict
    row: str
    """Digest of its row in the manifest."""
    receipts: str
    """Version of its receipts, empty when it has none."""
    failure: str
    """Version of its failure, empty when it has none."""
    beside: str
    """Version of what is kept for it alone, such as what people said of it; empty when there is nothing."""


@dataclass(frozen=True)
class Versions:
    """What is there now: the manifest's version, and by video those of receipts, failures and what is kept for single videos."""

    manifest: str
    receipts: Mapping[str, str]
    failures: Mapping[str, str]
    beside: Mapping[str, str]

    def fit(self, video_id: str, entry: Entry) -> bool:
        """Whether a video's receipts and failure, and what is kept for it alone, are those that an entry speaks of."""
        books = entry.receipts == self.receipts.get(video_id, "") and entry.failure == self.failures.get(video_id, "")
        return books and entry.beside == self.beside.get(video_id, "")


@dataclass(frozen=True)
class Index:
    """`settings` and `manifest` say what all entries were made under."""

    settings: str
    manifest: str = ""
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def holds(self, now: Versions) -> bool:
        """Whether nothing at all has changed."""
        return bool(now.manifest) and self.manifest == now.manifest and all(now.fit(*entry) for entry in self.entries.items())


class _Columns(Record):
    """`ledger/survey.json`: one value per video in each of the last six; equal verdicts are kept once."""

    settings: str
    manifest: str
    verdicts: tuple[Verdict, ...]
    video_id: tuple[str, ...]
    verdict: tuple[int, ...]
    row: tuple[str, ...]
    receipts: tuple[str, ...]
    failure: tuple[str, ...]
    beside: tuple[str, ...] = ()


def read_index(storage: Storage, settings: str) -> Index:
    """What was found out under these settings; empty when there is nothing, or nothing that can be read."""
    try:
        kept = read_record(storage, keys.SURVEY, _Columns)
        if kept.settings != settings:
            return Index(settings)
        verdicts = (kept.verdicts[number] for number in kept.verdict)
        entries = map(Entry._make, zip(verdicts, kept.row, kept.receipts, kept.failure, kept.beside, strict=True))
        return Index(settings, kept.manifest, dict(zip(kept.video_id, entries, strict=True)))
    except ObjectMissing:
        return Index(settings)
    except (ObjectUnreadable, IndexError, ValueError) as error:
        logger.warning("%s cannot be used (%s), so all receipts are read again. That is all it costs.", keys.SURVEY, error)
        return Index(settings)


def write_index(storage: Storage, before: Index, index: Index) -> None:
    """Keep the index when enough is new in it; where nothing can be written nothing is lost."""
    if sum(before.entries.get(video_id) is not entry for video_id, entry in index.entries.items()) < _WORTH_A_WRITE:
        return
    numbers: dict[Verdict, int] = {}
    verdict = tuple(numbers.setdefault(entry.verdict, len(numbers)) for entry in index.entries.values())
    columns = _Columns.model_construct(
        settings=index.settings,
        manifest=index.manifest,
        verdicts=tuple(numbers),
        video_id=tuple(index.entries),
        verdict=verdict,
        row=tuple(entry.row for entry in index.entries.values()),
        receipts=tuple(entry.receipts for entry in index.entries.values()),
        failure=tuple(entry.failure for entry in index.entries.values()),
        beside=tuple(entry.beside for entry in index.entries.values()),
    )
    try:
        storage.afresh().write(keys.SURVEY, columns.model_dump_json().encode())
    except (StreamcapError, OSError) as error:
        logger.debug("%s was not written: %s", keys.SURVEY, error)
