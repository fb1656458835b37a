"""What an emulator is told when it is started; the defaults are a service without limits, faults or delay."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from streamcap_dagster.model_table import ModelTable, model_table


@dataclass(frozen=True)
class Options:
    """None and 0 are: no such limit, no such fault."""

    latency_ms: tuple[float, float] = (0, 0)
    """Between which times an answer takes; drawn for each content."""
    rpm: int | None = None
    tpm: int | None = None
    rpd: int | None = None
    usd_per_10min: float | None = None
    minute_s: float = 60.0
    """Length of the minute that the quotas a minute are counted over; shorter for tests."""
    faults: float = 0.0
    """Share of requests that meet a transient fault."""
    content_faults: float = 0.0
    """Share of windows whose pictures are answered with SAFETY, RECITATION, PROHIBITED_CONTENT or MAX_TOKENS."""
    flex_shed: float = 0.0
    """Share of requests of the flex tier that are turned away with 503."""
    dribble_s: float = 5.0
    """How long the slow answers among the faults take, a byte at a time."""
    seed: int = 0
    key: str = field(default="", repr=False)
    """The only key that is accepted; empty accepts any plausible one."""
    by_hash: bool = False
    """Answer from a hash of what is sent, without decoding a picture: for benchmarks."""
    journal: Path | None = None
    remember: bool = True
    """Keep the rows of the journal in memory as well."""
    table: ModelTable = field(default_factory=model_table)
    clock: Callable[[], float] = time.time
    """Seconds since 1970; what quotas and retired models go by."""
