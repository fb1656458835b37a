"""Which videos share shards: a bit of hash at a time, so that a video that comes or goes changes the shards of its own bucket only."""

import hashlib
from collections.abc import Mapping

_BITS = 256


def buckets(weights: Mapping[str, int], limit: int) -> list[list[str]]:
    """Divide video_ids into buckets that weigh at most `limit` together (a heavier video has one to itself), each sorted."""
    return _divide(sorted(weights), weights, limit, 0) if weights else []


def _divide(video_ids: list[str], weights: Mapping[str, int], limit: int, depth: int) -> list[list[str]]:
    if len(video_ids) == 1 or sum(weights[video_id] for video_id in video_ids) <= limit:
        return [video_ids]
    halves = ([video_id for video_id in video_ids if _bit(video_id, depth) == side] for side in (0, 1))
    return [bucket for half in halves if half for bucket in _divide(half, weights, limit, depth + 1)]


def _bit(video_id: str, depth: int) -> int:
    return int(hashlib.sha256(video_id.encode()).hexdigest(), 16) >> (_BITS - 1 - depth) & 1
