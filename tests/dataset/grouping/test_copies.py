"""Copies of real videos, made with ffmpeg as people make them, share a group; what only looks empty or still does not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from streamcap_dagster.dataset.grouping.candidates import same_pairs
from streamcap_dagster.dataset.grouping.likeness import HashedVideo, hashed_video
from streamcap_dagster.frames.hashing import HashingJob, hash_frames
from streamcap_dagster.frames.sampling import sample_frames
from tests.frames.sampled import sampling_job
from tests.media import ffmpeg, make_video
from tests.scenes import COPIES, make_copy, make_scenes

EMPTY = {"black": (), "black_again": (), "noise": ("-vf", "noise=alls=100:allf=t:all_seed=1"), "other_noise": ("-vf", "noise=alls=100:allf=t:all_seed=2")}
ORIGINALS = ("first", "second")


def hashed(path: Path) -> HashedVideo:
    """A video as a run sees it: its frames taken, and hashed."""
    job = sampling_job(path, frame_height=120)
    sample_frames(job)
    return hashed_video(hash_frames(HashingJob(path.stem, job.out)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("copies")


@pytest.fixture(scope="module")
def originals(folder: Path) -> list[Path]:
    return [make_scenes(folder / f"{name}.mp4", seed, seconds=8, fps=20) for seed, name in enumerate(ORIGINALS)]


@pytest.fixture(scope="module")
def hashes(originals: list[Path]) -> list[HashedVideo]:
    return [hashed(path) for path in originals]


def together(videos: Sequence[HashedVideo]) -> set[tuple[str, str]]:
    return {(videos[pair.first].video_id, videos[pair.second].video_id) for pair in same_pairs(videos)}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_found_to_be_one(folder: Path, originals: list[Path], hashes: list[HashedVideo], how: str) -> None:
    copy = hashed(make_copy(originals[0], folder / f"{how}.mp4", how))

    assert together([*hashes, copy]) == {("first", how)}


def test_a_copy_of_a_copy_is_found_to_be_one(folder: Path, originals: list[Path], hashes: list[HashedVideo]) -> None:
    once = make_copy(originals[1], folder / "once.mp4", "letterboxed")
    twice = make_copy(once, folder / "twice.mp4", "trimmed")

    assert together([*hashes, hashed(twice)]) == {("second", "twice")}


def test_black_and_empty_videos_are_like_no_other(folder: Path, hashes: list[HashedVideo]) -> None:
    empty = []
    for name, options in EMPTY.items():
        picture = "color=gray" if options else "color=black"
        arguments = (*options, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
        empty.append(hashed(make_video(folder / f"{name}.mp4", seconds=3, size="160x120", fps="10", picture=picture, arguments=arguments)))

    assert together([*hashes, *empty]) == set()


def test_stills_of_different_pictures_are_apart_and_a_still_of_one_picture_is_not(folder: Path, originals: list[Path], hashes: list[HashedVideo]) -> None:
    stills = {name: folder / f"{name}_still.mp4" for name in ORIGINALS}
    for name, path in zip(ORIGINALS, originals, strict=True):
        still(path, stills[name])
    small = make_copy(stills["first"], folder / "small_still.mp4", "resized")

    assert together([*hashes, *(hashed(path) for path in (*stills.values(), small))]) == {("first_still", "small_still")}


def still(video: Path, path: Path) -> None:
    """Four seconds of the first picture of a video."""
    ffmpeg("-i", video, "-vf", "select=eq(n\\,0),loop=39:1:0,setpts=N/10/TB", "-r", "10", "-t", "4", path)


def test_scenes_of_their_own_are_like_no_other(folder: Path) -> None:
    videos = [hashed(make_scenes(folder / f"scene{seed}.mp4", seed, seconds=4, fps=10)) for seed in range(10, 13)]

    assert together(videos) == set()
    assert all(len(video) == 4 for video in videos)
