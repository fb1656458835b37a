"""Whether captions are good enough: what is counted of videos, added up, against the thresholds."""

from collections import Counter
from typing import Any

import pytest

from streamcap_dagster.quality.records import CaptionQuality, Drift, PairingAudit, WindowQuality
from streamcap_dagster.quality.verdicts import FEWEST, counted, judge


def quality(windows: int = 40, flagged: int = 0, flag: str = "refusal", **pairing: Any) -> CaptionQuality:
    """A video of so many deltas, of which some have a flag."""
    of = [WindowQuality(clip=0, window=number, kind="delta", outcome="ok", words=5, flags=(flag,) if number < flagged else ()) for number in range(windows)]
    audit = PairingAudit.model_validate({"by": "features", "windows": windows, "own": 0.5, "shuffled": 0.5, "spread": 0.01, **pairing}) if pairing else None
    return CaptionQuality(video_id="v", windows=tuple(of), pairing=audit)


def drifting(*drifts: float) -> CaptionQuality:
    """A video of which nothing is wrong but how far it has drifted from each of its anchors."""
    return quality().model_copy(update={"drifts": tuple(Drift(clip=0, window=10 + number, drift=drift) for number, drift in enumerate(drifts))})


def verdicts(*videos: CaptionQuality, of: Any = "video") -> dict[str, str]:
    counts: Counter[str] = Counter()
    for video in videos:
        counts.update(counted(video))
    return {judged.metric.name: judged.verdict for judged in judge(counts, of)}


@pytest.mark.parametrize(("flagged", "verdict"), [(0, "ok"), (1, "warn"), (8, "error")])
def test_the_more_captions_are_flagged_the_worse(flagged: int, verdict: str) -> None:
    assert verdicts(quality(flagged=flagged))["refusal"] == verdict


def test_of_a_few_captions_nothing_is_an_error() -> None:
    assert verdicts(quality(FEWEST - 1, flagged=FEWEST - 1))["refusal"] == "warn"


def test_what_is_judged_is_told_in_numbers() -> None:
    (told,) = (judged.told for judged in judge(counted(quality(flagged=8)), "video") if judged.metric.name == "refusal")

    assert told == "8 of 40 captions (20.0%) are refusals"


def test_videos_are_added_up() -> None:
    assert verdicts(quality(flagged=4), quality(), of="dataset")["refusal"] == "error"
    assert verdicts(quality(flagged=4), *[quality()] * 99, of="dataset")["refusal"] == "ok"


@pytest.mark.parametrize(
    ("pairing", "verdict"),
    [
        ({"margin": 0.3}, "ok"),
        ({"margin": 0.07}, "warn"),
        ({"margin": 0.0}, "error"),
        ({"margin": -0.2}, "error"),
        ({"margin": 0.0, "spread": 0.06}, "ok"),
    ],
    ids=["fits", "hardly fits", "fits no better than others", "fits worse", "too few windows to know"],
)
def test_a_margin_is_judged_with_what_chance_may_have_cost_it(pairing: dict[str, Any], verdict: str) -> None:
    assert verdicts(quality(**pairing))["pairing"] == verdict


def test_a_small_margin_that_is_no_mere_chance_is_worth_a_look_and_no_error() -> None:
    still = quality(margin=0.04)

    assert verdicts(still)["pairing"] == "warn"
    assert verdicts(*[still] * 30, of="dataset")["pairing"] == "warn"


def test_a_margin_of_a_few_windows_tells_nothing() -> None:
    assert verdicts(quality(FEWEST - 1, margin=-0.1))["pairing"] == "ok"


def test_many_videos_make_sure_what_one_leaves_open() -> None:
    one = quality(margin=0.0, spread=0.06)

    assert verdicts(one)["pairing"] == "ok"
    assert verdicts(*[one] * 30, of="dataset")["pairing"] == "error"


def test_a_video_whose_captions_are_shifted_is_in_error_and_one_of_many_makes_the_dataset_none() -> None:
    shifted, right = quality(margin=0.3, shift=1), quality(margin=0.3)

    assert verdicts(shifted)["shift"] == "error"
    assert verdicts(shifted, *[right] * 9, of="dataset")["shift"] == "warn"


@pytest.mark.parametrize(("drifts", "verdict"), [((0.0, 0.1), "ok"), ((0.1, 0.4), "ok"), ((0.2, 0.5), "warn"), ((1.0, 1.0), "warn")])
def test_a_video_is_warned_of_by_its_mean_drift_which_alone_is_never_an_error(drifts: tuple[float, ...], verdict: str) -> None:
    assert verdicts(drifting(*drifts))["drift"] == verdict


def test_a_dataset_is_warned_of_by_the_mean_drift_of_all_anchors() -> None:
    far, near = drifting(0.5, 0.5), drifting(0.0, 0.1)

    assert verdicts(far, near, quality(), of="dataset")["drift"] == "warn"
    assert verdicts(far, *[near] * 9, quality(), of="dataset")["drift"] == "ok"


@pytest.mark.parametrize("of", ["video", "dataset"])
def test_without_anchors_there_is_no_drift_to_warn_of_and_it_says_so(of: Any) -> None:
    (found,) = (judged for judged in judge(counted(quality()), of) if judged.metric.name == "drift")

    assert (found.verdict, found.of) == ("ok", 0)
    assert "there are no anchors" in found.told


def test_without_anchors_nothing_is_counted_of_them() -> None:
    assert not {"anchors", "drift_thousandths"} & {*counted(quality())}


def test_a_dataset_warns_of_a_few_videos_in_error_and_many_are_an_error() -> None:
    bad, good = quality(flagged=40, flag="repeats"), quality()

    assert verdicts(bad, *[good] * 29, of="dataset")["poor_videos"] == "warn"
    assert verdicts(*[bad] * 3, *[good] * 27, of="dataset")["poor_videos"] == "error"


def test_a_few_videos_in_error_are_an_error_for_each_had_captions_enough_to_know() -> None:
    bad, good = quality(flagged=40, flag="repeats"), quality()

    assert verdicts(bad, *[good] * 4, of="dataset")["poor_videos"] == "error"
    assert verdicts(*[quality(FEWEST - 1, flagged=FEWEST - 1, flag="repeats")] * 4, of="dataset")["poor_videos"] == "ok"


def test_where_nobody_says_anything_there_is_only_the_silence_to_judge() -> None:
    silent = tuple(WindowQuality(clip=0, window=number, kind="delta", outcome="no_change") for number in range(30))

    assert verdicts(CaptionQuality(video_id="v", windows=silent)) == {"silence": "warn"}


def test_of_nothing_nothing_is_judged() -> None:
    assert verdicts(CaptionQuality(video_id="v", windows=())) == {}
