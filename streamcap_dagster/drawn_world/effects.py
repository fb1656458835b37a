"""What happens to the picture of a drawn video while nothing happens in it: a camera that moves, light that flickers, grain, a mount that trembles."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sin
from typing import Literal

from streamcap_dagster.truth import EventType

EffectKind = Literal["pan_left", "pan_right", "tilt", "zoom", "shake", "flicker", "grain", "jitter"]

CAMERA: Mapping[EffectKind, str] = {
    "pan_left": "The camera pans to the left and back.",
    "pan_right": "The camera pans to the right and back.",
    "tilt": "The camera tilts up and back.",
    "zoom": "The camera zooms in and out again.",
    "shake": "The camera shakes.",
}
DISTRACTORS: Mapping[EffectKind, str] = {
    "flicker": "The brightness of the picture flickers.",
    "grain": "The picture is noisy for a while.",
    "jitter": "The picture trembles slightly.",
}
_PAN, _TILT, _ZOOM, _SHAKE, _JITTER, _FLICKER = 42.0, 26.0, 0.22, 5.0, 1.0, 0.1
BLINK_S = 0.5
"""How long the blinking light is on, and then off."""


@dataclass(frozen=True)
class Effect:
    kind: EffectKind
    start_s: float
    end_s: float

    @property
    def type(self) -> EventType:
        return "camera" if self.kind in CAMERA else "distractor"

    @property
    def sentence(self) -> str:
        return {**CAMERA, **DISTRACTORS}[self.kind]

    def lasts(self, second: float) -> bool:
        return self.start_s <= second < self.end_s


@dataclass(frozen=True)
class View:
    """How the picture is taken at one moment: by how many pixels the camera is off, how close, how bright, and whether there is grain."""

    right: float = 0.0
    down: float = 0.0
    close: float = 1.0
    bright: float = 1.0
    grain: bool = False


def view_at(effects: tuple[Effect, ...], second: float) -> View:
    """Effects do not overlap."""
    return next((_view(effect, second) for effect in effects if effect.lasts(second)), View())


def _view(effect: Effect, second: float) -> View:
    since = second - effect.start_s
    swell = sin(pi * since / (effect.end_s - effect.start_s))
    tremble = (sin(since * 37.0), sin(since * 29.0 + 1.0))
    match effect.kind:
        case "pan_left":
            return View(right=-_PAN * swell)
        case "pan_right":
            return View(right=_PAN * swell)
        case "tilt":
            return View(down=-_TILT * swell)
        case "zoom":
            return View(close=1 + _ZOOM * swell)
        case "shake":
            return View(right=_SHAKE * swell * tremble[0], down=_SHAKE * swell * tremble[1])
        case "jitter":
            return View(right=_JITTER * tremble[0], down=_JITTER * tremble[1])
        case "flicker":
            return View(bright=1 + _FLICKER * swell * tremble[0])
        case "grain":
            return View(grain=True)
