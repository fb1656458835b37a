"""What is said of each window: in full once per clip, then only what is new; what a good delta should convey; and subtitles of it all."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import dagster as dg

from streamcap_dagster.assets.clips import clips_of, selection_file
from streamcap_dagster.assets.progress import WindowsDone, WindowsFound
from streamcap_dagster.assets.reviews import captions_as_reviewed
from streamcap_dagster.assets.work import Made, PerVideoAsset, VideoCheck, VideoWork, made_of
from streamcap_dagster.captions.anchors import anchor_windows
from streamcap_dagster.captions.asking import Spent
from streamcap_dagster.captions.chain import caption_deltas, caption_initials
from streamcap_dagster.captions.checking import caption_faults
from streamcap_dagster.captions.objectives import state_objectives
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.captions.subtitles import to_srt, to_vtt
from streamcap_dagster.policies import CaptionPolicy, ChainPolicy, ClipPolicy, Windowing
from streamcap_dagster.records import Caption, Captions, Clips, Objectives
from streamcap_dagster.reviews.reviewed import is_dropped
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.many import delete_all

SHOWN = 40


def _who_and_how(work: VideoWork) -> dict[str, str]:
    """A captioner's model and the wording of the prompts change what is said, and belong to no setting."""
    return {"model": work.workshop.captioner.model, "prompts": Prompts().version}


def _and_anchors(work: VideoWork) -> dict[str, str]:
    """Of a video with a clip that has anchors also how often: the captions of others are what they are without."""
    every = work.settings.anchor_every
    has_some = every and any(anchor_windows(clip.windows, every) for clip in clips_of(work).clips)
    return {**_who_and_how(work), **({"anchor_every": str(every)} if has_some else {})}


def _who_has_anchors(settings: Settings) -> str:
    """What decides which videos have anchors."""
    if not settings.anchor_every:
        return ""
    deciding = [settings.policy(kind).model_dump_json() for kind in (Windowing, ClipPolicy)]
    return hashlib.sha256("\n".join([str(settings.anchor_every), *deciding, selection_file(settings)]).encode()).hexdigest()


async def _caption_initials(work: VideoWork) -> Made:
    clips = await asyncio.to_thread(work.read, keys.clips(work.video_id), Clips)
    work.workshop.progress(WindowsFound(work.video_id, sum(clip.windows for clip in clips.clips)))
    asker = await work.asker()
    before = asker.spent
    frames = await asyncio.to_thread(work.local, keys.frames(work.video_id))
    captions = await caption_initials(work.video_id, clips, frames, asker, work.policy(ChainPolicy))
    work.workshop.progress(WindowsDone(work.video_id, len(captions.captions)))
    made = await asyncio.to_thread(work.store, keys.initial_captions(work.video_id), captions, _counts(captions.captions))
    return _paid(made, asker.spent.since(before))


async def _caption_deltas(work: VideoWork) -> Made:
    clips = await asyncio.to_thread(work.read, keys.clips(work.video_id), Clips)
    initials = await asyncio.to_thread(work.read, keys.initial_captions(work.video_id), Captions)
    work.workshop.progress(WindowsFound(work.video_id, sum(clip.windows - 1 for clip in clips.clips)))
    asker = await work.asker()
    before, done = asker.spent, WindowsDone(work.video_id)
    frames = await asyncio.to_thread(work.local, keys.frames(work.video_id))
    policy = work.policy(ChainPolicy)
    captions = await caption_deltas(work.video_id, clips, frames, initials, asker, policy, lambda: work.workshop.progress(done))
    made = await asyncio.to_thread(work.store, keys.delta_captions(work.video_id), captions, _counts(captions.captions))
    return _paid(made, asker.spent.since(before))


async def _state_objectives(work: VideoWork) -> Made:
    initials, deltas = await asyncio.to_thread(_both, work)
    asker = await work.asker()
    before = asker.spent
    stated = await state_objectives(work.video_id, initials, deltas, asker)
    counts = {"pairs": len(stated.pairs), "with_objectives": sum(bool(pair.objectives) for pair in stated.pairs)}
    made = await asyncio.to_thread(work.store, keys.objectives(work.video_id), stated, counts)
    return _paid(made, asker.spent.since(before))


def _paid(made: Made, spent: Spent) -> Made:
    """With what the captioner's answers took this time, where there were any."""
    return replace(made, spent=asdict(spent)) if spent != Spent() else made


def _write_subtitles(work: VideoWork) -> Made:
    initials, deltas = captions_as_reviewed(work)
    shown = (caption for caption in (*initials.captions, *deltas.captions) if not is_dropped(caption))
    spoken = sorted(shown, key=lambda caption: (caption.start_s, caption.end_s))
    texts = {keys.subtitles(work.video_id, suffix): write(spoken) for suffix, write in ((".srt", to_srt), (".vtt", to_vtt))}
    if not any(texts.values()):
        delete_all(work.storage, texts)
        return made_of([], {"cues": 0}, no_file="no window of this video has words, so there are no subtitles")
    return work.store_files({key: text.encode() for key, text in texts.items()}, {"cues": sum(caption.outcome == "ok" for caption in spoken)})


def _both(work: VideoWork) -> tuple[Captions, Captions]:
    return work.read(keys.initial_captions(work.video_id), Captions), work.read(keys.delta_captions(work.video_id), Captions)


def _counts(captions: Sequence[Caption]) -> dict[str, int]:
    outcomes = Counter(str(caption.outcome) for caption in captions)
    anchors = sum(caption.kind == "anchor" for caption in captions)
    told = {"windows": len(captions), **({"anchors": anchors} if anchors else {}), "gated": sum(caption.gated for caption in captions)}
    return {**told, **dict(sorted(outcomes.items()))}


def _faults(work: VideoWork) -> Iterator[str]:
    clips = work.read(keys.clips(work.video_id), Clips)
    initials, deltas = _both(work)
    with work.storage.open(keys.frames(work.video_id)) as table:
        yield from caption_faults(work.video, clips, initials, deltas, table, work.settings.anchor_every)


def _show_initials(work: VideoWork) -> dict[str, dg.MetadataValue]:
    return {"captions": _table(work.read(keys.initial_captions(work.video_id), Captions).captions)}


def _show_deltas(work: VideoWork) -> dict[str, dg.MetadataValue]:
    return {"captions": _table(work.read(keys.delta_captions(work.video_id), Captions).captions)}


def _show_objectives(work: VideoWork) -> dict[str, dg.MetadataValue]:
    stated = [pair for pair in work.read(keys.objectives(work.video_id), Objectives).pairs if pair.objectives]
    rows = [f"| {pair.clip} | {pair.window} | {_cell('; '.join(pair.objectives))} |" for pair in stated[:SHOWN]]
    return {"objectives": dg.MetadataValue.md("\n".join(["| clip | window | objectives |", "|---|---|---|", *rows]))}


def _table(captions: Sequence[Caption]) -> dg.MetadataValue:
    rows = [
        f"| {caption.clip} | {caption.start_s:.1f}–{caption.end_s:.1f} | {_ended(caption)} | {_cell(caption.text or caption.reason)} |"
        for caption in captions[:SHOWN]
    ]
    more = [f"\nand {len(captions) - SHOWN} more"] if len(captions) > SHOWN else []
    return dg.MetadataValue.md("\n".join(["| clip | seconds | outcome | caption |", "|---|---|---|---|", *rows, *more]))


def _ended(caption: Caption) -> str:
    return f"anchor: {caption.outcome}" if caption.kind == "anchor" else caption.outcome


def _cell(text: str) -> str:
    """Words of a captioner inside a Markdown table: shown, never interpreted."""
    plain = "".join(f"&#{ord(letter)};" if letter in "|<>&`*_[]\\!#~" else letter for letter in text)
    return " ".join(plain.split())


initial_captions = PerVideoAsset(
    name="initial_captions",
    description=(
        "The full description of each clip's first window, from the captioner. Costs one call per clip; clips are asked at the same time. "
        "A caption that was blocked, cut or unusable is kept with its outcome."
    ),
    deps=("clips", "frames"),
    group="captions",
    kinds=frozenset({"json", "ai"}),
    version="1",
    reads=(CaptionPolicy,),
    make=_caption_initials,
    also_from=_who_and_how,
    show=_show_initials,
)

captions_tell = VideoCheck(
    name="every_window_has_its_outcome",
    description=(
        "Every window of every clip has one caption with an outcome, initial captions, deltas and anchors; they follow on each other inside the video, "
        "and none speaks of a frame that is shown after its window. A video that does not pass fails here, and no example is made from its captions."
    ),
    version="1",
    faults=_faults,
    fix="Run it again and they are put together anew from the answers that are kept, which asks nothing twice; if that comes to the same, report this.",
)

delta_captions = PerVideoAsset(
    name="delta_captions",
    description=(
        "What each later window adds to what was already said, in order within a clip. Costs one call per window unless its frames did not change; "
        "with STREAMCAP_ANCHOR_EVERY the scene of a long clip is now and then described in full again, and what follows adds to that. "
        "Takes as long as the longest clip's windows one after another, for clips are asked at the same time. "
        "Answers are kept as they arrive and never asked for twice."
    ),
    deps=("clips", "frames", "initial_captions"),
    group="captions",
    kinds=frozenset({"json", "ai"}),
    version="1",
    reads=(CaptionPolicy,),
    make=_caption_deltas,
    also_from=_and_anchors,
    decided_by=_who_has_anchors,
    show=_show_deltas,
    check=captions_tell,
)

objectives = PerVideoAsset(
    name="objectives",
    description=(
        "One to six short, checkable statements that a good delta should convey, for each window that adds something. "
        "Costs one text-only call per twenty windows."
    ),
    deps=("initial_captions", "delta_captions"),
    group="captions",
    kinds=frozenset({"json", "ai"}),
    version="1",
    make=_state_objectives,
    also_from=_who_and_how,
    show=_show_objectives,
)

caption_files = PerVideoAsset(
    name="caption_files",
    description=(
        "The captions as subtitles of the video, SubRip and WebVTT, with what reviewers wrote and without what they dropped. A video in which nothing was said "
        "gets no file. Costs nothing."
    ),
    deps=("initial_captions", "delta_captions", "reviews"),
    group="captions",
    kinds=frozenset({"srt", "vtt"}),
    version="1",
    make=_write_subtitles,
)
