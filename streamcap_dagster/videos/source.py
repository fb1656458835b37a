"""Where videos come from: the boundary, and a folder behind it."""

import errno
import os
import stat
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Protocol

from streamcap_dagster.errors import SourceError
from streamcap_dagster.videos.metadata import METADATA_NAMES, Described, describe

SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".ts", ".gif")
"""Names that are taken for videos, whatever their case."""

UNKNOWN_SIZE = -1
"""Of a file that only reading it tells the size of."""

STORAGE_MARK = ".streamcap"
"""A folder that holds this is one of our own storages: its videos are copies and never a source."""


@dataclass(frozen=True)
class SourceFile:
    """One entry of a source that is named like a video; `problem` says in a sentence why it cannot be one."""

    uri: str
    """POSIX path relative to the source."""
    size_bytes: int
    """UNKNOWN_SIZE where nothing can be known."""
    version: str
    """Changes when the bytes do: the modification time in a folder, the generation in a bucket, the file and row in a dataset of the Hugging Face Hub;
    empty where nothing can be known."""
    problem: str = ""

    @property
    def moment(self) -> int:
        """The version where it is a number, which is the larger the later the file changed; -1 where it is none."""
        return int(self.version) if self.version.isdecimal() else -1


class VideoSource(Protocol):
    """Lists videos and lends them as local files. Raises SourceError when it cannot be used as a whole."""

    @property
    def uri(self) -> str: ...

    @property
    def lends_copies(self) -> bool:
        """Whether what it lends is a local copy that nobody writes to, so that a hard link to it is as good as another copy."""

    def scan(self) -> Iterator[SourceFile]:
        """Every entry named like a video, in an order that only changes with what is there."""

    def overlooked(self, uris: Collection[str]) -> Iterator[SourceFile]:
        """Those of the uris, all of them missing in a scan that just ended, that are there all the same when looked at one by one."""

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Folders of which the last scan, which has ended, could not tell what they hold, each empty or ending in a slash: what was known still holds."""

    @property
    def described_by(self) -> str:
        """Another one when what is said of the videos may be another, as far as the last scan, which has ended, came across it."""

    def describe(self, uris: Collection[str]) -> Described:
        """What is said of the videos with these uris, where the last scan came across it."""

    def local(self, uri: str, version: str = "") -> AbstractContextManager[Path]:
        """A path where the video can be read while the block lasts, of that version when one is named. Never write to it.

        Raises VideoUnreadable when it cannot be had now, or only in another version.
        """


class FolderSource:
    """A folder and all folders in it. Hidden files and folders (`.name`) are left out; symbolic links are followed, each real folder once."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self._metadata: list[SourceFile] = []
        self._unlisted: list[str] = []

    @property
    def uri(self) -> str:
        return str(self.root)

    def scan(self) -> Iterator[SourceFile]:
        self._check()
        self._metadata, self._unlisted = [], []
        return iter(sorted(self._files(), key=attrgetter("uri")))

    @property
    def lends_copies(self) -> bool:
        return False

    def overlooked(self, uris: Collection[str]) -> Iterator[SourceFile]:
        """None: a folder is listed whole or not at all, and what could still be opened under its old name is listed under a better one."""
        del uris
        return iter(())

    @property
    def unlisted(self) -> tuple[str, ...]:
        return tuple(self._unlisted)

    @property
    def described_by(self) -> str:
        return versions_of(self._metadata)

    def describe(self, uris: Collection[str]) -> Described:
        return describe({file.uri: file.problem for file in self._metadata}, uris, self.local)

    @contextmanager
    def local(self, uri: str, version: str = "") -> Iterator[Path]:
        """The file as it is now, whatever its version: whoever reads it compares it with what was found."""
        del version
        yield self.root / uri

    def _check(self) -> None:
        choose = "Set STREAMCAP_SOURCE to the folder that holds the videos."
        if not self.root.exists():
            raise SourceError(self.uri, f"there is no such folder. {choose}")
        if not self.root.is_dir():
            raise SourceError(self.uri, f"it is a file, not a folder. {choose}")
        if not os.access(self.root, os.R_OK | os.X_OK):
            raise SourceError(self.uri, "this user may not list it. Give this user permission to read it, or choose another STREAMCAP_SOURCE.")
        if (self.root / STORAGE_MARK).exists():
            raise SourceError(self.uri, f"it is a storage that this project writes to. {choose}")

    def _files(self) -> Iterator[SourceFile]:
        """Real folders come before linked ones, so that a video is named by the folder it lies in wherever it can be."""
        walked: set[tuple[int, int]] = set()
        real, linked = deque([self.root]), deque[Path]()
        while real or linked:
            folder = real.popleft() if real else linked.popleft()
            try:
                found = folder.stat()
                entries = _entries(folder)
            except OSError as error:
                yield self._closed(folder, error)
                continue
            if (found.st_dev, found.st_ino) in walked or any(entry.name == STORAGE_MARK for entry in entries):
                continue
            walked.add((found.st_dev, found.st_ino))
            shown = [entry for entry in entries if not entry.name.startswith(".")]
            real.extend(Path(entry) for entry in shown if entry.is_dir(follow_symlinks=False))
            linked.extend(Path(entry) for entry in shown if entry.is_symlink() and _leads_to_a_folder(entry))
            inside = "" if folder == self.root else f"{self._relative(folder)}/"
            self._unlisted += (f"{_written(inside + entry.name)}/" for entry in shown if entry.is_symlink() and _leads_nowhere(entry))
            yield from (self._file(entry, inside + entry.name) for entry in shown if entry.name.lower().endswith(SUFFIXES))
            self._metadata += (self._file(entry, inside + entry.name) for entry in shown if entry.name in METADATA_NAMES and not _leads_to_a_folder(entry))

    def _closed(self, folder: Path, error: OSError) -> SourceFile:
        """A folder that cannot be listed, which is noted. Raises SourceError when it is the source itself."""
        if folder == self.root:
            raise SourceError(self.uri, f"it cannot be listed ({error.strerror}). Give this user permission to read it, or choose another STREAMCAP_SOURCE.")
        file = _unusable(self._relative(folder), f"It is a folder that cannot be listed ({error.strerror}). Give this user permission to read it.")
        self._unlisted.append(f"{file.uri}/")
        return file

    def _file(self, entry: os.DirEntry[str], uri: str) -> SourceFile:
        try:
            found = entry.stat()
        except OSError as error:
            what = "a symbolic link that leads nowhere" if entry.is_symlink() else "out of reach"
            return _unusable(uri, f"It is {what} ({error.strerror}). Mend it, or remove it from the source.")
        problem = _problem(entry.path, uri, found.st_mode)
        return _unusable(uri, problem, found.st_size) if problem else SourceFile(uri, found.st_size, str(found.st_mtime_ns))

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def versions_of(metadata: Iterable[SourceFile]) -> str:
    """What changes when any of these files does."""
    return "".join(sorted(f"{file.uri}\0{file.size_bytes}\0{file.version}\n" for file in metadata))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, in order. Raises OSError also when only its names can be had, and nothing else of what is in it."""
    if not os.access(folder, os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return sorted(os.scandir(folder), key=attrgetter("name"))


def _problem(path: str, uri: str, mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "It is a folder that is named like a video. Rename it; videos inside it are found by themselves."
    if not stat.S_ISREG(mode):
        return "It is a pipe, socket or device, not a file. Remove it from the source."
    if not os.access(path, os.R_OK):
        return "This user may not read it. Give this user permission to read it (`chmod u+r`)."
    if not _is_utf8(uri):
        return "Its path is not valid UTF-8, so it cannot be written down. Rename it."
    return ""


def _unusable(uri: str, problem: str, size_bytes: int = 0) -> SourceFile:
    return SourceFile(_written(uri), size_bytes, "", problem)


def _written(uri: str) -> str:
    """It as it can be written down."""
    return os.fsencode(uri).decode("utf-8", "backslashreplace")


def _leads_to_a_folder(link: os.DirEntry[str]) -> bool:
    try:
        return link.is_dir()
    except OSError:
        return False


def _leads_nowhere(link: os.DirEntry[str]) -> bool:
    """To a disk that is not mounted, say: what was found behind it may still be there."""
    try:
        link.stat()
    except OSError:
        return True
    return False


def _is_utf8(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
