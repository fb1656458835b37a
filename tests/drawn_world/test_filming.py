"""What is filmed: what the truth says can be seen, and where it says that nothing happens nothing does."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from PIL import Image

from streamcap_dagster.drawn_world.effects import Effect, View, view_at
from streamcap_dagster.drawn_world.filming import film, picture_at
from streamcap_dagster.drawn_world.paints import PAINTS
from streamcap_dagster.drawn_world.plot import plot
from streamcap_dagster.drawn_world.script import Script
from streamcap_dagster.drawn_world.stage import FPS
from streamcap_dagster.truth import EventType

VIDEOS = 8
NOTICEABLE = 25
"""Levels by which some pixels differ where something is to be told."""


@cache
def script(number: int) -> Script:
    return plot(0, number)


def difference(one: Image.Image, other: Image.Image) -> int:
    """Pixels that differ noticeably."""
    return int((np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).max(axis=2) >= NOTICEABLE).sum())


@pytest.mark.parametrize("number", range(VIDEOS))
def test_every_event_can_be_seen(number: int) -> None:
    filmed = script(number)
    for event in filmed.truth.events:
        if event.semantic:
            before, middle, after = (picture_at(filmed, second) for second in (event.start_s - 0.1, (event.start_s + event.end_s) / 2, event.end_s - 0.05))
            assert max(difference(before, after), difference(before, middle)) > 60, event.sentence


@pytest.mark.parametrize("number", range(VIDEOS))
def test_nothing_changes_while_nothing_happens(number: int) -> None:
    filmed = script(number)
    busy = [(event.start_s, event.end_s) for event in filmed.truth.events]
    times = [second / 2 for second in range(1, round(filmed.truth.duration_s * 2))]
    quiet = [second for second in times if not any(start - 0.5 < second < end + 0.5 for start, end in busy)]
    assert all(not difference(picture_at(filmed, second - 0.25), picture_at(filmed, second)) for second in quiet)


def test_a_video_is_filmed_as_its_pictures_are_taken_one_by_one() -> None:
    filmed = script(2)
    pictures = list(film(filmed))
    assert len(pictures) == filmed.truth.duration_s * FPS
    for number in range(0, len(pictures), 37):
        assert difference(pictures[number], picture_at(filmed, number / FPS)) == 0


def of_type(kind: EventType) -> tuple[Script, float]:
    """A video with such an event, and when it is complete."""
    for number in range(100):
        for event in script(number).truth.events:
            if event.type == kind and event.end_s < script(number).truth.duration_s:
                return script(number), event.end_s
    raise AssertionError(kind)


def coloured(picture: Image.Image, paint: str) -> int:
    """Pixels of a paint."""
    return int((np.abs(np.asarray(picture, np.int16) - PAINTS[paint].rgb).max(axis=2) < 12).sum())


@pytest.mark.parametrize("number", range(40))
def test_what_is_hidden_cannot_be_seen(number: int) -> None:
    filmed = script(number)
    for event in filmed.truth.events:
        if event.type == "hide" and event.end_s < filmed.truth.duration_s:
            others = [actor for actor in filmed.cast if not any(start == event.start_s for start, _ in actor.behind)]
            without = replace(filmed, stage=replace(filmed.stage, cast=others))
            assert len(others) == len(filmed.cast) - 1
            assert difference(picture_at(filmed, event.end_s + 0.01), picture_at(without, event.end_s + 0.01)) < 4, event.sentence


def test_what_left_cannot_be_seen() -> None:
    filmed, end_s = of_type("leave")
    gone = next(actor for actor in filmed.cast if any(end == end_s for _, end in actor.shown))
    assert coloured(picture_at(filmed, end_s), gone.paint) < 8


def test_a_camera_comes_back_to_where_it_was() -> None:
    for kind in ("pan_left", "pan_right", "tilt", "zoom", "shake"):
        effect = Effect(kind, 1.0, 2.5)
        assert view_at((effect,), 1.75) != View()
        assert view_at((effect,), 0.9) == view_at((effect,), 2.5) == View()
        assert view_at((effect,), 2.45).close < 1.1
        assert abs(view_at((effect,), 2.45).right) < 5


def test_noise_is_the_same_each_time() -> None:
    noisy = next(script(number) for number in range(100) if any(effect.kind == "grain" for effect in script(number).effects))
    start = next(effect.start_s for effect in noisy.effects if effect.kind == "grain")
    assert picture_at(noisy, start + 0.5).tobytes() == picture_at(noisy, start + 0.5).tobytes()
    assert picture_at(noisy, start + 0.5).tobytes() != picture_at(noisy, start + 0.6).tobytes()
