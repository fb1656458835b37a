"""Rounds in which several processes make the same video at once, and what each round must leave: one whole that its receipts tell of."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.storage.receipts import Receipt, Receipts, content_hash
from tests.assets.project import PER_VIDEO_NAMES, REPOSITORY
from tests.gcs_runs.clouds import BUCKET, Objects, final_objects

VOICES = ("Ada", "Ben")


@dataclass(frozen=True)
class Outcome:
    """How a round ended for each, and the final objects of its storage."""

    told: list[Mapping[str, list[str]]]
    objects: Objects

    @property
    def failures(self) -> list[str]:
        return [reason for one in self.told for reason in one["failures"]]

    @property
    def winners(self) -> int:
        """Processes that have every asset."""
        return sum(one["made"] == PER_VIDEO_NAMES and not one["failures"] for one in self.told)

    def unvouched(self) -> list[str]:
        """Assets whose receipt is not there, or tells of other contents, or of other inputs, than are there."""
        receipts = Receipts.model_validate_json(self.objects["receipts/clock.json"])
        return [name for name in PER_VIDEO_NAMES if not self._is_vouched_for(receipts.of(name), receipts)]

    def _is_vouched_for(self, receipt: Receipt | None, receipts: Receipts) -> bool:
        if receipt is None:
            return False
        hashes = [sha256(self.objects[stored.key]).hexdigest() for stored in receipt.objects if stored.key in self.objects]
        made_from = ((receipts.of(dep), content) for dep, content in receipt.inputs.items() if dep != "source_videos")
        return receipt.content_hash in (content_hash(hashes), hashes[0]) and all(dep is not None and dep.content_hash == content for dep, content in made_from)


@contextmanager
def racers(folder: Path, gcs: Running, *arguments: str) -> "Iterator[Sequence[subprocess.Popen[str]]]":
    """Processes that wait for rounds."""
    command = [sys.executable, "-m", "tests.gcs_runs.racing", str(folder)]
    env = {"STORAGE_EMULATOR_HOST": gcs.url, "STREAMCAP_DECODER": "ffmpeg"}
    running = [
        subprocess.Popen([*command, voice, *arguments], cwd=REPOSITORY, env={**_inherited(), **env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for voice in VOICES
    ]
    try:
        assert [_line(one) for one in running] == ["ready\n"] * len(running)
        yield running
    finally:
        for one in running:
            one.kill()
            one.wait()


def play(running: "Sequence[subprocess.Popen[str]]", gcs: Running, number: int) -> Outcome:
    """All begin at once."""
    for one in running:
        assert one.stdin is not None
        one.stdin.write(f"gs://{BUCKET}/round{number}\n")
        one.stdin.flush()
    return Outcome([json.loads(_line(one)) for one in running], final_objects(gcs, f"round{number}/"))


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _inherited() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("STREAMCAP_")}
