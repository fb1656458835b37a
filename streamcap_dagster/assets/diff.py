"""Why videos are stale: what has changed since their assets were made, told from receipts alone. Makes nothing, and looks for no object."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from streamcap_dagster.assets.survey import Surveyed
from streamcap_dagster.assets.walk import SOURCE, made_with
from streamcap_dagster.assets.wanted import Wanted
from streamcap_dagster.assets.work import PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.records import Video
from streamcap_dagster.storage.receipt_text import Vouched, vouched_of
from streamcap_dagster.storage.receipts import Receipt, Receipts, receipts_of

_NONE = "(none)"
_NOTHING: Mapping[str, Surveyed] = {}
_NOT_FOR_PEOPLE = {
    "manual_spans": "its rows of STREAMCAP_CLIPS_CSV, or the spans that people marked, changed",
    "review": "people decided something else of its captions",
}
"""What a hash stands for."""


@dataclass(frozen=True)
class Cause:
    """Something that is not as it was when an asset was made: by its name before and after, or in words alone."""

    asset: str
    """The first that it touches, in the order of a walk."""
    what: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.before} → {self.after}" if self.before or self.after else self.what


@dataclass(frozen=True)
class Why:
    """Why a video is stale."""

    causes: tuple[Cause, ...]
    anew: tuple[str, ...]
    """Assets that will be made anew."""
    follows: tuple[str, ...]
    """Assets that will be made anew too, unless what they are made from comes out as it was."""

    @property
    def first(self) -> str:
        """The first asset that is made anew."""
        return (*self.anew, *self.follows)[0]


@dataclass(frozen=True)
class Group:
    """Videos that are stale for the same reason, in order of the catalog."""

    why: Why
    videos: tuple[Video, ...]


@dataclass(frozen=True)
class Diff:
    """How videos differ from what would be made of them now."""

    groups: tuple[Group, ...]
    """Those of most videos first."""
    up_to_date: int
    unmade: int
    """Videos of which something was never made, and nothing is stale."""
    unreadable: tuple[str, ...]
    """Videos whose receipts cannot be read."""

    @property
    def stale(self) -> list[Video]:
        return sorted((video for group in self.groups for video in group.videos), key=lambda video: video.video_id)


def diff(videos: Sequence[Video], assets: Sequence[PerVideoAsset], workshop: Workshop, known: Mapping[str, Surveyed] = _NOTHING) -> Diff:
    """Compare what these videos were made from with what they would be made from now.

    `known` is what is known of them under these settings: only the receipts of those that are stale, or not known, are read.
    """
    groups, counts, unreadable = defaultdict[Why, list[Video]](list), _Counts(), []
    present = _Present(assets, workshop)
    asked = []
    for video in videos:
        if (surveyed := known.get(video.video_id)) is not None and not surveyed.stale and not surveyed.is_unreadable:
            counts.add(unmade=bool(surveyed.missing))
        else:
            asked.append(video)
    for video, receipts in zip(asked, receipts_of(workshop.storage, (video.video_id for video in asked)), strict=True):
        if not isinstance(receipts, Receipts):
            unreadable.append(video.video_id)
        elif why := present.why_stale(video, receipts):
            groups[why].append(video)
        else:
            counts.add(unmade=any(receipts.of(asset.name) is None for asset in assets))
    ordered = sorted(groups.items(), key=lambda group: len(group[1]), reverse=True)
    return Diff(tuple(Group(why, tuple(alike)) for why, alike in ordered), counts.up_to_date, counts.unmade, tuple(unreadable))


@dataclass
class _Counts:
    up_to_date: int = 0
    unmade: int = 0

    def add(self, *, unmade: bool) -> None:
        self.unmade += unmade
        self.up_to_date += not unmade


def why_stale(work: VideoWork, assets: Sequence[PerVideoAsset], receipts: Receipts) -> Why | None:
    """Why what was made of a video would not be made the same way now; None when it would, as far as it was made."""
    return _Present(assets, work.workshop).why_stale(work.video, receipts)


class _Present:
    """What would be made of videos now; what is the same for all of them is worked out once."""

    def __init__(self, assets: Sequence[PerVideoAsset], workshop: Workshop) -> None:
        self._assets = assets
        self._workshop = workshop
        self._wanted = Wanted(assets, workshop)
        self._made_with: dict[str, dict[str, str]] = {}

    def why_stale(self, video: Video, receipts: Receipts) -> Why | None:
        found, vouched = _Findings(), vouched_of(receipts)
        for asset in self._assets:
            receipt = receipts.of(asset.name)
            if receipt is None:
                found.missing.append(asset.name)
            elif causes := self._own_causes(asset, video, vouched, receipt):
                found.anew.append(asset.name)
                found.causes.extend(causes)
            elif found.touches(asset):
                found.follows.append(asset.name)
        return found.why(self._assets) if found.anew or found.follows else None

    def _own_causes(self, asset: PerVideoAsset, video: Video, receipts: Mapping[str, Vouched], receipt: Receipt) -> list[Cause]:
        """What has changed of an asset's own file, inputs, code and settings."""
        wanted = self._wanted.of(asset, video, receipts)
        if receipt.fingerprint == wanted:
            return []
        causes = [*_other_inputs(asset, video, receipts, receipt)]
        if receipt.made_with:
            causes += _changes(asset.name, receipt.made_with, self._made_now(asset, video))
        if causes or wanted is None:
            return causes
        unknown = "something changed that its receipt does not name"
        return [Cause(asset.name, unknown if receipt.made_with else "made by an earlier version, which did not write down what with")]

    def _made_now(self, asset: PerVideoAsset, video: Video) -> dict[str, str]:
        if self._wanted.is_special(asset, video.video_id):
            return made_with(asset, VideoWork(video, self._workshop))
        if (known := self._made_with.get(asset.name)) is None:
            known = made_with(asset, VideoWork(video, self._workshop))
            self._made_with[asset.name] = known
        return known


@dataclass
class _Findings:
    """What is known of a video so far."""

    causes: list[Cause] = field(default_factory=list)
    anew: list[str] = field(default_factory=list)
    follows: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def touches(self, asset: PerVideoAsset) -> bool:
        """Whether something that the asset is made from is not what it was."""
        return any(dep in (*self.anew, *self.follows, *self.missing) for dep in asset.deps)

    def why(self, assets: Sequence[PerVideoAsset]) -> Why:
        gone = [Cause(name, "it was begun anew and not finished") for name in self.missing if self._is_needed(name, assets)]
        told: dict[tuple[str, str, str], Cause] = {}
        for cause in (*self.causes, *gone):
            told.setdefault((cause.what, cause.before, cause.after), cause)
        return Why(tuple(told.values()), tuple(self.anew), tuple(self.follows))

    def _is_needed(self, missing: str, assets: Sequence[PerVideoAsset]) -> bool:
        """Whether something that is there was made from it."""
        return any(missing in asset.deps and asset.name in (*self.anew, *self.follows) for asset in assets)


def _other_inputs(asset: PerVideoAsset, video: Video, receipts: Mapping[str, Vouched], receipt: Receipt) -> Iterator[Cause]:
    for dep in asset.deps:
        content = video.content if dep == SOURCE else receipts[dep].content_hash if dep in receipts else None
        if content is not None and receipt.inputs.get(dep, content) != content:
            yield Cause(asset.name, "its file changed" if dep == SOURCE else f"{dep} came out otherwise since")


def _changes(asset: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Cause]:
    for name in {**before, **after}:
        old, new = before.get(name, _NONE), after.get(name, _NONE)
        if old != new:
            yield Cause(asset, _NOT_FOR_PEOPLE[name]) if name in _NOT_FOR_PEOPLE else Cause(asset, name, *_unlike(old, new))


def _unlike(before: str, after: str) -> tuple[str, str]:
    """The words of two values that are not the same; all of them when they cannot be told apart word by word."""
    pairs = list(zip(before.split(), after.split(), strict=False))
    if len(pairs) != len(before.split()) or len(pairs) != len(after.split()):
        return before, after
    unlike = [pair for pair in pairs if pair[0] != pair[1]]
    return " ".join(old for old, _ in unlike), " ".join(new for _, new in unlike)
