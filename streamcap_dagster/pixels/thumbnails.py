"""Frames made small enough to compare: JPEGs decoded at a fraction of their size, as luma and chroma."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.records import Frame
from streamcap_dagster.storage import keys

Pixels = NDArray[np.uint8]


def block_means(frame: Frame, video_id: str) -> Pixels:
    """Luma and chroma means of each 8x8 block, shape (rows, columns, 3), straight from the JPEG's coefficients."""
    return np.asarray(_decoded(frame, video_id, (1, 1)))


def thumbnails(frames: Sequence[Frame], video_id: str, width: int, height: int) -> Pixels:
    """All frames at one small size, shape (frames, height, width, 3), as luma and chroma."""
    small = [_decoded(frame, video_id, (width, height)).resize((width, height), Image.Resampling.BOX) for frame in frames]
    return np.stack([np.asarray(image) for image in small])


def _decoded(frame: Frame, video_id: str, at_least: tuple[int, int]) -> Image.Image:
    try:
        with Image.open(BytesIO(frame.jpeg), formats=["JPEG"]) as image:
            image.draft("YCbCr", at_least)
            return image.convert("YCbCr")
    except OSError as error:
        raise ObjectUnreadable(keys.frames(video_id), f"frame {frame.k} of clip {frame.clip}, window {frame.window} is not a JPEG picture") from error
