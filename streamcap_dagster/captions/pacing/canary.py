"""Canaries: pictures that show nothing but a word, which must come back in the caption. A reply that was mixed up does not know it."""

import hashlib
import random
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Place
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.captions.replies import read_reply
from streamcap_dagster.records import Frame

VIDEO_ID = "canary"
WORDS = ("ANCHOR", "BRIDGE", "CANDLE", "DRAGON", "ENGINE", "FALCON", "GARDEN", "HARBOR", "ISLAND", "JACKET", "KITTEN", "LANTERN", "MARBLE", "NEEDLE", "ORCHARD")
_WIDTH, _HEIGHT = 640, 384
_BACKGROUND, _INK = "#808080", "#101010"
_TOKENS = 1024


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
