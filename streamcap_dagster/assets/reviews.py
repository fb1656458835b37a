"""What reviewers decided, as far as it applies to the captions as they are now, and the captions with it."""

import hashlib
from collections.abc import Mapping

import dagster as dg

from streamcap_dagster.assets.work import NOTICE, Made, PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.dataset.markdown import plain, table
from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.records import NO_CHANGE, Captions
from streamcap_dagster.reviews.applying import Applied, apply_review
from streamcap_dagster.reviews.records import Review
from streamcap_dagster.reviews.reviewed import Reviewed, ReviewedWindow, apply
from streamcap_dagster.reviews.storing import read_review
from streamcap_dagster.storage import keys

_SHOWN = 40


def captions_as_reviewed(work: VideoWork) -> tuple[Captions, Captions]:
    """Initial captions and deltas as all that follows from them has them; what the captioner is shown and asked is without."""
    reviewed = work.read(keys.reviewed(work.video_id), Reviewed)
    initials, deltas = _captions(work)
    return apply(initials, reviewed), apply(deltas, reviewed)


def _apply_review(work: VideoWork) -> Made:
    applied = apply_review(_review_of(work), *_captions(work))
    made = work.store(keys.reviewed(work.video_id), applied.reviewed, _counts(applied))
    return made if not applied.outdated else _with_notice(made, len(applied.outdated))


def _review_of(work: VideoWork) -> Review:
    return read_review(work.storage, work.video_id) if work.video_id in work.workshop.decided else Review(video_id=work.video_id)


def _captions(work: VideoWork) -> tuple[Captions, Captions]:
    return work.read(keys.initial_captions(work.video_id), Captions), work.read(keys.delta_captions(work.video_id), Captions)


def _counts(applied: Applied) -> dict[str, int]:
    windows = applied.reviewed.windows
    counts = {
        "dropped": sum(window.dropped for window in windows),
        "edited": sum(window.text is not None for window in windows),
        "ranked": sum(bool(window.ranking) for window in windows),
    }
    return {**counts, **({"decisions_on_other_captions": len(applied.outdated)} if applied.outdated else {})}


def _with_notice(made: Made, outdated: int) -> Made:
    told = f"{outdated} decision{'' if outdated == 1 else 's'} of reviewers do not count, for something else is said of their windows now"
    return Made(made.objects, made.content_hash, made.counts, {NOTICE: told})


def _beside(work: VideoWork) -> dict[str, str]:
    """What people decided of this very video."""
    if work.video_id not in work.workshop.decided:
        return {}
    try:
        return {"review": hashlib.sha256(work.storage.read(keys.reviews(work.video_id))).hexdigest()}
    except ObjectMissing:  # since they were listed
        return {}


def _found_beside(workshop: Workshop) -> Mapping[str, str]:
    return workshop.decided


def _show(work: VideoWork) -> dict[str, dg.MetadataValue]:
    windows = work.read(keys.reviewed(work.video_id), Reviewed).windows
    if not windows:
        return {}
    rows = [[str(window.clip), str(window.window), _told(window), plain(window.by)] for window in windows[:_SHOWN]]
    more = f"\n\nand {len(windows) - _SHOWN:,} more" if len(windows) > _SHOWN else ""
    return {"decisions": dg.MetadataValue.md(table(["clip", "window", "decided", "by"], rows) + more)}


def _told(window: ReviewedWindow) -> str:
    what = ["dropped"] if window.dropped else []
    what += [f"says instead: {plain(window.text or NO_CHANGE)}"] if window.text is not None else []
    return "; ".join([*what, *(["ranked"] if window.ranking else [])])


reviews = PerVideoAsset(
    name="reviews",
    description=(
        "What people decided of the captions in `streamcap review`, as far as it applies to what is said now: windows dropped, captions written anew, "
        "candidates ranked. A decision on a caption that is another one by now is counted and does not count. The captioner's own words stay in "
        "`initial_captions` and `delta_captions`, and nobody is asked again; subtitles, examples and the dataset have the reviewers'."
    ),
    deps=("initial_captions", "delta_captions"),
    group="captions",
    kinds=frozenset({"json"}),
    version="2",
    make=_apply_review,
    also_from=_beside,
    found_beside=_found_beside,
    show=_show,
)
