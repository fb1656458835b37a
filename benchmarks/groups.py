"""Which videos show the same: the time that 10,000 videos take, what is found of copies that ffmpeg really made, and what hashing costs.

The many videos are generated hashes: a minute of a picture a second each, 64 random bits a hash, every twentieth a copy of another with 6 bits
of each hash turned, half of these cut to a half. Recall and precision are of pairs, over films of their own and every kind of copy of
`tests/scenes.py`; the baseline beside ours is one hash of the whole picture a second, bars and all, which is what is commonly done.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.photos import photos
from streamcap_dagster.dataset.grouping.candidates import same_pairs
from streamcap_dagster.dataset.grouping.clusters import Member, group_videos
from streamcap_dagster.dataset.grouping.likeness import RULE, HashedVideo, hashed_video, likeness
from streamcap_dagster.dataset.grouping.records import AlikeVideos, VideoGroups
from streamcap_dagster.frames.hashing import PARTS, HashingJob, hash_frames
from streamcap_dagster.frames.sampling import sample_frames
from streamcap_dagster.records import Frame
from streamcap_dagster.storage.frame_table import write_frames
from tests.frames.sampled import sampling_job
from tests.scenes import COPIES, make_copy, make_scenes

VIDEOS, SECONDS = 10_000, 60
FILMS = 6
HASHED_S = 120


def measure() -> dict[str, object]:
    """Seconds for the many, recall and precision for the real ones, and seconds per hour of video."""
    return {"of_10000_videos": many(VIDEOS), "of_real_copies": real(FILMS), "hashing": hashing()}


def many(videos: int) -> dict[str, object]:
    """Grouping of so many generated videos, from hashes in memory to groups."""
    films, copies = generated(videos)
    started = time.perf_counter()
    pairs = [*same_pairs(films)]
    alike = [AlikeVideos(videos=(films[pair.first].video_id, films[pair.second].video_id), share=1, aligned=True, at_s=(0, 0)) for pair in pairs]
    members = [Member(film.video_id, film.video_id) for film in films]
    groups = group_videos(members, alike, VideoGroups(rule=RULE, groups=()))
    seconds = time.perf_counter() - started
    return {"seconds": round(seconds, 1), "target_s": 60, "groups": len(groups.groups), **_scores({(pair.first, pair.second) for pair in pairs}, copies)}


def generated(videos: int) -> tuple[list[HashedVideo], set[tuple[int, int]]]:
    """The videos, and which of them are copies of which."""
    draw = np.random.default_rng(1)
    films: list[HashedVideo] = []
    copies = set()
    for number in range(videos):
        if number % 20 == 19:
            original = number - int(draw.integers(1, 19))
            turned = _few_bits(draw, films[original].hashes.shape)
            span = slice(15, 45) if number % 40 == 39 else slice(None)
            film = HashedVideo(f"v{number:06d}", films[original].at_s[span], films[original].hashes[span] ^ turned[span])
            copies.add((original, number))
        else:
            hashes = draw.integers(0, 2**64, (SECONDS, len(PARTS)), np.uint64)
            film = HashedVideo(f"v{number:06d}", np.arange(SECONDS, dtype=float), hashes)
        films.append(film)
    return films, copies


def _few_bits(draw: np.random.Generator, shape: tuple[int, ...], bits: int = 6) -> np.ndarray:
    masks = np.zeros(shape, np.uint64)
    for _ in range(bits):
        masks |= np.uint64(1) << draw.integers(0, 64, shape, np.uint64)
    return masks


def real(films: int) -> dict[str, object]:
    """Films and their copies, by ffmpeg; every two of one film are a pair that should be found."""
    with tempfile.TemporaryDirectory() as folder:
        videos = list(_filmed(Path(folder), films))
    truth = {(a, b) for a, b in combinations(range(len(videos)), 2) if videos[a].video_id.split("-")[0] == videos[b].video_id.split("-")[0]}
    ours = {(pair.first, pair.second) for pair in same_pairs(videos)}
    whole = {(a, b) for a, b in combinations(range(len(videos)), 2) if likeness(videos[a], videos[b], {(False, 0)}).same}
    return {"videos": len(videos), "ours": _scores(_closed(ours, len(videos)), truth), "whole_picture_only": _scores(_closed(whole, len(videos)), truth)}


def _filmed(folder: Path, films: int) -> Iterator[HashedVideo]:
    for seed in range(films):
        original = make_scenes(folder / f"film{seed}.mp4", seed)
        yield _hashed(original)
        yield from (_hashed(make_copy(original, folder / f"film{seed}-{how}.mp4", how)) for how in COPIES)


def _hashed(path: Path) -> HashedVideo:
    job = sampling_job(path)
    sample_frames(job)
    return hashed_video(hash_frames(HashingJob(path.stem, job.out)))


def _closed(pairs: set[tuple[int, int]], videos: int) -> set[tuple[int, int]]:
    """The pairs of all that share a group."""
    alike = [AlikeVideos(videos=(f"v{first:06d}", f"v{second:06d}"), share=1, aligned=True, at_s=(0, 0)) for first, second in pairs]
    groups = group_videos([Member(f"v{number:06d}", str(number)) for number in range(videos)], alike, VideoGroups(rule=RULE, groups=()))
    return {pair for group in groups.groups for pair in combinations([int(video.video_id[1:]) for video in group.videos], 2)}


def _scores(found: set[tuple[int, int]], truth: set[tuple[int, int]]) -> dict[str, float]:
    return {"recall": round(len(found & truth) / len(truth), 4), "precision": round(len(found & truth) / max(1, len(found)), 4)}


def hashing() -> dict[str, object]:
    """One core, frames of 512 x 384 as large as those of real videos, four a second as a run takes them; the first call is not counted."""
    folder = Path(tempfile.mkdtemp())
    try:
        frames = folder / "frames.parquet"
        write_frames(frames, _frames(list(photos(20))), "generated")
        hash_frames(HashingJob("warm", frames))
        started = time.perf_counter()
        hashes = hash_frames(HashingJob("timed", frames))
        seconds = time.perf_counter() - started
    finally:
        shutil.rmtree(folder)
    size_bytes = len(hashes.model_dump_json(indent=1))
    return {
        "ms_per_picture": round(1000 * seconds / len(hashes.hashes), 2),
        "s_per_video_hour": round(seconds * 3600 / HASHED_S, 1),
        "mb_per_video_hour": round(size_bytes * 3600 / HASHED_S / 1e6, 2),
    }


def _frames(pictures: Sequence[bytes]) -> Iterator[Frame]:
    for number in range(4 * HASHED_S):
        yield Frame(0, number // 8, number % 8, number / 4, number / 4, 512, 384, f"{number}", pictures[number // 4 % len(pictures)])
