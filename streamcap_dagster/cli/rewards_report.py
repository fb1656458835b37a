"""`streamcap rewards-report`: what policies that look at nothing would score beside the captions of a storage."""

import json
from collections.abc import Iterator

from streamcap_dagster.dataset.draws import Draw
from streamcap_dagster.dataset.reward_cases import offer_cases, trial_table, verdict
from streamcap_dagster.errors import ObjectMissing, StreamcapError
from streamcap_dagster.records import RlExamples, SftExamples
from streamcap_dagster.rewards.scoring import WEIGHTS
from streamcap_dagster.rewards.trivial import Case, Trial, try_policies
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import storage_for


class NothingToScore(StreamcapError):
    """A storage holds no SFT example."""

    def __init__(self, storage: str) -> None:
        super().__init__(f"{storage} holds no SFT example, so there are no gold deltas to score. Make some with `streamcap run`.")


def report_rewards(settings: Settings, most: int, as_json: bool) -> int:
    """Print the table of a trial on at most so many examples; returns the exit status, 1 when a policy is not beaten."""
    storage = storage_for(settings).open()
    cases = _cases(storage, most)
    if not cases:
        raise NothingToScore(storage.uri)
    trial = try_policies(cases)
    print(json.dumps(_as_plain(trial), indent=1) if as_json else f"{trial_table(trial)}\n\n{trial.cases:,} examples. {verdict(trial)}")
    return 1 if trial.winners else 0


def _cases(storage: Storage, most: int) -> list[Case]:
    draw = Draw[Case](most)
    videos = sorted(video.video_id for video in read_manifest(storage).values() if video.status == "ok")
    for sft, rl in side_by_side(storage.lanes, lambda video_id: _examples(storage, video_id), videos):
        stated = {(pair.clip, pair.window): pair.example.objectives for pair in rl.examples}
        offer_cases(draw, (((pair.clip, pair.window), pair.example) for pair in sft.examples), stated)
    return draw.drawn


def _examples(storage: Storage, video_id: str) -> tuple[SftExamples, RlExamples]:
    """None of a kind that was not made yet."""
    try:
        sft = read_record(storage, keys.sft_examples(video_id), SftExamples)
    except ObjectMissing:
        sft = SftExamples(video_id=video_id, examples=())
    try:
        rl = read_record(storage, keys.rl_examples(video_id), RlExamples)
    except ObjectMissing:
        rl = RlExamples(video_id=video_id, examples=())
    return sft, rl


def _as_plain(trial: Trial) -> dict[str, object]:
    """For programs; null is a reward that applied to no example."""
    return {
        "examples": trial.cases,
        "weights": WEIGHTS,
        "policies": list(_plain_policies(trial)),
        "not_beaten": [scores.policy for scores in trial.winners],
    }


def _plain_policies(trial: Trial) -> Iterator[dict[str, object]]:
    for scores in trial.scores:
        ahead = {"times_ahead": scores.times_ahead, "ahead_in": list(scores.ahead)}
        yield {"policy": scores.policy, "total": round(scores.total, 6), "rewards": {name: _rounded(score) for name, score in scores.rewards.items()}, **ahead}


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 6)
