"""Videos whose every picture carries its own number as black and white boxes, and the reading of that number from a JPEG."""

import json
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streamcap_dagster.records import Video

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p")
_CELLS = 4


def numbered_picture(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """A picture of 4 x 4 boxes: the bits of `number`, the lowest bit top left, row by row."""
    bits = np.array([(number >> bit) & 1 for bit in range(_CELLS * _CELLS)], dtype=np.uint8).reshape(_CELLS, _CELLS)
    rows, columns = np.arange(height) * _CELLS // height, np.arange(width) * _CELLS // width
    grey = bits[np.ix_(rows, columns)] * 255
    return np.repeat(grey[:, :, None], 3, axis=2)


def read_number(jpeg: bytes) -> int:
    """The number that a (scaled, compressed) numbered picture shows."""
    grey = np.asarray(Image.open(BytesIO(jpeg)).convert("L"), dtype=np.float64)
    height, width = grey.shape
    number = 0
    for bit in range(_CELLS * _CELLS):
        row, column = divmod(bit, _CELLS)
        y, x = int((row + 0.5) * height / _CELLS), int((column + 0.5) * width / _CELLS)
        number |= int(grey[y, x] > 127) << bit
    return number


def numbered_video(
    path: Path,
    pictures: int = 150,
    size: tuple[int, int] = (160, 120),
    fps: str = "25",
    arguments: Sequence[str] = H264,
    turns: int = 0,
) -> Path:
    """A video of the pictures 0, 1, 2, …; `turns` turns each coded picture by so many quarters against the clock; `arguments` are ffmpeg's output options."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", fps, "-i", "-", *arguments, str(path)]
    shown = size if turns % 2 == 0 else size[::-1]
    pixels = b"".join(np.ascontiguousarray(np.rot90(numbered_picture(number, *shown), turns)).tobytes() for number in range(pictures))
    done = subprocess.run(command, input=pixels, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return path


def presented(path: Path) -> list[int]:
    """Timestamps of the pictures that ffmpeg presents, in ticks of the stream."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp", "-of", "csv=p=0", str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [int(line.strip(",")) for line in done.stdout.split() if line.strip(",") != "N/A"]


def probed(path: Path, **facts: object) -> Video:
    """The facts of a video as a catalog would hold them; `facts` override what is found."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_streams", "-show_format", "-of", "json", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    stream = found["streams"][0]
    ticks = presented(path)
    time_base = Fraction(stream["time_base"])
    gaps = [later - earlier for earlier, later in pairwise(ticks)] or [0]
    rotation = next((int(side["rotation"]) for side in stream.get("side_data_list", []) if "rotation" in side), 0)
    aspect = Fraction(stream.get("sample_aspect_ratio", "1:1").replace(":", "/")) or Fraction(1)
    shown = (round(stream["width"] * aspect), stream["height"])
    shown = shown[::-1] if rotation % 180 else shown
    span = float((ticks[-1] - ticks[0]) * time_base)
    values: dict[str, object] = {
        "video_id": "numbered",
        "uri": path.name,
        "sha256": "0" * 64,
        "size_bytes": path.stat().st_size,
        "container": found["format"]["format_name"],
        "codec": stream["codec_name"],
        "width": stream["width"],
        "height": stream["height"],
        "display_width": shown[0],
        "display_height": shown[1],
        "rotation": rotation,
        "duration_s": span + float((sorted(gaps)[len(gaps) // 2]) * time_base),
        "fps": (len(ticks) - 1) / span if span else 0.0,
        "variable_fps": max(gaps) - min(gaps) > 1,
        "interlaced": stream.get("field_order", "progressive") not in ("progressive", "unknown"),
        "time_base": stream["time_base"],
        "first_pts": ticks[0],
        "status": "ok",
    }
    return Video.model_validate(values | facts)
