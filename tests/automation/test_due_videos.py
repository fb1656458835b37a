"""What `due_videos` reports and launches, over a real storage and a real instance."""

import shutil
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from streamcap_dagster.assets.due_videos import DueVideosConfig
from streamcap_dagster.automation.backfills import launch_backfill
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.failures import NotedFailure
from tests.assets.project import PER_VIDEO_NAMES
from tests.automation.corpus import Corpus, videos_in

ALL = {"clock", "life", "still"}


def failed(corpus: Corpus, video_id: str, attempts: int, ago: timedelta, reason: str = "no luck") -> None:
    """Note that a video failed, from the file and the code that there are now."""
    noted = NotedFailure(video_id=video_id, asset="clips", reason=reason, attempts=attempts, failed_at=datetime.now(UTC) - ago)
    write_record(corpus.storage, keys.failure(video_id), noted)


def test_a_report_launches_nothing(corpus: Corpus) -> None:
    report = corpus.due()
    assert (report["due"], report["missing"], report["result"]) == (3, 3, "due: 3 missing; nothing was to be launched")
    assert corpus.backfills() == []


def test_what_is_due_is_launched_as_one_backfill_of_everything_per_video(corpus: Corpus) -> None:
    report = corpus.due(launch=True)

    (backfill,) = corpus.backfills()
    assert videos_in(backfill) == ALL
    assert [key.to_user_string() for key in backfill.asset_selection or ()] == PER_VIDEO_NAMES
    assert report["result"] == f"launched backfill {backfill.backfill_id}: 3 missing"
    assert report["launched"] == backfill.backfill_id


def test_a_backfill_says_what_launched_it_and_that_the_dataset_follows(corpus: Corpus) -> None:
    corpus.due(launch=True, tags={"dagster/schedule_name": "nightly_backfill"})

    (backfill,) = corpus.backfills()
    assert backfill.title == "nightly_backfill: 3 missing"
    assert backfill.tags == {"streamcap/launched_by": "nightly_backfill", "streamcap/then": "dataset"}


def test_a_backfill_that_a_person_asked_for_says_so(corpus: Corpus) -> None:
    corpus.due(launch=True)
    assert corpus.backfills()[0].title == "by hand: 3 missing"


def test_where_nothing_is_due_nothing_is_launched(corpus: Corpus) -> None:
    report = corpus.due(launch=True, kinds=["stale"])
    assert (report["result"], report["launched"]) == ("nothing is due, so no backfill was launched", "")
    assert corpus.backfills() == []


def test_a_video_that_a_backfill_has_still_to_walk_is_not_launched_again(corpus: Corpus) -> None:
    corpus.due(launch=True)
    shutil.copy(corpus.root / "videos/clock.mp4", corpus.root / "videos/another.mp4")
    corpus.make("video_catalog")

    report = corpus.due(launch=True)

    second, _ = corpus.backfills()
    assert videos_in(second) == {"another"}
    assert report["result"] == f"launched backfill {second.backfill_id}: 1 missing; 3 videos more in a backfill under way"


def test_two_nights_that_overlap_launch_once(corpus: Corpus) -> None:
    corpus.due(launch=True)
    report = corpus.due(launch=True)
    assert len(corpus.backfills()) == 1
    assert report["result"] == "nothing is due but 3 videos in a backfill under way, so no backfill was launched"


@pytest.mark.parametrize("ended", [BulkActionStatus.COMPLETED_FAILED, BulkActionStatus.FAILED, BulkActionStatus.CANCELED, BulkActionStatus.CANCELING])
def test_what_a_backfill_that_ended_left_undone_is_launched_again(corpus: Corpus, ended: BulkActionStatus) -> None:
    corpus.due(launch=True)
    corpus.end(ended)
    corpus.due(launch=True)
    assert [videos_in(backfill) for backfill in corpus.backfills()] == [ALL, ALL]


def test_a_backfill_of_all_partitions_from_dagsters_pages_counts_too(corpus: Corpus) -> None:
    graph = corpus.definitions.resolve_asset_graph()
    corpus.instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            "everyone", graph, None, [dg.AssetKey(name) for name in PER_VIDEO_NAMES], 0.0, {}, corpus.instance, True, None, None, None
        )
    )
    assert corpus.due(launch=True)["in_a_backfill"] == 3
    assert len(corpus.backfills()) == 1


def test_a_backfill_of_some_assets_only_holds_nothing_back(corpus: Corpus) -> None:
    graph = corpus.definitions.resolve_asset_graph()
    corpus.instance.add_backfill(
        PartitionBackfill.from_asset_partitions("clips", graph, ["life"], [dg.AssetKey("clips")], 0.0, {}, corpus.instance, False, None, None, None)
    )
    assert corpus.due()["in_a_backfill"] == 0


def test_a_backfill_of_a_video_that_is_gone_disturbs_nothing(corpus: Corpus) -> None:
    launch_backfill(corpus.instance, corpus.definitions.resolve_asset_graph(), ["life"], "", {})
    (corpus.root / "videos/life.mp4").unlink()
    corpus.make("video_catalog")
    assert corpus.due(launch=True)["due"] == 2


def test_a_failed_video_rests_and_then_is_launched_again(corpus: Corpus) -> None:
    failed(corpus, "life", attempts=2, ago=timedelta(hours=3))
    assert (corpus.due()["paused"], corpus.due()["failed"]) == (1, 0)

    failed(corpus, "life", attempts=2, ago=timedelta(hours=5))
    assert (corpus.due()["paused"], corpus.due()["failed"]) == (0, 1)


def test_a_parked_video_is_named_with_its_reason_and_left_alone(corpus: Corpus) -> None:
    failed(corpus, "life", attempts=6, ago=timedelta(days=30), reason="life.mp4 has *no* picture")

    report = corpus.due(launch=True)

    assert (report["parked"], videos_in(corpus.backfills()[0])) == (1, ALL - {"life"})
    assert r"| life | life\.mp4 has \*no\* picture |" in report["parked_videos"]


def test_a_failure_of_the_future_holds_nothing_back_when_the_clock_was_set_back(corpus: Corpus) -> None:
    failed(corpus, "life", attempts=3, ago=-timedelta(days=400))
    assert corpus.due(kinds=["failed"])["failed"] == 1


def test_an_instance_that_lost_its_partitions_gets_them_again(corpus: Corpus) -> None:
    with dg.DagsterInstance.ephemeral() as fresh:
        anew = Corpus(corpus.root, fresh)
        anew.due(launch=True)
        assert set(fresh.get_dynamic_partitions("videos")) == ALL
        assert videos_in(anew.backfills()[0]) == ALL


@pytest.mark.parametrize(("kinds", "wrong"), [(["mising"], "'mising'"), ([], "an empty list")])
def test_an_unknown_reason_is_refused_with_the_known_ones(kinds: list[str], wrong: str) -> None:
    with pytest.raises(ValueError, match=f"{wrong} names no reason; the reasons are missing, changed, stale, failed"):
        DueVideosConfig(kinds=kinds)
