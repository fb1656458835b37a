"""The offline captioner: what it says of pictures whose content is known."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.captioner import Pair
from streamcap_dagster.captions.replies import Reading, read_reply
from tests.captions.pictures import HEIGHT, WIDTH, noisy, plain, window_of, with_square
from tests.captions.requests import request


def look(images: Sequence[Image.Image], *history: str) -> Reading:
    question = request("delta" if history else "initial", frames=window_of(images), history=history)
    return read_reply(question, asyncio.run(OfflineCaptioner().complete(question)))


def sentences(reading: Reading) -> list[str]:
    return [sentence.rstrip(".") for sentence in reading.text.split(". ")]


def halves(left: str, right: str) -> Image.Image:
    image = plain(left)
    image.paste(right, (WIDTH // 2, 0, WIDTH, HEIGHT))
    return image


def patches(offset: int) -> Image.Image:
    """A picture without repeats in it, shifted to the right."""
    shades = np.random.default_rng(1).integers(40, 216, (9, 48, 3), dtype=np.uint8)
    wall = Image.fromarray(shades).resize((48 * 16, HEIGHT), Image.Resampling.NEAREST)
    return wall.crop((300 - offset, 0, 300 - offset + WIDTH, HEIGHT))


@pytest.mark.parametrize(("level", "light"), [(10, "A dark"), (70, "A dim"), (130, "An evenly lit"), (220, "A bright")])
def test_the_light_is_named(level: int, light: str) -> None:
    assert look([Image.new("RGB", (WIDTH, HEIGHT), (level,) * 3)] * 4).text.startswith(f"{light} scene")


@pytest.mark.parametrize(
    ("paint", "name"),
    [
        ("black", "black"),
        ("grey", "grey"),
        ("white", "white"),
        ("red", "red"),
        ("orange", "orange"),
        ("saddlebrown", "brown"),
        ("yellow", "yellow"),
        ("green", "green"),
        ("lime", "green"),
        ("turquoise", "turquoise"),
        ("blue", "blue"),
        ("purple", "purple"),
        ("deeppink", "pink"),
    ],
)
def test_colours_get_their_names(paint: str, name: str) -> None:
    assert f"mostly {name}." in look([plain(paint)] * 4).text


def test_colours_are_named_where_they_are() -> None:
    image = plain("green")
    image.paste("blue", (0, 0, WIDTH, HEIGHT // 3))
    assert "Blue at the top." in look([image] * 4).text


@pytest.mark.parametrize(
    ("step", "way"), [((14, 0), "to the right"), ((-14, 0), "to the left"), ((0, 8), "down"), ((0, -8), "up")], ids=["right", "left", "down", "up"]
)
def test_something_that_moves_is_said_to_move_its_way(step: tuple[int, int], way: str) -> None:
    path = [with_square(116 + step[0] * k, 60 + step[1] * k) for k in range(-3, 4)]
    assert f"moves {way}" in look(path).text


def test_where_something_moves_is_said() -> None:
    assert "in the upper left" in look([with_square(8 + 8 * k, 8, size=16) for k in range(8)]).text


def test_a_view_that_moves_as_a_whole_is_told_from_something_in_it() -> None:
    assert "The whole view moves to the right." in look([patches(12 * k) for k in range(8)]).text


def test_a_view_that_jumps_once_does_not_move_on() -> None:
    assert "There is movement all over the picture." in look([patches(max(0, 16 * (k - 5))) for k in range(8)]).text


def test_something_that_appears_and_stays_is_a_change_and_no_movement() -> None:
    assert "Something changes in the lower right." in look([plain()] * 4 + [with_square(210, 110)] * 4).text


def test_a_still_noisy_picture_does_not_move() -> None:
    assert "Nothing moves." in look([noisy(plain(), 8, seed) for seed in range(8)]).text


@pytest.mark.parametrize(("cuts", "said"), [((4,), "The scene cuts to another."), ((2, 5), "The scene cuts several times.")])
def test_cuts_are_said(cuts: tuple[int, ...], said: str) -> None:
    images, paints = [], ["green", "white", "blue"]
    for k in range(8):
        images.append(plain(paints[sum(k >= cut for cut in cuts)]))
    assert said in look(images).text


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ([160, 120, 80, 40, 0], "The picture fades to black."),
        ([0, 40, 80, 120, 160], "The picture fades in from black."),
        ([200, 180, 160, 140, 120], "The picture gets darker."),
        ([120, 140, 160, 180, 200], "The picture gets brighter."),
    ],
)
def test_fades_are_said_and_are_no_cuts(levels: list[int], said: str) -> None:
    assert sentences(look([Image.new("RGB", (WIDTH, HEIGHT), (level,) * 3) for level in levels]))[-1] == said.rstrip(".")


def test_a_delta_leaves_out_what_was_said() -> None:
    image = halves("green", "white")
    assert look([image] * 4, look([image] * 4).text) == Reading("no_change")


def test_a_delta_says_what_is_new() -> None:
    before, after = [halves("green", "blue")] * 4, [halves("green", "yellow")] * 4
    assert look(after, look(before).text).text == "Now an evenly lit scene. Yellow on the right."


def test_a_colour_said_of_the_whole_picture_is_not_said_of_its_parts_as_well() -> None:
    assert look([plain()] * 4, "An evenly lit scene, of mixed colours. Black on the right. Nothing moves.").text == "Mostly grey now."


def test_what_was_said_long_ago_is_said_again_once_something_else_was_said_meanwhile() -> None:
    assert "Mostly green" in look([plain("green")] * 4, "A dim scene, mostly green. Nothing moves.", "Mostly blue now.").text


def test_the_end_of_a_movement_is_said_once() -> None:
    described = "An evenly lit scene, mostly grey. Something moves to the right in the centre."
    assert look([plain()] * 4, described).text == "The movement stops."
    assert look([plain()] * 4, described, "The movement stops.") == Reading("no_change")


def test_a_window_of_one_frame_is_described() -> None:
    assert look([plain()]).text == "An evenly lit scene, mostly grey."


def test_a_tiny_picture_is_described() -> None:
    assert look([Image.new("RGB", (2, 2), "blue")] * 2).text == "A dark scene, mostly blue. Nothing moves."


def test_objectives_are_the_sentences_of_the_delta() -> None:
    pairs = (Pair("1", "The scene cuts to another. Now a dim scene."), Pair("2", "x" * 200 + ". a. b. c. d. e. f"))
    question = request("objectives", pairs=pairs)
    reading = read_reply(question, asyncio.run(OfflineCaptioner().complete(question)))
    assert reading.outcome == "ok"
    assert reading.objectives["1"] == ("the scene cuts to another", "now a dim scene")
    assert [len(item) for item in reading.objectives["2"]] == [120, 1, 1, 1, 1, 1]


IN_ANOTHER_PROCESS = """
import asyncio, json
from tests.captions.backends.test_offline import look, patches, with_square, halves
print(json.dumps([look([patches(9 * k) for k in range(8)]).text, look([with_square(9 * k, 40) for k in range(8)], "A dim scene.").text]))
"""


def test_processes_that_hash_differently_say_the_same() -> None:
    def said(seed: str) -> list[str]:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS], capture_output=True, text=True, check=True, env=environment)
        return list(json.loads(done.stdout))

    first, second = said("1"), said("2")
    assert first == second
    assert all(first)


def test_a_window_costs_little() -> None:
    """About 5 ms is usual; the bound leaves room for a busy machine and still catches a tenfold slip."""
    big = [noisy(plain(), 20, seed).resize((682, 384)) for seed in range(8)]
    question = request("initial", frames=window_of(big))
    asyncio.run(OfflineCaptioner().complete(question))
    begun = time.process_time()
    for _ in range(5):
        asyncio.run(OfflineCaptioner().complete(question))
    assert (time.process_time() - begun) / 5 < 0.05
