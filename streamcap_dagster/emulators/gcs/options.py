"""What an emulator is told when it is started; the defaults are a service without faults or delay."""

from dataclasses import dataclass
from pathlib import Path

WEEK_S = 604_800


@dataclass(frozen=True)
class Options:
    """A bucket keeps what is deleted or overwritten for a week, as new buckets do; 0 keeps nothing."""

    buckets: tuple[str, ...] = ()
    """Those that exist from the start."""
    location: str = "US-CENTRAL1"
    latency_ms: tuple[float, float] = (0, 0)
    """Between which times an answer takes."""
    faults: float = 0.0
    """Share of requests that meet a transient fault."""
    seed: int = 0
    soft_delete_s: int = WEEK_S
    versioning: bool = False
    """Whether what is deleted or overwritten becomes a noncurrent version."""
    md5: bool = True
    """Objects have an MD5; without, as composite objects are: for benchmarks."""
    page_size: int = 1000
    """Entries on a page of a listing, however many more are asked for."""
    remember: bool = True
    """Keep the rows of the journal in memory; without, only the counts."""
    folder: Path | None = None
    """Where objects are kept from one start to the next; None keeps them in memory alone."""
