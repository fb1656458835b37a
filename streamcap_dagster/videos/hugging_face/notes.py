"""What was found out about datasets, kept on this machine so that it need not be found out again. It only saves requests."""

import logging
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

Fact = TypeVar("Fact")

logger = logging.getLogger(__name__)


class Notes:
    """A folder of facts by name, each whole or not there. Safe for many processes and threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str, kind: TypeAdapter[Fact]) -> Fact | None:
        """None where nothing, or nothing that can be used, is kept."""
        path = self._path(name)
        try:
            return kind.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            logger.warning("%s cannot be used (%s), so it is found out again. That is all it costs.", path, type(error).__name__)
            return None

    def keep(self, name: str, kind: TypeAdapter[Fact], fact: Fact) -> None:
        """Where nothing can be kept it is found out again the next time."""
        path = self._path(name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                coming = Path(folder) / path.name
                coming.write_bytes(kind.dump_json(fact))
                coming.replace(path)
        except OSError as error:
            logger.warning("%s cannot be kept (%s), so it is found out again the next time.", path, error.strerror)

    def drop_others(self, prefix: str, name: str) -> None:
        """Remove every fact whose name begins like that, but one."""
        for path in self.folder.glob(f"{prefix}*.json"):
            if path != self._path(name):
                path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all that is in the folder, also what others noted beside the facts and what a killed process left half-written."""
        try:
            found = list(self.folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):  # nothing was ever kept
            return
        for path in found:
            with suppress(FileNotFoundError):  # whoever wrote it took it away
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"
