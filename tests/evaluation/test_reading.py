"""Captions and truth as they are stored: what does not fit is named, and nothing is left out in silence."""

from pathlib import Path

import pytest

from streamcap_dagster.evaluation.reading import NotEvaluable, read_captions, read_evidence, read_truths
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.evaluation.world import PERFECT, captions, store_captions, store_truth


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    return tmp_path / "drawn"


def test_captions_are_read_with_their_truth_in_order_of_video(storage: FolderStorage, drawn: Path) -> None:
    for video_id in ("b", "a"):
        store_captions(storage, video_id, captions(*PERFECT))
        store_truth(drawn, video_id)
    evidence = read_evidence(storage, drawn)

    assert [video.truth.video_id for video in evidence.videos] == ["a", "b"]
    assert [said.text for said in evidence.videos[0].said] == list(PERFECT)
    assert (evidence.captioners, evidence.left_out) == (("recorded ()",), {})


def test_the_folder_of_the_truths_themselves_will_do(drawn: Path) -> None:
    store_truth(drawn, "a")
    assert read_truths(drawn / "truth").keys() == {"a"}


def test_videos_with_one_of_the_two_are_named(storage: FolderStorage, drawn: Path) -> None:
    for video_id in ("a", "b", "c"):
        store_captions(storage, video_id, captions(*PERFECT))
    for video_id in ("a", "d"):
        store_truth(drawn, video_id)
    with pytest.raises(NotEvaluable) as raised:
        read_evidence(storage, drawn)
    assert f"d has a truth, but no captions in {storage.uri}; b, c have captions, but no truth in {drawn}" in str(raised.value)


def test_what_is_left_out_on_request_is_told(storage: FolderStorage, drawn: Path) -> None:
    for video_id in ("a", "b"):
        store_captions(storage, video_id, captions(*PERFECT))
    store_truth(drawn, "a")
    evidence = read_evidence(storage, drawn, partial=True)
    assert ([video.truth.video_id for video in evidence.videos], list(evidence.left_out)) == (["a"], ["b"])


def test_nothing_in_common_is_an_error_also_on_request(storage: FolderStorage, drawn: Path) -> None:
    store_captions(storage, "a", captions(*PERFECT))
    store_truth(drawn, "b")
    with pytest.raises(NotEvaluable, match="none of its videos has a truth"):
        read_evidence(storage, drawn, partial=True)


def test_a_storage_without_captions_is_named(storage: FolderStorage) -> None:
    with pytest.raises(NotEvaluable, match="holds no captions") as raised:
        read_captions(storage)
    assert storage.uri in str(raised.value)


def test_a_video_without_a_clip_has_no_captions(storage: FolderStorage) -> None:
    store_captions(storage, "short", [])
    store_captions(storage, "a", captions(*PERFECT))
    assert read_captions(storage).keys() == {"a"}


def test_captions_that_are_not_finished_are_named(storage: FolderStorage) -> None:
    store_captions(storage, "a", captions(*PERFECT))
    storage.delete(keys.delta_captions("a"))
    with pytest.raises(NotEvaluable, match="of a only a part of the captions is made"):
        read_captions(storage)


def test_captions_of_another_video_of_the_same_name_are_noticed(storage: FolderStorage, drawn: Path) -> None:
    store_captions(storage, "a", captions(*PERFECT, *[""] * 20))
    store_truth(drawn, "a")
    with pytest.raises(NotEvaluable, match="video a cannot be evaluated: its captions go on to 60 s, where the truth knows 20 s"):
        read_evidence(storage, drawn)


@pytest.mark.parametrize("made", [False, True])
def test_a_folder_without_truth_is_named(tmp_path: Path, made: bool) -> None:
    if made:
        (tmp_path / "drawn").mkdir()
    with pytest.raises(NotEvaluable, match="drawn"):
        read_truths(tmp_path / "drawn")


def test_a_truth_that_is_none_is_named(drawn: Path) -> None:
    store_truth(drawn, "a")
    (drawn / "truth" / "b.json").write_text("{}")
    with pytest.raises(NotEvaluable, match=r"b\.json"):
        read_truths(drawn)
