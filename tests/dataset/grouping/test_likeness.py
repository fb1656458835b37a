"""How much of one video is found in another, by their hashes."""

import numpy as np
import pytest

from streamcap_dagster.dataset.grouping.likeness import HashedVideo, hashed_video, likeness
from streamcap_dagster.frames.hashing import PARTS
from streamcap_dagster.records import FrameHash, FrameHashes
from tests.dataset.grouping.hashes import cropped, cut, film, joined, worn

WHOLE = {(False, 0)}


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(7)


def test_a_worn_copy_is_the_same_and_another_video_is_not(draw: np.random.Generator) -> None:
    original = film(draw)

    assert likeness(original, worn(draw, original), WHOLE).same
    assert not likeness(original, film(draw), WHOLE).same


@pytest.mark.parametrize("turned", [False, True])
def test_a_trimmed_copy_is_the_same_and_the_moments_that_look_alike_are_told(draw: np.random.Generator, turned: bool) -> None:
    original = film(draw)
    trimmed = cut(original, 5, 12)

    found = likeness(trimmed, original, WHOLE) if turned else likeness(original, trimmed, WHOLE)

    ours, theirs = reversed(found.at_s) if turned else found.at_s
    assert (found.same, found.aligned, found.share) == (True, True, 1.0)
    assert ours - theirs == 5


@pytest.mark.parametrize("turned", [False, True])
def test_a_cropped_copy_is_found_by_the_part_that_it_shows(draw: np.random.Generator, turned: bool) -> None:
    original = film(draw)
    crop = cropped(original, part=2)
    pair = (crop, original) if turned else (original, crop)

    assert not likeness(*pair, WHOLE).same
    assert likeness(*pair, {(turned, 2)}).same
    assert not likeness(*pair, {(not turned, 2)}).same


def test_a_video_cut_anew_is_the_same_only_if_nearly_all_of_it_is_there(draw: np.random.Generator) -> None:
    original = film(draw, 20)
    order = draw.permutation(20)
    shuffled = HashedVideo("shuffled", original.at_s, original.hashes[order])
    half = HashedVideo("half", original.at_s, np.where((np.arange(20) % 10 < 6)[:, None], shuffled.hashes, film(draw, 20).hashes))

    assert (likeness(original, shuffled, WHOLE).same, likeness(original, shuffled, WHOLE).aligned) == (True, False)
    assert not likeness(original, half, WHOLE).same


def test_videos_that_begin_with_the_same_title_are_not_the_same(draw: np.random.Generator) -> None:
    title = film(draw, 4)

    assert not likeness(joined(title, film(draw, 20)), joined(title, film(draw, 20)), WHOLE).same


def test_a_still_is_not_a_video_that_shows_it_for_a_while_but_is_another_video_of_the_same_still(draw: np.random.Generator) -> None:
    still = joined(*[film(draw, 1)] * 10)
    shows_it = joined(still, film(draw, 40))

    assert not likeness(still, shows_it, WHOLE).same
    assert likeness(still, worn(draw, still, bits=2), WHOLE).same


def test_an_hour_is_compared_with_a_part_of_it_and_its_own_length(draw: np.random.Generator) -> None:
    hour = film(draw, 3600)

    assert likeness(hour, cut(hour, 1000, 1600), WHOLE).same
    assert likeness(hour, worn(draw, cut(hour, 10, 2000), bits=1), WHOLE).same


def stored(*plain: bool) -> FrameHashes:
    hashes = " ".join(["ffffffffffffffff"] * len(PARTS))
    return FrameHashes(video_id="cat", hashes=tuple(FrameHash(at_s=second, plain=one, hashes=hashes) for second, one in enumerate(plain)))


def test_plain_pictures_are_not_compared() -> None:
    found = hashed_video(stored(True, False, False, True))

    assert (found.at_s.tolist(), found.hashes.shape) == ([1.0, 2.0], (2, len(PARTS)))
    assert found.hashes[0, 0] == np.iinfo(np.uint64).max


def test_of_a_video_that_is_black_but_for_a_title_nothing_is_compared() -> None:
    assert len(hashed_video(stored(False, *[True] * 9))) == 0


def test_of_a_video_without_frames_nothing_is_compared() -> None:
    assert len(hashed_video(stored())) == 0
