"""Captioners for tests: plain classes that answer as they are told to, and note what they were asked."""

import asyncio
import json
from collections.abc import Callable, Mapping

from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Parameter, Place
from streamcap_dagster.errors import CaptionerUnavailable


def says(caption: str, no_change: bool = False) -> CaptionReply:
    return CaptionReply(json.dumps({"caption": caption, "no_change": no_change}), "stop", "made-up-001")


def spoken(request: CaptionRequest) -> CaptionReply:
    """A caption that names its window."""
    return says(f"clip {request.place.clip} window {request.place.window}")


class Told:
    """Answers what a function of the request says."""

    name = "told"

    def __init__(
        self, answer: Callable[[CaptionRequest], CaptionReply] = spoken, model: str = "made-up", parameters: Mapping[str, Parameter] | None = None
    ) -> None:
        self.model = model
        self._parameters = parameters or {}
        self.requests: list[CaptionRequest] = []
        self.most_at_once = 0
        self._answer = answer
        self._now = 0

    def parameters(self, request: CaptionRequest) -> Mapping[str, Parameter]:
        return self._parameters

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        self.requests.append(request)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(0.001)
            return self._answer(request)
        finally:
            self._now -= 1

    async def aclose(self) -> None:
        pass


def unavailable_at(place: Place) -> Callable[[CaptionRequest], CaptionReply]:
    def answer(request: CaptionRequest) -> CaptionReply:
        if request.place == place:
            raise CaptionerUnavailable("told", str(place), "the line is dead", "Wait and run again.")
        return spoken(request)

    return answer
