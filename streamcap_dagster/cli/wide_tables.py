"""Tables that are printed as wide as they need to be, where a narrower one would break names, headings and numbers apart."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_WIDEST = 10_000


def show_table(console: Console, table: Table) -> None:
    """Print a table whose columns without wrapping stay whole: a terminal wraps the lines itself. In a pipe, which has no width, no cell wraps."""
    needed = Measurement.get(console, console.options.update(max_width=_WIDEST), table)
    table.width = max(console.width, needed.minimum) if console.is_terminal else needed.maximum
    console.print(table, crop=False)
