"""What Gemini answered, as a reply: the text, how it ended, and what was billed. The SDK's own reading of the JSON is not used."""

from collections.abc import Mapping

from google.genai import types

from streamcap_dagster.captions.captioner import Bill, CaptionReply, CaptionRequest, Finish
from streamcap_dagster.errors import CallFailed

_FINISHES: Mapping[str, Finish] = {
    "STOP": "stop",
    "FINISH_REASON_UNSPECIFIED": "stop",
    "MAX_TOKENS": "truncated",
    "CONTINUATION": "truncated",
    "RECITATION": "recitation",
    "IMAGE_RECITATION": "recitation",
    "MALFORMED_RESPONSE": "empty",
    "MALFORMED_FUNCTION_CALL": "empty",
    "UNEXPECTED_TOOL_CALL": "empty",
    "TOO_MANY_TOOL_CALLS": "empty",
    "MISSING_THOUGHT_SIGNATURE": "empty",
}
"""How an answer ended. `empty` are faults of the model that another try can mend; whatever is not listed was withheld for its content."""
_ACCOUNT_DISABLED = "PUP_LIMITED_DISABLED"
_TIER_HEADER = "x-gemini-service-tier"
_TIERS = {types.TrafficType.ON_DEMAND: "standard", types.TrafficType.ON_DEMAND_FLEX: "flex", types.TrafficType.ON_DEMAND_PRIORITY: "priority"}
"""How Vertex AI says the same, within the usage."""


def read_answer(answer: types.GenerateContentResponse, request: CaptionRequest, model: str) -> CaptionReply:
    """The reply to a request that `model` was asked. Raises CallFailed for a 200 that holds nothing at all."""
    if not (_began(answer) or answer.prompt_feedback or answer.usage_metadata):
        raise CallFailed("dropped", "the service answered 200 without a word", status=200)
    text = _text(answer)
    finish, reason = _end(answer, text)
    return CaptionReply(text, finish, answer.model_version or model, reason, _bill(answer, request))


def _began(answer: types.GenerateContentResponse) -> bool:
    return any(candidate.content or candidate.finish_reason for candidate in answer.candidates or ())


def _end(answer: types.GenerateContentResponse, text: str) -> tuple[Finish, str]:
    """How it ended, and why unless it just stopped."""
    if not answer.candidates:
        return _without_candidate(answer.prompt_feedback)
    candidate = answer.candidates[0]
    ended = candidate.finish_reason.value if candidate.finish_reason else "STOP"
    if ended == _ACCOUNT_DISABLED:
        raise CallFailed("refused", f"the service answered {ended}", "The account is limited for breaking Google's use policy; ask Google.", status=200)
    finish = _FINISHES.get(ended, "blocked")
    if finish == "stop":
        return ("stop", "") if text else ("empty", "the model stopped without saying anything")
    return finish, ": ".join(filter(None, (f"the model ended with {ended}", candidate.finish_message)))


def _without_candidate(feedback: types.GenerateContentResponsePromptFeedback | None) -> tuple[Finish, str]:
    if feedback is None or feedback.block_reason is None:
        return "empty", "the service answered without a candidate"
    return "blocked", ": ".join(filter(None, (f"the question was blocked with {feedback.block_reason.value}", feedback.block_reason_message)))


def _text(answer: types.GenerateContentResponse) -> str:
    """What was said, thoughts left out."""
    content = answer.candidates[0].content if answer.candidates else None
    parts = content.parts if content and content.parts else []
    return "".join(part.text for part in parts if part.text and not part.thought)


def _bill(answer: types.GenerateContentResponse, request: CaptionRequest) -> Bill:
    usage = answer.usage_metadata or types.GenerateContentResponseUsageMetadata()
    headers = (answer.sdk_http_response.headers if answer.sdk_http_response else None) or {}
    told = _TIERS.get(usage.traffic_type) if usage.traffic_type else None
    images = _image_tokens(usage)
    return Bill(
        response_id=answer.response_id or "",
        tier=headers.get(_TIER_HEADER, "").strip().lower() or told or request.tier,
        text_tokens=max((usage.prompt_token_count or 0) - (images or 0), 0),
        image_tokens=images,
        cached_tokens=usage.cached_content_token_count or 0,
        output_tokens=usage.candidates_token_count or 0,
        thought_tokens=usage.thoughts_token_count or 0,
    )


def _image_tokens(usage: types.GenerateContentResponseUsageMetadata) -> int | None:
    """None when the input is not told by kind."""
    if not usage.prompt_tokens_details:
        return None
    return sum(detail.token_count or 0 for detail in usage.prompt_tokens_details if detail.modality == types.MediaModality.IMAGE)
