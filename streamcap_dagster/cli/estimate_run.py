"""The estimate of a run under these settings, of the videos that are cataloged."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from streamcap_dagster.assets.estimate import estimate_videos, unwatched
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.captions.captioner import Captioner
from streamcap_dagster.captions.estimate import Estimate, Terms
from streamcap_dagster.captions.pacing.others import read_account
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.errors import SettingError
from streamcap_dagster.model_table import model_table
from streamcap_dagster.records import Video
from streamcap_dagster.resources.captioner import PacedCaptionerResource
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import captioner_for, source_for, storage_for

_FREE = ("offline", "recorded")


def estimate_run(settings: Settings, only: Sequence[str] = (), on_videos: Callable[[int, int], None] = unwatched) -> Estimate:
    """What captioning these videos, or all of the catalog, would take. Writes nothing, asks nobody and needs no key.

    `on_videos` is told how many of how many videos are counted. Raises SettingError for an id that cannot be captioned.
    """
    storage, captioner = storage_for(settings).open(), captioner_for(settings).bare()
    workshop = Workshop(settings, source_for(settings).open(), storage, captioner)
    videos = usable(read_manifest(storage), only)
    return Estimate(terms_of(settings, captioner, spent_usd(storage)), asyncio.run(estimate_videos(videos, workshop, on_videos)))


def usable(manifest: dict[str, Video], only: Sequence[str]) -> list[Video]:
    """The chosen videos of a catalog, or all that can be used."""
    for video_id in only:
        if video_id not in manifest:
            raise SettingError("--only", video_id, "the catalog has no such video; `streamcap status` lists them")
        if manifest[video_id].status != "ok":
            raise SettingError("--only", video_id, f"the catalog lists it as {manifest[video_id].status}: {manifest[video_id].reason}")
    chosen = set(only) or manifest.keys()
    return [video for video in manifest.values() if video.status == "ok" and video.video_id in chosen]


def terms_of(settings: Settings, captioner: Captioner, spent_usd: float = 0.0) -> Terms:
    """What captioning is billed and paced by under these settings, from today's prices."""
    table = model_table(settings.model_table)
    facts = table.of(captioner.model)
    return Terms(
        captioner=captioner.name,
        model=captioner.model,
        paid=captioner.name not in _FREE,
        facts=facts,
        day=datetime.now(UTC).date(),
        prices_of=table.version,
        resolution=settings.media_resolution,
        tier=settings.gemini_tier if captioner.name == "gemini" else "standard",
        quota=_quota(settings),
        videos_in_flight=settings.videos_in_flight,
        spent_usd=spent_usd,
        thinks=(facts.thinking.level if settings.thinking == "least" else settings.thinking) in ("low", "medium", "high"),
        canary_every=settings.canary_every,
    )


def _quota(settings: Settings) -> Quota:
    captioner = captioner_for(settings)
    return captioner.quota() if isinstance(captioner, PacedCaptionerResource) else Quota()


def spent_usd(storage: Storage) -> float:
    """What all processes have put on their accounts of this storage."""
    return sum(read_account(storage, stored.key).usd for stored in storage.list(keys.QUOTA))
