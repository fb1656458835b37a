"""`streamcap doctor`: what a run needs, checked one by one, each with its fix."""

import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from streamcap_dagster.cli.doctor_captioner import captioner_findings
from streamcap_dagster.cli.doctor_gcs import source_findings, storage_findings
from streamcap_dagster.cli.doctor_hub import hub_findings
from streamcap_dagster.cli.finding import Finding
from streamcap_dagster.cli.instance import dagster_home
from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.frames.decoding import available_decoder
from streamcap_dagster.settings import GEMINI_KEYS, Settings, scheme_of
from streamcap_dagster.wiring import source_for, storage_for

INSTALL_FFMPEG = "Install ffmpeg: `sudo apt-get install ffmpeg` (Debian, Ubuntu) or `brew install ffmpeg` (macOS)."
OLDEST_FFMPEG = (5, 1)
LITTLE_SPACE_BYTES = 5 * 1024**3
MOST_FILES = 10_000
"""Files of a source that are counted."""
SECRETS_FOR: Mapping[str, str] = {
    "GEMINI_API_KEY": "for the captioner gemini; https://aistudio.google.com/apikey makes one",
    "GOOGLE_API_KEY": "for the captioner gemini too, where it goes before GEMINI_API_KEY",
    "OPENAI_API_KEY": "for the captioner openai, where the server wants one",
    "GOOGLE_APPLICATION_CREDENTIALS": "for gs:// and for the captioner gemini on Vertex AI: a file of credentials, where gcloud's own are not to be used",
    "HF_TOKEN": "for publishing to the Hugging Face Hub, and for hf:// where the dataset is private or gated",
}


def show_diagnosis(settings: Settings, as_json: bool) -> int:
    """Print the findings; returns the exit status, 1 when a check failed."""
    findings = list(diagnose(settings))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        console = Console()
        for finding in findings:
            colour = {"ok": "green", "warning": "yellow", "failed": "red"}[finding.verdict]
            console.print(f"[{colour}]{finding.verdict:>7}[/]  {finding.check:<14} {escape(finding.found)}", highlight=False, soft_wrap=True)
            if finding.fix:
                console.print(f"         {'':<14} → {escape(finding.fix)}", highlight=False, soft_wrap=True)
    return 1 if any(finding.verdict == "failed" for finding in findings) else 0


def diagnose(settings: Settings) -> Iterator[Finding]:
    """Every check in turn; one that fails does not keep the others from being made."""
    yield Finding("python", "ok", f"{platform.python_version()} at {sys.executable}")
    yield from (_program(name) for name in ("ffmpeg", "ffprobe"))
    yield _decoder(settings)
    checks: dict[str, Callable[[Settings], Iterator[Finding]]] = {"storage": _storage, "source": _source, "captioner": captioner_findings, "dagster": _dagster}
    for name, check in checks.items():
        try:
            yield from check(settings)
        except StreamcapError as error:
            yield Finding(name, "failed", str(error), "See above: the sentence says what to change.")
        except OSError as error:
            yield Finding(name, "failed", str(error), "The system refuses it: check the disk, and this user's permissions.")
    yield from _keys()
    yield _disk(settings)


def _program(name: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(name, "failed", "not found on PATH", INSTALL_FFMPEG)
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stdout.split("\n")[0]
    version = re.search(r"version n?(\d+)\.(\d+)", said)  # a build from git has no such number, and is new enough
    if version and (int(version[1]), int(version[2])) < OLDEST_FFMPEG:
        needed = ".".join(map(str, OLDEST_FFMPEG))
        return Finding(name, "failed", f"{said.split(' Copyright')[0]} is older than {needed}", f"Debian 12 and Ubuntu 24.04 have one. {INSTALL_FFMPEG}")
    return Finding(name, "ok", f"{said.split(' Copyright')[0]} at {path}")


def _decoder(settings: Settings) -> Finding:
    name, notice = available_decoder(settings.decoder)
    return Finding("decoder", "warning" if notice else "ok", notice or name, "`make setup` installs torchcodec; ffmpeg decodes meanwhile." if notice else "")


def _storage(settings: Settings) -> Iterator[Finding]:
    if scheme_of(settings.storage):
        yield from storage_findings(settings)
        return
    storage = storage_for(settings).open()
    key = f"ledger/doctor-{secrets.token_hex(6)}"
    storage.write(key, b"probe")
    found = storage.read(key)
    storage.delete(key)
    assert found == b"probe"
    yield Finding("storage", "ok", f"{storage.uri} can be written and read")


def _source(settings: Settings) -> Iterator[Finding]:
    if scheme := scheme_of(settings.source):
        yield from hub_findings(settings) if scheme == "hf" else source_findings(settings, MOST_FILES)
        return
    source = source_for(settings).open()
    seen = sum(1 for _ in islice(source.scan(), MOST_FILES))
    yield Finding("source", "ok", f"{source.uri} has {seen}{' or more' if seen == MOST_FILES else ''} video file{'' if seen == 1 else 's'}")


def _dagster(settings: Settings) -> Iterator[Finding]:
    del settings
    home = dagster_home()
    set_by = "DAGSTER_HOME" if os.environ.get("DAGSTER_HOME") else "found without DAGSTER_HOME"
    yield Finding("dagster", "ok", f"instance at {home} ({set_by})")


def _keys() -> Iterator[Finding]:
    values = {name: os.environ.get(name, "").strip() for name in SECRETS_FOR}
    for name, use in SECRETS_FOR.items():
        yield Finding(name, "ok", f"{'set' if values[name] else 'not set'} ({use})")
    gemini = {values[name] for name in GEMINI_KEYS if values[name]}
    if len(gemini) > 1:
        yield Finding("keys", "warning", f"{' and '.join(GEMINI_KEYS)} hold different keys, and {GEMINI_KEYS[0]} is used", f"Unset {GEMINI_KEYS[0]}.")
    credentials = values["GOOGLE_APPLICATION_CREDENTIALS"]
    if credentials and not Path(credentials).is_file():
        fix = "Correct it, or unset it and run `gcloud auth application-default login`."
        yield Finding("keys", "warning", "GOOGLE_APPLICATION_CREDENTIALS names a file that is not there", fix)


def _disk(settings: Settings) -> Finding:
    """Of where files are kept here: the storage, or the local copies of one that is elsewhere."""
    setting, place = ("STREAMCAP_CACHE", settings.cache) if scheme_of(settings.storage) else ("STREAMCAP_STORAGE", Path(settings.storage))
    folder = place.expanduser().absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    little = free < LITTLE_SPACE_BYTES
    fix = f"Free some space, or point {setting} at a larger disk." if little else ""
    return Finding("disk", "warning" if little else "ok", f"{free / 1024**3:.1f} GiB free for {folder}", fix)
