"""What the pixels of a window show."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw

from streamcap_dagster.quality.sights import SIGHTS, WAYS, sight

WALL, RED = (128, 128, 128), (220, 30, 30)


def view(at: tuple[int, int] | None = None, wall: tuple[int, int, int] = WALL) -> np.ndarray:
    """64 by 36 cells with a red square of 8 by 8 at some cell."""
    image = Image.new("RGB", (64, 36), wall)
    if at:
        ImageDraw.Draw(image).rectangle((at[0], at[1], at[0] + 7, at[1] + 7), fill=RED)
    return np.asarray(image.convert("YCbCr"))


def seen(views: Sequence[np.ndarray], before: np.ndarray | None = None) -> Mapping[str, float]:
    return dict(zip(SIGHTS, sight(np.stack(views), before).tolist(), strict=True))


def test_colours_are_told_by_the_share_of_the_picture_that_they_have() -> None:
    found = seen([view((10, 10))])

    assert found["red"] == pytest.approx(64 / (64 * 36), abs=1e-3)
    assert found["grey"] == pytest.approx(1 - 64 / (64 * 36), abs=1e-3)
    assert (found["change"], found["cut"], found["red changes"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("path", "way", "place"),
    [
        ([(4, 14), (20, 14), (36, 14), (52, 14)], "to the right", ""),
        ([(52, 14), (36, 14), (20, 14), (4, 14)], "to the left", ""),
        ([(28, 0), (28, 9), (28, 18), (28, 27)], "down", ""),
        ([(2, 2), (6, 2), (10, 2)], "to the right", "on the left"),
    ],
)
def test_what_moves_is_told_by_its_colour_its_way_and_its_place(path: list[tuple[int, int]], way: str, place: str) -> None:
    found = seen([view(at) for at in path])

    assert max(WAYS, key=found.__getitem__) == way
    assert max(WAYS, key=lambda other: found[f"red {other}"]) == way
    assert not any(found[f"blue {other}"] for other in WAYS)
    assert found["red changes"] > found["blue changes"] == 0
    assert not place or found[place] > 0.9


def test_what_comes_between_two_windows_is_seen_in_the_second() -> None:
    assert seen([view((10, 10))] * 2)["red changes"] == 0
    assert seen([view((10, 10))] * 2, before=view())["red changes"] > 0


def test_what_comes_to_stay_is_change_and_a_view_that_shakes_is_none() -> None:
    assert seen([view((10, 10))], before=view())["change"] > 0.02
    assert seen([view((14, 12)), view((8, 9)), view((10, 10))], before=view((10, 10)))["change"] == 0


def test_another_scene_is_a_cut_and_something_that_moves_is_none() -> None:
    cut, moved = seen([view(), view(wall=(30, 60, 200))]), seen([view((4, 14)), view((40, 14))])

    assert cut["cut"] > 0.9
    assert moved["cut"] < 0.05


def test_light_is_told_as_it_is_and_as_it_changes() -> None:
    found = seen([view(wall=(60, 60, 60)), view(wall=(180, 180, 180))])

    assert found["brighter"] == -found["darker"] == pytest.approx(120, abs=1)
    assert found["bright"] == -found["dark"] == pytest.approx(120, abs=1)
