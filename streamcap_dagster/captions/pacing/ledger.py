"""Keeps the ledger: a line before each HTTP request and one after it, so that even a killed run shows what it may have paid for."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from streamcap_dagster.captions.captioner import Bill, CaptionRequest
from streamcap_dagster.captions.pacing.parts import PART_BYTES, Parts
from streamcap_dagster.errors import CallFailed, StreamcapError
from streamcap_dagster.storage import Storage, keys

_LONGEST_WHY = 500

Answer = Literal["answered", "mispaired"]


@dataclass(frozen=True)
class Sent:
    """A line that was written before a request; its end is noted under the same id."""

    id: str


class Ledger:
    """The journal of one process, in parts under `ledger/attempts/<day it began>/`. Lines that come at the same time are written together, off the loop."""

    def __init__(self, storage: Storage, process: str, *, wall: Callable[[], float] = time.time, part_bytes: int = PART_BYTES) -> None:
        self._storage = storage
        self._part_bytes = part_bytes
        self._process = process
        self._wall = wall
        self._parts: Parts | None = None
        self._lines: list[bytes] = []
        self._batch: asyncio.Future[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """The storage is first asked for something when there is a line."""
        day = datetime.fromtimestamp(self._wall(), UTC).date().isoformat()
        self._parts = Parts(self._storage, f"{keys.ATTEMPTS}{day}/{self._process}", self._part_bytes)

    async def close(self) -> None:
        """Write what is left and give the journal back. Raises what the storage refuses."""
        try:
            if self._writing is not None:
                await self._writing
        finally:
            if self._parts is not None:
                await asyncio.to_thread(self._parts.close)

    async def sent(self, call_key: str, request: CaptionRequest, model: str, number: int) -> Sent:
        """Note that a request is about to be sent, its `number` among those of its question. It is in the journal when this returns."""
        place, sent = request.place, Sent(secrets.token_hex(8))
        written = self._note(
            sent, "sent", call_key=call_key, kind=request.kind, video_id=place.video_id, clip=place.clip, window=place.window,
            attempt=request.attempt, number=number, tier=request.tier, model=model,
        )  # fmt: skip
        try:
            await written
        except asyncio.CancelledError:
            self.cancelled(sent, 0.0)
            raise
        return sent

    async def answered(self, sent: Sent, how: Answer, finish: str, bill: Bill) -> None:
        facts = bill.model_dump(exclude={"requests"})
        await self._note(sent, how, finish=finish, **facts)

    async def failed(self, sent: Sent, error: CallFailed, latency_s: float) -> None:
        await self._note(sent, "failed", failure=error.kind, status=error.status, why=error.why[:_LONGEST_WHY], latency_s=latency_s)

    def cancelled(self, sent: Sent, latency_s: float) -> None:
        """Nobody waits for the answer any more. Written soon."""
        self._note(sent, "cancelled", latency_s=latency_s).add_done_callback(_seen)

    def _note(self, sent: Sent, event: str, **facts: object) -> asyncio.Future[None]:
        """Have a line written; what is returned is done when it is. Whoever stops waiting for that does not stop the writing."""
        line: Mapping[str, object] = {"event": event, "id": sent.id, "at": round(self._wall(), 6), **facts}
        self._lines.append(json.dumps(line, ensure_ascii=False).encode(errors="replace") + b"\n")
        if self._batch is None:
            self._batch = asyncio.get_running_loop().create_future()
            self._batch.add_done_callback(_seen)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return asyncio.shield(self._batch)

    async def _write(self) -> None:
        assert self._parts is not None, "the ledger is opened before anything is noted"
        while self._batch is not None:
            lines, batch = b"".join(self._lines), self._batch
            self._lines, self._batch = [], None
            try:
                await asyncio.to_thread(self._parts.append, lines)
                batch.set_result(None)
            except (StreamcapError, OSError) as error:
                batch.set_exception(error)
        self._writing = None


def _seen(batch: asyncio.Future[None]) -> None:
    batch.exception()  # told to whoever waits for the lines; of those that nobody waits for, nobody need hear
