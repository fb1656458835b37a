"""A headless Chromium, driven over its DevTools protocol: opens pages of programs here, waits for what they show, takes pictures of them."""

import base64
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 60.0
_FLAGS = (
    "--headless=new",
    "--no-first-run",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-proxy-server",
    "--remote-debugging-port=0",
    "--force-color-profile=srgb",
)


class Page:
    """One page. Waits are for a JavaScript expression that becomes true."""

    def __init__(self, channel: ClientConnection) -> None:
        self._channel = channel
        self._numbers = count(1)

    def open(self, url: str) -> None:
        self._ask("Page.navigate", url=url)

    def wait_for(self, expression: str, what: str, patience_s: float = PATIENCE_S) -> float:
        """Seconds until the expression was true. Raises TimeoutError that names what did not come."""
        began = time.monotonic()
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() - began > patience_s:
                raise TimeoutError(f"{what} did not appear within {patience_s:.0f} s; the page says: {self.evaluate('document.body.innerText')[:500]}")
            time.sleep(0.2)
        return time.monotonic() - began

    def wait_for_text(self, text: str, patience_s: float = PATIENCE_S) -> float:
        return self.wait_for(f"document.body && document.body.innerText.includes({json.dumps(text)})", f"the text {text!r}", patience_s)

    def click(self, text: str) -> None:
        """Click the smallest thing that shows exactly this text."""
        found = f"[...document.querySelectorAll('a,button,div,span')].filter(one => one.innerText && one.innerText.trim() === {json.dumps(text)}).pop()"
        self.wait_for(found, f"something to click that says {text!r}")
        self.evaluate(f"{found}.click()")

    def evaluate(self, expression: str) -> Any:
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def picture(self, settle_s: float = 1.5) -> bytes:
        """A PNG of what is shown, once it has had a moment to come to rest."""
        time.sleep(settle_s)
        return base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"])

    def _ask(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._numbers)
        self._channel.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._channel.recv(timeout=PATIENCE_S))
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result


@contextmanager
def browser(width: int = 1440, height: int = 900) -> Iterator[Page]:
    """A page of a browser that ends with the block. Its program is the one that CHROMIUM names, else `chromium`."""
    program = os.environ.get("CHROMIUM", "chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # which it refuses to run without, as root
        command = [program, *_FLAGS, *sandbox, f"--window-size={width},{height}", f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with connect(_address(Path(profile), process), max_size=None, proxy=None) as channel:
                yield Page(channel)
        finally:
            process.kill()
            process.wait()


def _address(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the first page of a browser that has just been started listens."""
    told, began = profile / "DevToolsActivePort", time.monotonic()
    while process.poll() is None and time.monotonic() - began < PATIENCE_S:
        with suppress(OSError, IndexError), urlopen(f"http://127.0.0.1:{told.read_text().split()[0]}/json/list") as answer:
            return str(next(one["webSocketDebuggerUrl"] for one in json.load(answer) if one["type"] == "page"))
        time.sleep(0.1)
    raise RuntimeError("the browser did not start; name a Chromium or Google Chrome with CHROMIUM=/path/to/it")
