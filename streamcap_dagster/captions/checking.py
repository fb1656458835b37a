"""What can be wrong with the captions of a video: against its clips, and against the frames that they speak of."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby

from streamcap_dagster.records import Caption, Captions, Clip, Clips, Video, in_order
from streamcap_dagster.storage.frame_table import FramesFile, read_positions

_TOLERANCE_S = 1e-5
Evidence = dict[tuple[int, int], tuple[tuple[str, ...], tuple[float, ...]]]
"""By clip and window: hashes of its frames, and when each is shown."""


def caption_faults(video: Video, clips: Clips, initials: Captions, deltas: Captions, file: FramesFile) -> Iterator[str]:
    """Each fault in a few words that name the window; none when the captions can become training data.

    Every window of every clip has one caption with an outcome, the first an initial one; captions follow on each other without a gap, inside the video,
    and speak of the frames of their window alone, none of which is shown after it.
    """
    captions = in_order(initials, deltas)
    yield from _count_faults(clips, Counter((caption.clip, caption.window) for caption in captions))
    evidence = _evidence(file)
    known = {clip.clip: clip for clip in clips.clips}
    for number, chain in groupby(captions, key=lambda caption: caption.clip):
        if number in known:
            for caption in chain:
                yield from _caption_faults(video, known[number], clips.window_duration_s, caption)
                yield from _evidence_faults(caption, evidence)


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
    if (caption.kind == "initial") != (caption.window == 0):
        yield f"{where} has a caption of the kind {caption.kind}"
    if (caption.outcome == "ok") != bool(caption.text.strip()):
        yield f"{where} has the outcome {caption.outcome} {'with' if caption.text.strip() else 'without'} a text"


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
