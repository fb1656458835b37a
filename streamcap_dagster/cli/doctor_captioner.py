"""What `streamcap doctor` finds of the captioner: who it is and where, its key, price, quota and budget. Nothing is asked that could cost."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import httpx2

from streamcap_dagster.captions.backends.address import host_of, is_loopback
from streamcap_dagster.cli.finding import Finding
from streamcap_dagster.model_table import ModelFacts, Price
from streamcap_dagster.resources.captioner import GeminiCaptionerResource, OpenAICaptionerResource, PacedCaptionerResource
from streamcap_dagster.settings import PREFIX, Settings, gemini_key
from streamcap_dagster.wiring import captioner_for

_PATIENCE_S = 3.0
_LIMITS = {"rpm": "{:,d} requests a minute", "tpm": "{:,d} tokens a minute", "rpd": "{:,d} requests a day", "usd_per_10min": "${:,g} in ten minutes"}
_OWN_ROW = "A row of your own, in a YAML that STREAMCAP_MODEL_TABLE names, tells it."


def captioner_findings(settings: Settings) -> Iterator[Finding]:
    """One after another. Raises SettingError or MissingTool when the captioner could not be asked at all."""
    captioner = captioner_for(settings)
    captioner.ready()
    if not isinstance(captioner, PacedCaptionerResource):
        yield Finding("captioner", "ok", f"{captioner.about}; it needs no key and costs nothing")
        return
    chosen = f"chosen because {gemini_key()} is set" if settings.captioner_by_key else "chosen by STREAMCAP_CAPTIONER or --captioner"
    yield Finding("captioner", "ok", f"{captioner.about}, {chosen}; {_key(captioner)}")
    facts, today = captioner.table().of(captioner.model), datetime.now(UTC).date()
    yield from _retirement(captioner, facts, today)
    yield _price(captioner, facts, today)
    yield _quota(captioner, facts)
    yield _budget(captioner)
    if captioner.base_url:
        yield _models_served(captioner) if isinstance(captioner, OpenAICaptionerResource) else _answers(captioner)


def _key(captioner: PacedCaptionerResource) -> str:
    if isinstance(captioner, GeminiCaptionerResource):
        return "no key, but application-default credentials" if captioner.vertex_project else f"the key is in {gemini_key()}"
    return "the key is in OPENAI_API_KEY" if captioner.secret else "without a key (OPENAI_API_KEY is not set), which a server of your own may not need"


def _retirement(captioner: PacedCaptionerResource, facts: ModelFacts, today: date) -> Iterator[Finding]:
    if facts.retired is not None:
        when = f"was retired on {facts.retired}" if facts.retired <= today else f"will be retired on {facts.retired}"
        yield Finding("model", "warning", f"{captioner.model} {when}", "Choose another: STREAMCAP_GEMINI_MODEL.")


def _price(captioner: PacedCaptionerResource, facts: ModelFacts, today: date) -> Finding:
    price, table = facts.price_on(today), captioner.table().version
    if price is not None:
        return Finding("price", "ok", f"{_tariff(captioner, price)} (model table {table})")
    unknown = f"the model table {table} has no price for {captioner.model}, so it counts as free"
    if isinstance(captioner, OpenAICaptionerResource) and captioner.base_url:
        return Finding("price", "ok", f"{unknown}, as a server of your own is")
    return Finding("price", "warning", unknown, _OWN_ROW)


def _tariff(captioner: PacedCaptionerResource, price: Price) -> str:
    standard = f"${price.input:g} a million input tokens, ${price.output:g} output"
    if captioner.tier == "standard" or price.flex is None:
        return standard
    flex = f"${price.flex.input:g} a million input tokens, ${price.flex.output:g} output on the flex tier"
    return flex if captioner.tier == "flex" else f"{flex}; what flex does not serve in time: {standard}"


def _quota(captioner: PacedCaptionerResource, facts: ModelFacts) -> Finding:
    said = [_limit(name, getattr(captioner, name), getattr(facts.quota, name)) for name in _LIMITS]
    limits = ", ".join(filter(None, said))
    share = f"{limits}, of which {captioner.quota_share:.0%} is used" if limits else "no limit known (STREAMCAP_RPM and its like set one)"
    return Finding("quota", "ok", f"{share}; at most {captioner.calls_in_flight} requests at the same time")


def _limit(name: str, given: float | None, known: float | None) -> str:
    """One limit and whose word it is; empty where neither the settings nor the table have one."""
    setting = f"{PREFIX}{name.upper()}"
    if given == 0:
        return f"no limit of {_LIMITS[name].partition(' ')[2]} ({setting})"
    limit = known if given is None else given
    return f"{_LIMITS[name].format(limit)} ({'model table' if given is None else setting})" if limit else ""


def _budget(captioner: PacedCaptionerResource) -> Finding:
    if captioner.budget_usd is None:
        return Finding("budget", "ok", "none: STREAMCAP_BUDGET_USD would stop a run before it is exceeded")
    return Finding("budget", "ok", f"${captioner.budget_usd:,.2f} on this storage in all (STREAMCAP_BUDGET_USD)")


def _answers(captioner: PacedCaptionerResource) -> Finding:
    """Whether anybody is there at all; the key is not sent."""
    answer = _got(captioner.base_url, {})
    if isinstance(answer, str):
        fix = "Start it (`streamcap emulate-gemini`, if it is the emulator), or correct STREAMCAP_GEMINI_BASE_URL; empty is Google."
        return Finding("server", "warning", f"{host_of(captioner.base_url)} does not answer ({answer})", fix)
    return Finding("server", "ok", f"{host_of(captioner.base_url)} answers")


def _models_served(captioner: OpenAICaptionerResource) -> Finding:
    """Whether the server is there, takes the key and has the model, from its list of models."""
    host = host_of(captioner.base_url)
    secret = captioner.secret
    answer = _got(f"{captioner.base_url.rstrip('/')}/models", {"authorization": f"Bearer {secret.get_secret_value()}"} if secret else {})
    if isinstance(answer, str):
        return Finding("server", "warning", f"{host} does not answer ({answer})", "Start the server, or correct OPENAI_BASE_URL.")
    if answer.status_code in (401, 403):
        return Finding("server", "warning", f"{host} does not accept the key ({answer.status_code})", "Set OPENAI_API_KEY to a key of this server.")
    served = _names(answer)
    if not served:
        told = f"{host} answers, but {answer.status_code} instead of a list of its models"
        return Finding("server", "warning", told, "Check OPENAI_BASE_URL: it usually ends in /v1.")
    if captioner.model not in served:
        listed = ", ".join(served[:10])
        return Finding(
            "server", "warning", f"{host} does not list {captioner.model}, but {listed}", "Set STREAMCAP_OPENAI_MODEL to a model as the server names it."
        )
    return Finding("server", "ok", f"{host} answers and has {captioner.model}")


def _names(answer: httpx2.Response) -> list[str]:
    try:
        return [str(model["id"]) for model in answer.json()["data"]]
    except (ValueError, LookupError, TypeError):
        return []


def _got(address: str, headers: dict[str, str]) -> httpx2.Response | str:
    """The answer to one GET, or the name of what went wrong: the error itself would hold the key."""
    try:
        return httpx2.get(address, headers=headers, timeout=_PATIENCE_S, trust_env=not is_loopback(address), follow_redirects=False)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return type(error).__name__
