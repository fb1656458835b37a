"""What `processed/groups.json` and its ledger hold: which videos belong together, and which groups were known earlier."""

from pydantic import Field

from streamcap_dagster.records import Record, VideoId


class GroupedVideo(Record):
    """A video of a group, with the bytes that it had."""

    video_id: VideoId
    sha256: str
    hashes: str
    """Content hash of the hashes by which it was compared with the others; empty when it was not."""
    source: str | None = None
    """The group that its source named, which may be none; None where a person gave it one."""


class VideoGroup(Record):
    """Videos that belong together, in order of id."""

    group: str
    """Its name: that which it was given, else the SHA-256 of one of its videos."""
    given: bool
    """Whether a person or the source gave it to any of its videos, and it was not found."""
    videos: tuple[GroupedVideo, ...]


class AlikeVideos(Record):
    """Two videos that show the same."""

    videos: tuple[VideoId, VideoId]
    share: float
    """How much of the shorter one is in the longer, 0 to 1."""
    aligned: bool
    """Whether in the same order and at the same distances in time."""
    at_s: tuple[float, float]
    """A moment of each at which they look alike."""


class MergedGroup(Record):
    """A group that turned out to be another."""

    group: str
    into: str


class VideoGroups(Record):
    """`processed/groups.json`: the group of every video, in order of their first ones."""

    rule: str
    """By what rule videos were found to be alike."""
    groups: tuple[VideoGroup, ...]
    alike: tuple[AlikeVideos, ...] = ()
    merged: tuple[MergedGroup, ...] = ()
    """Groups whose names have ended, and where their videos are now."""
    ages: dict[str, int] = Field(default_factory=dict, exclude=True)
    """By name, smaller for those that were known earlier. Not stored here, for it tells what came when and not what is."""


class GroupAges(Record):
    """`ledger/group_ages.json`: which groups were known earlier."""

    ages: dict[str, int]
