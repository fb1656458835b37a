"""A video as a browser plays it: any part of it by a Range request, out of the storage or, where there is no copy, out of the source."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from starlette.responses import Response, StreamingResponse

from streamcap_dagster.errors import VideoUnreadable
from streamcap_dagster.records import Video
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.videos.copying import hash_file
from streamcap_dagster.videos.source import VideoSource

Opened = Callable[[], AbstractContextManager[BinaryIO]]

_CHUNK_BYTES = 256 << 10
_STILL = "Its frames can still be looked at."
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska", ".ts": "video/mp2t"}
"""What browsers may be able to play. A video of another kind is sent as bytes, of which they show nothing."""


@dataclass(frozen=True)
class Footage:
    """The file of a video, wherever it is."""

    size_bytes: int
    version: str
    """Another one when the bytes may be others."""
    media_type: str
    opened: Opened


def footage_of(storage: Storage, source: VideoSource, video: Video) -> Footage:
    """The copy in the storage, else the file of the source. Raises VideoUnreadable for one that is nowhere any more, or another file by now."""
    for stored in storage.list(keys.raw_video(video.video_id, ".")):
        return Footage(stored.size_bytes, stored.version, _media_type(stored.key), partial(storage.open, stored.key))
    try:
        with source.local(video.uri) as path:
            found = path.stat()
            is_same = found.st_size == video.size_bytes and _hash(path, found.st_size, found.st_mtime_ns) == video.sha256
    except FileNotFoundError as error:
        raise VideoUnreadable(video.uri, "it is neither in the storage nor at the source any more", _STILL) from error
    if not is_same:
        raise VideoUnreadable(video.uri, "at the source there is another file than the one that was captioned", _STILL)
    return Footage(found.st_size, str(found.st_mtime_ns), _media_type(video.uri), partial(_open, source, video.uri))


@lru_cache(maxsize=10_000)
def _hash(path: Path, size_bytes: int, modified_ns: int) -> str:
    """A file is read through when it is first played, and again when it looks otherwise."""
    del size_bytes, modified_ns
    return hash_file(path)


@contextmanager
def _open(source: VideoSource, uri: str) -> Iterator[BinaryIO]:
    with source.local(uri) as path, path.open("rb") as file:
        yield file


def _media_type(name: str) -> str:
    return TYPES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")


def part_of(header: str, size_bytes: int) -> tuple[int, int] | None:
    """Start and end, which is not part of it, of what a Range header asks for; the whole where it asks for several parts or for none.

    None is for a part that is not there.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or found[0] == "bytes=-":
        return 0, size_bytes
    first, last = found[1], found[2]
    if not first:
        return (max(0, size_bytes - int(last)), size_bytes) if int(last) and size_bytes else None
    if last and int(last) < int(first):
        return 0, size_bytes
    start, end = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    return (start, end) if start < size_bytes else None


def media_response(headers: Mapping[str, str], footage: Footage) -> Response:
    """The part that is asked for; the whole when what the browser has the beginning of was replaced since (If-Range)."""
    tag, size_bytes = f'"{footage.version}"', footage.size_bytes
    is_same = headers.get("if-range", tag) == tag
    asked = headers.get("range", "") if is_same else ""
    part = part_of(asked, size_bytes)
    common = {"accept-ranges": "bytes", "etag": tag, "cache-control": "private, no-cache"}
    if part is None:
        return Response(status_code=416, headers={**common, "content-range": f"bytes */{size_bytes}"})
    start, end = part
    told = {"content-range": f"bytes {start}-{end - 1}/{size_bytes}"} if asked else {}
    return StreamingResponse(
        _read(footage.opened, start, end), 206 if told else 200, {**common, **told, "content-length": str(end - start)}, footage.media_type
    )


def _read(opened: Opened, start: int, end: int) -> Iterator[bytes]:
    with opened() as file:
        file.seek(start)
        while start < end and (data := file.read(min(_CHUNK_BYTES, end - start))):
            start += len(data)
            yield data
