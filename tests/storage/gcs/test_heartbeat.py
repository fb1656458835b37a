"""The end of a process does not hang on heartbeats that nobody answers."""

import os
import subprocess
import sys
import time

_LOST = """
from contextlib import ExitStack
from streamcap_dagster.storage.gcs.bucket import Bucket
from streamcap_dagster.storage.gcs.heartbeat import Heartbeat
with ExitStack() as held:
    for number in range(6):
        held.enter_context(Heartbeat(Bucket("bucket", 4, 300), f"{number}/", 15).beating())
print("done", flush=True)
"""


def test_a_process_that_has_lost_its_network_waits_once_for_all_of_its_heartbeats() -> None:
    nobody = {**os.environ, "STORAGE_EMULATOR_HOST": "http://127.0.0.1:9"}
    process = subprocess.Popen([sys.executable, "-c", _LOST], env=nobody, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"done\n"
        ending_s = time.monotonic()
        process.wait()

    assert time.monotonic() - ending_s < 6
