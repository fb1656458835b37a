"""What the real assets would be made from, worked out for many videos at once."""

from pathlib import Path

import pytest

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.walk import fingerprint_of, inputs_of
from streamcap_dagster.assets.wanted import Wanted
from streamcap_dagster.assets.work import VideoWork, Workshop
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipt_text import vouched_of
from streamcap_dagster.storage.receipts import Receipt, Receipts
from tests.assets.walking import video, workshop

CAT, DOG = video("cat"), video("dog", words="a dog")
MADE = Receipts(
    owner="any",
    receipts=tuple(Receipt(asset=asset.name, fingerprint="", content_hash=f"hash of {asset.name}", objects=(), counts={}) for asset in PER_VIDEO),
)


@pytest.fixture(params=["whole", "random_pairs", "manual"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Workshop:
    selection = tmp_path / "clips.csv"
    selection.write_text("video_id,start_s,end_s\ncat,0,4\n")
    return workshop(FolderStorage(tmp_path / "data"), clip_policy=request.param, clips_csv=str(selection))


def test_a_fingerprint_is_the_one_that_a_walk_would_give_a_receipt(shop: Workshop) -> None:
    wanted = Wanted(PER_VIDEO, shop)

    for row in (CAT, DOG):
        for asset in PER_VIDEO:
            assert wanted.of(asset, row, vouched_of(MADE)) == fingerprint_of(asset, VideoWork(row, shop), inputs_of(asset, row, MADE))


def test_what_an_asset_is_also_made_from_differs_between_videos_only_where_it_says_so(shop: Workshop) -> None:
    for asset in PER_VIDEO:
        if not asset.decided_by(shop.settings):
            assert asset.also_from(VideoWork(CAT, shop)) == asset.also_from(VideoWork(DOG, shop))


def test_without_what_it_is_made_from_an_asset_has_no_fingerprint(shop: Workshop) -> None:
    assert Wanted(PER_VIDEO, shop).of(PER_VIDEO[1], CAT, {}) is None


def test_another_selection_of_clips_is_another_digest(tmp_path: Path) -> None:
    selection = tmp_path / "clips.csv"
    digests = set()
    for rows in ("cat,0,4\n", "cat,0,8\n"):
        selection.write_text(f"video_id,start_s,end_s\n{rows}")
        digests.add(Wanted(PER_VIDEO, workshop(FolderStorage(tmp_path), clip_policy="manual", clips_csv=str(selection))).digest)

    assert len(digests) == 2


def test_the_same_settings_are_the_same_digest_and_others_another(tmp_path: Path) -> None:
    first, again, other = (Wanted(PER_VIDEO, workshop(FolderStorage(tmp_path), history_tokens=tokens)).digest for tokens in (1500, 1500, 800))

    assert first == again != other
