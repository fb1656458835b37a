"""`make bench`: every figure beside its baseline, in one run; prints a table and writes `benchmarks/results.json`."""

import json
import os
import platform
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

BENCHMARKS = ("extraction", "dataset", "publish", "groups", "quality", "drawn_world", "orchestration", "captioning", "storage", "scale", "review")
RESULTS = Path(__file__).with_name("results.json")


def main(wanted: list[str]) -> None:
    """Run the named benchmarks, or all; the figures of those not run stay as they were."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    console = Console()
    for name in wanted or BENCHMARKS:
        console.print(f"[bold]{name}[/] …")
        results[name] = import_module(f"benchmarks.{name}").measure()
        console.print(_table(results[name]))
    results["machine"] = {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version(), "dagster": version("dagster")}
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    console.print(f"written to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


def _table(figures: dict[str, object]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in figures.items():
        table.add_row(f"  {name}", json.dumps(value) if isinstance(value, dict | list) else f"{value}")
    return table


if __name__ == "__main__":
    main(sys.argv[1:])
