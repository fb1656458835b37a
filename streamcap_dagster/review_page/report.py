"""The page as one file to send: the same looks, everything inside, nothing fetched. What people decided is shown and cannot be changed."""

import hashlib
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TextIO

from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable, SourceError, VideoUnreadable
from streamcap_dagster.records import Frame, Video
from streamcap_dagster.review_page.corpus import Figures, meanings
from streamcap_dagster.review_page.media import footage_of
from streamcap_dagster.review_page.pages import REPORT_SCRIPTS, SHARED_SCRIPTS, STYLES, data_block, render_pieces, static_text, trusted
from streamcap_dagster.review_page.shown import ShownVideo, show_video
from streamcap_dagster.review_page.stills import small
from streamcap_dagster.review_page.summaries import Summary
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.frame_table import read_frames
from streamcap_dagster.videos.source import VideoSource

STILLS_BYTES = 8 << 20
"""The most that all pictures of a report may weigh; in the file they take a third more."""
FILM_BYTES = 24 << 20
"""The most that a video may weigh to be sent along, and four times that for all of them."""
_SIZES = ((120, 60, 5000), (90, 50, 3200), (72, 45, 2200), (54, 40, 1400))
"""Height and quality of pictures, and what one of them may weigh on average."""


@dataclass
class Written:
    """What came into a report."""

    windows: int = 0
    stills: int = 0
    stills_bytes: int = 0
    films: int = 0
    films_bytes: int = 0
    films_left_out: list[str] = field(default_factory=list)
    """Videos that are too large to be sent along, or gone."""
    troubles: list[str] = field(default_factory=list)
    """Why pictures of some videos are not in it."""


def write_report(storage: Storage, source: VideoSource, videos: Sequence[tuple[Video, Summary]], file: TextIO, with_video: bool, left_out: int) -> Written:
    """Write these videos into one file, one video in memory at a time. `left_out` is how many others there are."""
    written = Written()
    style = "\n".join(map(static_text, STYLES))
    script = "\n".join(map(static_text, (*SHARED_SCRIPTS, *REPORT_SCRIPTS)))
    making = _Making(storage, source, [video for video, _ in videos], with_video, written)
    corpus = {"figures": _figures(storage, videos), "videos": [summary.model_dump() for _, summary in videos], "left_out": left_out}
    inside = {"policy": _policy(style, script), "style": trusted(style), "script": trusted(script), "blocks": making.blocks(json.dumps(corpus))}
    file.writelines(render_pieces("report.html", title="Captions under review", **inside))
    return written


def _policy(style: str, script: str) -> str:
    """Only the script and the style of this very file are heeded, and nothing is fetched."""

    def named(text: str) -> str:
        return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; script-src {named(script)}; style-src {named(style)}; img-src data:; media-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _figures(storage: Storage, videos: Sequence[tuple[Video, Summary]]) -> dict[str, object]:
    counts: Counter[str] = Counter()
    for _, summary in videos:
        counts.update(summary.counted())
    figures = Figures(
        storage=storage.uri.rpartition("/")[2],  # a file to send tells nobody where things are on this machine
        videos=len(videos),
        unusable=0,
        counted=len(videos),
        is_done=True,
        total_usd=sum(summary.total_usd for _, summary in videos),
        counts=dict(+counts),
        meanings=meanings(),
    )
    return figures.model_dump()


@dataclass
class _Making:
    """The data of a report, block after block."""

    storage: Storage
    source: VideoSource
    videos: Sequence[Video]
    with_video: bool
    written: Written

    def blocks(self, corpus: str) -> Iterator[tuple[str, str]]:
        yield "corpus", data_block(corpus)
        left = len(self.videos)
        for video in self.videos:
            shown = show_video(self.storage, video)
            self.written.windows += len(shown.windows)
            yield f"video-{video.video_id}", data_block(shown.model_dump_json())
            room = (STILLS_BYTES - self.written.stills_bytes) // left
            yield f"stills-{video.video_id}", data_block(json.dumps(self._stills(shown, room)))
            if self.with_video and (film := self._film(video)):
                yield f"film-{video.video_id}", data_block(json.dumps(film))
            left -= 1

    def _stills(self, shown: ShownVideo, room: int) -> dict[str, str]:
        """The middle frame of each window by its place; of every few windows where all would take more than the room there is."""
        if not shown.frames_version or not shown.windows:
            return {}
        each = room // len(shown.windows)
        height, quality, weight = next((size for size in _SIZES if size[2] <= each), _SIZES[-1])
        every = max(1, -(-weight // max(1, each)))
        found: dict[str, str] = {}
        for place, jpeg in self._middles(shown.video_id, every):
            still = small(jpeg, height, quality)
            room -= len(still)
            if room < 0:
                break
            found[place] = b64encode(still).decode()
            self.written.stills_bytes += len(still)
        self.written.stills += len(found)
        return found

    def _middles(self, video_id: str, every: int) -> Iterator[tuple[str, bytes]]:
        try:
            with self.storage.open(keys.frames(video_id)) as table:
                for number, ((clip, window), frames) in enumerate(groupby(read_frames(table), key=_window)):
                    if number % every == 0:
                        pictures = [frame.jpeg for frame in frames]
                        yield f"{clip}/{window}", pictures[len(pictures) // 2]
        except (ObjectMissing, ObjectUnreadable) as error:
            self.written.troubles.append(str(error))

    def _film(self, video: Video) -> str:
        """The video as an address that holds all of it; empty, and noted, where it is too large."""
        try:
            footage = footage_of(self.storage, self.source, video)
        except (VideoUnreadable, SourceError):
            footage = None
        if footage is None or footage.size_bytes > FILM_BYTES or self.written.films_bytes + footage.size_bytes > 4 * FILM_BYTES:
            self.written.films_left_out.append(video.video_id)
            return ""
        with footage.opened() as file:
            data = file.read()
        self.written.films += 1
        self.written.films_bytes += len(data)
        return f"data:{footage.media_type};base64,{b64encode(data).decode()}"


def _window(frame: Frame) -> tuple[int, int]:
    return frame.clip, frame.window
