"""What the service refuses, and the very bodies it says so with."""

from collections.abc import Mapping, Sequence
from typing import Any

_RPC = "type.googleapis.com/google.rpc."
Detail = Mapping[str, Any]


class Refusal(Exception):
    """A request is answered with an error. `outcome` is the short word for it in the journal."""

    def __init__(self, status: int, state: str, message: str, details: Sequence[Detail] = (), outcome: str = "refused") -> None:
        self.status = status
        self.outcome = outcome
        error: dict[str, Any] = {"code": status, "message": message, "status": state}
        if details:
            error["details"] = [dict(detail) for detail in details]
        self.body = {"error": error}
        super().__init__(message)


def invalid(message: str) -> Refusal:
    return Refusal(400, "INVALID_ARGUMENT", message)


def unreadable_picture() -> Refusal:
    return invalid("Unable to process input image. Please retry or report in https://developers.generativeai.google/guide/troubleshooting")


def unknown_field(name: str, where: str = "") -> Refusal:
    message = f'Invalid JSON payload received. Unknown name "{name}"{f" at {where!r}" if where else ""}: Cannot find field.'
    return Refusal(400, "INVALID_ARGUMENT", message, [{"@type": f"{_RPC}BadRequest", "fieldViolations": [{"field": where, "description": message}]}])


def no_key() -> Refusal:
    return Refusal(
        403,
        "PERMISSION_DENIED",
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity "
        "to call this API.",
    )


def wrong_key() -> Refusal:
    reason = {
        "@type": f"{_RPC}ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    words = {"@type": f"{_RPC}LocalizedMessage", "locale": "en-US", "message": "API key not valid. Please pass a valid API key."}
    return Refusal(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [reason, words])


def leaked_key() -> Refusal:
    return Refusal(403, "PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key.")


def no_credentials() -> Refusal:
    reason = {"@type": f"{_RPC}ErrorInfo", "reason": "CREDENTIALS_MISSING", "domain": "googleapis.com", "metadata": {"service": "aiplatform.googleapis.com"}}
    return Refusal(
        401,
        "UNAUTHENTICATED",
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. "
        "See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        [reason],
    )


def wrong_credentials() -> Refusal:
    reason = {"@type": f"{_RPC}ErrorInfo", "reason": "ACCESS_TOKEN_TYPE_UNSUPPORTED", "domain": "googleapis.com"}
    return Refusal(
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. "
        "See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        [reason],
    )


def no_such_model(model: str, version: str, publisher: str) -> Refusal:
    """`publisher` is the resource that Vertex names the model under; empty on the Developer API."""
    if publisher:
        return Refusal(
            404,
            "NOT_FOUND",
            f"Publisher Model `{publisher}/models/{model}` was not found or your project does not have access to it. Please ensure you are using a valid model "
            "version. For more information, see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
        )
    return Refusal(
        404,
        "NOT_FOUND",
        f"models/{model} is not found for API version {version}, or is not supported for generateContent. Call ListModels to see the list of available models "
        "and their supported methods.",
    )


def retired_model(model: str) -> Refusal:
    return Refusal(
        404,
        "NOT_FOUND",
        f"This model models/{model} is no longer available. Please update your code to use a newer model for the latest features and improvements.",
    )


def overloaded() -> Refusal:
    return Refusal(503, "UNAVAILABLE", "The model is overloaded. Please try again later.", outcome="busy_503")


def broken() -> Refusal:
    message = "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting"
    return Refusal(500, "INTERNAL", message, outcome="error_500")


def shed() -> Refusal:
    message = "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later."
    return Refusal(503, "UNAVAILABLE", message, outcome="flex_shed")


def prepayment_spent() -> Refusal:
    message = (
        "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing. "
        "Learn more at https://ai.google.dev/gemini-api/docs/billing"
    )
    return Refusal(429, "RESOURCE_EXHAUSTED", message, outcome="prepayment")


def spend_limit_reached() -> Refusal:
    """The limit on dollars in ten minutes; the service gives no details and no delay."""
    message = "Your project has exceeded its spend-based rate limit. Please go to AI Studio at https://ai.studio/spend to manage your project spend."
    return Refusal(429, "RESOURCE_EXHAUSTED", message, outcome="quota_spend")


def vertex_quota() -> Refusal:
    """Vertex shares its capacity out and gives no details."""
    message = (
        "Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details."
    )
    return Refusal(429, "RESOURCE_EXHAUSTED", message, outcome="quota")


def quota(model: str, metric: str, quota_id: str, limit: int, wait_s: float, outcome: str) -> Refusal:
    """A quota a minute or a day is used up for so many seconds. The service cuts its delay off to whole seconds, so that a delay obeyed can be too short."""
    full_metric = f"generativelanguage.googleapis.com/{metric}"
    message = (
        "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: "
        "https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: https://ai.dev/usage?tab=rate-limit. \n"
        f"* Quota exceeded for metric: {full_metric}, limit: {limit}, model: {model}\nPlease retry in {wait_s:.9f}s."
    )
    links = [{"description": "Learn more about Gemini API quotas", "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}]
    violation = {"quotaMetric": full_metric, "quotaId": quota_id, "quotaDimensions": {"location": "global", "model": model}, "quotaValue": str(limit)}
    details: list[Detail] = [
        {"@type": f"{_RPC}Help", "links": links},
        {"@type": f"{_RPC}QuotaFailure", "violations": [violation]},
        {"@type": f"{_RPC}RetryInfo", "retryDelay": f"{int(wait_s)}s" if wait_s >= 1 else f"{wait_s:.3f}s"},
    ]
    return Refusal(429, "RESOURCE_EXHAUSTED", message, details, outcome)
