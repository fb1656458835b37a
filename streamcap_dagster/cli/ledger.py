"""`streamcap ledger`: every HTTP request that was made for a storage, as CSV."""

import sys
from itertools import chain, islice
from pathlib import Path

from streamcap_dagster.captions.pacing.attempts import read_attempts, to_csv
from streamcap_dagster.errors import SettingError
from streamcap_dagster.settings import Settings
from streamcap_dagster.wiring import storage_for


def show_ledger(settings: Settings, output: Path | None) -> int:
    """Write the ledger to a file or, without one, to standard output; returns the exit status."""
    storage = storage_for(settings).open()
    attempts = read_attempts(storage)
    first = list(islice(attempts, 1))
    if not first:
        print(f"{storage.uri} has no request in its ledger: nobody was asked over a network for it.", file=sys.stderr)
    lines = to_csv(chain(first, attempts))
    if output is None:
        sys.stdout.writelines(lines)
        return 0
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
    except OSError as error:
        raise SettingError("--output", str(output), f"the file cannot be written ({error.strerror})") from error
    return 0
