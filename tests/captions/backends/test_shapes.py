"""What the offline captioner finds to happen in a window whose content is known."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw

from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.replies import read_reply
from tests.captions.pictures import noisy, window_of
from tests.captions.requests import request

WIDTH, HEIGHT = 320, 180
STILLS = 8


def ground() -> Image.Image:
    """A wall over a floor, with a dark door in it, evenly coloured but not alike."""
    image = Image.new("RGB", (WIDTH, HEIGHT), (216, 208, 196))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 130, WIDTH, HEIGHT), fill=(150, 140, 132))
    draw.rectangle((240, 40, 290, 150), fill=(84, 76, 70))
    return image


def with_things(*things: tuple[str, float, float, float]) -> Image.Image:
    """Discs of a colour at x, y with a radius, on the ground."""
    image = ground()
    for colour, x, y, radius in things:
        ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return image


def told(pictures: Sequence[Image.Image], *history: str) -> str:
    """The delta of a window after the empty ground was described, so that only what happens is news."""
    return _said("delta", pictures, _said("initial", [ground()] * STILLS), *history)


def _said(kind: Literal["initial", "delta"], pictures: Sequence[Image.Image], *history: str) -> str:
    question = request(kind, frames=window_of(pictures), history=history)
    return read_reply(question, asyncio.run(OfflineCaptioner().complete(question))).text


def over_time(thing: Callable[[float], tuple[str, float, float, float] | None]) -> list[Image.Image]:
    """Stills from 0 to 1; None is nothing to be seen."""
    return [with_things(*filter(None, [thing(number / (STILLS - 1))])) for number in range(STILLS)]


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (lambda at: ("red", -30 + 150 * at, 120, 24), "A red shape comes in from the left."),
        (lambda at: ("blue", 350 - 150 * at, 120, 24), "A blue shape comes in from the right."),
        (lambda at: ("red", 120 - 160 * at, 120, 24), "A red shape goes out to the left."),
        (lambda at: ("green", 200 + 160 * at, 100, 24), "A green shape goes out to the right."),
        (lambda at: ("red", 60 + 90 * at, 120, 24), "A red shape moves to the right."),
        (lambda at: ("yellow", 180 - 90 * at, 120, 24), "A yellow shape moves to the left."),
        (lambda at: ("purple", 120, 140 - 60 * at, 24), "A purple shape moves up."),
        (lambda at: ("orange", 120, 60 + 60 * at, 24), "An orange shape moves down."),
        (lambda at: ("red", 120, 120 - 50 * abs(np.sin(np.pi * at)), 20), "A red shape moves up and down."),
        (lambda at: ("red" if at < 0.5 else "green", 120, 120, 24), "A red shape turns green."),
        (lambda at: ("blue", 120, 120, 18 + 18 * at), "A blue shape gets larger."),
        (lambda at: ("blue", 120, 120, 36 - 18 * at), "A blue shape gets smaller."),
        (lambda at: ("red", 150, 100, 24) if at > 0.5 else None, "A red shape appears in the middle."),
        (lambda at: None if at > 0.5 else ("red", 150, 100, 24), "A red shape disappears in the middle."),
    ],
)
def test_what_a_single_thing_does_is_said(thing: Callable[[float], tuple[str, float, float, float] | None], said: str) -> None:
    assert told(over_time(thing)) == said


def test_two_things_are_told_apart_by_their_colours() -> None:
    pictures = [with_things(("red", -30 + 16 * number, 120, 24), ("blue", 180, 120 - 8 * number, 24)) for number in range(STILLS)]
    assert told(pictures) in ("A red shape comes in from the left. A blue shape moves up.", "A blue shape moves up. A red shape comes in from the left.")


def test_what_was_said_of_the_window_before_is_not_said_again() -> None:
    pictures = over_time(lambda at: ("red", 60 + 90 * at, 120, 24))
    assert told(pictures, "A red shape moves to the right.") == ""


STANDING = [with_things(("red", 120, 120, 24), ("blue", 60, 120, 20))] * STILLS


def shifted(image: Image.Image, x: int, y: int) -> Image.Image:
    return ImageChops.offset(image, x, y)


@pytest.mark.parametrize(
    "disturbed",
    [
        [shifted(image, round(30 * np.sin(np.pi * number / 7)), 0) for number, image in enumerate(STANDING)],
        [shifted(image, (0, 3, -4, 2, -3, 4, -2, 0)[number], (0, -2, 3, -3, 2, -2, 1, 0)[number]) for number, image in enumerate(STANDING)],
        [noisy(image, 9, number) for number, image in enumerate(STANDING)],
        [image.point(lambda level, number=number: min(255, round(level * (1 + 0.08 * np.sin(number))))) for number, image in enumerate(STANDING)],
        [with_things(("yellow" if number % 4 < 2 else "black", 20, 20, 12)) for number in range(STILLS)],
    ],
    ids=["a view that goes aside and back", "a view that shakes", "noise", "light that flickers", "a lamp that blinks"],
)
def test_where_all_is_as_before_nothing_happens(disturbed: list[Image.Image]) -> None:
    said = told(disturbed, "A lamp blinks. Something changes in the upper left.")
    assert "shape" not in said
    assert "view" not in said


def test_a_view_that_has_moved_is_no_thing_that_did() -> None:
    wide = Image.new("RGB", (WIDTH + 40, HEIGHT), (216, 208, 196))
    wide.paste(with_things(("red", 120, 120, 24), ("blue", 60, 120, 20)), (20, 0))
    assert "shape" not in told([wide.crop((2 * number, 0, 2 * number + WIDTH, HEIGHT)) for number in range(STILLS)])


@pytest.mark.parametrize(("before", "after", "said"), [(1.0, 0.4, "The picture gets darker."), (0.4, 1.0, "The picture gets brighter.")])
def test_a_light_that_is_switched_is_no_cut(before: float, after: float, said: str) -> None:
    pictures = [image.point(lambda level, number=number: round(level * (before if number < 4 else after))) for number, image in enumerate(STANDING)]
    assert told(pictures).startswith(said)


@pytest.mark.parametrize("size", [(640, 16), (16, 640), (3, 3)])
def test_pictures_of_any_shape_are_looked_at(size: tuple[int, int]) -> None:
    empty, full = Image.new("RGB", size, "grey"), Image.new("RGB", size, "grey")
    full.paste("red", (0, 0, size[0] // 3, size[1] // 3))
    assert isinstance(told([empty] * 4 + [full] * 4), str)
