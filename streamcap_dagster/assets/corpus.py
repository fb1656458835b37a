"""What the assets of the whole corpus share: which videos are in, which are not and why, and whether there is anything to do."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

import dagster as dg

from streamcap_dagster.assets.corpus_checks import NAMED, ROWS, SPLITS_APART, VERSION, every_video_is_in, forbids, no_fault
from streamcap_dagster.assets.walk import inputs_of
from streamcap_dagster.assets.work import PerVideoAsset, places
from streamcap_dagster.dataset.checking import ReadBack, split_faults
from streamcap_dagster.dataset.grouping.stored import read_groups
from streamcap_dagster.dataset.splits import Split, assign_splits
from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.partitions import Materialized
from streamcap_dagster.policies import SplitPolicy
from streamcap_dagster.quality.verdicts import POOR_COUNT
from streamcap_dagster.records import Outcome, Video
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.failures import read_failures
from streamcap_dagster.storage.leases import turn
from streamcap_dagster.storage.receipts import (
    Receipt,
    Receipts,
    StoredObject,
    content_hash,
    fingerprint,
    is_current,
    read_receipts,
    receipts_of,
    write_receipts,
)
from streamcap_dagster.videos.manifest import read_manifest

HASHES = "frame_hashes"
"""The asset by which videos are compared."""
_WEIGHED = ("frames", "sft_examples", "preference_examples")
_TOLD = ("initial_captions", "delta_captions")
_MEASURED = "caption_quality"


@dataclass(frozen=True)
class Corpus:
    """The videos that have everything an asset needs, in order of id, and those that are left out with the reason."""

    videos: tuple[Video, ...]
    splits: dict[str, Split]
    groups: dict[str, str]
    """The group of each video, by which it has its split."""
    contents: dict[str, str]
    """Content hash by `<video_id>/<asset>`: what the asset is made from."""
    left_out: dict[str, str]
    gone: tuple[str, ...] = ()
    """Videos whose files are gone from the source: of those left out, the ones that are not expected back."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Size of what makes videos heavy, by key, as their receipts tell it."""
    failed: tuple[str, ...] = ()
    """Videos that are left out because they failed."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """How many windows of the videos have which outcome."""
    poor: tuple[str, ...] = ()
    """Videos with a finding that is an error, as their captioner left them: people may have mended them since."""


@dataclass(frozen=True)
class Built:
    """What came out of building an asset of the whole corpus."""

    objects: tuple[StoredObject, ...]
    hashes: tuple[str, ...]
    counts: dict[str, int]
    left_out: dict[str, str] = field(default_factory=dict)
    """Videos that turned out to be unusable while building, with the reason."""
    found: ReadBack = field(default_factory=ReadBack)
    """What reading it back told."""


def read_corpus(storage: Storage, settings: Settings, chain: Sequence[PerVideoAsset], of: Sequence[str]) -> Corpus:
    """Look at the receipts of every usable video of the manifest; videos that are gone from the source are dropped, and of those that were
    taken down nothing is said.

    A video is in when all of `chain` was made and each from what the others are now, so that no two assets of the corpus disagree on who is in;
    and where its hashes are of the chain, when it was compared by them with the others, for else a copy of it may be in another split.
    """
    found = Grouped(storage, chain)
    failures = {failure.video_id: failure.reason for failure in read_failures(storage)}
    videos: list[Video] = []
    contents: dict[str, str] = {}
    left_out: dict[str, str] = {}
    sizes: dict[str, int] = {}
    outcomes: Counter[str] = Counter()
    poor: list[str] = []
    manifest = sorted((video for video in read_manifest(storage).values() if video.status != "forgotten"), key=lambda video: video.video_id)
    for video, receipts in zip(manifest, receipts_of(storage, [video.video_id for video in manifest]), strict=True):
        if isinstance(receipts, ObjectUnreadable):
            left_out[video.video_id] = str(receipts)
            continue
        why = video.trouble if video.status != "ok" else gap(video, receipts, chain) or found.gap(video, receipts)
        if why:
            left_out[video.video_id] = failures.get(video.video_id, why)
            continue
        videos.append(video)
        for receipt in receipts.receipts:
            if receipt.asset in of:
                contents[f"{video.video_id}/{receipt.asset}"] = receipt.content_hash
                sizes |= {stored.key: stored.size_bytes for stored in receipt.objects if receipt.asset in _WEIGHED}
            if receipt.asset in _TOLD:
                outcomes.update({outcome: receipt.counts.get(outcome, 0) for outcome in get_args(Outcome)})
            if receipt.asset == _MEASURED and receipt.counts.get(POOR_COUNT):
                poor.append(video.video_id)
    groups = {video.video_id: found.group_of(video) for video in videos}
    splits = assign_splits(groups, settings.policy(SplitPolicy), {found.group_of(video) for video in manifest if video.status == "ok"})
    gone = tuple(video.video_id for video in manifest if video.status == "removed")
    failed = tuple(video_id for video_id in left_out if video_id in failures)
    return Corpus(tuple(videos), splits, groups, contents, left_out, gone, sizes, failed, +outcomes, tuple(poor))


def gap(video: Video, receipts: Receipts, chain: Sequence[PerVideoAsset]) -> str:
    """Why a video is not in: what was not made, or was made from what is no longer there. Empty when nothing is wrong."""
    missing = [asset.name for asset in chain if receipts.of(asset.name) is None]
    if missing:
        return f"video {video.video_id}: {', '.join(missing)} not made yet"
    for asset in chain:
        receipt = receipts.of(asset.name)
        if receipt is not None and receipt.inputs != inputs_of(asset, video, receipts):
            return f"video {video.video_id}: {asset.name} was made from something older than there is now; make it again"
    return ""


class _Known(NamedTuple):
    """What is told of a video where groups are told; of very many videos their records would take several times the memory."""

    group: str
    sha256: str
    hashes: str


class Grouped:
    """The groups as they were last found."""

    def __init__(self, storage: Storage, chain: Sequence[PerVideoAsset]) -> None:
        self._needed = any(asset.name == HASHES for asset in chain)
        self._videos = {video.video_id: _Known(group.group, video.sha256, video.hashes) for group in read_groups(storage).groups for video in group.videos}

    def group_of(self, video: Video) -> str:
        """The group of a video; of one that is in none that which the source gave it, or its bytes."""
        known = self._videos.get(video.video_id)
        return known.group if known is not None and known.sha256 == video.sha256 else video.group or video.sha256

    def gap(self, video: Video, receipts: Receipts) -> str:
        """Why the group of a video is not known; empty when it is."""
        if not self._needed:
            return ""
        receipt, known = receipts.of(HASHES), self._videos.get(video.video_id)
        if receipt is not None and known is not None and known.sha256 == video.sha256 and known.hashes == receipt.content_hash:
            return ""
        return f"video {video.video_id}: it was not compared with the other videos yet; make video_groups"


MoreChecks = Callable[[Corpus, Mapping[str, int]], list[dg.AssetCheckResult]]
"""Of the corpus, and of what was counted when the asset was built."""


def _none(corpus: Corpus, counts: Mapping[str, int]) -> list[dg.AssetCheckResult]:
    del corpus, counts
    return []


AlsoFrom = Callable[[Corpus], Mapping[str, str]]


def _nothing_more(corpus: Corpus) -> Mapping[str, str]:
    del corpus
    return {}


def materialize(
    context: dg.AssetExecutionContext,
    storage: Storage,
    read: Callable[[], Corpus],
    build: Callable[[Corpus], Built],
    more_checks: MoreChecks = _none,
    also_from: AlsoFrom = _nothing_more,
) -> Materialized:
    """Build an asset of the whole corpus unless what exists was made from exactly this, and from what `also_from` tells by name; reports what is in
    and what is not.
    """
    name = context.asset_key.path[-1]
    owner = f"_{name}"
    with turn(storage, owner):
        corpus = read()  # only now, so that of two runs the later one builds from the later corpus
        placed = {f"{video_id}/split": f"{split} {corpus.groups[video_id]}" for video_id, split in corpus.splits.items()}
        wanted = fingerprint(str(context.assets_def.code_versions_by_key[context.asset_key]), {**corpus.contents, **placed, **also_from(corpus)})
        receipt = read_receipts(storage, owner).of(name)
        reused = receipt is not None and receipt.checked == VERSION and is_current(storage, receipt, wanted)
        left_out, faults = dict(corpus.left_out), dict[str, list[str]]()
        if receipt is None or not reused:
            write_receipts(storage, Receipts(owner=owner))
            built = build(corpus)
            left_out |= built.left_out
            faults = _faults(corpus, built.found)
            receipt = Receipt(
                asset=name, fingerprint=wanted, content_hash=content_hash(built.hashes), objects=built.objects, counts=built.counts, checked=VERSION
            )
        checks = [
            every_video_is_in(left_out),
            *(no_fault(check, faults.get(check, ()), reused) for check in (ROWS, SPLITS_APART)),
            *more_checks(corpus, receipt.counts),
        ]
        if any(map(forbids, checks)):  # nobody is to make anything of it, and it is tried again next time
            write_receipts(storage, Receipts(owner=owner))
        elif not reused:  # one that had to leave something out is tried again too, though it is good
            vouched = receipt if left_out == corpus.left_out else receipt.model_copy(update={"fingerprint": ""})
            write_receipts(storage, Receipts(owner=owner, receipts=(vouched,)))
    return _result(receipt, storage, corpus, left_out, reused, checks)


def _faults(corpus: Corpus, found: ReadBack) -> dict[str, list[str]]:
    return {ROWS: found.faults, SPLITS_APART: list(split_faults(found.seen, corpus.groups))}


def _result(receipt: Receipt, storage: Storage, corpus: Corpus, left_out: dict[str, str], reused: bool, checks: Sequence[dg.AssetCheckResult]) -> Materialized:
    return Materialized(
        metadata={
            "reused": dg.MetadataValue.bool(reused),
            "videos": dg.MetadataValue.int(len(corpus.videos)),
            "left_out": dg.MetadataValue.json(left_out),
            **{name: dg.MetadataValue.int(count) for name, count in receipt.counts.items()},
            **places(storage, [stored.key for stored in receipt.objects[:NAMED]]),
        },
        data_version=dg.DataVersion(receipt.content_hash),
        check_results=checks,
    )
