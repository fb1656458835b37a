"""Videos with scenes of their own, drawn from a number, and copies of them as people make them; all with ffmpeg."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.media import ffmpeg

WIDTH, HEIGHT = 320, 180
_COARSENESS = ((64, 0.5), (24, 0.3), (8, 0.2))
_SHOT_S = 2.5

COPIES = {
    "reencoded": ("-crf", "38"),
    "resized": ("-vf", "scale=214:120"),
    "cropped": ("-vf", "crop=iw*0.9:ih*0.9"),
    "cornered": ("-vf", "crop=iw*0.9:ih*0.9:0:0"),
    "letterboxed": ("-vf", "pad=iw:ih*4/3:0:(oh-ih)/2"),
    "pillarboxed": ("-vf", "pad=iw*3/2:ih:(ow-iw)/2:0"),
    "trimmed": ("-ss", "1.3", "-t", "7.4"),
    "slower": ("-r", "15"),
    "brighter": ("-vf", "eq=brightness=0.08:contrast=1.15"),
    "mixed": ("-ss", "0.7", "-t", "8", "-vf", "crop=iw*0.92:ih*0.92,scale=240:136,pad=240:180:0:22", "-r", "20", "-crf", "32"),
}
"""Options of ffmpeg by what they do to a copy."""


def make_scenes(path: Path, seed: int, seconds: float = 10.0, fps: int = 25) -> Path:
    """A film of shots of 2.5 s, in each of which the camera moves over a picture with detail like that of a photograph, and something crosses it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(fps))
    command = ["ffmpeg", "-loglevel", "error", "-y", *size, "-i", "-", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for picture in _pictures(seed, round(seconds * fps), fps):
            encoder.stdin.write(picture.tobytes())
    assert encoder.returncode == 0
    return path


def make_copy(original: Path, path: Path, how: str) -> Path:
    """The copy of a video that is made so; see COPIES."""
    options = COPIES[how]
    seek, rest = (options[:4], options[4:]) if options[0] == "-ss" else ((), options)
    ffmpeg(*seek, "-i", original, *rest, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path)
    return path


def _pictures(seed: int, count: int, fps: int) -> Iterator[np.ndarray]:
    shot = round(_SHOT_S * fps)
    for number in range(count):
        if number % shot == 0:
            draw = np.random.default_rng([seed, number // shot])
            scene, start, way = backdrop(draw), draw.uniform(0, 40, 2), draw.uniform(-12, 12, 2)
            passer, brightness = draw.uniform(0, 1, 3), draw.integers(0, 256)
        along = number % shot / shot
        x, y = (int(v) for v in np.clip(start + way * (1 + along), 0, 60))
        picture = scene[y : y + HEIGHT, x : x + WIDTH].copy()
        left, top = int((passer[0] + along * 0.5) * WIDTH * 0.6), int(passer[1] * HEIGHT * 0.6)
        picture[top : top + 40, left : left + 30] = brightness
        yield picture


def backdrop(draw: np.random.Generator) -> np.ndarray:
    """A picture with coarse and fine detail, some larger than the frame that moves over it."""
    width, height = WIDTH + 64, HEIGHT + 64
    layers = np.zeros((height, width), np.float32)
    for step, share in _COARSENESS:
        pixels = Image.fromarray(draw.integers(0, 256, (height // step + 2, width // step + 2), np.uint8))
        layers += share * np.asarray(pixels.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    return np.clip((layers - 128) * 1.6 + 128, 0, 255).astype(np.uint8)
