"""What a walk tells whoever watches it: small facts, sent as they happen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from streamcap_dagster.captions.pacing.meter import Meter


@dataclass(frozen=True)
class FilesRead:
    """How many of the source's new or changed files have been hashed and probed."""

    done: int
    total: int


@dataclass(frozen=True)
class Remarked:
    """Something about the source that the person who started the run should read, and that keeps no video out."""

    words: str


@dataclass(frozen=True)
class WindowsFound:
    """How many windows of a video are going to be captioned: all of them, or what its deltas add; the first word of a video counts."""

    video_id: str
    windows: int


@dataclass(frozen=True)
class WindowsDone:
    """That many more windows of a video have their caption."""

    video_id: str
    windows: int = 1


@dataclass(frozen=True)
class AssetDone:
    """An asset of a video exists: made in `seconds`, or reused."""

    video_id: str
    asset: str
    reused: bool
    seconds: float
    counts: Mapping[str, int] = field(default_factory=dict)
    notice: str = ""
    """What the person who started the run should read, such as that another decoder had to be used."""


@dataclass(frozen=True)
class CallsMetered:
    """How the calls of a Dagster run to a paid captioner stand now."""

    run: str
    meter: Meter


@dataclass(frozen=True)
class VideoDone:
    """A video has been walked as far as it goes; `failure` is the sentence that says why it stopped early, or empty."""

    video_id: str
    failure: str = ""


Happening = FilesRead | Remarked | WindowsFound | WindowsDone | AssetDone | CallsMetered | VideoDone
Progress = Callable[[Happening], None]


def unwatched(happening: Happening) -> None:
    """The progress of a walk that nobody watches."""
    del happening
