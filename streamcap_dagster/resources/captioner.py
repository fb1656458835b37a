"""Who writes the captions, as Dagster resources that open a plain `Captioner`. What a captioner is lives in `captions/`."""

from abc import abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import dagster as dg
from pydantic import Field, JsonValue, SecretStr

from streamcap_dagster.captions.backends.address import is_loopback, shown
from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.backends.openai import OpenAICaptioner
from streamcap_dagster.captions.backends.recorded import RecordedCaptioner
from streamcap_dagster.captions.captioner import Captioner
from streamcap_dagster.captions.pacing.meter import Meter
from streamcap_dagster.captions.pacing.paced import PacedCaptioner
from streamcap_dagster.captions.pacing.quota import Quota, quota_from
from streamcap_dagster.errors import SettingError
from streamcap_dagster.model_table import ModelTable, model_table
from streamcap_dagster.storage import Storage

if TYPE_CHECKING:
    from streamcap_dagster.captions.backends.gemini import GeminiCaptioner

_SECRET: dict[str, JsonValue] = {"dagster__is_secret": True}
"""Dagster shows stars instead of the value."""

Watch = Callable[[Meter], None]


def unwatched(meter: Meter) -> None:
    """For whoever opens a captioner and does not look at its calls."""
    del meter


class CaptionerResource(dg.ConfigurableResource[Captioner]):
    """Lends the captioner that initial captions, delta captions and objectives are asked from."""

    @property
    @abstractmethod
    def about(self) -> str:
        """Who captions, in a few words: the first line of a run."""

    @abstractmethod
    def bare(self) -> Captioner:
        """The captioner as far as its names go, which say what is up to date. It needs no key and no network until it is asked."""

    def ready(self) -> Captioner:
        """The bare captioner, once it is sure that it can be asked. Raises SettingError when it cannot, as without a key."""
        return self.bare()

    def open(self, storage: Storage, watch: Watch = unwatched) -> Captioner:
        """The captioner, ready to answer; `watch` is told how its calls stand. Raises SettingError when something is missing."""
        del storage, watch
        return self.ready()


class OfflineCaptionerResource(CaptionerResource):
    """Describes what can be computed from the pixels: no key, no weights, no cost; for rehearsal, not for training."""

    @property
    def about(self) -> str:
        return "offline (describes pixels, for rehearsal: its captions are not for training)"

    def bare(self) -> OfflineCaptioner:
        return OfflineCaptioner()


class RecordedCaptionerResource(CaptionerResource):
    """Answers from a file."""

    answers: str = Field(description="the file of answers, one JSON object per line")

    @property
    def about(self) -> str:
        return f"recorded (answers from {self.answers})"

    def bare(self) -> RecordedCaptioner:
        return RecordedCaptioner(Path(self.answers))


class PacedCaptionerResource(CaptionerResource):
    """Base of the captioners behind a network: paced to a quota, asked again after faults, paid from a budget, kept in a ledger."""

    model: str = Field(description="the model by name")
    key: str = Field("", description="the key; a secret", json_schema_extra=_SECRET)
    base_url: str = Field("", description="the address; empty is the service's own")
    media_resolution: Literal["low", "medium", "high"] = "low"
    tier: Literal["standard", "flex", "auto"] = "standard"
    rpm: int | None = Field(None, description="requests a minute; None is the model table's, 0 no limit")
    tpm: int | None = Field(None, description="input tokens a minute")
    rpd: int | None = Field(None, description="requests a day")
    usd_per_10min: float | None = Field(None, description="dollars in ten minutes")
    quota_share: float = Field(1.0, description="share of the quota that is used")
    calls_in_flight: int = Field(200, description="most requests at the same time")
    budget_usd: float | None = Field(None, description="most dollars to spend on the storage in all")
    call_timeout_s: float = Field(120, description="longest wait for an answer, in seconds")
    flex_timeout_s: float = Field(900, description="longest wait for an answer of the flex tier, in seconds")
    canary_every: int = Field(0, description="answers between two canaries; 0 sends none")
    models: str = Field("", description="a YAML of your own whose words go before the model table")

    def open(self, storage: Storage, watch: Watch = unwatched) -> PacedCaptioner:
        return PacedCaptioner(
            self.ready(),
            self.quota(),
            storage,
            self.table(),
            resolution=self.media_resolution,
            tiers=self.tier,
            call_timeout_s=self.call_timeout_s,
            flex_timeout_s=self.flex_timeout_s,
            canary_every=self.canary_every,
            watch=watch,
        )

    def quota(self) -> Quota:
        """What the model table knows of the model's quota, with what was given instead."""
        return quota_from(
            self.table().of(self.model).quota,
            rpm=self.rpm,
            tpm=self.tpm,
            rpd=self.rpd,
            usd_per_10min=self.usd_per_10min,
            share=self.quota_share,
            in_flight=self.calls_in_flight,
            budget_usd=self.budget_usd,
        )

    def table(self) -> ModelTable:
        """What is known of models."""
        return model_table(Path(self.models) if self.models else None)

    def _check_budget(self) -> None:
        """A budget that nothing counts against would be believed in and never stop anything; only what runs on this machine is free for certain."""
        priced = self.table().of(self.model).price_on(datetime.now(UTC).date()) is not None
        if self.budget_usd is not None and not priced and not (self.base_url and is_loopback(self.base_url)):
            why = (
                f"it cannot be kept, for the model table has no price for {self.model}: give it a row in a YAML of your own (a price of 0 where nothing "
                "is paid) and set STREAMCAP_MODEL_TABLE to it, or unset the budget"
            )
            raise SettingError("STREAMCAP_BUDGET_USD", self.budget_usd, why)

    @property
    def secret(self) -> SecretStr | None:
        """The key, resolved: outside of a Dagster run it is still the name of a variable."""
        key = self.key.get_value() if isinstance(self.key, dg.EnvVar) else self.key
        return SecretStr(key) if key else None


class GeminiCaptionerResource(PacedCaptionerResource):
    """Google's Gemini, with a key or on Vertex AI with application-default credentials."""

    api_version: str | None = Field(None, description="v1beta, on Vertex AI v1beta1, unless given")
    vertex_project: str = Field("", description="the Google Cloud project; with one no key is used")
    vertex_location: str = "global"
    thinking: Literal["least", "minimal", "low", "medium", "high"] = "least"

    @property
    def about(self) -> str:
        where = f"Vertex AI project {self.vertex_project}" if self.vertex_project else shown(self.base_url) if self.base_url else "Google"
        return f"gemini ({self.model} at {where})"

    def bare(self) -> "GeminiCaptioner":
        from streamcap_dagster.captions.backends.gemini import GeminiCaptioner  # half a second of SDK that offline runs do without

        return GeminiCaptioner(
            self.model,
            key=self.secret,
            facts=self.table().of(self.model),
            base_url=self.base_url,
            api_version=self.api_version,
            vertex_project=self.vertex_project,
            vertex_location=self.vertex_location,
            most_connections=self.calls_in_flight,
            media_resolution=self.media_resolution,
            thinking=self.thinking,
            timeout_s=self.call_timeout_s,
            flex_timeout_s=self.flex_timeout_s,
        )

    def ready(self) -> "GeminiCaptioner":
        self._check_budget()
        captioner = self.bare()
        captioner.check()
        return captioner


class OpenAICaptionerResource(PacedCaptionerResource):
    """Any OpenAI-compatible server, such as vLLM, SGLang, Ollama or llama-server."""

    @property
    def about(self) -> str:
        return f"openai ({self.model} at {shown(self.base_url) if self.base_url else 'api.openai.com'})"

    def bare(self) -> OpenAICaptioner:
        return OpenAICaptioner(
            self.model,
            key=self.secret,
            base_url=self.base_url,
            most_connections=self.calls_in_flight,
            media_resolution=self.media_resolution,
            timeout_s=self.call_timeout_s,
        )

    def ready(self) -> OpenAICaptioner:
        self._check_budget()
        captioner = self.bare()
        captioner.check()
        return captioner
