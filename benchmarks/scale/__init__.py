"""What very many videos take: 100,000 of which only the books exist, and thousands that are really worked on."""

import os
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.scale.corpus import make_corpus

VIDEOS = 100_000
_ON_THE_CORPUS = ("catalog", "survey", "sensor", "dataset")
_ALONE = ("graph", "chunks", "ui")


def measure() -> dict[str, object]:
    """Every part by its name; one that cannot be measured, such as for want of a browser, says why and leaves the others alone."""
    figures: dict[str, object] = {"videos": VIDEOS, "load": round(os.getloadavg()[0], 2)}
    with tempfile.TemporaryDirectory() as folder:
        settings = make_corpus(Path(folder), VIDEOS)
        for name in _ON_THE_CORPUS:
            figures[name] = _measured(name, lambda part: part.measure(settings))
    return figures | {name: _measured(name, lambda part: part.measure()) for name in _ALONE}


def _measured(name: str, measuring: Callable[[Any], object]) -> object:
    try:
        return measuring(import_module(f"{__name__}.{name}"))
    except Exception as error:  # noqa: BLE001 - whatever keeps one part from being measured, the others are
        return {"not_measured": f"{type(error).__name__}: {error}"[-500:]}
