"""How a video stands: which of its assets exist, which would be made anew, and what its last attempt failed on. Makes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from streamcap_dagster.assets.walk import NotMadeYet, fingerprint_of, inputs_of
from streamcap_dagster.assets.work import PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.records import Clips, Video
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.failures import Failure
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


def standing_of(video: Video, assets: Sequence[PerVideoAsset], workshop: Workshop, failure: Failure | None) -> Standing:
    """Compare what is stored of a video with what would be made of it now."""
    try:
        receipts = read_receipts(workshop.storage, video.video_id)
    except ObjectUnreadable as error:
        return Standing(video, "failed", {asset.name: "missing" for asset in assets}, {}, str(error))
    work = VideoWork(video, workshop)
    states: dict[str, AssetState] = {}
    for asset in assets:
        states[asset.name] = _asset_state(asset, work, receipts, states)
    counts = {receipt.asset: receipt.counts for receipt in receipts.receipts}
    state = _video_state(video, states, failure)
    if state == "complete" and (skipped := why_skipped(workshop.storage, receipts)):
        return Standing(video, "skipped", states, counts, skipped)
    reason = failure.reason if state == "failed" and failure is not None else video.trouble
    return Standing(video, state, states, counts, reason)


def why_skipped(storage: Storage, receipts: Receipts) -> str:
    """Why a video has no clip, as a sentence that names it; empty when it has one or it is not known yet."""
    chosen = receipts.of("clips")
    if chosen is None or chosen.counts.get("clips"):
        return ""
    return f"video {receipts.owner}: {read_record(storage, keys.clips(receipts.owner), Clips).skipped}"


def _asset_state(asset: PerVideoAsset, work: VideoWork, receipts: Receipts, upstream: dict[str, AssetState]) -> AssetState:
    receipt = receipts.of(asset.name)
    if receipt is None:
        return "missing"
    try:
        wanted = fingerprint_of(asset, work, inputs_of(asset, work.video, receipts))
    except NotMadeYet:
        return "stale"
    if any(upstream.get(dep, "made") != "made" for dep in asset.deps) or receipt.fingerprint != wanted:
        return "stale"
    return "made" if is_current(work.storage, receipt, wanted) else "missing"


def _video_state(video: Video, states: dict[str, AssetState], failure: Failure | None) -> VideoState:
    if video.status != "ok":
        return "unusable" if video.status == "failed" else video.status
    if failure is not None:
        return "failed"
    if "missing" in states.values():
        return "incomplete"
    return "stale" if "stale" in states.values() else "complete"
