"""What a publication changes in the repository: which files go, which are taken away, and what that means in videos and rows."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from streamcap_dagster.hub.local import CARD, LocalDataset
from streamcap_dagster.hub.remote import Remote
from streamcap_dagster.storage import keys

RECORD = "streamcap.json"
"""In the repository: which of its files are ours, so that what others put there is left alone."""
CHANGELOG = "CHANGELOG.md"


@dataclass(frozen=True)
class Changes:
    """Paths to send and to take away; nothing of either when the repository holds the dataset as it is."""

    shards: tuple[str, ...] = ()
    small: tuple[str, ...] = ()
    """Files to send that are no shards."""
    removed: tuple[str, ...] = ()
    size_bytes: int = 0
    """Of all that is to be sent."""

    def __bool__(self) -> bool:
        return bool(self.shards or self.small or self.removed)


def compare(local: LocalDataset, remote: Remote, recorded: frozenset[str]) -> Changes:
    """What is to be done; `recorded` are the files of which the repository says that they are ours.

    A shard's name is a hash of what is in it, so one that is there in the same size need not even be read.
    """
    shards = [path for path in local.shards if path not in remote.files or remote.files[path].size_bytes != local.sizes.get(path)]
    small = [path for path, data in local.small.items() if path not in remote.files or not remote.files[path].is_of(data)]
    current = {*local.shards, *local.small}
    removed = [path for path in remote.files if path not in current and (path in recorded or keys.SHARD.fullmatch(path))]
    size_bytes = sum(local.sizes.get(path, 0) for path in (*shards, *small))
    return Changes(tuple(shards), tuple(small), tuple(removed), size_bytes)


def strange(remote: Remote) -> Iterator[str]:
    """Why a repository is not one for a dataset of ours: somebody else's card is in it. The Hub puts none into a new one."""
    if CARD in remote.files and RECORD not in remote.files:
        yield (
            f"the repository has a {CARD} that is not ours (there is no {RECORD}), and it would be overwritten: publish to another repository with --repo, "
            f"or delete that {CARD} there if nobody needs it"
        )


def write_record(local: LocalDataset) -> bytes:
    return (json.dumps({"files": sorted({*local.shards, *local.small})}, indent=0) + "\n").encode()


def read_record(data: bytes) -> frozenset[str]:
    """What cannot be read says of nothing that it is ours."""
    try:
        return frozenset(map(str, json.loads(data)["files"]))
    except (ValueError, KeyError, TypeError):
        return frozenset()


@dataclass(frozen=True)
class Difference:
    """What came and went, counted by video: `rows` per config as (there are now, added, removed)."""

    videos: int
    videos_added: int
    videos_removed: int
    rows: Mapping[str, tuple[int, int, int]]

    @property
    def sentence(self) -> str:
        if not self.videos_added and not self.videos_removed:
            return "The same videos as before."
        added = f"{_videos(self.videos_added)} added" if self.videos_added else ""
        removed = f"{_videos(self.videos_removed)} removed" if self.videos_removed else ""
        return f"{' and '.join(part for part in (added, removed) if part)}."


Rows = Mapping[str, Counter[str]]
"""Rows of each shard, by video."""


def difference(now: Rows, before: Rows) -> Difference:
    """Between the shards of the dataset now and those of the dataset before."""
    new, old = _by_config(now), _by_config(before)
    videos, videos_before = _videos_of(now.values()), _videos_of(before.values())
    rows = {}
    for config in sorted({*new, *old}):
        has, had = new.get(config, Counter()), old.get(config, Counter())
        rows[config] = has.total(), (has - had).total(), (had - has).total()
    return Difference(len(videos), len(videos - videos_before), len(videos_before - videos), rows)


def _by_config(rows: Rows) -> dict[str, Counter[str]]:
    of: dict[str, Counter[str]] = {}
    for path, counted in rows.items():
        of.setdefault(path.partition("/")[0], Counter()).update(counted)
    return of


def _videos_of(counts: Iterable[Counter[str]]) -> set[str]:
    return {video_id for counted in counts for video_id in counted}


def _videos(count: int) -> str:
    return "1 video" if count == 1 else f"{count:,} videos"
