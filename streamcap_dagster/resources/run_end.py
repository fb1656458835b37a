"""What a run must close when it ends, as a Dagster resource, because a generator that Dagster interrupts is dropped without being closed."""

from collections.abc import Iterator
from contextlib import ExitStack

import dagster as dg


@dg.resource(description="Closes what a run has open when it ends, however it ends. Needs no configuration.")
def run_end(context: dg.InitResourceContext) -> Iterator[ExitStack]:
    """A stack of what is open; it is unwound after the last step and on an interrupt."""
    del context
    with ExitStack() as opened:
        yield opened
