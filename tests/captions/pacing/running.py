"""A paced captioner in virtual time, on a real folder, and what it is asked."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Place
from streamcap_dagster.captions.pacing.attempts import HttpAttempt, read_attempts
from streamcap_dagster.captions.pacing.meter import Meter
from streamcap_dagster.captions.pacing.paced import PacedCaptioner
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.model_table import model_table
from streamcap_dagster.storage.folder import FolderStorage
from tests.captions.pacing.servers import BILL, Service
from tests.captions.pacing.virtual_time import in_virtual_time, now
from tests.captions.requests import request

PLAIN = Quota()
NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC).timestamp()
"""In California."""
PRICE = (1000 * 0.30 + 100 * 2.50) / 1e6
"""Of one answer that is billed with BILL."""


def paced(tmp_path: Path, service: Service, quota: Quota = PLAIN, **more: Any) -> PacedCaptioner:
    clock, begun = asyncio.get_running_loop().time, now()
    settings: dict[str, Any] = {"clock": clock, "wall": lambda: NOON + clock() - begun, "chance": random.Random(5), **more}
    return PacedCaptioner(service, quota, FolderStorage(tmp_path), model_table(), **settings)


def question(window: int = 1, video: str = "street") -> CaptionRequest:
    return request(prompt=f"What is new? {window} {video}", place=Place(video, 0, window))


def run(tmp_path: Path, service: Service, use: Callable[[PacedCaptioner], Coroutine[Any, Any, Any]], quota: Quota = PLAIN, **more: Any) -> Any:
    async def whole() -> Any:
        one = paced(tmp_path, service, quota, **more)
        try:
            return await use(one)
        finally:
            await one.aclose()

    return in_virtual_time(whole)


async def ask(one: PacedCaptioner) -> CaptionReply:
    return await one.complete(question())


async def ask_many(one: PacedCaptioner, many: int = 64) -> list[CaptionReply | BaseException]:
    return await asyncio.gather(*(one.complete(question(window)) for window in range(many)), return_exceptions=True)


async def metered(one: PacedCaptioner, asking: Coroutine[Any, Any, Any]) -> Meter:
    await asking
    return one.meter


def rows(tmp_path: Path) -> list[HttpAttempt]:
    return list(read_attempts(FolderStorage(tmp_path)))


def reply(text: str) -> CaptionReply:
    return CaptionReply(text, "stop", "m", bill=BILL)
