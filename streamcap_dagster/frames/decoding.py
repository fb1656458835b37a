"""The boundary between frames and what decodes them, and the choice of decoder for a video."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from streamcap_dagster.errors import SettingError
from streamcap_dagster.frames.pictures import Picture, Size, Stretch
from streamcap_dagster.records import Video


class Decoder(Protocol):
    """Anything that finds the pictures on screen."""

    def pictures(self, path: Path, video: Video, stretches: Sequence[Stretch], size: Size) -> Iterator[Picture]:
        """One picture per target, in order, upright and scaled to `size`; holds few of them in memory.

        Raises DecodeError when the video cannot be decoded as far as a target needs, PictureNotFound when another decoder may do better.
        """


DECODERS: Final = {
    "torchcodec": "streamcap_dagster.frames.torchcodec_decoder:TorchcodecDecoder",
    "ffmpeg": "streamcap_dagster.frames.ffmpeg_decoder:FfmpegDecoder",
}
"""Where each decoder is; it is imported when it is first used, because torch takes seconds and may be missing."""

FALLBACK: Final = "ffmpeg"

_CONTAINERS_FOR_FFMPEG: Final = frozenset({"avi", "mpegts"})
"""torchcodec takes presentation times from the container, which AVI does not store, and loses its way when it seeks in MPEG-TS."""


@dataclass(frozen=True)
class Choice:
    """A decoder, its name, and a sentence for the user when it is not the one that was asked for."""

    name: str
    decoder: Decoder
    notice: str = ""


def available_decoder(wanted: str) -> tuple[str, str]:
    """The name of the decoder that will be used when `wanted` is asked for, and why if it is another. Raises SettingError for a name nobody knows."""
    choice = _loaded(wanted)
    return choice.name, choice.notice


def choose_decoder(wanted: str, video: Video) -> Choice:
    """The decoder for a video: the wanted one, unless it cannot be loaded or cannot do this kind of video right."""
    beyond_torchcodec = video.interlaced or not _CONTAINERS_FOR_FFMPEG.isdisjoint(video.container.split(","))
    return _loaded(FALLBACK if beyond_torchcodec else wanted)


def _loaded(wanted: str) -> Choice:
    if wanted not in DECODERS:
        raise SettingError("STREAMCAP_DECODER", wanted, f"known decoders are {', '.join(DECODERS)}.")
    module, _, name = DECODERS[wanted].partition(":")
    try:
        return Choice(wanted, cast(Decoder, getattr(import_module(module), name)()))
    except (ImportError, OSError, RuntimeError) as error:
        if wanted == FALLBACK:
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        fix = "`make setup DECODER=torchcodec` brings it back, STREAMCAP_DECODER=ffmpeg silences this"
        return Choice(FALLBACK, _loaded(FALLBACK).decoder, f"{wanted} cannot be loaded ({reason}), so ffmpeg decodes instead; {fix}.")
