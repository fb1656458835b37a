"""A bucket as storage, against the emulator in a process of its own: objects a second, the whole pipeline beside a folder, and coming back to a long video."""

import os

from benchmarks.storage import objects, operations, pipeline, resume


def measure() -> dict[str, object]:
    """Every figure of one run; `load` is that of the machine before it."""
    return {
        "load": round(os.getloadavg()[0], 2),
        "small": objects.small(),
        "large": objects.large(),
        "one_gigabyte": objects.memory(),
        "pipeline": pipeline.beside_a_folder(),
        "resume": resume.long_video(),
        "operations": operations.of_an_hour(),
    }
