"""How a video stands, told from storage alone."""

from pathlib import Path

import pytest

from streamcap_dagster.assets.standing import Standing, standing_of
from streamcap_dagster.assets.work import PerVideoAsset
from streamcap_dagster.policies import SplitPolicy
from streamcap_dagster.records import Video
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.failures import Failure
from streamcap_dagster.storage.folder import FolderStorage
from tests.assets.walking import asset, video, walk, workshop

GRAPH = (asset("look", words=lambda work: work.video.sha256), asset("think", ("look",)), asset("say", ("think",), reads=(SplitPolicy,)))


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


@pytest.fixture
def made(storage: FolderStorage) -> FolderStorage:
    walk(GRAPH, workshop(storage))
    return storage


def standing(storage: FolderStorage, of: Video | None = None, failure: Failure | None = None, assets: tuple[PerVideoAsset, ...] = GRAPH) -> Standing:
    return standing_of(of or video(), assets, workshop(storage), failure)


def test_a_video_with_everything_up_to_date_is_complete(made: FolderStorage) -> None:
    found = standing(made)

    assert (found.state, found.reason) == ("complete", "")
    assert found.assets == {"look": "made", "think": "made", "say": "made"}
    assert found.counts["look"] == {"words": 1}


def test_a_video_that_was_never_walked_is_incomplete(storage: FolderStorage) -> None:
    found = standing(storage)

    assert (found.state, set(found.assets.values())) == ("incomplete", {"missing"})


def test_an_object_that_is_gone_makes_its_asset_missing(made: FolderStorage) -> None:
    made.delete("think/cat.txt")

    found = standing(made)

    assert found.state == "incomplete"
    assert found.assets["think"] == "missing"


def test_a_changed_setting_makes_stale_what_reads_it(made: FolderStorage) -> None:
    found = standing_of(video(), GRAPH, workshop(made, test_share=0.2), None)

    assert (found.state, found.assets) == ("stale", {"look": "made", "think": "made", "say": "stale"})


def test_what_comes_from_something_stale_is_stale(made: FolderStorage) -> None:
    found = standing(made, video(words="another cat"))

    assert (found.state, found.assets) == ("stale", {"look": "stale", "think": "stale", "say": "stale"})


def test_what_was_made_from_an_asset_without_a_receipt_is_stale(made: FolderStorage) -> None:
    """Made anew and failed: its receipt is gone, what came from it is still there."""

    def stumble(work: object) -> None:
        raise ZeroDivisionError

    failing = (GRAPH[0], asset("think", ("look",), make=stumble, reads=(SplitPolicy,)), GRAPH[2])
    walk(failing, workshop(made))

    assert standing(made, assets=failing).assets == {"look": "made", "think": "missing", "say": "stale"}


def test_the_reason_of_the_last_attempt_is_told_until_it_goes_well(made: FolderStorage) -> None:
    found = standing(made, failure=Failure(video_id="cat", asset="say", reason="video cat: it is too sad."))

    assert (found.state, found.reason) == ("failed", "video cat: it is too sad.")


@pytest.mark.parametrize(("status", "state"), [("failed", "unusable"), ("removed", "removed")])
def test_a_video_that_the_catalog_cannot_use_says_why_whatever_failed_before(made: FolderStorage, status: str, state: str) -> None:
    before = Failure(video_id="cat", asset="say", reason="video cat: it is too sad.")

    found = standing(made, video(status=status, reason="It is an empty file."), before)

    assert (found.state, found.reason) == (state, "'cat.mp4': It is an empty file.")


def test_receipts_that_cannot_be_read_are_a_failure_with_what_to_do(made: FolderStorage) -> None:
    made.write(keys.receipts("cat"), b"{")

    found = standing(made)

    assert found.state == "failed"
    assert "receipts/cat.json cannot be read" in found.reason


def test_looking_makes_nothing(storage: FolderStorage) -> None:
    standing(storage)

    assert list(storage.list("")) == []
