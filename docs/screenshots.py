"""Takes the README's pictures of Dagster's pages and of the review page, from what `make demo` made.

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
OF_PHOTOS = 256
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
    colours: int = COLOURS
    without: str = ""
    """JavaScript that takes away what is of no use to readers."""


SHOTS = (
    Shot("graph", "/assets/sft_examples?view=lineage&lineageScope=upstream&lineageDepth=12", "video_catalog"),
    Shot("captions", "/assets/delta_captions?view=partitions&partition=bikes", "Metadata", "captions"),
    Shot("checks", "/assets/hf_dataset?view=checks", "every_video_is_in"),
    Shot("automation", "/automation", "nightly_backfill"),
)


REVIEW_SHOTS = (
    Shot("review_video", "/videos/bikes#3", "Novelty", colours=OF_PHOTOS),
    Shot("review_corpus", "/", "flagged", without="document.querySelector('.progress').textContent = 'demo/data'"),
)


def main(names: list[str]) -> None:
    """The named pictures, or all."""
    FOLDER.mkdir(exist_ok=True)
    for server, shots in ((webserver, SHOTS), (review_server, REVIEW_SHOTS)):
        wanted = [shot for shot in shots if not names or shot.name in names]
        if wanted:
            with browser(*SIZE) as page, server(page) as address:
                for shot in wanted:
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
    if shot.without:
        page.evaluate(shot.without)
    with Image.open(io.BytesIO(page.picture())) as taken:
        taken.convert("RGB").quantize(shot.colours).save(picture, optimize=True)


@contextmanager
def webserver(page: Page | None = None) -> Iterator[str]:
    """Dagster's pages on the instance of DAGSTER_HOME while the block lasts; its address."""
    del page
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


@contextmanager
def review_server(page: Page) -> Iterator[str]:
    """`streamcap review` on the storage of the settings while the block lasts; its address, to which the page has been let in."""
    command = [sys.executable, "-m", "streamcap_dagster.cli", "review", "--port", "0", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            entrance = server.stdout.readline().strip()
            page.open(entrance)
            page.wait_for_text("Every window")
            yield entrance.partition("/enter")[0]
        finally:
            server.terminate()


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
