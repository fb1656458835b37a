"""Training examples, a video's worth at a time."""

from collections import Counter
from collections.abc import Sequence

import dagster as dg

from streamcap_dagster.assets.reviews import captions_as_reviewed
from streamcap_dagster.assets.work import Made, PerVideoAsset, VideoWork
from streamcap_dagster.captions.prompts import AsAsked, Prompts
from streamcap_dagster.examples.images import windows_of, write_images
from streamcap_dagster.examples.pairs import make_rl, make_sft
from streamcap_dagster.policies import CaptionPolicy, ExamplePolicy, Sampling, Windowing
from streamcap_dagster.records import LeftOut, Objectives, RlExamples, SftExamples
from streamcap_dagster.reviews.reviewed import ended
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.receipts import StoredObject


def _make_sft(work: VideoWork) -> Made:
    examples = _sft(work)
    images = _images(work, examples)
    return work.store(keys.sft_examples(work.video_id), examples, {"examples": len(examples.examples), **_left_out(examples.left_out)}, images)


def _make_rl(work: VideoWork) -> Made:
    objectives = work.read(keys.objectives(work.video_id), Objectives)
    initials, deltas = captions_as_reviewed(work)
    examples = make_rl(work.video, initials, deltas, objectives, work.policy(Windowing), work.policy(Sampling), work.policy(ExamplePolicy))
    images = _images(work)
    return work.store(keys.rl_examples(work.video_id), examples, {"examples": len(examples.examples), **_left_out(examples.left_out)}, images)


def _sft(work: VideoWork) -> SftExamples:
    initials, deltas = captions_as_reviewed(work)
    prompts = AsAsked(work.policy(CaptionPolicy).history_tokens)
    return make_sft(work.video, initials, deltas, work.policy(Windowing), work.policy(Sampling), work.policy(ExamplePolicy), prompts)


def _images(work: VideoWork, sft: SftExamples | None = None) -> tuple[StoredObject, ...]:
    """What stands for the images that SFT and RL examples can refer to; those are the same, so a walk writes them once."""
    if work.images is None:
        work.images = _write_images(work, sft or _sft(work))
    return (work.images,)


def _write_images(work: VideoWork, sft: SftExamples) -> StoredObject:
    """Write the images and remove others."""
    _, deltas = captions_as_reviewed(work)
    spoken = {(caption.clip, caption.window) for caption in deltas.captions if caption.kind == "delta" and ended(caption) == "ok"}
    windows = windows_of(sft) | spoken | {(clip, window - 1) for clip, window in spoken}
    frames = work.local(keys.frames(work.video_id))
    images = write_images(work.storage, work.video_id, frames, windows if work.settings.json_images else frozenset())
    return StoredObject(key=keys.images(work.video_id), size_bytes=images.size_bytes)


def _wording(work: VideoWork) -> dict[str, str]:
    """The conversations quote the prompts."""
    del work
    return {"prompts": Prompts().version}


def _left_out(left_out: Sequence[LeftOut]) -> dict[str, int]:
    return {f"left out: {reason}": count for reason, count in sorted(Counter(pair.reason for pair in left_out).items())}


def _show_sft(work: VideoWork) -> dict[str, dg.MetadataValue]:
    examples = work.read(keys.sft_examples(work.video_id), SftExamples).examples
    return {"example": dg.MetadataValue.json(examples[0].example.model_dump())} if examples else {}


def _show_rl(work: VideoWork) -> dict[str, dg.MetadataValue]:
    examples = work.read(keys.rl_examples(work.video_id), RlExamples).examples
    return {"example": dg.MetadataValue.json(examples[0].example.model_dump())} if examples else {}


sft_examples = PerVideoAsset(
    name="sft_examples",
    description=(
        "One record per window pair for supervised fine-tuning: what was said so far, the delta, and the conversation, "
        "with the frames of both windows as images beside `train.json`. Pairs whose caption failed make none and are listed with the reason; "
        "silence is capped (STREAMCAP_MAX_SILENT_SHARE). Costs the disk space of the images."
    ),
    deps=("frames", "initial_captions", "delta_captions", "reviews"),
    group="examples",
    kinds=frozenset({"json"}),
    version="2",
    reads=(Windowing, Sampling, CaptionPolicy, ExamplePolicy),
    make=_make_sft,
    also_from=_wording,
    show=_show_sft,
)

rl_examples = PerVideoAsset(
    name="rl_examples",
    description="One record per window pair that has objectives, for reinforcement learning: the frames of both windows and what a good delta should convey.",
    deps=("frames", "initial_captions", "delta_captions", "objectives", "reviews"),
    group="examples",
    kinds=frozenset({"json"}),
    version="2",
    reads=(Windowing, Sampling, ExamplePolicy),
    make=_make_rl,
    show=_show_rl,
)
