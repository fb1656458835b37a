"""`streamcap`: the same definitions, instance and storage as Dagster's own tools, from one command."""

import os
import signal
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from streamcap_dagster.cli.app import app
from streamcap_dagster.errors import NobodyToAsk, SettingError, StillGoing, StreamcapError

ALL_IS_WELL, SOME_FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
PATIENCE_S = 3.0

for commands in ("making", "datasets", "preferring", "quality", "operating", "moving", "emulating"):  # in the order of `streamcap --help`
    import_module(f"{__name__}.commands.{commands}")


def main() -> NoReturn:
    """Entry point: errors made for people are printed as one sentence, without a traceback; to be told to end is no error."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `kill`, a closing session and Ctrl-C end it alike
    try:
        app()
    except (SettingError, NobodyToAsk) as error:
        _say(error)
        sys.exit(WRONG_USAGE)
    except StillGoing as error:
        _say(error)
        sys.exit(INTERRUPTED)
    except StreamcapError as error:
        _say(error)
        sys.exit(SOME_FAILED)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # typer's answer to an interrupt
            _stop()
        raise
    sys.exit(ALL_IS_WELL)


def _stop() -> NoReturn:
    """End in order, but soon: a thread in the middle of a large file would hold that up, and what it writes has no name yet."""
    print("\nStopped. What was finished is kept; run the same command again to go on.", file=sys.stderr, flush=True)
    at_the_latest = threading.Timer(PATIENCE_S, os._exit, (INTERRUPTED,))
    at_the_latest.daemon = True
    at_the_latest.start()
    sys.exit(INTERRUPTED)


def _say(error: StreamcapError) -> None:
    print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
