"""Films a script: one picture after the other, as it is on the stage at that time and as the camera sees it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from streamcap_dagster.drawn_world.brush import FINE, HEIGHT, MARGIN, WIDTH, Brush
from streamcap_dagster.drawn_world.cast import within
from streamcap_dagster.drawn_world.effects import BLINK_S, View, view_at
from streamcap_dagster.drawn_world.figures import Look, paint_figure
from streamcap_dagster.drawn_world.scenery import SIGN_UP, paint_blinker, paint_cover, paint_place, paint_sign
from streamcap_dagster.drawn_world.script import Script
from streamcap_dagster.drawn_world.stage import FPS, Setting

_GRAIN = 9.0


@dataclass(frozen=True)
class _Scene:
    """Everything that is painted at one moment: two equal ones are the same sheet."""

    setting: Setting
    behind: tuple[Look, ...]
    """Things that the cover is in front of."""
    before: tuple[Look, ...]
    sign: str
    sign_height: float
    lit: bool


def film(script: Script) -> Iterator[Image.Image]:
    """The pictures in order, FPS a second. What stays the same is painted once."""
    last: tuple[_Scene, View, float] | None = None
    sheet, picture = Image.new("RGB", (1, 1)), Image.new("RGB", (1, 1))
    for number in range(round(script.truth.duration_s * FPS)):
        second = number / FPS
        now = (_scene(script, second), view_at(script.effects, second), round(script.stage.light.at(second)[0], 3))
        if last is None or now[0] != last[0]:
            sheet = _painted(now[0])
        if now != last:
            picture = _taken(sheet, now[1], now[2])
        last = now
        yield _grainy(picture, script.truth.seed, number) if now[1].grain else picture


def picture_at(script: Script, second: float) -> Image.Image:
    """What is on screen at a time."""
    number = int(second * FPS + 1e-6)
    at = number / FPS
    view = view_at(script.effects, at)
    picture = _taken(_painted(_scene(script, at)), view, script.stage.light.at(at)[0])
    return _grainy(picture, script.truth.seed, number) if view.grain else picture


def _scene(script: Script, second: float) -> _Scene:
    stage = script.stage
    setting = [setting for setting in stage.settings if setting.since_s <= second][-1]
    there = [(actor, actor.look(second)) for actor in stage.cast if within(actor.shown, second)]
    behind = tuple(look for actor, look in there if within(actor.behind, second))
    before = tuple(look for actor, look in there if not within(actor.behind, second))
    height = round(stage.sign_height.at(second)[0], 1)
    sign = [text for since, text in stage.sign_texts if since <= second][-1:] if height > SIGN_UP else []
    lit = setting.blinks and second % (2 * BLINK_S) < BLINK_S
    return _Scene(setting, behind, before, "".join(sign), height, lit)


def _painted(scene: _Scene) -> Image.Image:
    setting = scene.setting
    sheet = paint_place(setting.place.name, setting.cover_left, setting.tint).copy()
    brush = Brush(sheet)
    for look in scene.behind:
        paint_figure(brush, look)
    paint_cover(brush, setting.place.name, setting.cover_left)
    for look in sorted(scene.before, key=lambda look: not look.kind.person):  # what is held is in front of who holds it
        paint_figure(brush, look)
    if setting.blinks:
        paint_blinker(brush, setting.cover_left, scene.lit)
    if scene.sign:
        paint_sign(sheet, brush, scene.sign, scene.sign_height)
    return sheet


def _taken(sheet: Image.Image, view: View, light: float) -> Image.Image:
    width, height = WIDTH / view.close, HEIGHT / view.close
    left = MARGIN + view.right + (WIDTH - width) / 2
    top = MARGIN + view.down + (HEIGHT - height) / 2
    box = (left * FINE, top * FINE, (left + width) * FINE, (top + height) * FINE)
    picture = sheet.resize((WIDTH, HEIGHT), Image.Resampling.BOX if view == View() else Image.Resampling.BILINEAR, box)
    shine = view.bright * light
    return picture if shine == 1 else picture.point([min(255, round(level * shine)) for level in range(256)] * 3)


def _grainy(picture: Image.Image, seed: int, number: int) -> Image.Image:
    grain = np.random.default_rng([seed, number]).normal(0, _GRAIN, (HEIGHT, WIDTH, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))
