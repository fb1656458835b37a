"""What people are given to rank of a video, and how what several of them said becomes one ranking."""

import re
from pathlib import Path

import pytest

from streamcap_dagster.examples.ranking_files.items import Faulty, Judgement
from streamcap_dagster.examples.ranking_items import Rankable, merged, rankable_of
from streamcap_dagster.records import Captions
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.examples.preferring import STREET, preferences, ranked, told


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """A video of four windows with its captions and preference pairs."""
    storage, known = FolderStorage(tmp_path), told(STREET)
    write_record(storage, keys.initial_captions("v"), known.initials)
    write_record(storage, keys.delta_captions("v"), known.deltas)
    write_record(storage, keys.preference_examples("v"), preferences(known, preference_margin=0.9))
    return storage


def known(storage: FolderStorage) -> dict[str, Rankable]:
    return {rankable.item.sample_id: rankable for rankable in rankable_of(storage, "v")}


def judgement(rankable: Rankable, *order: int, **more: str) -> Judgement:
    item = rankable.item
    ranks = {f"candidate_{number}": place for place, number in enumerate(order, start=1)}
    facts = {"where": "line 2", "sample_id": item.sample_id, "version": item.version, "person": "", **more}
    return Judgement(ranks=ranks, **facts)


def test_every_window_with_candidates_is_to_be_ranked_whether_it_made_a_pair_or_not(storage: FolderStorage) -> None:
    assert list(known(storage)) == ["v/0/1", "v/0/2", "v/0/3"]


def test_an_item_shows_history_pictures_and_candidates_but_not_who_said_them(storage: FolderStorage) -> None:
    item = known(storage)["v/0/3"].item

    assert item.history == (STREET[0][1], STREET[1][1])
    assert item.frames[0] == "processed/images/v/0000_00002_000.jpg"
    assert len(item.frames) == 4
    assert sorted(item.candidates) == ["candidate_1", "candidate_2", "candidate_3"]
    assert STREET[3][1] in item.candidates.values()


def test_no_version_can_be_taken_for_a_number(storage: FolderStorage) -> None:
    assert all(re.fullmatch(r"v[0-9a-f]{12}", rankable.item.version) for rankable in rankable_of(storage, "v"))


def test_frames_may_be_anywhere(storage: FolderStorage) -> None:
    (first, *_) = rankable_of(storage, "v", "https://example.org/")
    assert first.item.frames[0].startswith("https://example.org/processed/images/v/")


def test_the_caption_is_not_always_the_first_candidate(storage: FolderStorage) -> None:
    longer = told([STREET[0], *[("ok", f"Thing {number} falls over.") for number in range(20)]])
    write_record(storage, keys.initial_captions("v"), longer.initials)
    write_record(storage, keys.delta_captions("v"), longer.deltas)
    write_record(storage, keys.preference_examples("v"), preferences(longer))
    places = {list(rankable.item.candidates.values()).index(rankable.pair.later.text) for rankable in known(storage).values()}
    assert places == {0, 1, 2}


def test_a_video_without_pairs_has_nothing_to_rank(tmp_path: Path) -> None:
    assert list(rankable_of(FolderStorage(tmp_path), "v")) == []


def test_what_is_kept_says_which_text_people_put_where(storage: FolderStorage) -> None:
    rankable = known(storage)["v/0/1"]
    (window,) = merged([judgement(rankable, 3, 1, 2)], known(storage))["v"]

    texts = list(rankable.item.candidates.values())
    assert sorted(window.candidates, key=lambda one: one.rank) == [
        one for text in (texts[2], texts[0], texts[1]) for one in window.candidates if one.text == text
    ]
    assert (window.clip, window.window, window.people) == (0, 1, 1)


def test_several_people_count_by_the_mean_of_their_ranks(storage: FolderStorage) -> None:
    rankable = known(storage)["v/0/1"]
    people = [judgement(rankable, 1, 2, 3, person="a"), judgement(rankable, 2, 1, 3, person="b"), judgement(rankable, 1, 3, 2, person="c")]
    (window,) = merged(people, known(storage))["v"]
    assert (window.people, [one.rank for one in window.candidates]) == (3, [pytest.approx(4 / 3, abs=1e-5), 2, pytest.approx(8 / 3, abs=1e-5)])


def test_ranks_count_as_places_however_they_are_numbered(storage: FolderStorage) -> None:
    rankable = known(storage)["v/0/1"]
    odd = Judgement("line 2", "v/0/1", rankable.item.version, {"candidate_1": 10, "candidate_2": 70, "candidate_3": 10})
    (window,) = merged([odd], known(storage))["v"]
    assert [one.rank for one in window.candidates] == [1, 3, 1]


def test_an_item_that_people_ranked_before_comes_with_their_ranks(storage: FolderStorage) -> None:
    rankable = known(storage)["v/0/1"]
    texts = list(rankable.item.candidates.values())
    write_record(storage, keys.rankings("v"), ranked(told(STREET), 1, [texts[1], texts[0], texts[2]]))
    assert known(storage)["v/0/1"].item.order == [["candidate_2"], ["candidate_1"], ["candidate_3"]]


@pytest.mark.parametrize(
    ("order", "more", "why"),
    [
        ((1, 2, 3), {"sample_id": "v/0/9"}, "line 2: this storage has no window 'v/0/9'"),
        ((1, 2, 3), {"sample_id": "../../etc"}, "line 2: this storage has no window '../../etc'"),
        ((1, 2, 3), {"version": "old"}, "line 2: v/0/1 has other captions or candidates now than when it was exported"),
        ((1, 2), {}, "line 2: candidate_3 of v/0/1 is not ranked"),
        ((1, 2, 3, 4), {}, "line 2: v/0/1 has no 'candidate_4'; its candidates are candidate_1, candidate_2, candidate_3"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(storage: FolderStorage, order: tuple[int, ...], more: dict[str, str], why: str) -> None:
    with pytest.raises(Faulty, match=r"^line 2: ") as fault:
        merged([judgement(known(storage)["v/0/1"], *order, **more)], known(storage))
    assert why in str(fault.value)


def test_the_same_person_has_one_say_in_a_window(storage: FolderStorage) -> None:
    rankable = known(storage)["v/0/1"]
    with pytest.raises(Faulty, match="line 9: v/0/1 is ranked a second time"):
        merged([judgement(rankable, 1, 2, 3), judgement(rankable, 1, 2, 3, where="line 9")], known(storage))


def test_how_many_are_wrong_is_told_with_the_first(storage: FolderStorage) -> None:
    windows = known(storage)
    wrong = [judgement(windows[f"v/0/{window}"], 1, 2, 3, version="old", where=f"line {window}") for window in (1, 3)]
    with pytest.raises(Faulty, match=r"^line 1: .*, and 1 more"):
        merged(wrong, windows)


def test_a_window_that_was_captioned_anew_has_another_version(storage: FolderStorage) -> None:
    before = known(storage)["v/0/3"].item.version
    deltas = read_record(storage, keys.delta_captions("v"), Captions)
    anew = tuple(caption.model_copy(update={"text": "A tram stops."}) if caption.window == 1 else caption for caption in deltas.captions)
    write_record(storage, keys.delta_captions("v"), Captions(video_id="v", captions=anew))
    assert known(storage)["v/0/3"].item.version != before
