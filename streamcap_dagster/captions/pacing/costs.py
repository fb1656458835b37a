"""What a request takes: at most, before it is sent, and in truth, once the service has told."""

from datetime import date

from streamcap_dagster.captions.captioner import Bill, CaptionRequest
from streamcap_dagster.captions.pacing.gate import Load
from streamcap_dagster.model_table import ModelFacts, Resolution

_BYTES_PER_TOKEN = 3
_FORM_TOKENS = 150
"""For the schema of the reply and what else a backend adds."""
_UNKNOWN_IMAGE_TOKENS = 1120


def most(request: CaptionRequest, facts: ModelFacts, resolution: Resolution, day: date) -> Load:
    """What a request takes at most: text at three bytes a token (English has four, Chinese three), images by the table, all the output it may give."""
    words = "".join((request.system, request.prompt, request.closing, *request.times))
    images = len(request.frames) * facts.image_tokens.get(resolution, _UNKNOWN_IMAGE_TOKENS)
    tokens = len(words.encode(errors="replace")) // _BYTES_PER_TOKEN + _FORM_TOKENS + images
    return Load(tokens, facts.cost_usd(day, input_tokens=tokens, output_tokens=request.max_output_tokens, flex=request.tier == "flex"))


def cost_usd(bill: Bill, asked_tier: str, facts: ModelFacts, day: date) -> float:
    """What an answer cost at the tier that served it, or at the one asked for when the service does not tell; 0 when no price is known."""
    return facts.cost_usd(
        day,
        input_tokens=bill.input_tokens,
        cached_tokens=bill.cached_tokens,
        output_tokens=bill.output_tokens + bill.thought_tokens,
        flex=(bill.tier or asked_tier) == "flex",
    )


def attested(bill: Bill, frames: int, facts: ModelFacts, resolution: Resolution) -> bool | None:
    """Whether the image tokens billed are those of the frames that were sent; None when the service or the table does not tell."""
    expected = 0 if frames == 0 else facts.image_tokens.get(resolution)
    if bill.image_tokens is None or expected is None:
        return None
    return bill.image_tokens == frames * expected
