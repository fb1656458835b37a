"""A project of its own for a test: a source, a storage, a DAGSTER_HOME, and the real commands on them."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.settings import PREFIX

REPOSITORY = Path(__file__).parents[2]
PER_VIDEO_NAMES = [asset.name for asset in PER_VIDEO]
WHOLE = ("video_groups", "train_json", "rl_json", "hf_dataset", "published_dataset")
NOT_FINAL = ("calls/", "ledger/", "quota/", ".streamcap/")


@dataclass
class Project:
    """Everything under one temporary folder."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in (self.source, self.storage, self.home):
            folder.mkdir(parents=True, exist_ok=True)
        (self.home / "dagster.yaml").write_text((REPOSITORY / "dagster.yaml").read_text())

    @property
    def source(self) -> Path:
        return self.root / "videos"

    @property
    def storage(self) -> Path:
        return self.root / "data"

    @property
    def home(self) -> Path:
        return self.root / "dagster_home"

    @property
    def env(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "DAGSTER_", "GEMINI_", "GOOGLE_", "HF_"))}
        return {
            **inherited,
            "DAGSTER_HOME": str(self.home),
            "STREAMCAP_SOURCE": str(self.source),
            "STREAMCAP_STORAGE": str(self.storage),
            "STREAMCAP_CACHE": str(self.root / "cache"),
            "STREAMCAP_DECODER": "ffmpeg",
            "HF_HUB_OFFLINE": "1",
            "COLUMNS": "200",
            **self.environment,
        }

    def streamcap(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self._command(self.command(*arguments), more)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "streamcap_dagster.cli", *arguments]

    def materialize(self, select: Sequence[str], *arguments: str) -> subprocess.CompletedProcess[str]:
        """`dagster asset materialize`, as a user types it."""
        command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "streamcap_dagster.definitions", "--select", ",".join(select), *arguments]
        return self._command(command, {})

    def started(self, *arguments: str) -> subprocess.Popen[bytes]:
        """`streamcap` in the background, in a process group of its own."""
        return subprocess.Popen(
            self.command(*arguments), env=self.env, cwd=self.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def _command(self, command: list[str], more: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env={**self.env, **more}, cwd=self.root, capture_output=True, text=True, check=False)

    def materialized(self, asset: str) -> set[str]:
        """The partitions of an asset that the Dagster instance knows as made."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            return set(instance.get_materialized_partitions(dg.AssetKey(asset)))

    def statuses(self) -> dict[str, dict[str, Any]]:
        """What `streamcap status --json` says, by video."""
        return self.statuses_with()

    def statuses_with(self, **environment: str) -> dict[str, dict[str, Any]]:
        told = json.loads(self.streamcap("status", "--json", **environment).stdout)
        return {video["video_id"]: video for video in told["videos"]}

    def final_files(self) -> dict[str, str]:
        """Hash of every final object, by key."""
        found = (path for path in sorted(self.storage.rglob("*")) if path.is_file())
        named = ((path.relative_to(self.storage).as_posix(), path) for path in found)
        return {key: hashlib.sha256(path.read_bytes()).hexdigest() for key, path in named if not key.startswith(NOT_FINAL)}
