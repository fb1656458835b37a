"""Counts the tokens of a request and its answer, by the model table: pictures by resolution, four characters of text to a token."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from streamcap_dagster.emulators.gemini.wire import Question, Resolution
from streamcap_dagster.model_table import ModelFacts

_CHARACTERS_PER_TOKEN = 4
_UNKNOWN_PICTURE = 1120
_THOUGHTS = {"low": 64, "medium": 256, "high": 1024}
"""Tokens thought at each level; nothing is thought at the least one, or when none is named."""


@dataclass(frozen=True)
class Usage:
    """Tokens of one call. `output` is without the thoughts."""

    text: int
    pictures: int
    output: int = 0
    thoughts: int = 0

    @property
    def input(self) -> int:
        return self.text + self.pictures

    def as_metadata(self, traffic: str = "") -> dict[str, Any]:
        """The usageMetadata of a reply; what is zero is left out, as the service does."""
        details = [{"modality": "TEXT", "tokenCount": self.text}, {"modality": "IMAGE", "tokenCount": self.pictures}]
        counts = {
            "promptTokenCount": self.input,
            "candidatesTokenCount": self.output,
            "thoughtsTokenCount": self.thoughts,
            "totalTokenCount": self.input + self.output + self.thoughts,
        }
        metadata: dict[str, Any] = {name: count for name, count in counts.items() if count}
        metadata["promptTokensDetails"] = [detail for detail in details if detail["tokenCount"]]
        return {**metadata, "trafficType": traffic} if traffic else metadata


def asked(question: Question, facts: ModelFacts) -> Usage:
    """What the request alone takes."""
    return Usage(text=sum(map(text_tokens, (question.system, *question.texts))), pictures=sum(_picture(one.resolution, facts) for one in question.pictures))


def thoughts(question: Question) -> int:
    """A budget is used up; -1 lets the model choose."""
    budget = question.thinking_budget
    return _THOUGHTS["medium"] if budget == -1 else budget or _THOUGHTS.get(question.thinking_level, 0)


def text_tokens(text: str) -> int:
    return ceil(len(text) / _CHARACTERS_PER_TOKEN)


def _picture(resolution: Resolution, facts: ModelFacts) -> int:
    if resolution == "ultra_high":
        return 2 * _picture("high", facts)
    return facts.image_tokens.get(resolution, facts.image_tokens.get("default", _UNKNOWN_PICTURE))
