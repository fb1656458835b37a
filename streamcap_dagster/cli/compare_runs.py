"""Two runs beside each other: which windows both have captioned, what each says of them, and what it cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar

from streamcap_dagster.captions.calls import Call, CallStore
from streamcap_dagster.captions.comparison import Said, compare
from streamcap_dagster.captions.reconstruction.rebuilding import still_said
from streamcap_dagster.captions.reconstruction.records import Reconstruction
from streamcap_dagster.cli.diff_words import told_count
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable, StreamcapError
from streamcap_dagster.evaluation.comparing import Place
from streamcap_dagster.quality.measuring import measure
from streamcap_dagster.quality.records import CaptionQuality, WindowQuality
from streamcap_dagster.records import Caption, Captions, Record, Video, in_order
from streamcap_dagster.rewards.facts import novel_facts
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.videos.manifest import read_manifest

_FREE = ("offline", "recorded")


class NothingInCommon(StreamcapError):
    """Two runs have no window that both have captioned."""

    def __init__(self, old: str, new: str, why: str) -> None:
        super().__init__(f"{old} and {new} have no window in common: {why}. Caption the same videos in both, with the same clips and windows.")


@dataclass(frozen=True)
class Cost:
    """What the captions of some windows cost, as the kept answers tell."""

    usd: float | None
    """None when an answer was paid at a price that nobody knows."""
    facts: int
    missing: int = 0
    """Captions whose answer is not kept any more, so that its cost is not counted."""


@dataclass(frozen=True)
class Side:
    """One run's account of a video: only of the windows that both runs have, unless it says otherwise."""

    captions: tuple[Caption, ...]
    """All of the video's, in order."""
    quality: Mapping[tuple[int, int], WindowQuality]
    """By clip and window, of all captions."""
    cost: Cost
    pairing: float | None
    """Margin of the pairing audit, of the whole video; None where none was made."""
    kept: Mapping[tuple[int, int], float]
    """Share of questions answered in a reconstruction test, by clip and window."""
    examiner: tuple[str, str, tuple[str, ...]] | None
    """Captioner, model and prompts of that test; None where none was made."""


@dataclass(frozen=True)
class VideoPair:
    """A video that both runs have captioned."""

    video: Video
    common: tuple[Said, ...]
    old_alone: int
    """Windows that only the old run has, by their seconds."""
    new_alone: int
    old: Side
    new: Side

    @property
    def same_examiner(self) -> bool:
        """Whether reconstruction tests of both runs can be compared."""
        return self.old.examiner == self.new.examiner

    def place(self, said: Said) -> Place:
        """Windows go by the old run's numbers."""
        assert said.old is not None
        return self.video.video_id, said.old.clip, said.old.window


@dataclass(frozen=True)
class Pairing:
    """What is compared, and what is not."""

    videos: tuple[VideoPair, ...]
    left_out: tuple[str, ...] = field(default=())
    """Why videos, or windows of them, are not compared, each in some words."""

    @property
    def windows(self) -> int:
        return sum(len(video.common) for video in self.videos)

    @property
    def models(self) -> tuple[frozenset[str], frozenset[str]]:
        """Who wrote the captions of each run."""
        old = frozenset(caption.model for video in self.videos for caption in video.old.captions)
        return old, frozenset(caption.model for video in self.videos for caption in video.new.captions)


def pair_runs(old: Storage, new: Storage) -> Pairing:
    """Raises NothingInCommon when there is nothing to compare."""
    manifests = read_manifest(old), read_manifest(new)
    captioned = [{video_id for video_id, video in manifest.items() if video.status == "ok"} for manifest in manifests]
    both = sorted(captioned[0] & captioned[1])
    left_out = [*_alone(captioned[0] - captioned[1], "only the old run has"), *_alone(captioned[1] - captioned[0], "only the new run has")]
    pairs, reasons = list[VideoPair](), list[str]()

    def paired(video_id: str) -> VideoPair | str:
        return _pair(manifests[0][video_id], manifests[1][video_id], old, new)

    for pair in side_by_side(min(old.lanes, new.lanes), paired, both):
        if isinstance(pair, str):
            reasons.append(pair)
        else:
            pairs.append(pair)
            reasons += (*_odd_windows(pair), *_odd_tests(pair))
    if not pairs:
        why = "; ".join([*left_out, *reasons]) or "neither has a video that can be used"
        raise NothingInCommon(old.uri, new.uri, why)
    return Pairing(tuple(pairs), (*left_out, *reasons))


def _alone(video_ids: set[str], who: str) -> Iterator[str]:
    if video_ids:
        named = ", ".join(sorted(video_ids)[:5]) + (f" and {len(video_ids) - 5:,} more" if len(video_ids) > 5 else "")
        yield f"{who} {named}"


def _odd_windows(pair: VideoPair) -> Iterator[str]:
    for count, who in ((pair.old_alone, "old"), (pair.new_alone, "new")):
        if count:
            yield f"{told_count(count, 'window')} of {pair.video.video_id} in the {who} run only, by the seconds"


def _odd_tests(pair: VideoPair) -> Iterator[str]:
    """Tests of the same windows that say nothing of each other."""
    places = [((said.old.clip, said.old.window), (said.new.clip, said.new.window)) for said in pair.common if said.old and said.new]
    tested = sum(old in pair.old.kept and new in pair.new.kept for old, new in places)
    if tested and pair.old.examiner and pair.new.examiner and not pair.same_examiner:
        (old, old_model, _), (new, new_model, _) = pair.old.examiner, pair.new.examiner
        who = f"{old} ({old_model}) and {new} ({new_model})" if (old, old_model) != (new, new_model) else f"{old} ({old_model}) with other prompts"
        yield f"reconstruction tests of {told_count(tested, 'window')} of {pair.video.video_id}, made by {who}"


def _pair(video: Video, in_new: Video, old: Storage, new: Storage) -> VideoPair | str:
    """A video in both runs, or why it is not compared."""
    if video.sha256 != in_new.sha256:
        return f"{video.video_id} is another file in each run"
    try:
        return _read_pair(video, old, new)
    except ObjectUnreadable as error:
        return f"{video.video_id} cannot be read: {str(error).rstrip('.')}"


def _read_pair(video: Video, old: Storage, new: Storage) -> VideoPair | str:
    said = _captions(old, video.video_id), _captions(new, video.video_id)
    for captions, name in zip(said, ("old", "new"), strict=True):
        if captions is None:
            return f"{video.video_id} is not captioned in the {name} run"
    before, after = said[0] or (), said[1] or ()
    windows = compare(before, after).windows
    common = tuple(window for window in windows if window.old and window.new)
    if not common:
        return f"no window of {video.video_id} is of the same seconds in both runs"
    return VideoPair(
        video,
        common,
        old_alone=sum(window.new is None for window in windows),
        new_alone=sum(window.old is None for window in windows),
        old=_side(old, video.video_id, before, [window.old for window in common if window.old]),
        new=_side(new, video.video_id, after, [window.new for window in common if window.new]),
    )


def _captions(storage: Storage, video_id: str) -> tuple[Caption, ...] | None:
    made = [_read(storage, key(video_id), Captions) for key in (keys.initial_captions, keys.delta_captions)]
    return None if made[0] is None or made[1] is None else tuple(in_order(made[0], made[1]))


def _side(storage: Storage, video_id: str, captions: tuple[Caption, ...], common: Sequence[Caption]) -> Side:
    """Quality is measured here and now, which is what is stored of it too, unless that is of older captions."""
    made = _read(storage, keys.caption_quality(video_id), CaptionQuality)
    test = _read(storage, keys.reconstruction(video_id), Reconstruction)
    return Side(
        captions,
        {(window.clip, window.window): window for window in measure(captions)},
        _cost(CallStore(storage, video_id), captions, common),
        made.pairing.margin if made is not None and made.pairing is not None else None,
        _kept(test, captions) if test is not None else {},
        test.examiner if test is not None else None,
    )


def _kept(test: Reconstruction, captions: Sequence[Caption]) -> dict[tuple[int, int], float]:
    """Of those windows of a test that are of what the run says now."""
    return {(window.clip, window.window): window.right / len(window.questions) for window in still_said(test, captions) if window.questions}


def _cost(calls: CallStore, captions: Sequence[Caption], common: Sequence[Caption]) -> Cost:
    """Each answer once, however many equal windows it settled."""
    counted = {(caption.clip, caption.window) for caption in common}
    asked = {caption.call_key: caption for caption in common if caption.call_key}
    kept = {key: calls.get(key) for key in asked}
    paid = [call for key, call in kept.items() if call is not None and asked[key].captioner not in _FREE]
    usd = None if any(_unpriced(call) for call in paid) else sum(attempt.bill.cost_usd for call in paid for attempt in call.attempts)
    return Cost(usd, _facts(captions, counted), sum(call is None for key, call in kept.items() if asked[key].captioner not in _FREE))


def _unpriced(call: Call) -> bool:
    return any(not attempt.bill.price_table for attempt in call.attempts)


def _facts(captions: Sequence[Caption], counted: set[tuple[int, int]]) -> int:
    """Of the windows that count; what others of the clip said before them is not new, and an anchor that says it again does not make it so."""
    total = 0
    for _, clip in groupby(captions, key=lambda caption: caption.clip):
        chain = list(clip)
        found = novel_facts(caption.text for caption in chain)
        total += sum(facts for caption, facts in zip(chain, found, strict=True) if (caption.clip, caption.window) in counted)
    return total


R = TypeVar("R", bound=Record)


def _read(storage: Storage, key: str, kind: type[R]) -> R | None:
    try:
        return read_record(storage, key, kind)
    except ObjectMissing:
        return None
