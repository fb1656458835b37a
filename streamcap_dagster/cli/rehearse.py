"""`streamcap rehearse`: a whole run through the real client, against an emulator of Gemini in this process."""

import os
from collections.abc import Sequence
from pathlib import Path

from streamcap_dagster.captions.pacing.quota import quota_from
from streamcap_dagster.cli.emulate import read_latency
from streamcap_dagster.cli.run import run_pipeline
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import running
from streamcap_dagster.model_table import model_table
from streamcap_dagster.settings import GEMINI_KEYS, Settings, read_settings

_KEY = "no-key-is-needed-to-rehearse"


def rehearse_pipeline(settings: Settings, only: Sequence[str], latency_ms: str, faults: float, seed: int) -> int:
    """Run everything in a storage and a Dagster instance of its own; returns the exit status of the run."""
    table = model_table(settings.model_table)
    quota = quota_from(table.of(settings.gemini_model).quota, rpm=settings.rpm, tpm=settings.tpm, rpd=settings.rpd)
    options = Options(
        latency_ms=read_latency(latency_ms),
        rpm=_whole(quota.rpm),
        tpm=_whole(quota.tpm),
        rpd=_whole(quota.rpd),
        faults=faults,
        seed=seed,
        table=table,
        remember=False,
    )
    beside = beside_storage(settings.storage)
    with running(options) as emulator:
        _be_a_rehearsal(beside)
        places = {"source": settings.source, "storage": str(beside / "data"), "hub_repo": ""}
        rehearsal = read_settings(**places, captioner="gemini", gemini_base_url=emulator.url, vertex_project="")
        status = run_pipeline(rehearsal, only)
    print(f"A rehearsal: nothing was paid, and what was said is not for training. All of it is in {beside}, which you may remove.")
    return status


def beside_storage(storage: str) -> Path:
    """The folder of a rehearsal: next to that of the storage; for gs:// a folder here, named like bucket and prefix, so that nothing goes over a network."""
    _, scheme, place = storage.rpartition("://")
    named = place.strip("/").replace("/", "-") if scheme else storage.rstrip("/")
    return Path(f"{named}-rehearsal").expanduser().absolute()


def _be_a_rehearsal(beside: Path) -> None:
    """From here on this process knows no key, and an instance whose partitions are the rehearsal's."""
    instance = beside / "instance"
    instance.mkdir(parents=True, exist_ok=True)
    (instance / "dagster.yaml").touch()
    for name in GEMINI_KEYS:
        os.environ.pop(name, None)
    os.environ[GEMINI_KEYS[0]] = _KEY  # the first wins over whatever .env holds
    os.environ["DAGSTER_HOME"] = str(instance)


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)
