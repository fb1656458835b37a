"""A process of its own that takes leases in a bucket."""

import os
import sys
import time
from pathlib import Path

from streamcap_dagster.storage.gcs.bucket import Bucket
from streamcap_dagster.storage.gcs.leases import Leases

HEARTBEAT_S = 0.2
PREFIX = "data/.streamcap/"


def leases(heartbeat_s: float = HEARTBEAT_S) -> Leases:
    return Leases(Bucket("bucket", connections=8, deadline_s=10), PREFIX, heartbeat_s=heartbeat_s)


def hold() -> None:
    with leases().lease("cat") as held:
        print(held, flush=True)
        sys.stdin.readline()
    print("let go", flush=True)


def hold_and_end() -> None:
    with leases().lease("cat") as held:
        print(held, flush=True)
        time.sleep(0.1)


def take_turns(rounds: str, log: str) -> None:
    """Note when each turn begins and ends; a turn that is the second at once finds the other's note."""
    ours, taken = leases(heartbeat_s=15), 0
    while taken < int(rounds):
        with ours.lease("cat") as held:
            if not held:
                continue
            taken += 1
            with Path(log).open("a") as notes:
                notes.write("begins\n")
                notes.flush()
                notes.write("ends\n")
    print("done", flush=True)


def take_turns_for_ever(log: str) -> None:
    """The same under this process's id, slowly enough to be killed in the middle."""
    ours = leases()
    while True:
        with ours.lease("cat") as held:
            if held:
                for event in ("begins", "ends"):
                    with Path(log).open("a") as notes:
                        notes.write(f"{event} {os.getpid()}\n")
                    time.sleep(0.003)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
