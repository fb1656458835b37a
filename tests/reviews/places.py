"""Storages that people decide in, and what they decide."""

from pathlib import Path

from streamcap_dagster.records import Captions
from streamcap_dagster.reviews.applying import caption_sha256
from streamcap_dagster.reviews.records import Choice, Review
from streamcap_dagster.reviews.storing import Conflict, Saved, read_review, save
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs import open_storage
from tests.dataset.corpus import Said, caption_records

DOOR: tuple[Said, ...] = (("ok", "A red door."), ("ok", "It opens."), ("no_change", ""), ("ok", "A cat comes out."))
"""One clip of four windows."""


def storage_at(place: str, cache: Path) -> Storage:
    """A folder, or gs://bucket/prefix of the emulator."""
    return open_storage(place, cache, 1, 8, 30) if "://" in place else FolderStorage(Path(place))


def said(*clips: tuple[Said, ...], video_id: str = "v") -> tuple[Captions, Captions]:
    """Initial captions and deltas."""
    initials, deltas = caption_records("v", clips or (DOOR,))
    return initials.model_copy(update={"video_id": video_id}), deltas.model_copy(update={"video_id": video_id})


def on(window: int, captions: tuple[Captions, Captions] | None = None, clip: int = 0, **choice: object) -> Choice:
    """A choice on what is said of a window."""
    initials, deltas = captions or said()
    seen = next(caption for caption in (*initials.captions, *deltas.captions) if (caption.clip, caption.window) == (clip, window))
    return Choice.model_validate({"clip": clip, "window": window, "caption_sha256": caption_sha256(seen), **choice})


def on_clip(clip: int, captions: tuple[Captions, Captions] | None = None, **choice: object) -> Choice:
    initials, deltas = captions or said()
    chain = [caption for caption in (*initials.captions, *deltas.captions) if caption.clip == clip]
    return Choice.model_validate({"clip": clip, "caption_sha256": caption_sha256(*chain), **choice})


def decide(storage: Storage, video_id: str, *choices: Choice, by: str = "ann") -> Review:
    """Somebody who has seen everything decides."""
    return kept(save(storage, video_id, read_review(storage, video_id).version, choices, by))


def kept(result: Saved | Conflict) -> Review:
    assert isinstance(result, Saved), result
    return result.review
