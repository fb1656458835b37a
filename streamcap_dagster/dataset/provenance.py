"""Where a row comes from: what it tells of its video, and of the captions that it was made of."""

from collections.abc import Iterable, Sequence

from streamcap_dagster.dataset.quality_columns import QualityColumns
from streamcap_dagster.dataset.splits import Split
from streamcap_dagster.records import Caption, Outcome, Record, Video
from streamcap_dagster.reviews.reviewed import edited_at, edited_by, is_dropped


class Origin(Record):
    """What every row tells of its video."""

    source_sha256: str
    license: str
    """As the source tells it; empty where it tells none."""
    credit: str
    source_url: str
    group: str
    """What the split was decided by: no two splits have one in common."""
    split: Split


class PairProvenance(Origin, QualityColumns):
    """What a row of two windows tells beside its own fields; caption, its quality and prompt are those of window 2."""

    sample_id: str
    """<video>/<clip>/<window>; of the second preference pair of a window, whose texts are about as long as each other, with /length at its end."""
    clip: int
    window: int
    """Window 2 of the pair."""
    outcome: Outcome
    frame_pts_window1: tuple[float, ...]
    frame_pts_window2: tuple[float, ...]
    history: tuple[str, ...]
    """The texts said up to and including window 1; where a clip has anchors, since the last of them."""
    captioner: str
    """Of window 2 and of the history; several in one text, in the order in which they spoke, as in `model`."""
    model: str
    prompt_version: str
    edited_by: str
    """Who wrote the caption of window 2 in place of the model's, as `edited_at` tells when, in ISO 8601; both empty for the model's words."""
    edited_at: str


class ClipProvenance(Origin):
    """What a row of a whole clip tells beside its own fields."""

    sample_id: str
    frame_pts: tuple[float, ...]
    """One after another for all windows, as the images are."""
    prompt_version: str
    """Of the prompts that the clip was asked with: one for its first window, and one for the others."""


Provenance = PairProvenance | ClipProvenance


def origin_of(video: Video, group: str, split: Split) -> Origin:
    return Origin(source_sha256=video.sha256, license=video.license, credit=video.credit, source_url=video.url, group=group, split=split)


def pair_provenance(origin: Origin, video_id: str, said: Sequence[Caption], quality: QualityColumns, suffix: str = "") -> PairProvenance:
    """`said` are the captions of a segment from its first to the pair's window 2; `suffix` tells the row from another of the same windows."""
    first, second = said[-2:]
    history = [caption for caption in said[:-1] if caption.text and not is_dropped(caption)]
    return PairProvenance(
        **origin.model_dump(),
        sample_id=f"{video_id}/{second.clip}/{second.window}{suffix}",
        clip=second.clip,
        window=second.window,
        outcome=second.outcome,
        **quality.model_dump(),
        frame_pts_window1=first.frame_pts_s,
        frame_pts_window2=second.frame_pts_s,
        history=tuple(caption.text for caption in history),
        captioner=each_once(caption.captioner for caption in (*history, second)),
        model=each_once(caption.model for caption in (*history, second)),
        prompt_version=second.prompt_version,
        edited_by=edited_by(second),
        edited_at=edited_at(second),
    )


def clip_provenance(origin: Origin, video_id: str, said: Sequence[Caption]) -> ClipProvenance:
    """`said` are all captions of the clip."""
    return ClipProvenance(
        **origin.model_dump(),
        sample_id=f"{video_id}/{said[0].clip}",
        frame_pts=tuple(pts_s for caption in said for pts_s in caption.frame_pts_s),
        prompt_version=each_once(caption.prompt_version for caption in said),
    )


def each_once(names: Iterable[str]) -> str:
    """Several in one text."""
    return " ".join(dict.fromkeys(names))
