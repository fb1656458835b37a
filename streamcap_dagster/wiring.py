"""The only wiring: which assets, with which resources, under given settings. Everything that Dagster and `streamcap` run is built here."""

import os
from typing import Any

import dagster as dg

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.dataset import dataset_assets
from streamcap_dagster.assets.due_videos import due_videos_asset
from streamcap_dagster.assets.per_video import per_video_assets
from streamcap_dagster.assets.progress import Progress, unwatched
from streamcap_dagster.assets.publishing import published_dataset
from streamcap_dagster.assets.videos import source_videos, video_catalog_asset
from streamcap_dagster.automation.alerts import alert_of_failed_checks, alert_of_failed_runs
from streamcap_dagster.automation.backfills import DagsterBackfills
from streamcap_dagster.automation.dataset import dataset_sensor
from streamcap_dagster.automation.jobs import JOBS
from streamcap_dagster.automation.schedules import nightly_schedule
from streamcap_dagster.automation.source import source_sensor
from streamcap_dagster.errors import SettingError
from streamcap_dagster.resources.captioner import (
    CaptionerResource,
    GeminiCaptionerResource,
    OfflineCaptionerResource,
    OpenAICaptionerResource,
    PacedCaptionerResource,
    RecordedCaptionerResource,
)
from streamcap_dagster.resources.hub import HubResource
from streamcap_dagster.resources.io_manager import StreamcapIOManager
from streamcap_dagster.resources.run_end import run_end
from streamcap_dagster.resources.storage import FolderStorageResource, GcsStorageResource, StorageResource
from streamcap_dagster.resources.video_source import FolderSourceResource, GcsSourceResource, HfSourceResource, VideoSourceResource
from streamcap_dagster.resources.webhook import WebhookResource
from streamcap_dagster.settings import ALERT_WEBHOOK, Settings, gemini_key, scheme_of


def _offline(settings: Settings) -> CaptionerResource:
    del settings
    return OfflineCaptionerResource()


def _recorded(settings: Settings) -> CaptionerResource:
    if settings.recorded_answers is None:
        raise SettingError("STREAMCAP_CAPTIONER", "recorded", "it answers from a file: set STREAMCAP_RECORDED_ANSWERS to it")
    return RecordedCaptionerResource(answers=str(settings.recorded_answers))


def _paced(settings: Settings) -> dict[str, Any]:
    """What the captioners behind a network have in common; a setting of theirs has the same name as its field."""
    shared = PacedCaptionerResource.model_fields.keys() & Settings.model_fields.keys() - {"model"}
    return {**{name: getattr(settings, name) for name in shared}, "models": str(settings.model_table or "")}


def _gemini(settings: Settings) -> CaptionerResource:
    return GeminiCaptionerResource(
        **_paced(settings),
        model=settings.gemini_model,
        key=dg.EnvVar(gemini_key()) if gemini_key() and not settings.vertex_project else "",
        base_url=settings.gemini_base_url,
        tier=settings.gemini_tier,
        api_version=settings.gemini_api_version,
        vertex_project=settings.vertex_project,
        vertex_location=settings.vertex_location,
        thinking=settings.thinking,
    )


def _openai(settings: Settings) -> CaptionerResource:
    return OpenAICaptionerResource(
        **_paced(settings),
        model=settings.openai_model,
        key=dg.EnvVar("OPENAI_API_KEY") if os.environ.get("OPENAI_API_KEY") else "",
        base_url=os.environ.get("OPENAI_BASE_URL", ""),
    )


CAPTIONERS = {"gemini": _gemini, "openai": _openai, "offline": _offline, "recorded": _recorded}


def captioner_for(settings: Settings) -> CaptionerResource:
    """The captioner that the settings name. Raises SettingError with the known names."""
    if settings.captioner not in CAPTIONERS:
        raise SettingError("STREAMCAP_CAPTIONER", settings.captioner, f"the captioners are {', '.join(CAPTIONERS)}")
    return CAPTIONERS[settings.captioner](settings)


def _gcs(settings: Settings) -> dict[str, Any]:
    """How buckets are spoken to, whatever is kept in them. A source and a storage share the local copies."""
    return {
        "cache": str(settings.cache),
        "cache_gb": settings.cache_gb,
        "connections": settings.storage_connections,
        "deadline_s": settings.storage_deadline_s,
    }


def _gcs_storage(settings: Settings) -> StorageResource:
    return GcsStorageResource(uri=settings.storage, **_gcs(settings))


def _folder_storage(settings: Settings) -> StorageResource:
    return FolderStorageResource(root=settings.storage)


STORAGES = {"": _folder_storage, "gs": _gcs_storage}
"""By the scheme of STREAMCAP_STORAGE."""


def storage_for(settings: Settings) -> StorageResource:
    """The storage that the settings name."""
    return STORAGES[scheme_of(settings.storage)](settings)


def _folder_source(settings: Settings) -> VideoSourceResource:
    return FolderSourceResource(root=settings.source)


def _gcs_source(settings: Settings) -> VideoSourceResource:
    return GcsSourceResource(uri=settings.source, **_gcs(settings))


def _hf_source(settings: Settings) -> VideoSourceResource:
    return HfSourceResource(uri=settings.source, cache=str(settings.cache), cache_gb=settings.cache_gb, deadline_s=settings.storage_deadline_s)


SOURCES = {"": _folder_source, "gs": _gcs_source, "hf": _hf_source}
"""By the scheme of STREAMCAP_SOURCE."""


def source_for(settings: Settings) -> VideoSourceResource:
    """The video source that the settings name."""
    return SOURCES[scheme_of(settings.source)](settings)


def hub_for(settings: Settings) -> HubResource:
    """The repository on the Hugging Face Hub that the settings name, empty for none."""
    token = dg.EnvVar("HF_TOKEN") if os.environ.get("HF_TOKEN") else ""
    return HubResource(repo=settings.hub_repo, token=token, endpoint=os.environ.get("HF_ENDPOINT", "").strip())


def build_definitions(settings: Settings, progress: Progress = unwatched) -> dg.Definitions:
    """The whole graph under these settings; `progress` is told what happens while videos are worked on."""
    storage = storage_for(settings)
    per_video = per_video_assets(PER_VIDEO, settings, progress)
    return dg.Definitions(
        assets=[
            video_catalog_asset(settings, progress),
            source_videos,
            due_videos_asset(settings, DagsterBackfills(per_video)),
            per_video,
            *dataset_assets(settings),
            published_dataset,
        ],
        jobs=JOBS,
        schedules=[nightly_schedule(settings)],
        sensors=[source_sensor(settings), dataset_sensor, alert_of_failed_runs, alert_of_failed_checks],
        resources={
            "storage": storage,
            "video_source": source_for(settings),
            "captioner": captioner_for(settings),
            "hub": hub_for(settings),
            "webhook": WebhookResource(url=dg.EnvVar(ALERT_WEBHOOK) if os.environ.get(ALERT_WEBHOOK) else ""),
            "run_end": run_end,
            "io_manager": StreamcapIOManager(storage=storage),
        },
        executor=dg.in_process_executor,
    )
