"""The hashes of a video's frames: which pictures, what they survive, and which of them say nothing."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamcap_dagster.frames.hashing import PARTS, HashingJob, hash_frames
from streamcap_dagster.records import FrameHashes
from streamcap_dagster.storage.frame_table import write_frames
from tests.frames.drawn import SIZE, drawn_frame, drawn_picture


def hashed(path: Path, pictures: Sequence[Image.Image], fps: int = 4) -> FrameHashes:
    """The hashes of a video that shows these, so many a second."""
    write_frames(path, (drawn_frame(number, shown, number / fps) for number, shown in enumerate(pictures)), "drawn")
    return hash_frames(HashingJob("cat", path))


def distance(first: str, second: str) -> int:
    return (int(first, 16) ^ int(second, 16)).bit_count()


def hashes_of(found: FrameHashes, place: int = 0) -> list[str]:
    return found.hashes[place].hashes.split(" ")


def test_about_one_picture_a_second_is_hashed(tmp_path: Path) -> None:
    found = hashed(tmp_path / "a", [drawn_picture(number // 4) for number in range(18)])

    assert [frame.at_s for frame in found.hashes] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert len({hashes_of(found, place)[0] for place in range(5)}) == 5
    assert len(hashes_of(found)) == len(PARTS)


def test_a_video_without_frames_has_no_hashes(tmp_path: Path) -> None:
    assert hashed(tmp_path / "a", []).hashes == ()


@pytest.mark.parametrize("bars", ["above and below", "at the sides"])
def test_a_picture_with_bars_has_the_hashes_of_the_picture_without(tmp_path: Path, bars: str) -> None:
    wide, high = (SIZE[0], SIZE[1] * 3 // 2) if bars == "above and below" else (SIZE[0] * 3 // 2, SIZE[1])
    plain = [drawn_picture(number) for number in range(3)]
    within = []
    for shown in plain:
        page = Image.new("L", (wide, high), 2)
        page.paste(shown, ((wide - SIZE[0]) // 2, (high - SIZE[1]) // 2))
        within.append(page)

    without, barred = hashed(tmp_path / "a", plain, fps=1), hashed(tmp_path / "b", within, fps=1)

    assert max(distance(hashes_of(without, place)[0], hashes_of(barred, place)[0]) for place in range(3)) <= 8


def test_a_dark_scene_with_a_light_in_it_is_not_cut_down_to_the_light(tmp_path: Path) -> None:
    night = Image.new("L", SIZE, 4)
    night.paste(drawn_picture(1).resize((60, 40)), (20, 20))
    moved = Image.new("L", SIZE, 4)
    moved.paste(drawn_picture(1).resize((60, 40)), (200, 110))

    first, second = hashed(tmp_path / "a", [night], fps=1), hashed(tmp_path / "b", [moved], fps=1)

    assert distance(hashes_of(first)[0], hashes_of(second)[0]) > 16


@pytest.mark.parametrize("part", range(1, len(PARTS)))
def test_each_part_has_the_hash_that_a_copy_cut_to_it_has_as_its_whole(tmp_path: Path, part: int) -> None:
    across, down, share = PARTS[part]
    width, height = SIZE[0] * share, SIZE[1] * share
    left, top = across * (SIZE[0] - width), down * (SIZE[1] - height)
    cut = drawn_picture(2).crop(tuple(map(round, (left, top, left + width, top + height))))  # type: ignore[arg-type]

    whole, copy = hashed(tmp_path / "a", [drawn_picture(2)], fps=1), hashed(tmp_path / "b", [cut], fps=1)

    assert distance(hashes_of(whole)[part], hashes_of(copy)[0]) <= 6


def _noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 256, (SIZE[1] * 2, SIZE[0] * 2), np.uint8))


def _slope() -> Image.Image:
    return Image.fromarray(np.tile(np.linspace(0, 255, SIZE[0]).astype(np.uint8), (SIZE[1], 1)))


@pytest.mark.parametrize(
    ("shown", "plain"),
    [(Image.new("L", SIZE), True), (Image.new("L", SIZE, 128), True), (_noise(), True), (_slope(), True), (drawn_picture(4), False)],
    ids=["black", "grey", "noise", "an even slope", "a picture"],
)
def test_pictures_with_next_to_nothing_in_them_are_marked(tmp_path: Path, shown: Image.Image, plain: bool) -> None:
    assert [frame.plain for frame in hashed(tmp_path / "a", [shown], fps=1).hashes] == [plain]


def test_the_same_frames_give_the_same_hashes(tmp_path: Path) -> None:
    pictures = [drawn_picture(number) for number in range(4)]

    assert hashed(tmp_path / "a", pictures, fps=1) == hashed(tmp_path / "b", pictures, fps=1)
