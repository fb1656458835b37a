"""Two copies of a review in which people went on deciding become one again, and nothing that anybody decided is lost."""

from pathlib import Path

import pytest

from streamcap_dagster.reviews.joining import join
from streamcap_dagster.reviews.records import Choice, Review, Span
from streamcap_dagster.reviews.storing import Conflict, Saved, read_review, save
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.reviews.places import decide, kept, on, on_clip

KEEP, DROP = {"verdict": "keep"}, {"verdict": "drop"}


@pytest.fixture
def here(tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path / "there")


def copy(one: Storage, other: Storage) -> None:
    other.write(keys.reviews("v"), one.read(keys.reviews("v")))


def joined(here: Storage, there: Storage) -> tuple[Review, int]:
    """What is joined and kept there, and how much was decided otherwise."""
    review, apart = join(read_review(here, "v"), read_review(there, "v"))
    there.write(keys.reviews("v"), review.model_dump_json().encode())
    return review, len(apart)


def verdicts(review: Review) -> dict[int | None, str | None]:
    return {decision.window: decision.verdict for decision in review.decisions}


def test_what_was_decided_since_a_copy_was_made_makes_the_copy_the_same_again(here: Storage, there: Storage) -> None:
    decide(here, "v", on(1, **DROP))
    copy(here, there)
    decide(here, "v", on(1, **KEEP), by="bob")
    decide(here, "v", on(1, text="A cat."), on(3, **DROP), by="carl")

    assert joined(here, there) == (read_review(here, "v"), 0)


def test_what_was_decided_on_either_side_is_in_both(here: Storage, there: Storage) -> None:
    decide(here, "v", on(1, **DROP), on_clip(0, **KEEP))
    decide(there, "v", on(3, **DROP), by="bob")

    assert verdicts(joined(here, there)[0]) == {None: "keep", 1: "drop", 3: "drop"}
    assert joined(there, here) == (read_review(there, "v"), 0)


def test_of_two_who_decided_otherwise_of_the_same_without_a_look_the_one_there_stays_and_is_told(here: Storage, there: Storage) -> None:
    decide(there, "v", on(1, **DROP), by="bob")
    decide(here, "v", on(1, **KEEP), on(3, **KEEP))  # later, and yet nobody has seen what bob decided

    review, apart = joined(here, there)
    assert (verdicts(review), apart) == ({1: "drop", 3: "keep"}, 1)


def test_an_older_copy_takes_back_nothing(here: Storage, there: Storage) -> None:
    decide(here, "v", on(1, **DROP))
    copy(here, there)
    now = decide(there, "v", on(1, **KEEP))

    assert joined(here, there) == (now, 0)


def test_what_was_taken_back_here_is_taken_back_there(here: Storage, there: Storage) -> None:
    decide(here, "v", on(1, **DROP))
    copy(here, there)
    decide(here, "v", on(1))

    assert verdicts(joined(here, there)[0]) == {1: None}


def test_two_who_decided_the_same_are_not_told(here: Storage, there: Storage) -> None:
    decide(there, "v", on(1, **DROP), by="bob")
    decide(here, "v", on(1, **DROP))

    assert joined(here, there) == (read_review(there, "v"), 0)


def test_marks_are_joined_like_decisions(here: Storage, there: Storage) -> None:
    kept(save(here, "v", "", [Span(start_s=0, end_s=4), Span(start_s=4, end_s=8)], "ann"))
    kept(save(there, "v", "", [Span(start_s=0, end_s=4, keep=False)], "bob"))

    review, apart = joined(here, there)
    assert ([(mark.start_s, mark.by) for mark in review.marks], apart) == ([(0, "bob"), (4, "ann")], 1)


def test_who_has_the_page_open_there_does_not_overwrite_what_was_joined_meanwhile(here: Storage, there: Storage) -> None:
    decide(here, "v", on(1, **DROP))  # before the page was opened, and yet not on it
    opened = decide(there, "v", on(3, **KEEP), by="bob").version
    joined(here, there)

    answer = save(there, "v", opened, [on(1, **KEEP)], "bob")
    assert isinstance(answer, Conflict)
    assert isinstance(save(there, "v", answer.review.version, [on(1, **KEEP)], "bob"), Saved)


def test_what_went_there_and_was_changed_there_comes_back(here: Storage, there: Storage) -> None:
    decide(here, "v", on(1, **DROP))
    decide(there, "v", on(3, **KEEP), by="bob")
    joined(here, there)
    decide(there, "v", on(1, **KEEP), by="bob")

    review, apart = joined(there, here)
    assert (verdicts(review), apart) == ({1: "keep", 3: "keep"}, 0)


def test_joining_again_changes_nothing(here: Storage, there: Storage) -> None:
    decide(there, "v", on(1, **DROP), by="bob")
    decide(here, "v", on(1, **KEEP), on(3, **KEEP))
    first, _ = joined(here, there)

    assert joined(here, there) == (first, 1)


def test_once_both_decided_the_same_nothing_is_told(here: Storage, there: Storage) -> None:
    decide(there, "v", on(1, **DROP), by="bob")
    decide(here, "v", on(1, **KEEP))
    assert joined(here, there)[1] == 1
    choice: Choice = on(1, **KEEP)
    decide(there, "v", choice, by="bob")

    assert joined(here, there)[1] == 0
