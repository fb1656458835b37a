"""What Gemini sends, as the service was seen to send it, and captioners that talk to a server of this machine."""

import asyncio
import atexit
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from google.auth.credentials import Credentials
from pydantic import SecretStr

from streamcap_dagster.captions.backends.gemini import GeminiCaptioner
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest
from streamcap_dagster.model_table import model_table
from tests.captions.pictures import plain, still
from tests.captions.requests import request

MODEL = "gemini-3.5-flash-lite"
KEY = "AIzaSyCANARY-0123456789-abcdefghij_klmn"
WINDOW = request("delta", frames=still(plain()))
RPC = "type.googleapis.com/google.rpc."
QUOTA_MESSAGE = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: "
    "https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for metric: "
    "generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count, limit: 4000000, model: gemini-3.5-flash-lite\n"
)


class Token(Credentials):
    """Credentials that never run out."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "token-1"

    def refresh(self, request: object) -> None:
        raise AssertionError("there is nothing to refresh")


def captioner(url: str, model: str = MODEL, **settings: Any) -> GeminiCaptioner:
    return GeminiCaptioner(model, key=SecretStr(KEY), base_url=url, facts=model_table().of(model), **settings)


def ask(url: str, question: CaptionRequest = WINDOW, **settings: Any) -> CaptionReply:
    """One question to a captioner of its own, in an event loop of its own."""
    return asyncio.run(asked(captioner(url, **settings), question))


def ask_again(url: str, question: CaptionRequest = WINDOW) -> CaptionReply:
    """One question to a captioner and in an event loop that stay, which is quicker."""
    runner, by = _standing(url)
    return runner.run(by.complete(question))


@cache
def _standing(url: str) -> tuple[asyncio.Runner, GeminiCaptioner]:
    runner = asyncio.Runner()
    atexit.register(runner.close)
    return runner, captioner(url)


async def asked(by: GeminiCaptioner, question: CaptionRequest = WINDOW) -> CaptionReply:
    try:
        return await by.complete(question)
    finally:
        await by.aclose()


def said(text: str = json.dumps({"caption": "A bus comes.", "no_change": False}), finish: str = "STOP", **more: Any) -> dict[str, Any]:
    """An answer with its usual bill; `more` replaces parts of it."""
    return {
        "candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": finish, "index": 0}],
        "usageMetadata": {
            "promptTokenCount": 1500,
            "candidatesTokenCount": 21,
            "totalTokenCount": 1560,
            "thoughtsTokenCount": 39,
            "cachedContentTokenCount": 256,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 380}, {"modality": "IMAGE", "tokenCount": 1120}],
        },
        "modelVersion": "gemini-3.5-flash-lite-001",
        "responseId": "q8QgafT4Ir2gvdIP1b3YkQ0",
        **more,
    }


def withheld(finish: str) -> dict[str, Any]:
    """A candidate without content, as after SAFETY."""
    return said(candidates=[{"finishReason": finish, "index": 0}])


def error(code: int, status: str, message: str, details: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, **({"details": list(details)} if details else {})}}


def over_quota(quota_id: str, delay: str = "53s", message: str = QUOTA_MESSAGE + "Please retry in 53.01s.", value: str = "4000000") -> dict[str, Any]:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count",
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global", "model": MODEL},
        "quotaValue": value,
    }
    details: list[Mapping[str, Any]] = [
        {"@type": f"{RPC}Help", "links": [{"description": "Learn more", "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}]},
        {"@type": f"{RPC}QuotaFailure", "violations": [violation]},
        {"@type": f"{RPC}RetryInfo", "retryDelay": delay},
    ]
    return error(429, "RESOURCE_EXHAUSTED", message, details)
