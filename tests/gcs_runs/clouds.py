"""`streamcap run` on an emulated bucket, what befalls it meanwhile, and whether what it leaves there is whole."""

import io
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.emulators.gcs.versions import Conditions, hashes_of
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import running
from tests.assets.project import NOT_FINAL, Project
from tests.media import make_video

BUCKET = "bucket"
PREFIX = "dataset/"
STORAGE = f"gs://{BUCKET}/{PREFIX.rstrip('/')}"
INCOMING = f"gs://{BUCKET}/incoming"
VIDEOS = {"clock": 4, "life": 6}
"""Their lengths in seconds: two windows and three."""
SMALL = {"STREAMCAP_FPS": "1", "STREAMCAP_DECODE_WORKERS": "1", "STREAMCAP_MAX_SILENT_SHARE": "1", "STREAMCAP_CAPTIONER": "offline"}
PAID = {
    "STREAMCAP_CAPTIONER": "gemini",
    "GEMINI_API_KEY": f"AIza{secrets.token_hex(16)}",
    "STREAMCAP_NO_CHANGE_THRESHOLD": "0",
    "STREAMCAP_CALLS_IN_FLIGHT": "2",
}
"""Captions of the Gemini emulator, whose address is still to be given."""
_ENCODED = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")

Objects = Mapping[str, bytes]
"""Bytes by key."""


@dataclass(frozen=True)
class Reference:
    """Videos, and the final objects that an undisturbed run in a folder makes of them."""

    videos: Path
    objects: dict[str, bytes]


@dataclass(frozen=True)
class Ran:
    """A run that ended."""

    status: int
    told: str
    complained: str

    @property
    def said(self) -> str:
        return self.told + self.complained


def make_reference(folder: Path) -> Reference:
    return _made(Project(folder, dict(SMALL)))


def make_paid_reference(folder: Path) -> Reference:
    with running(Options()) as gemini:
        return _made(Project(folder, {**SMALL, **PAID, "STREAMCAP_GEMINI_BASE_URL": gemini.url}))


def _made(project: Project) -> Reference:
    for number, (name, seconds) in enumerate(VIDEOS.items()):
        make_video(project.source / f"{name}.mp4", seconds, "160x120", "10", arguments=("-vf", f"hue=h={50 * number}", *_ENCODED))
    done = project.streamcap("run")
    assert done.returncode == 0, done.stdout + done.stderr
    return Reference(project.source, {key: (project.storage / key).read_bytes() for key in project.final_files()})


def cloud_project(root: Path, gcs: Running | str, reference: Reference, **environment: str) -> Project:
    """A project that reads the reference's videos and keeps everything in the bucket."""
    url = gcs if isinstance(gcs, str) else gcs.url
    cloud = {"STORAGE_EMULATOR_HOST": url, "STREAMCAP_SOURCE": str(reference.videos), "STREAMCAP_STORAGE": STORAGE, "STREAMCAP_CACHE": str(root / "cache")}
    return Project(root, {**SMALL, **cloud, **environment})


def upload_videos(gcs: Running, reference: Reference, bucket: str = BUCKET) -> None:
    """Put them where INCOMING is."""
    for path in reference.videos.iterdir():
        data = path.read_bytes()
        gcs.service.store.put(bucket, f"incoming/{path.name}", data, hashes_of(data, md5=True), {}, Conditions())


def run(project: Project, *arguments: str, **environment: str) -> Ran:
    done = project.streamcap("run", *arguments, **environment)
    return Ran(done.returncode, done.stdout, done.stderr)


def final_objects(gcs: Running, prefix: str = PREFIX, bucket: str = BUCKET) -> dict[str, bytes]:
    found = {name.removeprefix(prefix): data for name, data in gcs.objects(bucket).items() if name.startswith(prefix)}
    return {key: data for key, data in found.items() if not key.startswith(NOT_FINAL)}


def digests(objects: Objects) -> dict[str, str]:
    """For a comparison whose difference can be read."""
    return {key: sha256(data).hexdigest() for key, data in objects.items()}


def wrote(gcs: Running, key: str) -> bool:
    """Whether an object of that key was written."""
    return any(row.kind.startswith("upload") and row.status == 200 and row.name == PREFIX + key for row in gcs.journal.rows)


def torn(found: Objects, reference: Reference) -> list[str]:
    """Keys of objects that an undisturbed run does not leave, nor one that came less far: what is made of all videos may be made of fewer."""
    return [key for key, data in found.items() if data != reference.objects.get(key) and not _came_less_far(key, data, reference.objects)]


def _came_less_far(key: str, data: bytes, reference: Objects) -> bool:
    if key.endswith(".parquet"):
        return key.startswith("processed/") and pq.read_table(io.BytesIO(data)).num_rows > 0
    if key == "raw/manifest.csv" or key.endswith(".md"):
        return data.endswith(b"\n")
    if key.startswith("receipts/_"):
        return "receipts" in json.loads(data)
    if key.startswith("receipts/"):
        return all(receipt in json.loads(reference[key])["receipts"] for receipt in json.loads(data)["receipts"])
    return key.startswith("processed/") and key in reference and all(record in json.loads(reference[key]) for record in json.loads(data))


def started(project: Project, *command: str, **environment: str) -> "subprocess.Popen[str]":
    """`streamcap run`, or another command, in a session of its own."""
    return subprocess.Popen(
        command or project.command("run"),
        env={**project.env, **environment},
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: "subprocess.Popen[str]", within_s: float = 120) -> Ran:
    try:
        told, complained = process.communicate(timeout=within_s)
    finally:
        if process.poll() is None:
            kill(process)
    return Ran(process.returncode, told, complained)


def kill(process: "subprocess.Popen[str]") -> None:
    """The whole session, decoders included."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def running_command(project: Project, *command: str, **environment: str) -> "Iterator[subprocess.Popen[str]]":
    """A run that does not outlive the block."""
    process = started(project, *command, **environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            kill(process)


def until(seen: Callable[[], bool], *processes: "subprocess.Popen[str]") -> None:
    deadline_s = time.monotonic() + 90
    while not seen():
        assert all(process.poll() is None for process in processes), "a run ended before it came so far"
        assert time.monotonic() < deadline_s
        time.sleep(0.002)


def check_complete(project: Project, gcs: Running, reference: Reference, *arguments: str) -> Ran:
    """An undisturbed run makes what is missing, and leaves what a run leaves that never was disturbed."""
    done = run(project, *arguments)
    assert done.status == 0, done.said
    assert digests(final_objects(gcs)) == digests(reference.objects)
    return done
