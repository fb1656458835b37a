"""Which videos show the same, so that no copy of a video that is trained on is in a held-out split."""

import base64
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256

import dagster as dg

from streamcap_dagster.assets.clips import clips
from streamcap_dagster.assets.corpus import gap
from streamcap_dagster.assets.corpus_checks import NAMED
from streamcap_dagster.assets.frames import frame_hashes, frames
from streamcap_dagster.assets.videos import raw_videos
from streamcap_dagster.assets.work import places
from streamcap_dagster.dataset.grouping.candidates import same_pairs
from streamcap_dagster.dataset.grouping.clusters import Member, group_videos
from streamcap_dagster.dataset.grouping.given import read_given_groups
from streamcap_dagster.dataset.grouping.likeness import RULE, HashedVideo, hashed_video
from streamcap_dagster.dataset.grouping.records import AlikeVideos, VideoGroup, VideoGroups
from streamcap_dagster.dataset.grouping.stored import read_aged_groups, write_groups
from streamcap_dagster.dataset.markdown import plain, table
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.frames.pairs_sheet import Moment, pairs_sheet
from streamcap_dagster.partitions import Materialized
from streamcap_dagster.records import FrameHashes
from streamcap_dagster.resources.storage import StorageResource
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.leases import turn
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.storage.receipts import Receipt, Receipts, StoredObject, fingerprint, is_current, read_receipts, receipts_of, write_receipts
from streamcap_dagster.videos.manifest import read_manifest

VIDEO_GROUPS = "video_groups"
COMPARED = "every_video_is_compared"
SMALL = "no_group_is_too_large"
LARGEST_SHARE = 0.2
"""Share of the videos beyond which a group that was found is more likely a mistake, such as a title that all of them begin with."""
_FEW = 20
"""Of fewer videos a share says nothing."""
_HASHED = (raw_videos, clips, frames, frame_hashes)
_OWNER = f"_{VIDEO_GROUPS}"
_PAIRS_SHOWN = 4


def video_groups_asset(settings: Settings) -> dg.AssetsDefinition:
    """`video_groups`, which takes in the hashes of all videos."""

    @dg.asset(
        name=VIDEO_GROUPS,
        deps=[dg.AssetDep(frame_hashes.name, partition_mapping=dg.AllPartitionMapping()), "video_catalog"],
        group_name="dataset",
        kinds={"json"},
        owners=["team:streamcap"],
        code_version=f"2-{sha256(RULE.encode()).hexdigest()[:8]}",
        check_specs=[
            dg.AssetCheckSpec(COMPARED, asset=VIDEO_GROUPS, description="Warns of videos that were not compared with the others, with the reason."),
            dg.AssetCheckSpec(
                SMALL, asset=VIDEO_GROUPS, description=f"Warns of a group that was found and holds more than {LARGEST_SHARE:.0%} of {_FEW} or more videos."
            ),
        ],
    )
    def video_groups(context: dg.AssetExecutionContext, storage: StorageResource) -> Materialized:
        """`processed/groups.json`: which videos belong together, by which the dataset is divided into splits.

        Videos share a group when they have the same bytes, when their pictures are the same (also re-encoded, resized, cropped by up to a tenth,
        with black bars, trimmed), or when the source or a person says so. A group of the source only joins; STREAMCAP_GROUPS_CSV, a file
        `video_id,group`, goes before that and before what is found, and keeps apart too. A group keeps its name as videos come and go; of two
        that turn out to be one the older name stays.
        Reads the hashes of every video; 10,000 videos of a minute take some seconds. Costs nothing.
        """
        keeping = storage.open()
        with turn(keeping, _OWNER):
            return _bring_up_to_date(context, keeping, settings)

    return video_groups


@dataclass(frozen=True)
class _Seen:
    """What there is to be grouped."""

    members: tuple[Member, ...]
    not_compared: dict[str, str]
    """Videos without hashes, or without ones that fit, and why."""
    unknown: tuple[str, ...]
    """Videos that a person gave a group, and that the catalog does not know."""


def _bring_up_to_date(context: dg.AssetExecutionContext, storage: Storage, settings: Settings) -> Materialized:
    before = read_aged_groups(storage)
    seen = _look(storage, settings, before)
    made_from = {member.video_id: f"{member.sha256} {member.hashes} {member.given}\n{member.source}" for member in seen.members}
    wanted = fingerprint(str(context.assets_def.code_versions_by_key[context.asset_key]), made_from)
    receipt = read_receipts(storage, _OWNER).of(VIDEO_GROUPS)
    if receipt is not None and is_current(storage, receipt, wanted):
        return _result(storage, receipt, before, before, seen, reused=True)
    write_receipts(storage, Receipts(owner=_OWNER))
    groups, unreadable = _grouped(storage, seen.members, before)
    data = write_groups(storage, groups)
    receipt = Receipt(
        asset=VIDEO_GROUPS,
        fingerprint=wanted,
        content_hash=sha256(data).hexdigest(),
        objects=(StoredObject(key=keys.GROUPS, size_bytes=len(data)),),
        counts=_counts(groups),
    )
    if not unreadable:  # else it is tried again next time
        write_receipts(storage, Receipts(owner=_OWNER, receipts=(receipt,)))
    return _result(storage, receipt, groups, before, replace(seen, not_compared=seen.not_compared | unreadable), reused=False)


def _look(storage: Storage, settings: Settings, before: VideoGroups) -> _Seen:
    """Every video that has hashes, and every one that had a group before and is not forgotten: it may come back, or be hashed again."""
    given = read_given_groups(settings.groups_csv) if settings.groups_csv is not None else {}
    manifest = {video_id: video for video_id, video in sorted(read_manifest(storage).items()) if video.status != "forgotten"}
    known = {video.video_id: video.sha256 for group in before.groups for video in group.videos}
    members, not_compared = [], {}
    for video, receipts in zip(manifest.values(), receipts_of(storage, manifest), strict=True):
        why = video.trouble if video.status != "ok" else str(receipts) if isinstance(receipts, ObjectUnreadable) else gap(video, receipts, _HASHED)
        if video.status == "ok" and why:
            not_compared[video.video_id] = why
        if not why or known.get(video.video_id) == video.sha256:
            hashes = "" if why or isinstance(receipts, ObjectUnreadable) else _content_of_hashes(receipts)
            by_person = given.get(video.video_id, "")
            members.append(Member(video.video_id, video.sha256, hashes, by_person, "" if by_person else video.group))
    return _Seen(tuple(members), not_compared, tuple(video_id for video_id in given if video_id not in manifest))


def _content_of_hashes(receipts: Receipts) -> str:
    receipt = receipts.of(frame_hashes.name)
    return receipt.content_hash if receipt else ""


def _grouped(storage: Storage, members: Sequence[Member], before: VideoGroups) -> tuple[VideoGroups, dict[str, str]]:
    """The groups, and which videos' hashes could not be read, and why."""

    def read(member: Member) -> HashedVideo | str:
        try:
            return hashed_video(read_record(storage, keys.frame_hashes(member.video_id), FrameHashes))
        except (ObjectMissing, ObjectUnreadable) as error:
            return str(error)

    compared = [member for member in members if member.hashes]
    videos, unreadable = [], {}
    for member, found in zip(compared, side_by_side(storage.lanes, read, compared), strict=True):
        if isinstance(found, str):
            unreadable[member.video_id] = found
        else:
            videos.append(found)
    alike = []
    for pair in same_pairs(videos):
        ids = videos[pair.first].video_id, videos[pair.second].video_id
        alike.append(AlikeVideos(videos=ids, share=round(pair.likeness.share, 3), aligned=pair.likeness.aligned, at_s=pair.likeness.at_s))
    kept = [replace(member, hashes="") if member.video_id in unreadable else member for member in members]
    return group_videos(kept, alike, before), unreadable


def _counts(groups: VideoGroups) -> dict[str, int]:
    clusters = [group for group in groups.groups if len(group.videos) > 1]
    return {
        "videos": sum(len(group.videos) for group in groups.groups),
        "groups": len(groups.groups),
        "groups_of_several": len(clusters),
        "videos_in_these": sum(len(group.videos) for group in clusters),
        "given_groups": sum(group.given for group in groups.groups),
    }


def _result(storage: Storage, receipt: Receipt, groups: VideoGroups, before: VideoGroups, seen: _Seen, *, reused: bool) -> Materialized:
    ended = {merged.group for merged in before.merged}
    merged = {merged.group: merged.into for merged in groups.merged if merged.group not in ended}
    return Materialized(
        metadata={
            "reused": dg.MetadataValue.bool(reused),
            **{name: dg.MetadataValue.int(count) for name, count in receipt.counts.items()},
            "groups_found": dg.MetadataValue.md(_table(groups)),
            "videos_named": dg.MetadataValue.json(_named_in(groups)),
            "merged": dg.MetadataValue.json(merged),
            "unknown_in_groups_csv": dg.MetadataValue.json(list(seen.unknown[:NAMED])),
            **({} if reused else _picture(storage, groups.alike)),
            **places(storage, [keys.GROUPS]),
        },
        data_version=dg.DataVersion(receipt.content_hash),
        check_results=[_every_video_is_compared(seen.not_compared), _no_group_is_too_large(groups)],
    )


def _several(groups: VideoGroups) -> list[VideoGroup]:
    """The groups of more than one video, the largest first."""
    return sorted((group for group in groups.groups if len(group.videos) > 1), key=lambda group: (-len(group.videos), group.videos[0].video_id))


def _named_in(groups: VideoGroups) -> list[str]:
    """The ids that the table and the picture name, as they are: in Markdown they are escaped, and nobody who looks for one finds it."""
    in_table = (video.video_id for group in _several(groups)[:NAMED] for video in group.videos[:NAMED])
    return sorted({*in_table, *(video_id for pair in _least_alike(groups.alike) for video_id in pair.videos)})


def _table(groups: VideoGroups) -> str:
    """The groups of more than one video, and how much the most alike of each are alike."""
    several = _several(groups)
    if not several:
        return "no two videos belong together"
    group_of = {video.video_id: group.group for group in several for video in group.videos}
    shares: dict[str, float] = {}
    for pair in groups.alike:
        name = group_of.get(pair.videos[0], "")
        shares[name] = max(shares.get(name, 0.0), pair.share)
    rows = []
    for group in several[:NAMED]:
        ids = [video.video_id for video in group.videos]
        named = ", ".join(map(plain, ids[:NAMED])) + (f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else "")
        why = "given" if group.given else f"{shares[group.group]:.0%} alike" if group.group in shares else "as before, or the same bytes"
        rows.append((plain(group.group if group.given else group.group[:12]), named, why))
    more = f"\n\nand {len(several) - NAMED:,} more" if len(several) > NAMED else ""
    return table(("group", "videos", "why"), rows) + more


def _least_alike(alike: Sequence[AlikeVideos]) -> list[AlikeVideos]:
    return sorted(alike, key=lambda pair: (pair.share, pair.videos))[:_PAIRS_SHOWN]


def _picture(storage: Storage, alike: Sequence[AlikeVideos]) -> Mapping[str, dg.MetadataValue]:
    """A few pairs side by side: first those that are least alike, which a person should see. It is no fault of the groups where it cannot be drawn."""
    shown = _least_alike(alike)
    if not shown:
        return {}
    try:
        picture = base64.b64encode(_drawn(storage, shown)).decode()
    except (ObjectMissing, ObjectUnreadable) as error:
        return {"least_alike": dg.MetadataValue.text(f"not shown: {error}")}
    names = "; ".join(f"{plain(pair.videos[0])} and {plain(pair.videos[1])}" for pair in shown)
    return {"least_alike": dg.MetadataValue.md(f"{names}\n\n![pairs of videos](data:image/jpeg;base64,{picture})")}


def _drawn(storage: Storage, pairs: Sequence[AlikeVideos]) -> bytes:
    with ExitStack() as opened:

        def moment(video_id: str, at_s: float) -> Moment:
            return Moment(opened.enter_context(storage.open(keys.frames(video_id))), at_s)

        return pairs_sheet([(moment(pair.videos[0], pair.at_s[0]), moment(pair.videos[1], pair.at_s[1])) for pair in pairs])


def _every_video_is_compared(not_compared: Mapping[str, str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=COMPARED,
        passed=not not_compared,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(reason.rstrip(".") for reason in list(not_compared.values())[:NAMED]) or "every usable video was compared with the others",
        metadata={"not_compared": dg.MetadataValue.json(not_compared)},
    )


def _no_group_is_too_large(groups: VideoGroups) -> dg.AssetCheckResult:
    videos = sum(len(group.videos) for group in groups.groups)
    found = [group for group in groups.groups if not group.given]
    largest = max((len(group.videos) for group in found), default=0)
    return dg.AssetCheckResult(
        check_name=SMALL,
        passed=videos < _FEW or largest <= LARGEST_SHARE * videos,
        severity=dg.AssetCheckSeverity.WARN,
        description=(
            f"the largest group that was found holds {largest:,} of {videos:,} videos; where that is a mistake, give its videos groups in STREAMCAP_GROUPS_CSV"
        ),
        metadata={"largest": dg.MetadataValue.int(largest)},
    )
