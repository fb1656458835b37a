"""What happens to a dataset when captions get onto the wrong windows: each way is caught, and here it is said by which check."""

import pytest

from tests.quality.passing import STRUCTURE, Captioned, make_passing

WINDOWS = 48


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Captioned, Captioned]:
    """Two videos of the same scene and the same length, with perfect captions."""
    folder = tmp_path_factory.mktemp("passing")
    return make_passing(folder, "first", 1, WINDOWS), make_passing(folder, "second", 2, WINDOWS)


def moved_on(captioned: Captioned) -> list[str]:
    """The texts of the deltas, each one window later; the last is lost."""
    first, *deltas = captioned.texts
    return [first, "", *deltas[:-1]]


def doubled(captioned: Captioned) -> tuple[list[str], int]:
    """The texts with those of one window told in the next again, and that window."""
    texts = captioned.texts
    window = next(index for index, text in enumerate(texts[1:-1], 1) if text)
    return [*texts[: window + 1], texts[window], *texts[window + 2 :]], window


def test_perfect_captions_pass_every_check(two: tuple[Captioned, Captioned]) -> None:
    assert [captioned.caught_by() for captioned in two] == [set(), set()]


def test_texts_that_are_exchanged_between_videos_are_caught_by_the_pairing_audit(two: tuple[Captioned, Captioned]) -> None:
    first, second = two

    assert "pairing" in first.saying(second.texts).caught_by()
    assert "pairing" in second.saying(first.texts).caught_by()


def test_captions_that_are_exchanged_between_videos_whole_are_caught_by_the_hashes_of_their_frames(two: tuple[Captioned, Captioned]) -> None:
    first, second = two

    assert STRUCTURE in first.with_captions(second.captions).caught_by()


def test_texts_that_are_shuffled_within_a_video_are_caught_by_the_pairing_audit(two: tuple[Captioned, Captioned]) -> None:
    first, _ = two
    scene, *deltas = first.texts
    turned = [scene, *deltas[WINDOWS // 2 :], *deltas[: WINDOWS // 2]]

    assert "pairing" in first.saying(turned).caught_by()


def test_a_window_that_is_there_twice_is_caught_by_the_check_of_the_structure(two: tuple[Captioned, Captioned]) -> None:
    captions = two[0].captions

    assert STRUCTURE in two[0].with_captions([*captions, captions[5]]).caught_by()


def test_a_window_that_is_told_twice_is_caught_by_what_it_repeats(two: tuple[Captioned, Captioned]) -> None:
    texts, window = doubled(two[0])
    told = two[0].saying(texts)

    assert {"repeats in a window", "redundancy in a window"} <= told.caught_by()
    assert told.quality().windows[window + 1].repeats == window


def test_texts_that_are_moved_by_one_window_are_caught_by_the_shift(two: tuple[Captioned, Captioned]) -> None:
    late = two[0].saying(moved_on(two[0]))

    assert "shift" in late.caught_by()
    assert (pairing := late.quality().pairing) is not None
    assert pairing.shift == -1


def test_times_that_are_moved_by_one_window_are_caught_by_the_check_of_the_structure(two: tuple[Captioned, Captioned]) -> None:
    later = [caption.model_copy(update={"start_s": caption.start_s + 2, "end_s": caption.end_s + 2}) for caption in two[0].captions]

    assert STRUCTURE in two[0].with_captions(later).caught_by()


def test_captions_that_tell_the_next_window_too_are_caught_by_what_that_repeats(two: tuple[Captioned, Captioned]) -> None:
    texts = two[0].texts
    ahead = [texts[0], *(" ".join(filter(None, pair)) for pair in zip(texts[1:], [*texts[2:], ""], strict=True))]

    assert {"redundancy", "repeats in a window"} <= two[0].saying(ahead).caught_by()


def test_captions_that_tell_the_next_window_instead_are_caught_by_the_shift(two: tuple[Captioned, Captioned]) -> None:
    texts = two[0].texts
    ahead = two[0].saying([texts[0], *texts[2:], ""])

    assert "shift" in ahead.caught_by()
    assert (pairing := ahead.quality().pairing) is not None
    assert pairing.shift == 1
