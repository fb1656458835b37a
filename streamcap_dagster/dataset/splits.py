"""Which split each video belongs to: a hash of its group decides, so that a video keeps its split as others come and go."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Literal

from streamcap_dagster.policies import SplitPolicy

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

FEWEST_GROUPS = 20
"""With fewer groups everything is train: a held-out split of one or two would measure nothing."""

_SALT = "streamcap-split-1"


def assign_splits(groups: Mapping[str, str], policy: SplitPolicy, known: Collection[str] = ()) -> dict[str, Split]:
    """The split of each video_id, given its group; videos of one group share a split.

    `known` are groups of videos that are not in at the moment, which count too: else one that fails would turn every other video to train.
    """
    if len({*groups.values(), *known}) < FEWEST_GROUPS:
        return dict.fromkeys(groups, "train")
    return {video_id: _split(group, policy) for video_id, group in groups.items()}


def _split(group: str, policy: SplitPolicy) -> Split:
    place = int(hashlib.sha256(f"{_SALT}:{group}".encode()).hexdigest(), 16) / 2**256
    if place < policy.test_share:
        return "test"
    return "validation" if place < policy.test_share + policy.validation_share else "train"
