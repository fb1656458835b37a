"""What a server that speaks OpenAI's API answered, as a reply: the text without thoughts, how it ended, and what was billed.

Servers differ in what they leave out, so everything may be missing but the answer itself.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streamcap_dagster.captions.captioner import Bill, CaptionReply, Finish
from streamcap_dagster.captions.replies import clean
from streamcap_dagster.errors import CallFailed

_FINISHES: Mapping[str, Finish] = {"length": "truncated", "content_filter": "blocked"}
_BROKEN_OFF = ("abort", "error")
_THOUGHT, _THOUGHT_ENDS = "<think>", "</think>"
_SAID_BEGINS = ("{", "[", "`")


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True)


class _PromptDetails(_Wire):
    cached_tokens: int | None = None


class _OutputDetails(_Wire):
    reasoning_tokens: int | None = None


class _Usage(_Wire):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Message(_Wire):
    content: str | None = None
    refusal: str | None = None


class _Choice(_Wire):
    message: _Message = _Message()
    finish_reason: str | None = None


class _Answer(_Wire):
    choices: tuple[_Choice, ...] = Field(min_length=1)
    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    usage: _Usage | None = None


def read_answer(content: bytes, model: str) -> CaptionReply:
    """The reply that `model` was asked for. Raises CallFailed when the server answered 200 with something else."""
    answer = _parsed(content)
    if isinstance(answer, CallFailed):
        raise answer
    choice = answer.choices[0]
    if choice.finish_reason in _BROKEN_OFF:
        raise CallFailed("dropped", f"the server broke off its answer ({choice.finish_reason})", status=200)
    text = without_thoughts(choice.message.content or "")
    finish, reason = _end(choice, text)
    return CaptionReply(text, finish, answer.model or model, reason, _bill(answer))


def without_thoughts(text: str) -> str:
    """What is said after the thoughts that some servers leave in the text, whose beginning a chat template may have swallowed."""
    said = text.strip()
    while not said.startswith(_SAID_BEGINS) and _THOUGHT_ENDS in said:
        said = said.partition(_THOUGHT_ENDS)[2].lstrip()
    return "" if said.startswith(_THOUGHT) else said


def _end(choice: _Choice, text: str) -> tuple[Finish, str]:
    """How it ended, and why unless it just stopped."""
    if choice.message.refusal:
        return "blocked", f"the model refused: {clean(choice.message.refusal)}"
    finish = _FINISHES.get(choice.finish_reason or "")
    if finish is not None:
        return finish, f"the model ended with {choice.finish_reason}"
    return ("stop", "") if text else ("empty", "the model stopped without saying anything")


def _bill(answer: _Answer) -> Bill:
    """Thoughts are part of the completion, as OpenAI counts. What pictures took is not told."""
    usage = answer.usage or _Usage()
    output = usage.completion_tokens or 0
    thoughts = min(output, (usage.completion_tokens_details or _OutputDetails()).reasoning_tokens or 0)
    return Bill(
        response_id=answer.id or "",
        tier=answer.service_tier or "",
        text_tokens=usage.prompt_tokens or 0,
        cached_tokens=(usage.prompt_tokens_details or _PromptDetails()).cached_tokens or 0,
        output_tokens=output - thoughts,
        thought_tokens=thoughts,
    )


def _parsed(content: bytes) -> _Answer | CallFailed:
    try:
        return _Answer.model_validate_json(content)
    except ValidationError as error:
        return _unreadable(content, error)


def _unreadable(content: bytes, error: ValidationError) -> CallFailed:
    fault = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, fault["loc"]))
    what = "a web page" if content.lstrip().startswith(b"<") else "nothing" if not content.strip() else "no chat completion"
    why = f"the server answered 200 with {what} ({where + ': ' if where else ''}{clean(fault['msg'])})"
    return CallFailed("dropped", why, "Check OPENAI_BASE_URL: it usually ends in /v1.", status=200)
