"""How a video stands: which of its assets exist, which would be made anew, and what its last attempt failed on. Makes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from streamcap_dagster.assets.walk import SOURCE
from streamcap_dagster.assets.wanted import Wanted
from streamcap_dagster.assets.work import PerVideoAsset, Workshop
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Clips, Video
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.failures import Failure
from streamcap_dagster.storage.receipt_text import Vouched, vouched_of
from streamcap_dagster.storage.receipts import Receipts, is_current, read_receipts

AssetState = Literal["made", "stale", "missing"]
VideoState = Literal["complete", "skipped", "incomplete", "stale", "failed", "unusable", "removed", "forgotten"]


@dataclass(frozen=True)
class Standing:
    """How one video stands."""

    video: Video
    state: VideoState
    assets: dict[str, AssetState]
    counts: dict[str, dict[str, int]]
    """What each made asset holds, in numbers."""
    reason: str = ""
    """Why it failed, was skipped or cannot be used."""
    changed: bool = False
    """Whether the file at the source has other bytes than what exists was made from."""
    failed: bool = False
    """Whether its last failure still holds."""


def standing_of(video: Video, assets: Sequence[PerVideoAsset], workshop: Workshop, failure: Failure | None) -> Standing:
    """Compare what is stored of a video with what would be made of it now; looks for every object.

    A failure counts as long as nothing has changed since: where the asset that failed would be made from something else now, it may go well.
    """
    return stand(video, Wanted(assets, workshop), failure, thorough=True)


def stand(video: Video, wanted: Wanted, failure: Failure | None, *, thorough: bool) -> Standing:
    """`standing_of` for whoever looks at many videos; without `thorough` receipts are believed."""
    storage = wanted.workshop.storage
    try:
        receipts = read_receipts(storage, video.video_id)
    except ObjectUnreadable as error:
        return unreadable(video, wanted, error)

    def is_there(asset: str) -> bool:
        receipt = receipts.of(asset)
        return receipt is not None and is_current(storage, receipt, receipt.fingerprint)

    standing = judge(video, wanted, vouched_of(receipts), failure, is_there if thorough else believed)
    return replace(standing, counts={receipt.asset: receipt.counts for receipt in receipts.receipts})


def believed(asset: str) -> bool:
    """For whoever does not look for objects."""
    del asset
    return True


def judge(video: Video, wanted: Wanted, receipts: Mapping[str, Vouched], failure: Failure | None, is_there: Callable[[str], bool]) -> Standing:
    """How a video stands by its receipts; `is_there` tells whether the objects of an asset that is up to date exist. Without counts."""
    states: dict[str, AssetState] = {}
    wanted_now = wanted.of_video(video, receipts)
    for name, asset in wanted.assets.items():
        states[name] = _asset_state(asset, receipts.get(name), wanted_now, states, is_there)
    if failure is not None and not _still_holds(failure, wanted.assets.get(failure.asset), wanted_now, states):
        failure = None
    state = _video_state(video, states, failure)
    changed = any(states[name] == "stale" and receipts[name].inputs.get(SOURCE) != video.content for name in wanted.made_of_the_file)
    if state == "complete":
        try:
            skipped = _why_skipped(wanted.workshop.storage, video.video_id, receipts.get("clips"))
        except (ObjectMissing, ObjectUnreadable) as error:
            return Standing(video, "failed", states, {}, f"video {video.video_id}: {error}", changed)
        return Standing(video, "skipped" if skipped else "complete", states, {}, skipped, changed)
    if state == "failed" and failure is not None:
        return Standing(video, state, states, {}, failure.reason, changed, failed=True)
    return Standing(video, state, states, {}, video.trouble, changed)


def unreadable(video: Video, wanted: Wanted, error: ObjectUnreadable) -> Standing:
    """A video whose receipts cannot be read, so that nothing is known of what was made."""
    states: dict[str, AssetState] = dict.fromkeys(wanted.assets, "missing")
    if video.status != "ok":
        return Standing(video, _video_state(video, states, None), states, {}, video.trouble)
    return Standing(video, "failed", states, {}, str(error))


def why_skipped(storage: Storage, receipts: Receipts) -> str:
    """Why a video has no clip, as a sentence that names it; empty when it has one or it is not known yet."""
    return _why_skipped(storage, receipts.owner, receipts.of("clips"))


def _why_skipped(storage: Storage, video_id: str, chosen: Vouched | None) -> str:
    if chosen is None or chosen.counts.get("clips"):
        return ""
    return f"video {video_id}: {read_record(storage, keys.clips(video_id), Clips).skipped}"


def _asset_state(
    asset: PerVideoAsset,
    receipt: Vouched | None,
    wanted_now: Callable[[PerVideoAsset], str | None],
    upstream: Mapping[str, AssetState],
    is_there: Callable[[str], bool],
) -> AssetState:
    if receipt is None:
        return "missing"
    if _any_unmade(asset, upstream) or receipt.fingerprint != wanted_now(asset):
        return "stale"
    return "made" if is_there(asset.name) else "missing"


def _any_unmade(asset: PerVideoAsset, states: Mapping[str, AssetState]) -> bool:
    for dep in asset.deps:  # noqa: SIM110 - asked a million times for a large corpus, where a generator doubles its time
        if states.get(dep, "made") != "made":
            return True
    return False


def _still_holds(failure: Failure, asset: PerVideoAsset | None, wanted_now: Callable[[PerVideoAsset], str | None], states: Mapping[str, AssetState]) -> bool:
    """Whether the asset that failed would be made from the same things again. One that does not say from what is believed."""
    if not failure.fingerprint:
        return True
    return asset is not None and not _any_unmade(asset, states) and wanted_now(asset) == failure.fingerprint


def _video_state(video: Video, states: Mapping[str, AssetState], failure: Failure | None) -> VideoState:
    if video.status != "ok":
        return "unusable" if video.status == "failed" else video.status
    if failure is not None:
        return "failed"
    if "missing" in states.values():
        return "incomplete"
    return "stale" if "stale" in states.values() else "complete"
