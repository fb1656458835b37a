"""Preference pairs of a video: what could be said of a window, scored or ranked by people, better beside worse."""

import hashlib
from collections import Counter
from functools import cache

import dagster as dg

from streamcap_dagster.assets.reviews import captions_as_reviewed
from streamcap_dagster.assets.work import Made, PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.captions.prompts import AsAsked, Prompts
from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.examples.preference import REHEARSED, Told, make_preferences, outdated, refused
from streamcap_dagster.examples.rankings import Rankings
from streamcap_dagster.policies import CaptionPolicy, PreferencePolicy
from streamcap_dagster.records import Captions, Objectives, PreferenceExamples
from streamcap_dagster.resources.storage import storage_at
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record

_SHOWN = 20


def _make_preferences(work: VideoWork) -> Made:
    initials, deltas = captions_as_reviewed(work)
    told = Told(
        initials=initials,
        deltas=deltas,
        objectives=work.read(keys.objectives(work.video_id), Objectives),
        elsewhere=tuple(captions for storage in other_storages(work.settings) if (captions := _said_there(storage, work.video_id))),
        rankings=work.read(keys.rankings(work.video_id), Rankings) if work.video_id in work.workshop.ranked else None,
    )
    policy = work.policy(PreferencePolicy)
    made = make_preferences(told, policy, AsAsked(work.policy(CaptionPolicy).history_tokens))
    return work.store(keys.preference_examples(work.video_id), made, _counts(made, told))


def _counts(made: PreferenceExamples, told: Told) -> dict[str, int]:
    left_out = Counter(pair.reason for pair in made.left_out) + Counter({REHEARSED: refused(told)})
    outdated_rankings = outdated(told)
    return {
        "pairs": len(made.examples),
        "length_matched": sum(pair.length_matched for pair in made.examples),
        "ranked_by_people": len({(pair.clip, pair.window) for pair in made.examples if pair.ranked_by == "human"}),
        **({"rankings_of_other_captions": outdated_rankings} if outdated_rankings else {}),
        **{f"left out: {reason}": count for reason, count in sorted(left_out.items())},
    }


def other_storages(settings: Settings) -> tuple[Storage, ...]:
    """Those whose captions are candidates too. Nothing is written to them."""
    return tuple(_opened(place, settings) for place in settings.other_runs)


def _opened(place: str, settings: Settings) -> Storage:
    return _storage_at(place, str(settings.cache), settings.cache_gb, settings.storage_connections, settings.storage_deadline_s).afresh()


_storage_at = cache(storage_at)
"""Once a process for each: opening a bucket takes a few requests."""


def _said_there(storage: Storage, video_id: str) -> Captions | None:
    try:
        return read_record(storage, keys.delta_captions(video_id), Captions)
    except ObjectMissing:
        return None


def _beside(work: VideoWork) -> dict[str, str]:
    """The wording that pairs quote, what people said of this very video, and what others said of it."""
    found = {"prompts": Prompts().version}
    if work.video_id in work.workshop.ranked:
        found["rankings"] = _hash_of(work.storage, keys.rankings(work.video_id))
    for number, storage in enumerate(other_storages(work.settings), start=1):
        found[f"captions_of_run_{number}"] = _hash_of(storage, keys.delta_captions(work.video_id))
    return found


def _hash_of(storage: Storage, key: str) -> str:
    try:
        return hashlib.sha256(storage.read(key)).hexdigest()
    except ObjectMissing:
        return ""


def _found_beside(workshop: Workshop) -> dict[str, str]:
    """Of which videos there are rankings, or captions of others."""
    found = dict(workshop.ranked)
    folder, _, suffix = keys.delta_captions("\0").partition("\0")
    for storage in other_storages(workshop.settings):
        for stored in storage.list(folder):
            video_id = stored.key[len(folder) : -len(suffix)]
            found[video_id] = f"{found.get(video_id, '')} {storage.uri} {stored.version}"
    return found


def _show(work: VideoWork) -> dict[str, dg.MetadataValue]:
    pairs = work.read(keys.preference_examples(work.video_id), PreferenceExamples).examples
    return {"preferences": dg.MetadataValue.json([pair.model_dump(exclude={"prompt"}) for pair in pairs[:_SHOWN]])} if pairs else {}


preference_examples = PerVideoAsset(
    name="preference_examples",
    description=(
        "Pairs for preference training: of each window the caption beside deltas made worse by rule (the history repeated, the window restated in full), and "
        "beside what other runs said of it (STREAMCAP_PREFERENCE_RUNS), scored or ranked by people (`streamcap preferences`, `streamcap review`). Best against "
        "worst, and the two of the same length that differ most. Made from captions that exist: nobody is asked, so it costs nothing to make it anew."
    ),
    deps=("initial_captions", "delta_captions", "objectives", "reviews"),
    group="examples",
    kinds=frozenset({"json"}),
    version="4",
    reads=(CaptionPolicy, PreferencePolicy),
    make=_make_preferences,
    also_from=_beside,
    found_beside=_found_beside,
    show=_show,
)
