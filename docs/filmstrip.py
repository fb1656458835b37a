"""Draws the README's filmstrip: the windows of one video of the demo, each with its frames and what was said of it.

`.venv/bin/python docs/filmstrip.py demo/data bikes docs/filmstrip.jpg` after `make demo`.
"""

import io
import sys
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from streamcap_dagster.records import Caption, Captions
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import read_windows

FRAME = (160, 68)
SHOWN = (0, 2, 4, 6)
GAP = 6
WORDS = 420
PAPER, INK, FAINT = "white", "#1a1a1a", "#777777"


def main(root: str, video_id: str, picture: str) -> None:
    """One row per window of the video's first clip."""
    storage = FolderStorage(Path(root))
    captions = [
        caption
        for key in (keys.initial_captions(video_id), keys.delta_captions(video_id))
        for caption in read_record(storage, key, Captions).captions
        if caption.clip == 0
    ]
    with storage.local(keys.frames(video_id)) as table:
        windows = dict(read_windows(table, 0))
    sheet = Image.new("RGB", (len(SHOWN) * (FRAME[0] + GAP) + WORDS + GAP, len(captions) * (FRAME[1] + GAP) + GAP), PAPER)
    for row, caption in enumerate(captions):
        top = GAP + row * (FRAME[1] + GAP)
        for column, k in enumerate(SHOWN):
            still = Image.open(io.BytesIO(windows[caption.window][k].jpeg)).resize(FRAME, Image.Resampling.LANCZOS)
            sheet.paste(still, (GAP + column * (FRAME[0] + GAP), top))
        _write(ImageDraw.Draw(sheet), caption, (2 * GAP + len(SHOWN) * (FRAME[0] + GAP), top))
    sheet.save(picture, quality=85)


def _write(draw: ImageDraw.ImageDraw, caption: Caption, corner: tuple[int, int]) -> None:
    left, top = corner
    draw.text((left, top + 2), f"{caption.start_s:.0f} to {caption.end_s:.0f} s   {caption.kind}", fill=FAINT, font=ImageFont.load_default(13))
    words = "\n".join(textwrap.wrap(caption.text or "(no change)", 58))
    draw.text((left, top + 22), words, fill=INK, font=ImageFont.load_default(14))


if __name__ == "__main__":
    main(*sys.argv[1:])
