"""Groups of videos and their names, which stay as videos come and go: a copy of a video that is known joins the group of that."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, count

from streamcap_dagster.dataset.grouping.likeness import RULE
from streamcap_dagster.dataset.grouping.records import AlikeVideos, GroupedVideo, MergedGroup, VideoGroup, VideoGroups


@dataclass(frozen=True)
class Member:
    """A video that is to have a group."""

    video_id: str
    sha256: str
    hashes: str = ""
    """Content hash of the hashes that it was compared by; empty when it has none."""
    given: str = ""
    """The group that a person gave it, which may be one that was found, by its name; empty when nobody did."""
    source: str = ""
    """The group that its source names, such as who uploaded it; empty where it names none, or a person gave it one."""


def group_videos(members: Sequence[Member], alike: Sequence[AlikeVideos], before: VideoGroups) -> VideoGroups:
    """The groups of these videos. Videos of the same bytes, that look alike or that were given the same group share one, but none is in two that a person gave.

    Groups of the source only join: of two whose videos are alike the older name stays. A group that was known keeps its name, which at first is the
    SHA-256 of one of its videos; of two that become one the older name stays. What was one group before stays one, even if the video that held it
    together is gone, unless another rule told then who looks alike, or a person says otherwise.
    """
    clusters = _Clusters(members)
    known = {member.video_id: member for member in members}
    for pair in sorted(alike, key=lambda pair: (-pair.share, pair.videos)):
        if known.keys() >= set(pair.videos):
            clusters.join(*pair.videos)
    for group in before.groups if before.rule == RULE else ():
        clusters.join(*_together(group, known))
    return _named(list(clusters), known, tuple(alike), before)


class _Clusters:
    """Union-find over videos, in which no cluster ever has two groups that a person gave."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._parent = {member.video_id: member.video_id for member in members}
        self._given = {member.video_id: member.given for member in members if member.given}
        names = {name for member in members for name in (member.given, member.source)}

        def by_name(member: Member) -> str:
            return member.given or member.source or (member.sha256 if member.sha256 in names else "")

        for what in (lambda member: member.given, lambda member: member.sha256, by_name):
            for video_ids in _by(members, what).values():
                self.join(*video_ids)

    def join(self, *video_ids: str) -> None:
        for other in video_ids[1:]:
            kept, gone = self._root(video_ids[0]), self._root(other)
            names = {self._given[root] for root in (kept, gone) if root in self._given}
            if kept != gone and len(names) <= 1:
                self._parent[gone] = kept
                self._given |= dict.fromkeys([kept] if names else [], "".join(names))

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        """The group that each cluster was given, which may be none, and its videos in order."""
        clusters: dict[str, list[str]] = {}
        for video_id in sorted(self._parent):
            clusters.setdefault(self._root(video_id), []).append(video_id)
        return ((self._given.get(root, ""), video_ids) for root, video_ids in clusters.items())

    def _root(self, video_id: str) -> str:
        while (above := self._parent[video_id]) != video_id:
            self._parent[video_id] = video_id = self._parent[above]
        return video_id


def _by(members: Sequence[Member], what: Callable[[Member], str]) -> dict[str, list[str]]:
    """The videos by something of theirs, unless it is empty."""
    found: dict[str, list[str]] = {}
    for member in members:
        if what(member):
            found.setdefault(what(member), []).append(member.video_id)
    return found


def _together(group: VideoGroup, known: Mapping[str, Member]) -> list[str]:
    """The videos of a group that stay together whoever else goes. Of one that the source named those of which it names the same as before, unless a
    person gave any of its videos a group, then or now.
    """
    if not group.given:
        return _still_there(group, known)
    there = [(video, known[video.video_id]) for video in group.videos if video.video_id in known]
    if any(video.source is None for video in group.videos) or any(member.given for _, member in there):
        return []
    return [member.video_id for video, member in there if (video.sha256, video.source) == (member.sha256, member.source)]


def _still_there(group: VideoGroup, known: Mapping[str, Member]) -> list[str]:
    """The videos of a group that was found, which are what they were."""
    if group.given:
        return []
    return [video.video_id for video in group.videos if video.video_id in known and known[video.video_id].sha256 == video.sha256]


def _named(clusters: Sequence[tuple[str, list[str]]], known: Mapping[str, Member], alike: tuple[AlikeVideos, ...], before: VideoGroups) -> VideoGroups:
    said = _said(clusters, known, before)
    names = dict(said)
    cluster_of = {video_id: place for place, (_, video_ids) in enumerate(clusters) for video_id in video_ids}
    into: dict[str, int] = {}
    for group in sorted(before.groups, key=lambda group: (before.ages.get(group.group, 0), group.group)):
        claims = Counter(cluster_of[video_id] for video_id in _still_there(group, known))
        if not claims:
            continue
        into[group.group] = max(claims, key=lambda place: (place not in names, _began(group, clusters[place][1], known), claims[place], -place))
        names.setdefault(into[group.group], group.group)
    taken = set(names.values())
    for place, (_, video_ids) in enumerate(clusters):
        if place not in names:
            names[place] = _new_name(video_ids, known, taken)
            taken.add(names[place])
    into = {name: place for place, (_, video_ids) in enumerate(clusters) for name in _sources(video_ids, known)} | into
    groups = tuple(_group(names[place], place in said, video_ids, known) for place, (_, video_ids) in enumerate(clusters))
    return VideoGroups(rule=RULE, groups=groups, alike=alike, merged=_merged(names, into, before), ages=_ages(groups, before))


def _said(clusters: Sequence[tuple[str, list[str]]], known: Mapping[str, Member], before: VideoGroups) -> dict[int, str]:
    """The names that clusters were given, by their places: by a person, else by the source, of whose names the one that was known earlier counts."""
    names = {place: given for place, (given, _) in enumerate(clusters) if given}
    for place, (_, video_ids) in enumerate(clusters):
        if place not in names and (sources := _sources(video_ids, known)):
            names[place] = min(sources, key=lambda name: (name not in before.ages, before.ages.get(name, 0), name))
    return names


def _sources(video_ids: Sequence[str], known: Mapping[str, Member]) -> set[str]:
    return {known[video_id].source for video_id in video_ids} - {""}


def _began(group: VideoGroup, video_ids: Sequence[str], known: Mapping[str, Member]) -> bool:
    """Whether the video is among them that the group has its name from."""
    return any(known[video_id].sha256 == group.group for video_id in video_ids)


def _new_name(video_ids: Sequence[str], known: Mapping[str, Member], taken: Collection[str]) -> str:
    """The SHA-256 of the first video; should another group have that, of the next, and so on."""
    hashes = [known[video_id].sha256 for video_id in video_ids]
    further = (sha256(f"{hashes[0]}:{number}".encode()).hexdigest() for number in count(1))
    return next(name for name in chain(hashes, further) if name not in taken)


def _group(name: str, given: bool, video_ids: Sequence[str], known: Mapping[str, Member]) -> VideoGroup:
    return VideoGroup(group=name, given=given, videos=tuple(_grouped(known[video_id]) for video_id in video_ids))


def _grouped(member: Member) -> GroupedVideo:
    source = None if member.given else member.source
    return GroupedVideo(video_id=member.video_id, sha256=member.sha256, hashes=member.hashes, source=source)


def _ages(groups: Sequence[VideoGroup], before: VideoGroups) -> dict[str, int]:
    following = count(max(before.ages.values(), default=-1) + 1)
    return {group.group: before.ages[group.group] if group.group in before.ages else next(following) for group in groups}


def _merged(names: Mapping[int, str], into: Mapping[str, int], before: VideoGroups) -> tuple[MergedGroup, ...]:
    """The groups whose names ended, now or before, and where their videos are."""
    alive, now = set(names.values()), {group: names[place] for group, place in into.items()}
    ended = {old.group: now.get(old.into, old.into) for old in before.merged} | now
    return tuple(MergedGroup(group=group, into=name) for group, name in sorted(ended.items()) if group not in alive and name in alive)
