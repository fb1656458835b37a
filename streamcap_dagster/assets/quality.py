"""How good a video's captions are, window by window: measured from their words, so that nobody is asked and nothing is paid."""

from collections.abc import Mapping, Sequence
from statistics import fmean

import dagster as dg

from streamcap_dagster.assets.work import Made, PerVideoAsset, VideoWork
from streamcap_dagster.dataset.markdown import plain, table
from streamcap_dagster.quality import thresholds
from streamcap_dagster.quality.drift import drifts_of
from streamcap_dagster.quality.measuring import mean, measure
from streamcap_dagster.quality.records import CaptionQuality, WindowQuality
from streamcap_dagster.quality.verdicts import counted
from streamcap_dagster.records import Caption, Captions, in_order
from streamcap_dagster.storage import keys

SHOWN = 40
_HEAD = ("clip", "seconds", "words/s", "new", "repeated", "flags", "caption")


def _measure_captions(work: VideoWork) -> Made:
    captions = _captions(work)
    quality = CaptionQuality(video_id=work.video_id, windows=measure(captions), drifts=drifts_of(captions))
    return work.store(keys.caption_quality(work.video_id), quality, counted(quality))


def _captions(work: VideoWork) -> list[Caption]:
    return in_order(*(work.read(key(work.video_id), Captions) for key in (keys.initial_captions, keys.delta_captions)))


def _levels(work: VideoWork) -> dict[str, str]:
    """Flags depend on the thresholds, which are no setting."""
    del work
    return {"thresholds": thresholds.version()}


def _show(work: VideoWork) -> dict[str, dg.MetadataValue]:
    quality = work.read(keys.caption_quality(work.video_id), CaptionQuality)
    windows = quality.windows
    said = {(caption.clip, caption.window): caption for caption in _captions(work)}
    flagged = [window for window in windows if window.flags]
    means = {name: mean(windows, name) for name in ("words_per_s", "novelty", "redundancy", "repetition")}
    return {
        **{f"mean_{name}": dg.MetadataValue.float(round(value, 3)) for name, value in means.items() if value is not None},
        "flagged": dg.MetadataValue.int(len(flagged)),
        **({"mean_drift": dg.MetadataValue.float(round(fmean(one.drift for one in quality.drifts), 3))} if quality.drifts else {}),
        "windows": dg.MetadataValue.md(_table(windows, said)),
        **({"flagged_windows": dg.MetadataValue.md(_table(flagged, said))} if len(windows) > SHOWN and flagged else {}),
    }


def _table(windows: Sequence[WindowQuality], said: Mapping[tuple[int, int], Caption]) -> str:
    more = f"\n\nand {len(windows) - SHOWN:,} more" if len(windows) > SHOWN else ""
    return table(_HEAD, [_row(window, said[window.clip, window.window]) for window in windows[:SHOWN]]) + more


def _row(window: WindowQuality, caption: Caption) -> tuple[str, ...]:
    place = (str(window.clip), f"{caption.start_s:.1f}–{caption.end_s:.1f}")
    if not window.words:
        return (*place, "", "", "", "", plain(window.outcome))
    measured = (f"{window.words_per_s:.1f}", f"{window.novelty:.0%}", f"{window.redundancy:.0%}")
    return (*place, *measured, plain(", ".join(window.flags)), plain(caption.text))


caption_quality = PerVideoAsset(
    name="caption_quality",
    description=(
        "What the caption of each window is like: words a second, repetition in itself, how much of it was said before in the clip and how much is new, copies "
        "of earlier captions, talk about the video, refusals, times that nobody can see, its language, and things that change their name; with a flag for "
        "each threshold that it passes. Made from the words of captions that exist: nobody is asked, so it costs nothing, and takes some milliseconds a video."
    ),
    deps=("initial_captions", "delta_captions"),
    group="captions",
    kinds=frozenset({"json"}),
    version="1",
    make=_measure_captions,
    also_from=_levels,
    show=_show,
)
