"""Small frames made by hand: plain colours, squares on them, moving or not."""

import hashlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from streamcap_dagster.records import Frame
from streamcap_dagster.storage.frame_table import write_frames

WIDTH, HEIGHT = 256, 144
PER_WINDOW = 4
FPS = 4.0


def plain(colour: str = "grey") -> Image.Image:
    return Image.new("RGB", (WIDTH, HEIGHT), colour)


def with_square(x: int, y: int, size: int = 24, colour: str = "white", background: str = "grey") -> Image.Image:
    image = plain(background)
    ImageDraw.Draw(image).rectangle((x, y, x + size - 1, y + size - 1), fill=colour)
    return image


def noisy(image: Image.Image, sigma: float, seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).normal(0, sigma, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def frame(image: Image.Image, clip: int = 0, window: int = 0, k: int = 0, per_window: int = PER_WINDOW) -> Frame:
    data = BytesIO()
    image.save(data, "JPEG", quality=85)
    jpeg = data.getvalue()
    second = (window * per_window + k) / FPS
    return Frame(clip, window, k, second, second, image.width, image.height, hashlib.sha256(jpeg).hexdigest(), jpeg)


def window_of(images: Sequence[Image.Image], clip: int = 0, window: int = 0) -> tuple[Frame, ...]:
    return tuple(frame(image, clip, window, k, len(images)) for k, image in enumerate(images))


def still(image: Image.Image, window: int = 0) -> tuple[Frame, ...]:
    return window_of([image] * PER_WINDOW, window=window)


def frames_file(path: Path, clips: Sequence[Sequence[Image.Image]]) -> Path:
    """A frames Parquet of clips, each a still picture per window."""
    frames = [frame(image, clip, window, k) for clip, windows in enumerate(clips) for window, image in enumerate(windows) for k in range(PER_WINDOW)]
    write_frames(path, frames, "by hand")
    return path
