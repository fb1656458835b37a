"""The pairs that show the same, found among many videos without holding each against each."""

import numpy as np

from streamcap_dagster.dataset.grouping.candidates import same_pairs
from streamcap_dagster.dataset.grouping.likeness import HashedVideo
from tests.dataset.grouping.hashes import cropped, cut, film, joined, worn


def found(videos: list[HashedVideo]) -> set[tuple[int, int]]:
    return {(pair.first, pair.second) for pair in same_pairs(videos)}


def test_copies_are_found_among_many_videos_and_nothing_else() -> None:
    draw = np.random.default_rng(1)
    films = [film(draw) for _ in range(200)]
    copies = [worn(draw, films[3], bits=6), cut(films[50], 4, 15), cropped(films[120], part=4), worn(draw, cropped(films[7], part=7), bits=3)]

    assert found([*films, *copies]) == {(3, 200), (50, 201), (120, 202), (7, 203)}


def test_a_copy_is_found_whichever_of_the_two_comes_first() -> None:
    draw = np.random.default_rng(2)
    original = film(draw)

    assert found([cropped(original, part=2), film(draw), original]) == {(0, 2)}


def test_videos_without_hashes_are_like_no_other() -> None:
    nothing = HashedVideo("black", np.empty(0), np.empty((0, 1), np.uint64))

    assert found([nothing, film(np.random.default_rng(3)), nothing]) == set()
    assert found([nothing]) == found([]) == set()


def test_a_title_that_all_videos_share_hides_no_copy_and_makes_none() -> None:
    draw = np.random.default_rng(4)
    title = film(draw, 3)
    films = [joined(title, film(draw, 12)) for _ in range(300)]

    assert found([*films, worn(draw, films[17], bits=3)]) == {(17, 300)}


def test_a_hundred_copies_of_a_video_hang_together() -> None:
    draw = np.random.default_rng(5)
    original = film(draw, 10)
    pairs = found([worn(draw, original, bits=2) for _ in range(100)])

    joined_to = {0}
    for first, second in sorted(pairs):
        if first in joined_to:
            joined_to.add(second)
    assert joined_to == set(range(100))


def test_the_same_videos_give_the_same_pairs() -> None:
    draw = np.random.default_rng(6)
    films = [film(draw) for _ in range(20)]
    videos = [*films, *(worn(draw, one, bits=8) for one in films)]

    assert [*same_pairs(videos)] == [*same_pairs(videos)]
