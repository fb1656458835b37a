"""Where each object lives. The same keys under a folder and under a bucket."""

import re

MANIFEST = "raw/manifest.csv"
SCAN = "ledger/scan.csv"
SURVEY = "ledger/survey.json"
GROUPS = "processed/groups.json"
GROUP_AGES = "ledger/group_ages.json"
TRAIN_JSON = "processed/train.json"
RL_JSON = "processed/rl.json"
DATASET = "processed/dataset"
SHARD = re.compile(r"(?P<config>[\w-]+)/(?P<split>\w+)-(?P<hash>[0-9a-f]{16})\.parquet")
"""A shard's name in the folder of the dataset: its config, its split and a hash of its rows."""
RECEIPTS = "receipts/"
CALLS = "calls/"
TOMBSTONES = "tombstones/"
RANKINGS = "rankings/"
"""What people said of the candidates of each video's windows; no run writes there."""
REVIEWS = "reviews/"
"""What people decided of each video's captions; no run writes there."""
DECIDED = (RANKINGS, REVIEWS)
"""What nobody can make again: a copy is joined with it, and only whoever forgets a video removes it."""
RECONSTRUCTION = "reconstruction/"
"""What tests of each video's deltas came to; no run writes there."""


def raw_video(video_id: str, container_suffix: str) -> str:
    """`container_suffix` is the source file's own, lower case, with its dot."""
    return f"raw/videos/{video_id}{container_suffix}"


def clips(video_id: str) -> str:
    return f"clips/{video_id}.json"


def frames(video_id: str) -> str:
    return f"frames/{video_id}.parquet"


def frame_hashes(video_id: str) -> str:
    return f"frame_hashes/{video_id}.json"


def initial_captions(video_id: str) -> str:
    return f"initial_captions/{video_id}.json"


def delta_captions(video_id: str) -> str:
    return f"delta_captions/{video_id}.json"


def caption_quality(video_id: str) -> str:
    return f"caption_quality/{video_id}.json"


def objectives(video_id: str) -> str:
    return f"objectives/{video_id}.json"


def subtitles(video_id: str, suffix: str) -> str:
    """`suffix` is `.srt` or `.vtt`."""
    return f"captions/{video_id}{suffix}"


def sft_examples(video_id: str) -> str:
    return f"sft_examples/{video_id}.json"


def rl_examples(video_id: str) -> str:
    return f"rl_examples/{video_id}.json"


def preference_examples(video_id: str) -> str:
    return f"preference_examples/{video_id}.json"


def rankings(video_id: str) -> str:
    return f"{RANKINGS}{video_id}.json"


def reviews(video_id: str) -> str:
    return f"{REVIEWS}{video_id}.json"


def reviewed(video_id: str) -> str:
    return f"reviewed/{video_id}.json"


def reconstruction(video_id: str) -> str:
    return f"{RECONSTRUCTION}{video_id}.json"


def image_name(clip: int, window: int, k: int) -> str:
    """File name of one frame; sorts in time order."""
    return f"{clip:04d}_{window:05d}_{k:03d}.jpg"


def images(video_id: str) -> str:
    """Prefix of a video's images."""
    return f"processed/images/{video_id}/"


def contact_sheet(video_id: str) -> str:
    return f"previews/{video_id}.jpg"


def made_of(video_id: str) -> tuple[str, ...]:
    """Every object that is made of a video, but for its copy, its images and its books."""
    captions = (initial_captions, delta_captions, caption_quality, objectives, reviewed)
    made = (clips, frames, contact_sheet, frame_hashes, *captions, sft_examples, rl_examples, preference_examples)
    return (*(key(video_id) for key in made), *(subtitles(video_id, suffix) for suffix in (".srt", ".vtt")))


def all_of(video_id: str) -> tuple[str, ...]:
    """Every key that holds something of a video and of no other; those that end in `/` or `.` stand for all that begin with them."""
    decided = (f"{REVIEWS}{video_id}.", f"{REVIEWS}{video_id}/")
    books = (receipts(video_id), failure(video_id), folded_calls(video_id), calls(video_id), rankings(video_id), reconstruction(video_id))
    return (*books, raw_video(video_id, "."), *made_of(video_id), images(video_id), *decided)


def receipts(video_id: str) -> str:
    return f"{RECEIPTS}{video_id}.json"


def calls(video_id: str) -> str:
    """Prefix of a video's stored answers."""
    return f"{CALLS}{video_id}/"


def folded_calls(video_id: str) -> str:
    return f"{CALLS}{video_id}.jsonl"


FAILURES = "ledger/failures/"


def failure(video_id: str) -> str:
    return f"{FAILURES}{video_id}.json"


def tombstone(video_id: str) -> str:
    return f"{TOMBSTONES}{video_id}.json"


ATTEMPTS = "ledger/attempts/"
"""Prefix of the journals of HTTP requests, one a process."""
QUOTA = "quota/"
"""Prefix of what each process has used of a quota."""

FOLDERS = frozenset(
    place[:end]
    for place in (*all_of("*"), MANIFEST, f"{DATASET}/", TOMBSTONES, FAILURES, ATTEMPTS, QUOTA)
    for end, character in enumerate(place)
    if character == "/" and "*" not in place[:end]
)
"""The folders that all these keys lie in, but for those of single videos."""
