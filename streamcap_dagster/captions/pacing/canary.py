"""Canaries: pictures that show nothing but a word, which must come back in the caption. A reply that was mixed up does not know it."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Place
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.captions.replies import read_reply
from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.records import Frame

VIDEO_ID = "canary"
WORDS = ("ANCHOR", "BRIDGE", "CANDLE", "DRAGON", "ENGINE", "FALCON", "GARDEN", "HARBOR", "ISLAND", "JACKET", "KITTEN", "LANTERN", "MARBLE", "NEEDLE", "ORCHARD")
_WIDTH, _HEIGHT = 640, 384
_BACKGROUND, _INK = "#808080", "#101010"
_TOKENS = 1024


class Canaries:
    """Asks a canary after every so many answers of a run, beside its own questions; 0 asks none."""

    def __init__(self, every: int, ask: Callable[[CaptionRequest], Awaitable[CaptionReply]], count: Callable[[bool], None], chance: random.Random) -> None:
        """`count` is told of each canary that was answered, whether its word was read."""
        self._every = every
        self._ask = ask
        self._count = count
        self._chance = chance
        self._answers = 0
        self._asking: set[asyncio.Task[None]] = set()

    def answered(self, frames: int) -> None:
        """One of the run's own questions, with so many frames, was answered."""
        self._answers += 1
        if self._every and self._answers % self._every == 0:
            task = asyncio.create_task(self._ask_one(self._answers // self._every, frames))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def end(self, patience_s: float) -> None:
        """Let those under way be answered within that time, and cancel those that are not."""
        if not self._asking:
            return
        _, late = await asyncio.wait(self._asking, timeout=patience_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _ask_one(self, number: int, frames: int) -> None:
        request, word = await asyncio.to_thread(canary, number, frames, self._chance)
        try:
            reply = await self._ask(request)
        except (StreamcapError, OSError):  # nobody was asked or nobody answered: the run's own windows tell of that
            return
        self._count(was_read(request, reply, word))


def canary(number: int, frames: int, chance: random.Random) -> tuple[CaptionRequest, str]:
    """A request like that of a clip's first window, and the word that its pictures show."""
    word = chance.choice(WORDS)
    prompts, jpeg = Prompts(), _picture(word)
    sha256 = hashlib.sha256(jpeg).hexdigest()
    shown = tuple(Frame(0, number, k, k / 4, k / 4, _WIDTH, _HEIGHT, sha256, jpeg) for k in range(max(1, frames)))
    place = Place(VIDEO_ID, 0, number)
    return CaptionRequest("initial", place, prompts.system("initial"), prompts.initial(), prompts.version_of("initial"), _TOKENS, shown), word


def was_read(request: CaptionRequest, reply: CaptionReply, word: str) -> bool:
    """Whether the caption holds the word, in whatever case."""
    return word.lower() in read_reply(request, reply).text.lower()


@cache
def _picture(word: str) -> bytes:
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _BACKGROUND)
    ImageDraw.Draw(image).text((_WIDTH / 2, _HEIGHT / 2), word, fill=_INK, font=ImageFont.load_default(size=48), anchor="mm")
    data = BytesIO()
    image.save(data, "JPEG", quality=85)
    return data.getvalue()
