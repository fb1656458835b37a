"""Every setting of the project, read once: from the environment (`STREAMCAP_…`), then from `.env`, then the defaults."""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

from dotenv import dotenv_values
from pydantic import Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from streamcap_dagster.errors import SettingError
from streamcap_dagster.policies import (
    ChainPolicy,
    ClipPolicy,
    DatasetPolicy,
    ExamplePolicy,
    HomePath,
    PairingPolicy,
    Policy,
    PreferencePolicy,
    Sampling,
    SplitPolicy,
    Windowing,
)
from streamcap_dagster.storage.address import SCHEME as GCS
from streamcap_dagster.storage.address import read_address
from streamcap_dagster.videos.hugging_face.address import SCHEME as HUB
from streamcap_dagster.videos.hugging_face.address import read_hub_address

PREFIX = "STREAMCAP_"
GEMINI_KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
"""Where the key for Gemini is looked for, in this order, which is also that of Google's own tools."""
_EMULATOR = "STORAGE_EMULATOR_HOST"
ALERT_WEBHOOK = f"{PREFIX}ALERT_WEBHOOK"
_PAIRING_KEY = f"{PREFIX}PAIRING_KEY"
SECRETS = (*GEMINI_KEYS, "OPENAI_API_KEY", "OPENAI_BASE_URL", "HF_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS", _EMULATOR, ALERT_WEBHOOK, _PAIRING_KEY)
"""What is looked for in the environment under these very names, by other people's libraries and by Dagster; `.env` may hold them too."""
P = TypeVar("P", bound=Policy)


class Settings(BaseSettings, Windowing, ClipPolicy, Sampling, ChainPolicy, ExamplePolicy, PreferencePolicy, DatasetPolicy, SplitPolicy, PairingPolicy):
    """Where things are, how many at once, and every field of the policies; each is one environment variable."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True)

    source: str = Field("videos", description="where the videos are: a folder, gs://bucket/prefix, or hf://owner/name[:split][@revision]")
    storage: str = Field("data", description="where everything that is made is kept: a folder or gs://bucket/prefix")
    link: Literal["copy", "hard"] = Field("copy", description="copy the videos into the storage (cloned where the disk can), or hard-link them")
    cache: HomePath = Field(Path("~/.cache/streamcap"), validate_default=True, description="with gs:// or hf://: folder for local copies of videos and frames")
    cache_gb: float = Field(20, gt=0, description="with gs:// or hf://: most gigabytes that the local copies may take")
    storage_connections: int = Field(32, ge=1, le=256, description="with gs://: requests to Google Cloud Storage that may be open at the same time")
    storage_deadline_s: float = Field(300, ge=10, le=86400, description="with gs:// or hf://: how long a request that keeps failing is tried again")
    recorded_answers: HomePath | None = Field(None, description="for the captioner `recorded`: its file of answers")
    groups_csv: HomePath | None = Field(
        None, description="a CSV video_id,group: videos that belong together, or apart, whatever they look like; a group is in one split"
    )
    hub_repo: str = Field("", description="Hugging Face dataset repository to publish to, as owner/name; empty publishes nothing")
    gemini_model: str = Field("gemini-3.5-flash-lite", min_length=1, description="for the captioner `gemini`: any model by name")
    gemini_base_url: str = Field("", description="for `gemini`: its address, such as a proxy or `streamcap emulate-gemini`; empty is Google")
    gemini_api_version: Literal["v1beta", "v1", "v1beta1"] | None = Field(None, description="for `gemini`: API version; by default v1beta, on Vertex v1beta1")
    gemini_tier: Literal["standard", "flex", "auto"] = Field(
        "standard", description="for `gemini`: flex is half the price and slower; auto is flex, and standard for what flex does not serve in time"
    )
    vertex_project: str = Field("", description="for `gemini` on Vertex AI with application-default credentials: the Google Cloud project")
    vertex_location: str = Field("global", description="for `gemini` on Vertex AI: the location")
    openai_model: str = Field("", description="for the captioner `openai`: the model as its server names it")
    judge_captioner: str = Field("", description="who judges captions in `streamcap compare --judge`: gemini, openai or recorded; empty: STREAMCAP_CAPTIONER")
    judge_model: str = Field("", description="the model of the judge, another than wrote the captions; empty: that of its captioner")
    model_table: HomePath | None = Field(None, description="a YAML of models, prices and quotas; what it says goes before the table of the package")
    rpm: int | None = Field(None, ge=0, description="requests a minute of your quota; by default the model table's, 0 for no limit")
    tpm: int | None = Field(None, ge=0, description="input tokens a minute of your quota; by default the model table's, 0 for no limit")
    rpd: int | None = Field(None, ge=0, description="requests a day of your quota; by default the model table's, 0 for no limit")
    usd_per_10min: float | None = Field(None, ge=0, description="dollars in ten minutes that you may spend; by default the model table's, 0 for no limit")
    quota_share: float = Field(1.0, gt=0, le=1, description="share of the quota that is used; less where others of the project ask the same model")
    budget_usd: float | None = Field(None, gt=0, description="most dollars to spend on this storage in all; a run stops before it would exceed them")
    call_timeout_s: float = Field(120, ge=10, le=3600, description="longest wait for one answer; Gemini takes no less than 10 s")
    flex_timeout_s: float = Field(900, ge=10, le=3600, description="longest wait for one answer of the flex tier")
    canary_every: int = Field(0, ge=0, description="after that many answers one question has a word in its picture that must be read back; 0 asks none")
    look_every_s: int = Field(60, ge=1, description="seconds between two looks of the source's sensor, each of which lists the source")
    nightly: str = Field("0 2 * * *", description="when the nightly backfill is launched, as a cron line; it is off until it is switched on in Dagster's pages")
    timezone: str = Field("UTC", description="time zone of STREAMCAP_NIGHTLY, such as Europe/Berlin")
    park_after: int = Field(6, ge=1, description="failures of a video in a row, from the same file and the same code, after which schedules leave it alone")
    chunk: int = Field(25, ge=1, description="videos that one run of a backfill works on")
    alert_webhook: SecretStr = Field(SecretStr(""), description="address that alerts are posted to, as Slack's JSON; a secret")
    warn_failed_share: float = Field(0.02, ge=0, le=1, description="share of windows without a usable caption, or of failed videos, that the dataset warns of")
    max_failed_share: float = Field(0.2, ge=0, le=1, description="share beyond which that is an error, and nothing is made of the dataset")
    pairing_url: str = Field("", description="address that serves the embeddings of STREAMCAP_PAIRING_MODEL, such as http://localhost:8000/v1")
    pairing_key: SecretStr = Field(SecretStr(""), description="key for STREAMCAP_PAIRING_URL, if it wants one; a secret")
    decode_workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256, description="videos that are decoded at the same time")
    calls_in_flight: int = Field(200, ge=1, le=4096, description="questions to the captioner that may be open at the same time")
    videos_in_flight: int = Field(256, ge=1, le=4096, description="videos of a run that are worked on at the same time")

    _by_key: bool = PrivateAttr(default=False)

    @property
    def captioner_by_key(self) -> bool:
        """True when nobody chose the captioner: it is the one that there is a key for."""
        return self._by_key

    @property
    def other_runs(self) -> tuple[str, ...]:
        """The storages of STREAMCAP_PREFERENCE_RUNS, in the order given."""
        return tuple(place.strip() for place in self.preference_runs.split(",") if place.strip())

    def policy(self, kind: type[P]) -> P:
        """The part of the settings that one step reads."""
        return kind.model_validate({name: getattr(self, name) for name in kind.model_fields})


def read_settings(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` win over the environment. Raises SettingError naming the first that cannot work."""
    _check_names()
    _lend_secrets()
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise _explained(error) from error
    if not settings.captioner:
        settings = _with_captioner(settings)
    for check in (_check_frames, _check_clips, _check_anchors, _check_splits, _check_pairing, _check_storage, _check_runs, _check_emulator):
        check(settings)
    return settings


def gemini_key() -> str:
    """The name of the variable that holds a key for Gemini; empty when none does."""
    return next((name for name in GEMINI_KEYS if os.environ.get(name, "").strip()), "")


def _lend_secrets() -> None:
    """Put the secrets of `.env` where Dagster and the SDKs look for them. What the environment has already wins."""
    for name, value in dotenv_values(".env").items():
        if name in SECRETS and value:
            os.environ.setdefault(name, value)


def _with_captioner(settings: Settings) -> Settings:
    by_key = bool(gemini_key())
    settings = settings.model_copy(update={"captioner": "gemini" if by_key else "offline"})
    settings._by_key = by_key
    return settings


def _check_names() -> None:
    """A misspelt setting would be silence: what was meant is not in force, and nothing says so."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name, value in {**dotenv_values(".env"), **os.environ}.items():
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1)
            raise SettingError(name, value, f"there is no such setting{f'; is {near[0]} meant?' if near else ''} (.env.example lists them all)")


def _explained(error: ValidationError) -> SettingError:
    fault = error.errors()[0]
    name = str(fault["loc"][0]).upper().removeprefix(PREFIX)
    field = Settings.model_fields.get(name.lower())
    meaning = f" ({field.description})" if field is not None and field.description else ""
    why = fault["msg"].partition(", unable to")[0].replace("Input should", "it should")
    return SettingError(PREFIX + name, fault["input"], why + meaning)


def _check_frames(settings: Settings) -> None:
    frames = settings.fps * settings.window_duration_s
    if round(frames) < 1 or abs(frames - round(frames)) > 1e-6:
        why = f"a window of {settings.window_duration_s} s would hold {frames:g} frames; choose it and STREAMCAP_WINDOW_DURATION_S so that it is a whole number"
        raise SettingError("STREAMCAP_FPS", settings.fps, why)


def _check_clips(settings: Settings) -> None:
    if settings.clip_policy == "whole" and settings.clip_max_s < 2 * settings.window_duration_s:
        raise SettingError("STREAMCAP_CLIP_MAX_S", settings.clip_max_s, f"a clip needs at least two windows, {2 * settings.window_duration_s} s")


def _check_anchors(settings: Settings) -> None:
    if settings.anchor_every == 1:
        raise SettingError("STREAMCAP_ANCHOR_EVERY", 1, "every window would be described in full and none by a delta; give 2 or more, or 0 for no anchors")


def _check_pairing(settings: Settings) -> None:
    module, _, function = settings.pairing_model.partition(":")
    if settings.pairing_model and not settings.pairing_url and not (module and function):
        why = "give module:function, as Python would import it, or set STREAMCAP_PAIRING_URL to the address that serves a model of that name"
        raise SettingError("STREAMCAP_PAIRING_MODEL", settings.pairing_model, why)
    if settings.pairing_url and not settings.pairing_model:
        raise SettingError("STREAMCAP_PAIRING_URL", settings.pairing_url, "name the model that it serves: set STREAMCAP_PAIRING_MODEL")


def _check_splits(settings: Settings) -> None:
    if settings.validation_share + settings.test_share >= 1:
        raise SettingError("STREAMCAP_VALIDATION_SHARE", settings.validation_share, "with STREAMCAP_TEST_SHARE it leaves nothing to train on")


def _check_storage(settings: Settings) -> None:
    for setting, place in (("STREAMCAP_STORAGE", settings.storage), ("STREAMCAP_SOURCE", settings.source)):
        scheme = scheme_of(place)
        if scheme == HUB and setting == "STREAMCAP_SOURCE":
            read_hub_address(place, setting)
        elif scheme == GCS:
            read_address(place, setting)
        elif scheme or place.lower().startswith((f"{GCS}:", f"{HUB}:")):
            also = ", or hf://owner/name of the Hugging Face Hub" if setting == "STREAMCAP_SOURCE" else ""
            raise SettingError(setting, place, f"give a folder, or gs://bucket/prefix of Google Cloud Storage{also}")
    if not scheme_of(settings.storage) and Path(settings.storage).expanduser().is_file():
        raise SettingError("STREAMCAP_STORAGE", settings.storage, "it is a file; give a folder (it is made when missing)")


def _check_runs(settings: Settings) -> None:
    """A misspelt folder would be silence: its captions would be missed by nobody."""
    setting = "STREAMCAP_PREFERENCE_RUNS"
    for place in settings.other_runs:
        scheme = scheme_of(place)
        if scheme not in ("", GCS):
            raise SettingError(setting, place, "give folders, or gs://bucket/prefix of Google Cloud Storage, separated by commas")
        if scheme:
            read_address(place, setting)
        elif not Path(place).expanduser().is_dir():
            raise SettingError(setting, place, "there is no such folder")
        if _same_place(place, settings.storage):
            raise SettingError(setting, place, "it is STREAMCAP_STORAGE itself, whose captions are compared anyway")


def _same_place(one: str, other: str) -> bool:
    if scheme_of(one) or scheme_of(other):
        return one.rstrip("/") == other.rstrip("/")
    return Path(one).expanduser().resolve() == Path(other).expanduser().resolve()


def _check_emulator(settings: Settings) -> None:
    """Google's client takes an address without its scheme, and fails with it at the first request."""
    address = os.environ.get(_EMULATOR, "")
    if address and GCS in (scheme_of(settings.storage), scheme_of(settings.source)) and not re.match(r"https?://[^/]", address):
        raise SettingError(_EMULATOR, address, "give its whole address, such as http://127.0.0.1:9199, or unset it to ask Google's own service")


def scheme_of(place: str) -> str:
    """`gs` of `gs://bucket/prefix`; empty for a folder."""
    scheme, separator, _ = place.partition("://")
    return scheme if separator else ""
