"""Why videos are stale, told from what their receipts say they were made with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamcap_dagster.assets.diff import Diff, Why, diff
from streamcap_dagster.assets.standing import standing_of
from streamcap_dagster.assets.work import PerVideoAsset
from streamcap_dagster.policies import SplitPolicy
from streamcap_dagster.records import Video
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import read_receipts, write_receipts
from tests.assets.walking import asset, video, walk, workshop

LOOK = asset("look", words=lambda work: work.video.sha256)
THINK = asset("think", ("look",), also_from=lambda work: {"prompts": "delta.v1-aa objectives.v1-cc"})
SAY = asset("say", ("think",), reads=(SplitPolicy,))
GRAPH = (LOOK, THINK, SAY)


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


@pytest.fixture
def made(storage: FolderStorage) -> FolderStorage:
    walk(GRAPH, workshop(storage), [video("cat"), video("dog")])
    return storage


def found(storage: FolderStorage, *videos: Video, graph: tuple[PerVideoAsset, ...] = GRAPH, **more: Any) -> Diff:
    return diff(videos or (video("cat"), video("dog")), graph, workshop(storage, **more))


def why(found: Diff) -> Why:
    (group,) = found.groups
    return group.why


def causes(found: Diff) -> list[tuple[str, str]]:
    return [(cause.asset, str(cause)) for cause in why(found).causes]


def test_videos_from_which_the_same_would_be_made_are_up_to_date(made: FolderStorage) -> None:
    assert found(made) == Diff((), up_to_date=2, unmade=0, unreadable=())


def test_a_changed_setting_is_told_as_it_was_and_as_it_is(made: FolderStorage) -> None:
    told = found(made, test_share=0.2)

    assert causes(told) == [("say", "test_share 0.05 → 0.2")]
    assert [stale.video_id for stale in told.stale] == ["cat", "dog"]


def test_of_a_changed_prompt_only_the_part_that_changed_is_told(made: FolderStorage) -> None:
    reworded = replace(THINK, also_from=lambda work: {"prompts": "delta.v1-bb objectives.v1-cc"})

    assert causes(found(made, graph=(LOOK, reworded, SAY))) == [("think", "prompts delta.v1-aa → delta.v1-bb")]


def test_what_is_made_from_something_stale_follows(made: FolderStorage) -> None:
    told = found(made, graph=(LOOK, replace(THINK, version="2"), SAY))

    assert causes(told) == [("think", "code 1 → 2")]
    assert (why(told).anew, why(told).follows) == (("think",), ("say",))


def test_a_change_that_touches_several_assets_is_told_once_of_the_first(made: FolderStorage) -> None:
    told = found(made, graph=(LOOK, replace(THINK, version="2"), replace(SAY, version="2")))

    assert causes(told) == [("think", "code 1 → 2")]
    assert why(told).anew == ("think", "say")


def test_other_bytes_of_a_file_are_its_reason(made: FolderStorage) -> None:
    told = found(made, video("cat", words="another cat"), video("dog"))

    assert causes(told) == [("look", "its file changed")]
    assert (told.up_to_date, why(told).follows) == (1, ("think", "say"))


def test_an_input_that_was_made_anew_by_itself_is_told(made: FolderStorage) -> None:
    walk([replace(LOOK, version="2", make=asset("look", words=lambda work: "seen anew").make)], workshop(made), [video("cat")])

    told = found(made, video("cat"), graph=(replace(LOOK, version="2"), THINK, SAY))

    assert causes(told) == [("think", "look came out otherwise since")]


def test_a_receipt_that_does_not_say_what_with_is_of_an_earlier_version(made: FolderStorage) -> None:
    known = read_receipts(made, "cat")
    old = known.of("say")
    assert old is not None
    write_receipts(made, known.with_receipt(old.model_copy(update={"made_with": {}, "inputs": {}})))

    assert causes(found(made, video("cat"), test_share=0.2)) == [("say", "made by an earlier version, which did not write down what with")]


def test_rows_of_the_selection_are_told_without_their_hash(storage: FolderStorage) -> None:
    of_hand = [replace(LOOK, also_from=lambda work, value=value: {"manual_spans": value}) for value in ("a1b2", "c3d4")]  # type: ignore[misc]
    walk([of_hand[0]], workshop(storage))

    assert causes(found(storage, video(), graph=(of_hand[1],))) == [("look", "its rows of STREAMCAP_CLIPS_CSV, or the spans that people marked, changed")]


def test_what_was_begun_anew_and_not_finished_is_the_reason_of_what_was_made_from_it(made: FolderStorage) -> None:
    write_receipts(made, read_receipts(made, "cat").without("think"))

    told = found(made, video("cat"))

    assert causes(told) == [("think", "it was begun anew and not finished")]
    assert (why(told).anew, why(told).follows) == ((), ("say",))


def test_a_video_of_which_nothing_is_stale_but_something_was_never_made_is_counted(made: FolderStorage) -> None:
    write_receipts(made, read_receipts(made, "cat").without("say"))

    told = found(made, video("cat"), video("dog"), video("emu"))

    assert (told.groups, told.up_to_date, told.unmade) == ((), 1, 2)


def test_receipts_that_cannot_be_read_are_counted_by_themselves(made: FolderStorage) -> None:
    made.write(keys.receipts("dog"), b"{")

    assert found(made) == Diff((), up_to_date=1, unmade=0, unreadable=("dog",))


def test_videos_with_the_same_reason_are_one_group_and_the_largest_comes_first(made: FolderStorage) -> None:
    walk(GRAPH, workshop(made), [video("emu")])

    told = found(made, video("cat"), video("dog", words="another dog"), video("emu"), graph=(LOOK, THINK, replace(SAY, version="2")))

    assert [[one.video_id for one in group.videos] for group in told.groups] == [["cat", "emu"], ["dog"]]
    assert [str(cause) for cause in told.groups[1].why.causes] == ["its file changed", "code 1 → 2"]


def test_what_is_stale_by_the_diff_is_stale_by_the_status(made: FolderStorage) -> None:
    changed = video("cat", words="another cat")

    stale = {name for name, state in standing_of(changed, GRAPH, workshop(made), None).assets.items() if state == "stale"}

    assert stale == {*why(found(made, changed)).anew, *why(found(made, changed)).follows}
