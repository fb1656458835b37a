"""What can be wrong with the captions of a video: against its clips, and against the frames that they speak of."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from streamcap_dagster.captions.anchors import anchor_windows
from streamcap_dagster.records import Caption, Captions, Clip, Clips, Video, in_order
from streamcap_dagster.storage.frame_table import FramesFile, read_positions

_TOLERANCE_S = 1e-5
Evidence = dict[tuple[int, int], tuple[tuple[str, ...], tuple[float, ...]]]
"""By clip and window: hashes of its frames, and when each is shown."""


def caption_faults(video: Video, clips: Clips, initials: Captions, deltas: Captions, file: FramesFile, anchor_every: int = 0) -> Iterator[str]:
    """Each fault in a few words that name the window; none when the captions can become training data.

    Every window of every clip has one caption with an outcome, the first an initial one, and an anchor where one is due; captions follow on each other
    without a gap, inside the video, and speak of the frames of their window alone, none of which is shown after it.
    """
    captions = in_order(initials, deltas)
    yield from _count_faults(clips, Counter((caption.clip, caption.window) for caption in captions))
    evidence = _evidence(file)
    known = {clip.clip: clip for clip in clips.clips}
    for number, chain in groupby(captions, key=lambda caption: caption.clip):
        if number in known:
            in_chain = list(chain)
            for caption in in_chain:
                yield from _caption_faults(video, known[number], clips.window_duration_s, caption)
                yield from _kind_faults(caption, anchor_windows(known[number].windows, anchor_every))
                yield from _evidence_faults(caption, evidence)
            yield from _segment_faults(in_chain)


def _count_faults(clips: Clips, found: Counter[tuple[int, int]]) -> Iterator[str]:
    expected = {(clip.clip, window) for clip in clips.clips for window in range(clip.windows)}
    for clip, window in sorted(expected | found.keys()):
        count = found[clip, window]
        if (clip, window) not in expected:
            yield f"window {window} of clip {clip} has a caption, but there is no such window"
        elif count != 1:
            yield f"window {window} of clip {clip} has {count} captions" if count else f"window {window} of clip {clip} has no outcome"


def _caption_faults(video: Video, clip: Clip, window_s: float, caption: Caption) -> Iterator[str]:
    where, start_s = _where(caption), clip.start_s + caption.window * window_s
    if abs(caption.start_s - start_s) > _TOLERANCE_S or abs(caption.end_s - start_s - window_s) > _TOLERANCE_S:
        yield f"{where} is told from {caption.start_s:g} s to {caption.end_s:g} s, but lasts from {start_s:g} s to {start_s + window_s:g} s"
    if caption.end_s > video.duration_s + _TOLERANCE_S:
        yield f"{where} ends at {caption.end_s:g} s, after the video, which ends at {video.duration_s:g} s"
    if (caption.outcome == "ok") != bool(caption.text.strip()):
        yield f"{where} has the outcome {caption.outcome} {'with' if caption.text.strip() else 'without'} a text"


def _kind_faults(caption: Caption, anchors: range) -> Iterator[str]:
    wanted = "initial" if caption.window == 0 else "anchor" if caption.window in anchors else "delta"
    if caption.kind != wanted:
        yield f"{_where(caption)} has a caption of the kind {caption.kind}"


def _segment_faults(chain: Sequence[Caption]) -> Iterator[str]:
    """A segment begins with the clip, and with each anchor that did not fail."""
    if chain and chain[0].segment != 0:
        yield f"{_where(chain[0])} is of segment {chain[0].segment}, not 0"
    for before, caption in pairwise(chain):
        wanted = before.segment + (caption.kind == "anchor" and caption.outcome == "ok")
        if caption.segment != wanted:
            yield f"{_where(caption)} is of segment {caption.segment}, not {wanted}"


def _evidence_faults(caption: Caption, evidence: Evidence) -> Iterator[str]:
    where = _where(caption)
    if caption.max_evidence_pts_s > caption.end_s + _TOLERANCE_S:
        yield f"{where} ends at {caption.end_s:g} s, but speaks of a frame that is shown at {caption.max_evidence_pts_s:g} s"
    if (caption.frame_sha256, caption.frame_pts_s) != evidence.get((caption.clip, caption.window), ((), ())):
        yield f"{where} speaks of other frames than its own"


def _evidence(file: FramesFile) -> Evidence:
    hashes: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    shown: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    positions = read_positions(file)
    for clip, window, sha256, pts_s in zip(*(positions[name].to_pylist() for name in ("clip", "window", "sha256", "pts_s")), strict=True):
        hashes[clip, window].append(sha256)
        shown[clip, window].append(pts_s)
    return {place: (tuple(hashes[place]), tuple(shown[place])) for place in hashes}


def _where(caption: Caption) -> str:
    return f"window {caption.window} of clip {caption.clip}"
