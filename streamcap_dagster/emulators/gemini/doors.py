"""The ways in — Developer API, Vertex with a project, Vertex express — who is let in, and which models are served there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from streamcap_dagster.emulators.gemini import refusals
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.schema import uses
from streamcap_dagster.emulators.gemini.wire import Question
from streamcap_dagster.model_table import ModelFacts

Door = Literal["developer", "project", "express"]
LEAST_DEADLINE_S = 10
_PASSES_FOR_LEAKED = "leaked"
_NO_MAX_ITEMS = ("gemini-3.8-flash",)
_BETA_ONLY = ("-preview", "-latest")


@dataclass(frozen=True)
class Call:
    """One request as far as its address and headers tell."""

    door: Door
    version: str
    model: str
    publisher: str
    """The resource that Vertex names its models under; empty on the Developer API."""
    key: str = field(repr=False)
    bearer: str = field(repr=False)
    deadline_s: float | None
    """How long the client says it will wait."""

    @property
    def vertex(self) -> bool:
        return self.door != "developer"


def call_of(door: Door, version: str, path: Mapping[str, str], headers: Mapping[str, str], key_in_address: str) -> Call:
    """Reads the parts of an address (the model; project and location too where there are) and the headers."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    resource = "projects/{project}/locations/{location}/publishers/google".format_map(path) if door == "project" else "publishers/google"
    return Call(
        door=door,
        version=version,
        model=path["model"],
        publisher="" if door == "developer" else resource,
        key=headers.get("x-goog-api-key", key_in_address),
        bearer=token if scheme.lower() == "bearer" else "",
        deadline_s=_seconds(headers.get("x-server-timeout", "")),
    )


def check_caller(call: Call, options: Options) -> None:
    """Raises Refusal unless the caller has the key (or, without one set, any plausible one); the key `leaked` is one that was reported."""
    if call.door == "project":
        if not call.bearer:
            raise refusals.no_credentials()
        if options.key and call.bearer != options.key:
            raise refusals.wrong_credentials()
        return
    if not call.key:
        raise refusals.no_key()
    if call.key == _PASSES_FOR_LEAKED:
        raise refusals.leaked_key()
    if (options.key and call.key != options.key) or not _plausible(call.key):
        raise refusals.wrong_key()


def check_model(call: Call, options: Options) -> ModelFacts:
    """The row of the model. Raises Refusal when the table does not know it, it is retired, or it is not served under this version."""
    facts = options.table.of(call.model)
    if not options.table.knows(call.model) or (call.version == "v1" and call.model.endswith(_BETA_ONLY)):
        raise refusals.no_such_model(call.model, call.version, call.publisher)
    if facts.retired is not None and datetime.fromtimestamp(options.clock(), UTC).date() >= facts.retired:
        raise refusals.retired_model(call.model)
    return facts


def check_question(call: Call, question: Question, facts: ModelFacts) -> None:
    """Raises Refusal for what the service does not take from this model."""
    if call.deadline_s is not None and call.deadline_s < LEAST_DEADLINE_S:
        raise refusals.invalid(f"Manually set deadline {call.deadline_s:g}s is too short. Minimum allowed deadline is {LEAST_DEADLINE_S}s.")
    if question.thinking_level and question.thinking_budget is not None:
        raise refusals.invalid("You can only set only one of thinking budget and thinking level.")
    if question.thinking_level and question.thinking_level not in facts.thinking.accepts:
        what = f"Thinking level {question.thinking_level.upper()}" if facts.thinking.accepts else "Thinking level"
        raise refusals.invalid(f"{what} is not supported for this model. Please retry with other thinking level.")
    if facts.thinking.accepts and question.last_role == "model":
        raise refusals.invalid("Please ensure that multiturn requests ends with a user role or a function response.")
    if facts.thinking.accepts and question.penalties:
        raise refusals.invalid(f"Penalty is not enabled for models/{call.model}")
    if question.schema is not None and call.model in _NO_MAX_ITEMS and uses(question.schema, "maxItems"):
        raise refusals.invalid("Request contains an invalid argument.")
    if question.tier == "flex" and not any(price.flex for price in facts.prices):
        raise refusals.invalid(f"Service tier flex is not supported for models/{call.model}.")


def _plausible(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
