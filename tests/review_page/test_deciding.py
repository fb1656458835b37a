"""What is decided on the page is kept under the name of whoever decided, and nobody overwrites anybody unasked."""

import csv
import io

import pytest

from streamcap_dagster.reviews.storing import read_review
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.tombstones import lay_tombstone
from streamcap_dagster.videos.manifest import write_manifest
from tests.review_page.conftest import CAPTIONS
from tests.review_page.served import Served, served
from tests.review_page.world import Said, World

REVIEW = "/api/videos/bikes/review"


def choice(page: Served, window: int, **decided: object) -> dict[str, object]:
    """A choice on what is said of the window now."""
    sha256 = page.get("/api/videos/bikes").json()["windows"][window]["caption_sha256"]
    return {"clip": 0, "window": window, "verdict": None, "text": None, "ranking": None, "caption_sha256": sha256, **decided}


def test_a_decision_is_kept_with_who_and_when(world: World) -> None:
    with served(world, by="Grace") as page:
        answer = page.put(REVIEW, {"version": "0", "choices": [choice(page, 1, verdict="keep", text="A brown dog runs in.")]})

    assert answer.status_code == 200
    kept = read_review(world.storage, "bikes").of(0, 1)
    assert kept is not None
    assert (kept.by, kept.verdict, kept.text) == ("Grace", "keep", "A brown dog runs in.")


def test_the_page_shows_what_was_decided_before(world: World) -> None:
    with served(world) as page:
        page.put(REVIEW, {"version": "0", "choices": [choice(page, 1, verdict="drop"), {"start_s": 2, "end_s": 6, "keep": True}]})
        review = page.get("/api/videos/bikes").json()["review"]
        summary = page.get("/api/videos").json()["videos"][0]

    assert review["decisions"][0]["verdict"] == "drop"
    assert (review["marks"][0]["start_s"], review["marks"][0]["end_s"]) == (2, 6)
    assert summary["decided"] == "-d---"


def test_who_has_not_seen_another_decision_is_told_of_it(world: World) -> None:
    with served(world, by="Grace") as hers, served(world, by="Ada") as yours:
        hers.put(REVIEW, {"version": "0", "choices": [choice(hers, 1, verdict="keep")]})
        answer = yours.put(REVIEW, {"version": "0", "choices": [choice(yours, 1, verdict="drop"), choice(yours, 3, verdict="drop")]})

        assert answer.status_code == 409
        told = answer.json()
        clash = told["clashes"][0]
        assert (clash["theirs"]["by"], clash["theirs"]["verdict"], clash["yours"]["verdict"]) == ("Grace", "keep", "drop")
        again = yours.put(REVIEW, {"version": str(told["review"]["revision"]), "choices": [choice(yours, 1, verdict="drop")]})

    assert again.status_code == 200
    assert [(one.window, one.verdict, one.by) for one in read_review(world.storage, "bikes").decisions] == [(1, "drop", "Ada"), (3, "drop", "Ada")]


def test_a_whole_clip_is_dropped_with_all_of_its_windows(world: World) -> None:
    with served(world) as page:
        shown = page.get("/api/videos/bikes").json()
        of_clip = {"clip": 0, "window": None, "verdict": "drop", "caption_sha256": shown["clips_sha256"]["0"]}
        answer = page.put(REVIEW, {"version": "0", "choices": [of_clip, choice(page, 1, verdict="keep")]})
        summary = page.get("/api/videos").json()["videos"][0]

    assert answer.status_code == 200
    assert summary["decided"] == "dkddd"


def test_what_is_decided_on_captions_that_are_others_by_now_is_refused(world: World) -> None:
    with served(world) as page:
        wanted = {"version": "0", "choices": [choice(page, 0, verdict="keep"), choice(page, 1, verdict="drop")]}
        world.add("bikes", [CAPTIONS[0], Said("A cat runs in."), *CAPTIONS[2:]])
        answer = page.put(REVIEW, wanted)

    assert answer.status_code == 412
    assert "window 2 of clip 1 does not fit what is said there now" in answer.json()["error"]
    assert world.storage.stat(keys.reviews("bikes")) is None


def test_without_captions_there_is_nothing_to_decide_on_but_spans(world: World) -> None:
    with served(world) as page:
        wanted = {"version": "0", "choices": [choice(page, 0, verdict="keep")]}
        for key in (keys.initial_captions("bikes"), keys.delta_captions("bikes")):
            world.storage.delete(key)
        assert page.put(REVIEW, wanted).status_code == 412
        assert page.put(REVIEW, {"version": "0", "choices": [{"start_s": 2, "end_s": 6}]}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": "0"}, 422),
        ({"version": "new", "choices": []}, 422),
        ({"version": "-1", "choices": []}, 422),
        ({"version": "9" * 5000, "choices": []}, 422),
        ({"version": "0", "choices": [{"clip": -1, "window": 0, "caption_sha256": ""}]}, 422),
        ({"version": "0", "choices": [{"start_s": 5, "end_s": 1, "keep": True}]}, 422),
        ({"version": "0", "choices": [{"clip": 0, "window": 1, "text": "x" * 20_001, "caption_sha256": ""}]}, 422),
        ({"version": "0", "choices": [], "padding": "x" * (1 << 20)}, 413),
    ],
)
def test_what_is_no_decision_is_refused_in_words(world: World, body: dict[str, object], status: int) -> None:
    with served(world) as page:
        answer = page.put(REVIEW, body)

    assert answer.status_code == status
    assert answer.json()["error"]
    assert world.storage.stat(keys.reviews("bikes")) is None


def test_a_video_that_was_taken_down_takes_no_decision(world: World) -> None:
    with served(world) as page:
        wanted = {"version": "0", "choices": [choice(page, 1, verdict="keep")]}
        lay_tombstone(world.storage, "bikes", "0" * 64)
        assert page.put(REVIEW, wanted).status_code == 410
        write_manifest(world.storage, [])
        assert page.put(REVIEW, wanted).status_code == 404

    assert world.storage.stat(keys.reviews("bikes")) is None


def test_a_storage_that_cannot_be_written_says_so(world: World) -> None:
    (world.storage.root / ".streamcap" / "locks").write_text("a file where a folder is needed")
    with served(world) as page:
        answer = page.put(REVIEW, {"version": "0", "choices": [choice(page, 1, verdict="keep")]})

    assert answer.status_code == 507
    assert f"{keys.reviews('bikes')} failed" in answer.json()["error"]


def test_candidates_do_not_tell_who_wrote_them(world: World) -> None:
    with served(world) as page:
        told = page.get("/api/videos/bikes/candidates/0/1").json()
        none = page.get("/api/videos/bikes/candidates/0/2").json()

    assert set(told) == {"history", "texts"}
    assert sorted(told["texts"]) == ["A dog runs in.", "A red bike at a wall. A dog runs in.", "No change."]
    assert none["texts"] == []


def test_all_decisions_come_as_one_table(world: World) -> None:
    with served(world) as page:
        page.put(REVIEW, {"version": "0", "choices": [choice(page, 1, text="=1+1")]})
        told = page.get("/api/decisions").json()

    row = next(csv.DictReader(io.StringIO(told["csv"])))
    assert (row["video_id"], row["window"], row["text"], row["by"]) == ("bikes", "1", "'=1+1", "Ada")
    assert told["troubles"] == []
