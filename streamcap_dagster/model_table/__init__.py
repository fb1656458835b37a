"""What is known of hosted models — prices, tokens per image, thinking, usual quotas — as one versioned, dated table that a user can override."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from streamcap_dagster.errors import SettingError

SETTING = "STREAMCAP_MODEL_TABLE"
Resolution = Literal["low", "medium", "high", "default"]
Level = Literal["minimal", "low", "medium", "high"]
_MILLION = 1_000_000


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TierPrice(_Fact):
    """USD per million tokens of a tier other than the standard one."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class Price(_Fact):
    """USD per million tokens from a day on. Thoughts are output."""

    valid_from: date
    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(None, ge=0)
    flex: TierPrice | None = None


class Thinking(_Fact):
    """The least thinking that a model accepts, and the levels it knows. With neither level nor budget nothing is sent."""

    level: Level | None = None
    budget: int | None = None
    accepts: tuple[Level, ...] = ()


class ModelQuota(_Fact):
    """Requests and tokens a minute, requests a day and dollars in ten minutes; None where there is no such limit."""

    rpm: int | None = Field(None, gt=0)
    tpm: int | None = Field(None, gt=0)
    rpd: int | None = Field(None, gt=0)
    usd_per_10min: float | None = Field(None, gt=0)


class ModelFacts(_Fact):
    """One row of the table. A model that is not in it has no price, no known image tokens and no quota."""

    prices: tuple[Price, ...] = ()
    image_tokens: Mapping[Resolution, int] = Field(default_factory=dict)
    thinking: Thinking = Thinking()
    quota: ModelQuota = ModelQuota()
    retired: date | None = None

    def price_on(self, day: date) -> Price | None:
        """The newest price that is in force on a day, or None when no price is known."""
        in_force = [price for price in self.prices if price.valid_from <= day]
        return max(in_force, key=lambda price: price.valid_from, default=None)

    def price_changes_after(self, day: date) -> date | None:
        """When the price of a day ends, as that of a promotion does; None when no other is known to follow."""
        return min((price.valid_from for price in self.prices if price.valid_from > day), default=None)

    def cost_usd(self, day: date, *, input_tokens: int, cached_tokens: int = 0, output_tokens: int = 0, flex: bool = False) -> float:
        """What these tokens cost; 0 when no price is known. `input_tokens` holds the cached ones, `output_tokens` the thoughts."""
        price = self.price_on(day)
        if price is None:
            return 0.0
        tier = price.flex if flex and price.flex is not None else price
        cached = tier.input if price.cached is None else min(price.cached, tier.input)
        return ((input_tokens - cached_tokens) * tier.input + cached_tokens * cached + output_tokens * tier.output) / _MILLION


class ModelTable(_Fact):
    """All rows, under one version that is stored with every cost."""

    version: Annotated[str, BeforeValidator(lambda version: version.isoformat() if isinstance(version, date) else version)]
    models: Mapping[str, ModelFacts]

    def of(self, model: str) -> ModelFacts:
        """The row of a model, by the last part of a name such as `models/…`; an empty row when the table does not know it."""
        return self.models.get(model.rpartition("/")[2], ModelFacts())

    def knows(self, model: str) -> bool:
        return model.rpartition("/")[2] in self.models


@cache
def model_table(override: Path | None = None) -> ModelTable:
    """The table of this release. What the rows of `override` (a YAML of the same form) say of a model goes first; what they leave out stays.

    Raises SettingError when the override cannot be read or is no such table.
    """
    ours = ModelTable.model_validate(yaml.safe_load(files(__package__).joinpath("models.yaml").read_text(encoding="utf-8")))
    if override is None:
        return ours
    theirs = _read(override)
    merged = {model: ours.of(model).model_copy(update=_said(facts)) for model, facts in theirs.models.items()}
    return ModelTable(version=f"{ours.version}+{theirs.version}", models={**ours.models, **merged})


def _said(facts: ModelFacts) -> dict[str, object]:
    """The fields that a row has, as against those that it leaves out."""
    return {name: getattr(facts, name) for name in facts.model_fields_set}


def _read(path: Path) -> ModelTable:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if content is None:
            raise SettingError(SETTING, str(path), "it is empty; streamcap_dagster/model_table/models.yaml shows the form")
        return ModelTable.model_validate(content)
    except OSError as error:
        raise SettingError(SETTING, str(path), f"the file cannot be read ({error.strerror})") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise SettingError(SETTING, str(path), f"it is no YAML ({line}{error.problem})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(SETTING, str(path), "it is no YAML") from error
    except ValidationError as error:
        fault = error.errors()[0]
        what = "there is no such field" if fault["type"] == "extra_forbidden" else fault["msg"]
        raise SettingError(SETTING, str(path), f"it is no model table ({'.'.join(map(str, fault['loc'])) or 'all of it'}: {what})") from error
