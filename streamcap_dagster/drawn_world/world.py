"""Writes a drawn world: a folder of videos, the truth about each, and what a perfect captioner would say of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from pydantic import ValidationError

from streamcap_dagster.drawn_world.answers import answers
from streamcap_dagster.drawn_world.encoding import encode
from streamcap_dagster.drawn_world.filming import film
from streamcap_dagster.drawn_world.plot import plot
from streamcap_dagster.drawn_world.script import Script
from streamcap_dagster.drawn_world.sheets import contact_sheet
from streamcap_dagster.drawn_world.stage import WINDOW_S
from streamcap_dagster.errors import SettingError
from streamcap_dagster.records import Record
from streamcap_dagster.truth import DrawnTruth

MARK: Final = "drawn_world.json"
_DRAWN_BY: Final = "drawn-world-1"
"""Goes up when the same seed draws other pictures, so that those of before are not taken for finished."""
_README: Final = Path(__file__).with_name("readme.md")


class _Mark(Record):
    """What tells a folder of ours from any other."""

    drawn_by: str
    seed: int
    videos: tuple[str, ...]


@dataclass(frozen=True)
class DrawnWorld:
    """What was written, in order."""

    folder: Path
    truths: tuple[DrawnTruth, ...]
    kept: int
    """Videos that were there already."""

    @property
    def answers(self) -> Path:
        return self.folder / "answers.jsonl"


def draw_world(folder: Path, videos: int, seed: int, on_video: Callable[[DrawnTruth], None]) -> DrawnWorld:
    """Draw so many videos, in order, those of a seed always alike; `on_video` is called after each. What a call that was killed has finished is kept.

    Raises SettingError when the folder holds anything else or cannot be written, MissingTool without ffmpeg, EncodingFailed when that fails.
    """
    if videos < 1:
        raise SettingError("--videos", videos, "draw at least one")
    if seed < 0:
        raise SettingError("--seed", seed, "give 0 or more")
    scripts = list(plots(videos, seed))
    try:
        mark = _claim(folder, _Mark(drawn_by=_DRAWN_BY, seed=seed, videos=tuple(script.truth.video_id for script in scripts)))
        kept = 0
        for script in scripts:
            kept += _drawn(folder, script, mark.drawn_by == _DRAWN_BY)
            on_video(script.truth)
        truths = tuple(script.truth for script in scripts)
        _finish(folder, truths)
    except OSError as error:
        raise SettingError("--out", str(folder), f"it cannot be written ({error.strerror})") from error
    return DrawnWorld(folder, truths, kept)


def plots(videos: int, seed: int) -> Iterator[Script]:
    """The scripts of a world, no two of which tell the same."""
    told: set[tuple[str, ...]] = set()
    for number in range(videos):
        attempt = 0
        while (story := _story(script := plot(seed, number, attempt))) in told:
            attempt += 1
        told.add(story)
        yield script


def _story(script: Script) -> tuple[str, ...]:
    return (script.truth.scene, *(event.sentence for event in script.truth.events))


def _claim(folder: Path, mark: _Mark) -> _Mark:
    """Mark the folder as ours, and remove what an older world has left in it; returns the mark that it had, or the new one."""
    if folder.exists() and not folder.is_dir():
        raise SettingError("--out", str(folder), "it is a file; give a folder (it is made when missing)")
    before = _mark_of(folder)
    if before is None and folder.exists() and any(folder.iterdir()):
        raise SettingError("--out", str(folder), "it holds files that are not of a drawn world; give a new or empty folder")
    for video_id in set(before.videos if before else ()) - set(mark.videos):
        for path in _files(folder, video_id):
            path.unlink(missing_ok=True)
    for name in ("videos", "truth", "contact_sheets"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write(folder / MARK, mark.model_dump_json(indent=1) + "\n")
    return before or mark


def _mark_of(folder: Path) -> _Mark | None:
    try:
        return _Mark.model_validate_json((folder / MARK).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _files(folder: Path, video_id: str) -> tuple[Path, Path, Path]:
    """The video, its contact sheet and, last, its truth, which is written when all else is."""
    return folder / "videos" / f"{video_id}.mp4", folder / "contact_sheets" / f"{video_id}.jpg", folder / "truth" / f"{video_id}.json"


def _drawn(folder: Path, script: Script, may_be_kept: bool) -> bool:
    """Draw a video unless it is there; returns whether it was."""
    video, sheet, truth = _files(folder, script.truth.video_id)
    text = script.truth.model_dump_json() + "\n"
    if may_be_kept and video.exists() and sheet.exists() and truth.exists() and truth.read_text(encoding="utf-8") == text:
        return True
    truth.unlink(missing_ok=True)
    encode(film(script), video)
    contact_sheet(script, WINDOW_S).save(sheet, quality=82)
    _write(truth, text)
    return False


def _finish(folder: Path, truths: tuple[DrawnTruth, ...]) -> None:
    lines = [line for truth in truths for line in answers(truth, WINDOW_S)]
    _write(folder / "answers.jsonl", "\n".join(lines) + "\n")
    seconds = sum(truth.duration_s for truth in truths)
    told = {"videos": len(truths), "minutes": f"{seconds / 60:.1f}", "seed": truths[0].seed, "window": f"{WINDOW_S:g}"}
    _write(folder / "README.md", Template(_README.read_text(encoding="utf-8")).substitute(told))
    settings = {"SOURCE": "videos", "STORAGE": "data", "CAPTIONER": "recorded", "RECORDED_ANSWERS": "answers.jsonl", "WINDOW_DURATION_S": f"{WINDOW_S:g}"}
    _write(folder / ".env", "".join(f"STREAMCAP_{name}={value}\n" for name, value in settings.items()))


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.part")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
