"""How good a video's captions are, window by window, and whether they sit on the right windows: measured from their words and the pixels, for nothing."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean

import dagster as dg

from streamcap_dagster.assets.work import Made, PerVideoAsset, VideoFindings, VideoWork
from streamcap_dagster.dataset.markdown import plain, table
from streamcap_dagster.policies import PairingPolicy
from streamcap_dagster.quality import thresholds
from streamcap_dagster.quality.drift import drifts_of
from streamcap_dagster.quality.embedding import embedder
from streamcap_dagster.quality.measuring import mean, measure
from streamcap_dagster.quality.pairing import audit_by_features, audit_by_model, stored_windows
from streamcap_dagster.quality.records import CaptionQuality, PairingAudit, WindowQuality
from streamcap_dagster.quality.verdicts import counted, judge
from streamcap_dagster.records import Caption, Captions, in_order
from streamcap_dagster.storage import keys

SHOWN = 40
_HEAD = ("clip", "seconds", "words/s", "new", "repeated", "flags", "caption")


def _measure_captions(work: VideoWork) -> Made:
    captions = _captions(work)
    quality = CaptionQuality(video_id=work.video_id, windows=measure(captions), pairing=_audit(work, captions), drifts=drifts_of(captions))
    return work.store(keys.caption_quality(work.video_id), quality, counted(quality))


def _audit(work: VideoWork, captions: Sequence[Caption]) -> PairingAudit | None:
    model = embedder(work.settings.pairing_model, work.settings.pairing_url, work.settings.pairing_key.get_secret_value())
    windows = stored_windows(work.local(keys.frames(work.video_id)), captions)
    return audit_by_model(captions, windows, model) if model is not None else audit_by_features(work.video_id, captions, windows)


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
        **({"pairing": dg.MetadataValue.json(quality.pairing.model_dump())} if quality.pairing is not None else {}),
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
        "each threshold that it passes. Beside it the pairing audit: whether captions fit the frames of their own windows better than those of others, by "
        "colours, movement, cuts and light, or by the model of STREAMCAP_PAIRING_MODEL; and for each anchor the drift of what was said before it. Without a "
        "model nobody is asked, so it costs nothing, and takes a few milliseconds a window. Its checks hold up nothing: they are there to be looked at, and "
        "those of hf_dataset before it is published."
    ),
    deps=("frames", "initial_captions", "delta_captions"),
    group="captions",
    kinds=frozenset({"json"}),
    version="1",
    reads=(PairingPolicy,),
    make=_measure_captions,
    also_from=_levels,
    show=_show,
    findings=VideoFindings(thresholds.of_videos(), partial(judge, of="video")),
)
