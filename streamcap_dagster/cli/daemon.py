"""Whether Dagster's daemon is there, which walks the backfills that are left to it."""

import time

import dagster as dg

_WALKS_BACKFILLS = "BACKFILL"
ALIVE_S = 90.0


def silent_s(instance: dg.DagsterInstance) -> float | None:
    """Seconds since the daemon last gave a sign of life; None when none that walks backfills ever ran on this instance.

    Any of its parts will do: each gives one every half minute, but one that is at a large backfill may be busy for long.
    """
    beats = instance.get_daemon_heartbeats()
    return abs(time.time() - max(beat.timestamp for beat in beats.values())) if _WALKS_BACKFILLS in beats else None


def has_daemon(instance: dg.DagsterInstance) -> bool:
    """Whether a daemon is there, as far as can be told: one that was stopped a minute ago still counts."""
    silence = silent_s(instance)
    return silence is not None and silence <= ALIVE_S
