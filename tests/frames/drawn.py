"""Frames that were drawn and never filmed."""

import hashlib
from io import BytesIO

import numpy as np
from PIL import Image

from streamcap_dagster.records import Frame
from tests.scenes import backdrop

SIZE = (320, 180)


def drawn_picture(seed: int) -> Image.Image:
    """One with the detail of a photograph."""
    return Image.fromarray(backdrop(np.random.default_rng(seed))).resize(SIZE)


def drawn_frame(number: int, shown: Image.Image, at_s: float) -> Frame:
    """The frame of a place of its only clip, in windows of eight."""
    encoded = BytesIO()
    shown.convert("RGB").save(encoded, "JPEG", quality=85)
    jpeg = encoded.getvalue()
    return Frame(0, number // 8, number % 8, at_s, at_s, shown.width, shown.height, hashlib.sha256(jpeg).hexdigest(), jpeg)
