"""Pictures with the detail of photographs at every scale, so that JPEGs of them are as large as those of real frames."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

_STEPS_AND_SHARES = ((64, 0.5), (16, 0.25), (4, 0.15), (2, 0.1))


def photos(count: int, width: int = 512, height: int = 384) -> Iterator[bytes]:
    """JPEGs of quality 85, each of its own picture; about 40 kB each at 512 x 384."""
    for number in range(count):
        noise = np.random.default_rng(number)
        layers = [_layer(noise, step, width, height) * share for step, share in _STEPS_AND_SHARES]
        data = io.BytesIO()
        Image.fromarray(np.asarray(sum(layers), np.uint8)).save(data, "JPEG", quality=85)
        yield data.getvalue()


def _layer(noise: np.random.Generator, step: int, width: int, height: int) -> np.ndarray:
    pixels = noise.integers(0, 256, (max(1, height // step), max(1, width // step), 3), np.uint8)
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC), np.float32)
