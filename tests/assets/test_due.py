"""Which videos are due, which wait, and which are parked."""

from datetime import UTC, datetime, timedelta

import pytest

from streamcap_dagster.assets.due import DUE_KINDS, DueKind, DueSet, due_set
from streamcap_dagster.assets.standing import VideoState
from streamcap_dagster.assets.survey import Surveyed
from streamcap_dagster.storage.failures import NotedFailure

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
PARK_AFTER = 6


def failed(attempts: int, failed_at: datetime) -> Surveyed:
    failure = NotedFailure(video_id="cat", asset="frames", reason="video cat: it is torn.", attempts=attempts, failed_at=failed_at)
    return Surveyed("cat", "failed", missing=("frames",), reason=failure.reason, failure=failure)


def due(*videos: Surveyed, kinds: tuple[DueKind, ...] = DUE_KINDS, now: datetime = NOW, patient: bool = True) -> DueSet:
    return due_set(videos, kinds, now, PARK_AFTER, patient=patient)


@pytest.mark.parametrize(
    ("video", "kind"),
    [
        (Surveyed("cat", "incomplete", missing=("frames",)), "missing"),
        (Surveyed("cat", "incomplete", missing=("frames",), stale=("say",)), "missing"),
        (Surveyed("cat", "stale", stale=("say",)), "stale"),
        (Surveyed("cat", "stale", stale=("raw_videos", "say"), changed=True), "changed"),
        (Surveyed("cat", "incomplete", missing=("frames",), stale=("raw_videos",), changed=True), "changed"),
        (Surveyed("cat", "failed", reason="receipts/cat.json cannot be read"), "failed"),
    ],
)
def test_a_video_is_due_for_the_reason_that_comes_first(video: Surveyed, kind: DueKind) -> None:
    assert due(video).due == {"cat": kind}


@pytest.mark.parametrize("state", ["complete", "skipped", "unusable", "removed", "forgotten"])
def test_a_video_of_which_nothing_is_to_be_made_is_not_due(state: VideoState) -> None:
    assert due(Surveyed("cat", state, missing=("frames",), stale=("say",), changed=True)) == DueSet({}, {}, {})


@pytest.mark.parametrize("kind", DUE_KINDS)
def test_only_the_kinds_that_are_asked_for_are_due(kind: DueKind) -> None:
    videos = (
        Surveyed("a", "incomplete", missing=("frames",)),
        Surveyed("b", "stale", stale=("say",), changed=True),
        Surveyed("c", "stale", stale=("say",)),
        Surveyed("d", "failed", reason="its receipts cannot be read"),
    )

    assert list(due(*videos, kinds=(kind,)).due.values()) == [kind]


def test_a_video_that_failed_rests_until_its_pause_is_over() -> None:
    resting = failed(2, NOW - timedelta(hours=3))

    assert due(resting) == DueSet({}, {"cat": NOW + timedelta(hours=1)}, {})
    assert due(resting, now=NOW + timedelta(hours=1)).due == {"cat": "failed"}


def test_a_video_that_failed_too_often_is_parked_with_its_reason() -> None:
    assert due(failed(PARK_AFTER, NOW - timedelta(days=30))) == DueSet({}, {}, {"cat": "video cat: it is torn."})


@pytest.mark.parametrize("attempts", [1, PARK_AFTER])
def test_a_person_waits_for_no_pause_and_parks_nothing(attempts: int) -> None:
    assert due(failed(attempts, NOW), kinds=("failed",), patient=False).due == {"cat": "failed"}


def test_a_clock_that_was_set_back_pauses_nobody() -> None:
    assert due(failed(1, NOW + timedelta(days=400))).due == {"cat": "failed"}


def test_what_rests_and_what_is_parked_is_told_whatever_kinds_are_asked_for() -> None:
    found = due(failed(1, NOW), kinds=("missing",))

    assert (found.due, list(found.paused)) == ({}, ["cat"])


def test_videos_are_due_in_the_order_of_the_catalog() -> None:
    assert list(due(*(Surveyed(name, "incomplete", missing=("frames",)) for name in ("b", "a", "c"))).due) == ["b", "a", "c"]
