"""Says how much `make setup` is about to download for torch, before it does, and how to download less.

Asks the pip of this environment what it would install (its report holds the address of each file), then asks each address for its size.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pip._vendor import requests  # comes with the pip that constraints.txt pins, and with certificates where the system has none

PIP_MAY_TAKE_S = 90
SERVER_MAY_TAKE_S = 15


def main() -> None:
    """Print the size and how to skip the download. Set-up goes on without knowing, so nothing here fails."""
    constraints = Path(sys.argv[1])
    files = files_to_download(constraints)
    print(f"==> {told(files)}")
    if files != []:
        print("    To do without torch, and decode with ffmpeg: make setup DECODER=ffmpeg")
        print("    For the smaller CPU-only build: make setup TORCH_INDEX=URL, the index URL that pytorch.org gives under “Get started” for CPU", flush=True)


def files_to_download(constraints: Path) -> list[str] | None:
    """Addresses of the files that pip would fetch for torch and torchcodec, without fetching them; None when pip cannot tell."""
    pinned = [line for line in constraints.read_text(encoding="utf-8").splitlines() if line.startswith(("torch==", "torchcodec=="))]
    further_index = ["--extra-index-url", os.environ["TORCH_INDEX"]] if os.environ.get("TORCH_INDEX") else []
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        # fast-deps reads the dependencies from the end of a wheel, where pip would fetch all of it on an index that does not serve them alone.
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--use-feature=fast-deps", "--only-binary=:all:", "--report", str(report)]
        try:
            subprocess.run([*pip, "-c", str(constraints), *further_index, *pinned], check=True, capture_output=True, timeout=PIP_MAY_TAKE_S)
            return [item["download_info"]["url"] for item in json.loads(report.read_text(encoding="utf-8"))["install"]]
        except (subprocess.SubprocessError, OSError, ValueError, KeyError):
            return None


def told(files: list[str] | None) -> str:
    """One sentence on the size of these files."""
    if files is None:
        return "the size of the torch download is unknown here: about 200 MB for a CPU-only build, several GB for the CUDA build that Linux gets"
    if not files:
        return "torch is installed already: nothing to download for it"
    sizes = [size_bytes(file) for file in files]
    total = sum(size for size in sizes if size is not None)
    if not total:
        return f"torch comes with {len(files)} packages; the size of the download is unknown here"
    at_least = "at least " if None in sizes else ""
    return f"torch is a download of {at_least}{in_words(total)} ({len(files)} packages with what it needs)"


def size_bytes(address: str) -> int | None:
    """Size of the file at a file: or http(s): address; None when the server does not say."""
    try:
        if urlsplit(address).scheme == "file":
            return Path(url2pathname(urlsplit(address).path)).stat().st_size
        answer = requests.head(address, allow_redirects=True, timeout=SERVER_MAY_TAKE_S, verify=os.environ.get("PIP_CERT", True))
        return int(answer.headers["content-length"]) if answer.ok else None
    except (OSError, KeyError, ValueError):
        return None


def in_words(size: int) -> str:
    """A size as people read it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


if __name__ == "__main__":
    main()
