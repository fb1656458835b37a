"""A video's bytes under a second name, checked against the manifest: cloned where the file system can, else copied."""

import ctypes
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from streamcap_dagster.errors import SourceChanged, UnusableVideo
from streamcap_dagster.records import Video

_CHUNK_BYTES = 4 << 20
_FICLONE = 0x40049409
"""Linux ioctl: let one file share the blocks of another until either is written to (ioctl_ficlone(2))."""


def copy_video(original: Path, video: Video, copy: Path, link: Literal["copy", "hard"]) -> None:
    """Make `copy`, a path that does not exist yet. Leaves nothing when that fails.

    Raises SourceChanged when the bytes are not those of the manifest, UnusableVideo when the original cannot be read; what is wrong with the
    place of the copy stays an OSError. A hard link saves the space on file systems that cannot clone, but shares whatever is later written
    into the original.
    """
    try:
        if _hash_of_copy(original, video, copy, link) != video.sha256:
            raise SourceChanged(video.video_id, video.uri)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise


def hash_file(path: Path) -> str:
    """SHA-256 of a file in hex, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash_of_copy(original: Path, video: Video, copy: Path, link: Literal["copy", "hard"]) -> str:
    if _cloned(original, copy):
        return hash_file(copy)
    if link == "hard" and _linked(original, copy):
        with _reading(video):
            return hash_file(copy)
    return _copied(original, video, copy)


@contextmanager
def _reading(video: Video) -> Iterator[None]:
    """What goes wrong inside is the original's fault."""
    try:
        yield
    except OSError as error:
        fix = "Check that it is still there, its permissions and its disk, then materialize video_catalog again (or run `streamcap run`)."
        raise UnusableVideo(video.uri, f"it cannot be read: {error.strerror or error}", fix) from error


def _cloned(original: Path, copy: Path) -> bool:
    """False, and no file, when this file system or platform cannot clone; why does not matter, because copying comes next."""
    if sys.platform == "darwin":
        return int(ctypes.CDLL(None).clonefile(os.fsencode(original.resolve()), os.fsencode(copy), 0)) == 0
    if sys.platform == "linux":
        import fcntl

        try:
            with original.open("rb") as source, copy.open("xb") as target:
                fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
        except OSError:
            copy.unlink(missing_ok=True)
            return False
        return True
    return False


def _linked(original: Path, copy: Path) -> bool:
    """False when the two are on different file systems or links are not allowed."""
    try:
        os.link(original.resolve(), copy)
    except OSError:
        return False
    return True


def _copied(original: Path, video: Video, copy: Path) -> str:
    digest = hashlib.sha256()
    with _reading(video):
        source = original.open("rb")
    with source, copy.open("xb") as target:
        while chunk := _chunk(source, video):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def _chunk(source: IO[bytes], video: Video) -> bytes:
    with _reading(video):
        return source.read(_CHUNK_BYTES)
