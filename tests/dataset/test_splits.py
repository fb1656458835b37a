"""Splits depend on the group alone, and only on enough of them."""

from collections import Counter

from streamcap_dagster.dataset.splits import assign_splits
from streamcap_dagster.policies import SplitPolicy

MANY = {f"v{number}": f"group {number}" for number in range(2000)}
POLICY = SplitPolicy(validation_share=0.1, test_share=0.2)


def test_below_twenty_groups_everything_is_train() -> None:
    assert set(assign_splits(dict(list(MANY.items())[:19]), SplitPolicy(validation_share=0.4, test_share=0.4)).values()) == {"train"}


def test_from_twenty_groups_on_there_are_other_splits() -> None:
    assert len(set(assign_splits(dict(list(MANY.items())[:20]), SplitPolicy(validation_share=0.4, test_share=0.4)).values())) == 3


def test_many_videos_of_few_groups_are_all_train() -> None:
    assert set(assign_splits({video_id: f"{number % 19}" for number, video_id in enumerate(MANY)}, POLICY).values()) == {"train"}


def test_the_shares_are_about_what_was_asked_for() -> None:
    counted = Counter(assign_splits(MANY, POLICY).values())
    assert 150 < counted["validation"] < 250
    assert 340 < counted["test"] < 460


def test_videos_of_one_group_share_a_split() -> None:
    splits = assign_splits({video_id: f"{number // 10}" for number, video_id in enumerate(MANY)}, POLICY)
    assert all(len({splits[f"v{ten * 10 + one}"] for one in range(10)}) == 1 for ten in range(200))


def test_a_video_keeps_its_split_as_others_are_added() -> None:
    before = assign_splits(dict(list(MANY.items())[:1000]), POLICY)
    after = assign_splits(MANY, POLICY)
    assert all(after[video_id] == split for video_id, split in before.items())


def test_no_videos_have_no_splits() -> None:
    assert assign_splits({}, POLICY) == {}
