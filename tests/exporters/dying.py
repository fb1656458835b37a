"""A process that exports a format of its own and kills itself in the middle of its rows: `python -m tests.exporters.dying STORAGE OUT ROWS`."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from streamcap_dagster.exporters.exporter import Exporter, Words
from streamcap_dagster.exporters.exporting import export
from streamcap_dagster.exporters.rows import StreamRow
from streamcap_dagster.exporters.target import SplitTarget
from streamcap_dagster.storage.folder import FolderStorage
from tests.exporters.corpus import WORDS


def lines(name: str = "lines", rows: int | None = None) -> Exporter:
    """A format of one JSONL line a clip, with its images beside it; the process dies after `rows`."""
    left = iter(range(rows) if rows is not None else iter(int, 1))

    def samples(row: StreamRow, to: SplitTarget, words: Words) -> Iterator[dict[str, object]]:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        yield {"id": row.sample_id, "images": [to.image(image) for image in row.images]}

    return Exporter(name, ("stream",), "a test", samples, lambda to: to.lines(f"{to.split}.jsonl"))


if __name__ == "__main__":
    root, out, rows = sys.argv[1:]
    export(FolderStorage(Path(root)), lines(rows=int(rows)), WORDS, Path(out))
