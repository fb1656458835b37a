"""Takes the README's pictures of Dagster's pages, from what `make demo` made.

`make screenshots`, or `.venv/bin/python -m docs.screenshots` with DAGSTER_HOME and the settings of the project to look at.
"""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from PIL import Image

from docs.browser import PATIENCE_S, Page, browser

FOLDER = Path(__file__).with_name("screenshots")
COLOURS = 128
SIZE = (1440, 900)
WITHOUT_PATHS = "[...document.querySelectorAll('tr')].filter(row => row.cells[0] && row.cells[0].innerText.startsWith('file')).forEach(row => row.remove())"
"""Where the files are on the machine that took the pictures is of no use to readers."""


@dataclass(frozen=True)
class Shot:
    """A page of Dagster: `shows` is what to wait for, `into_view` what to scroll to."""

    name: str
    path: str
    shows: str
    into_view: str = ""


SHOTS = (
    Shot("graph", "/assets/hf_dataset?view=lineage&lineageScope=upstream&lineageDepth=12", "video_catalog"),
    Shot("captions", "/assets/delta_captions?view=partitions&partition=bikes", "Metadata", "captions"),
    Shot("checks", "/assets/hf_dataset?view=checks", "every_video_is_in"),
    Shot("automation", "/automation", "nightly_backfill"),
)


def main(names: list[str]) -> None:
    """The named pictures, or all."""
    FOLDER.mkdir(exist_ok=True)
    with webserver() as address, browser(*SIZE) as page:
        for shot in SHOTS:
            if not names or shot.name in names:
                take(page, address, shot, FOLDER / f"{shot.name}.png")
                print(f"{shot.name}.png")


def take(page: Page, address: str, shot: Shot, picture: Path) -> None:
    """One page as a small PNG: pages have few colours."""
    page.open(address + shot.path)
    page.wait_for_text(shot.shows)
    if shot.into_view:
        cell = f"[...document.querySelectorAll('td')].find(one => one.innerText.trim() === '{shot.into_view}')"
        page.wait_for(cell, f"a row named {shot.into_view}")
        page.evaluate(WITHOUT_PATHS)
        page.evaluate(f"{cell}.scrollIntoView({{block: 'end'}})")
    with Image.open(io.BytesIO(page.picture())) as taken:
        taken.convert("RGB").quantize(COLOURS).save(picture, optimize=True)


@contextmanager
def webserver() -> Iterator[str]:
    """Dagster's pages on the instance of DAGSTER_HOME while the block lasts; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("dagster-webserver")
    command = [str(program), "--read-only", "-m", "streamcap_dagster.definitions", "-h", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_S:
        if server.poll() is not None:
            break
        with suppress(OSError), urlopen(f"{address}/server_info"):  # noqa: S310 - an address of ours
            return
        time.sleep(0.3)
    raise RuntimeError(f"dagster-webserver did not start; is DAGSTER_HOME={os.environ.get('DAGSTER_HOME')!r} a folder that exists?")


if __name__ == "__main__":
    main(sys.argv[1:])
