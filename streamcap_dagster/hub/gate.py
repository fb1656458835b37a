"""The gate before anything is sent: every fault of the dataset in one list, so that it can be mended in one go."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import pyarrow as pa

from streamcap_dagster.errors import ObjectMissing, StreamcapError
from streamcap_dagster.hub.despite import errors_of, receipt_of
from streamcap_dagster.hub.local import CARD, CROISSANT, LocalDataset
from streamcap_dagster.hub.shard_facts import Said, ShardFacts, read_facts
from streamcap_dagster.hub.texts import placeholders
from streamcap_dagster.quality.verdicts import MEASURED_COUNT
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.tombstones import read_tombstones

VIDEOS_NAMED = 10

HashOf = Callable[[BinaryIO, str], str]
"""The hash that a shard of a config is to be called after."""


@dataclass
class Gate:
    """Looks at datasets; a shard that was looked at once is not looked at again, however often the dataset has to be sent."""

    allow_rehearsal: bool
    hash_of: HashOf
    despite: str = ""
    """Why errors of quality are no faults."""
    facts: dict[str, ShardFacts] = field(default_factory=dict)
    """By shard."""
    _closely: set[str] = field(default_factory=set)

    def faults(self, local: LocalDataset, to_send: Collection[str], public: bool) -> list[str]:
        """What is wrong, also with shards that are published already; pictures and texts are looked at in those to be sent alone."""
        broken = [fault for path in local.shards for fault in self._look(local, path, path in to_send)]
        found = [self.facts[path] for path in local.shards if path in self.facts]
        whole = [*_taken_down(found, read_tombstones(local.storage).video_ids), *_unchecked(local), *self._split_faults(local), *self._card_faults(local)]
        return [*broken, *whole, *_spoken(found), *self._allowed(local, found), *(_unlicensed(found) if public else ())]

    def _allowed(self, local: LocalDataset, found: Sequence[ShardFacts]) -> Iterator[str]:
        """What a person may allow to be published all the same."""
        yield from _rehearsed(found, self.allow_rehearsal)
        if not self.despite.strip():
            fix = "mend it, or add --despite (in Dagster, `despite` of the run) with the reason to publish it all the same this once, which its card then tells"
            yield from (f"the quality of the dataset: {error}: {fix}" for error in errors_of(local.storage))

    def _look(self, local: LocalDataset, path: str, closely: bool) -> list[str]:
        if path not in local.sizes:
            return [f"{path}: the card names it, and it is not there"]
        if path not in self.facts or (closely and path not in self._closely):
            try:
                with local.storage.open(local.key(path)) as file:
                    self.facts[path] = self._read(file, path, closely)
            except ObjectMissing:  # it was there when the folder was listed
                raise
            except (pa.ArrowException, OSError, StreamcapError) as error:
                return [f"{path}: it cannot be read: {error}"]
            if closely:
                self._closely.add(path)
        name = keys.SHARD.fullmatch(path)
        misplaced = [] if name and (name["config"], name["split"]) == local.shards[path] else [f"{path}: the card has it in {'/'.join(local.shards[path])}"]
        return [*misplaced, *(f"{path}: {fault}" for fault in self.facts[path].faults)]

    def _read(self, file: BinaryIO, path: str, closely: bool) -> ShardFacts:
        facts, name = read_facts(file, closely), keys.SHARD.fullmatch(path)
        if closely and name:
            file.seek(0)
            if self.hash_of(file, name["config"]) != name["hash"]:
                facts.faults.append("its rows are not those that it is called after: delete it and build the dataset anew (`streamcap run`)")
        return facts

    def _split_faults(self, local: LocalDataset) -> Iterator[str]:
        """Of videos, and of what the splits are decided by, that are in more than one split."""
        splits: dict[str, set[str]] = {}
        for path, (_, split) in local.shards.items():
            facts = self.facts.get(path, ShardFacts())
            for name in (*(f"video {video_id}" for video_id in facts.rows), *(f"group {group}" for group in facts.groups.values())):
                splits.setdefault(name, set()).add(split)
        for name, among in splits.items():
            if len(among) > 1:
                yield f"{name} is in the splits {' and '.join(sorted(among))}, so that one tells of the other: build the dataset anew (`streamcap run`)"

    def _card_faults(self, local: LocalDataset) -> Iterator[str]:
        counted: Counter[tuple[str, str]] = Counter()
        for path, place in local.shards.items():
            counted[place] += self.facts[path].rows.total() if path in self.facts else 0
        declared = local.declared_rows
        if not declared:
            yield f"{CARD}: there are no rows: make examples first (`streamcap run`)"
        for place in sorted({*counted, *declared}):
            if counted[place] != declared.get(place, 0):
                yield f"{CARD}: the card says {declared.get(place, 0):,} rows for {'/'.join(place)}, and its shards hold {counted[place]:,}"
        yield from _described_faults(local)
        yield from (f"{CARD}: the card holds {what}" for what in placeholders(local.small[CARD].decode()))


def _taken_down(found: Sequence[ShardFacts], taken_down: Collection[str]) -> Iterator[str]:
    held = {video_id for facts in found for video_id in facts.rows if video_id in taken_down}
    if held:
        yield f"{_named(held)} taken down, and the dataset still has their rows: build the dataset anew (`streamcap run`)"


def _unchecked(local: LocalDataset) -> Iterator[str]:
    """The receipt that a build leaves when all its checks were passed is of the card as it is, and the card of all else. Where it counts nothing of
    the quality, no check found an error in it because none looked.
    """
    receipt = receipt_of(local.storage)
    if receipt is None or not receipt.checked or receipt.content_hash != hashlib.sha256(local.small[CARD]).hexdigest():
        yield (
            f"{CARD}: this is not a dataset that has passed its checks: it is being built just now, it failed them, or it was changed by hand. "
            "Build it anew (`streamcap run`), which tells what is wrong if anything is"
        )
    elif not receipt.counts.get(MEASURED_COUNT):
        yield f"{CARD}: the quality of its captions was never measured: build it anew (`streamcap run`)"


def _described_faults(local: LocalDataset) -> Iterator[str]:
    """The description is written a moment before the card, and a build may end in between."""
    if CROISSANT not in local.small:
        return
    try:
        same = local.described == local.shards.keys()
    except (ValueError, KeyError, TypeError) as error:
        yield f"{CROISSANT}: it cannot be read: {error}. Build the dataset anew (`streamcap run`)"
        return
    if not same:
        yield f"{CROISSANT}: it names other shards than the card, as while the dataset is being built: build it anew, or wait until it is (`streamcap run`)"


def _spoken(found: Sequence[ShardFacts]) -> Iterator[str]:
    """What must not be in a text, once for a video, where it was said."""
    places: dict[tuple[str, str], Said] = {}
    for key, said in (item for facts in found for item in facts.said.items()):
        if key not in places or (said.exact and not places[key].exact):
            places[key] = said
    yield from (f"video {video_id}, {said.where}: its text holds {what}" for (video_id, what), said in places.items())


def _rehearsed(found: Sequence[ShardFacts], allowed: bool) -> Iterator[str]:
    if allowed:
        return
    makers = {video_id: maker for facts in found for video_id, maker in (facts.rehearsed or {}).items()}
    told = {video_id for facts in found if facts.rehearsed is not None for video_id in facts.rows}
    untold = {video_id for facts in found for video_id in facts.rows} - told
    if makers:
        who = " and ".join(sorted(set(makers.values())))
        yield (
            f"{_named(makers)} captioned by {who}, which understands nothing, so that nobody should train on it: caption with a model that sees, "
            "or add --allow-rehearsal"
        )
    if untold:
        yield f"{_named(untold)} captioned nobody knows by whom: build the dataset anew (`streamcap run`), or add --allow-rehearsal"


def _unlicensed(found: Sequence[ShardFacts]) -> Iterator[str]:
    unknown = {video_id for facts in found for video_id in (facts.rows if facts.unlicensed is None else facts.unlicensed)}
    if unknown:
        yield (
            f"{_named(unknown)} of unknown licence, which nobody may publish: give it in the column `license` of metadata.csv in the source and "
            "build the dataset anew, take the video out, or publish privately"
        )


def _named(video_ids: Collection[str]) -> str:
    """`1 video (life) is` or `12 videos (a, b, … and 2 more) are`, to go on from."""
    listed = sorted(video_ids)
    more = f" and {len(listed) - VIDEOS_NAMED:,} more" if len(listed) > VIDEOS_NAMED else ""
    count = "1 video" if len(listed) == 1 else f"{len(listed):,} videos"
    return f"{count} ({', '.join(listed[:VIDEOS_NAMED])}{more}) {'is' if len(listed) == 1 else 'are'}"
