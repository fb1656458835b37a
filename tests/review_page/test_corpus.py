"""Of many videos only those are looked into that somebody asks for, and the figures of all of them come by and by."""

import time

import pytest

from streamcap_dagster.errors import StorageError
from streamcap_dagster.review_page.corpus import MOST_TROUBLES, Corpus, Figures
from streamcap_dagster.review_page.shown import show_video
from streamcap_dagster.review_page.summaries import LEVELS, summarize
from streamcap_dagster.reviews.records import Choice
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import read_manifest, write_manifest
from tests.review_page.conftest import CAPTIONS
from tests.review_page.served import served
from tests.review_page.world import Said, World, says
from tests.reviews.places import decide


class Counted(FolderStorage):
    """Notes which objects are read."""

    def __init__(self, world: World) -> None:
        super().__init__(world.storage.root)
        self.keys: list[str] = []

    def read(self, key: str) -> bytes:
        self.keys.append(key)
        return super().read(key)


class Unreadable(FolderStorage):
    """Nothing that is named so can be read."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world.storage.root)
        self.name, self.refused = f"/{name}", 0

    def read(self, key: str) -> bytes:
        if self.name not in key:
            return super().read(key)
        self.refused += 1
        raise StorageError(self.uri, f"reading {key}", "the disk cannot be read there", "Mend it.")


def figures_of(corpus: Corpus) -> Figures:
    """Once all are counted."""
    began = time.monotonic()
    while not (figures := corpus.figures()).is_done:
        assert time.monotonic() - began < 30
        time.sleep(0.01)
    return figures


def test_a_video_in_short_has_a_letter_a_window(world: World) -> None:
    summary = summarize(world.storage, read_manifest(world.storage)["bikes"])

    assert summary.outcomes == "oonob"
    assert summary.flags == "01020"
    assert [LEVELS.index(letter) for letter in summary.novelty if letter != "-"] == [50, 50, 6]
    assert summary.novelty[2] == summary.novelty[4] == "-"
    assert (summary.flagged, summary.total_usd) == (2, 0.003)


def test_captions_are_read_only_where_nothing_was_measured(world: World) -> None:
    world.add("rain", says("Rain.", ""), measured=False)
    storage, videos = Counted(world), read_manifest(world.storage)

    assert summarize(storage, videos["bikes"]).windows == 5
    assert keys.delta_captions("bikes") not in storage.keys
    assert summarize(storage, videos["rain"]).outcomes == "on"


def test_only_the_videos_of_the_page_are_looked_into(world: World) -> None:
    world.catalog(*(cell for number in range(300) for cell in (f"v{number:03d}", 2)))
    storage = Counted(world)

    page = Corpus(storage).page("name", "v1", 10, 5)
    assert (page.total, [video.video_id for video in page.videos]) == (100, [f"v{number}" for number in range(110, 115)])
    assert len({key.split("/")[-1].split(".")[0] for key in storage.keys}) == 1 + 5  # the manifest is one


def test_figures_count_every_video_once(world: World) -> None:
    world.add("rain", says("Rain.", "", ""), measured=False)
    corpus = Corpus(world.storage)
    corpus.page("name", "", 0, 10)

    figures = figures_of(corpus)
    assert (figures.counted, figures.counts["windows"], figures.counts["outcome n"]) == (2, 8, 3)
    assert figures.counts["not_made caption_quality"] == 1
    assert figures.counts["flag novelty"] == 1
    assert figures.total_usd == pytest.approx(0.003)


def test_figures_follow_what_changes(world: World) -> None:
    world.add("rain", says("Rain.", "", ""))
    corpus = Corpus(world.storage)
    figures_of(corpus)
    world.add("rain", says("Rain.", "More.", "Still more.", "Enough."))
    corpus.count_again()
    assert figures_of(corpus).counts["windows"] == 9

    rows = read_manifest(world.storage)
    write_manifest(world.storage, [rows["bikes"]])
    assert figures_of(corpus).counts["windows"] == 5


def test_figures_follow_what_is_decided(world: World) -> None:
    with served(world) as page:
        while not page.get("/api/figures").json()["is_done"]:
            time.sleep(0.05)
        sha256 = page.get("/api/videos/bikes").json()["windows"][1]["caption_sha256"]
        page.put("/api/videos/bikes/review", {"version": "0", "choices": [{"clip": 0, "window": 1, "verdict": "drop", "caption_sha256": sha256}]})
        while not (figures := page.get("/api/figures").json())["is_done"]:
            time.sleep(0.05)

    assert figures["counted"] == 1
    assert figures["counts"]["decided d"] == 1


def test_what_was_decided_on_other_captions_has_no_letter(world: World) -> None:
    decide(world.storage, "bikes", *(choice_on(world, window, verdict="drop") for window in (1, 3)))
    world.add("bikes", [CAPTIONS[0], Said("A cat runs in."), *CAPTIONS[2:]])

    summary = summarize(world.storage, read_manifest(world.storage)["bikes"])
    assert summary.decided == "---d-"
    assert summary.counted()["decided d"] == 1


@pytest.mark.parametrize(
    ("decided", "letter"),
    [
        ({"verdict": "keep"}, "k"),
        ({"verdict": "keep", "text": "A cat."}, "e"),
        ({"verdict": "drop", "text": "A cat."}, "d"),
        ({"ranking": ("No change.", "A cat.")}, "r"),
        ({}, "-"),
    ],
)
def test_the_letter_of_a_window_is_what_the_page_calls_it(world: World, decided: dict[str, object], letter: str) -> None:
    decide(world.storage, "bikes", choice_on(world, 1, **decided))
    assert summarize(world.storage, read_manifest(world.storage)["bikes"]).decided == f"-{letter}---"


def choice_on(world: World, window: int, **decided: object) -> Choice:
    shown = show_video(world.storage, read_manifest(world.storage)["bikes"])
    return Choice.model_validate({"clip": 0, "window": window, "caption_sha256": shown.windows[window].caption_sha256, **decided})


def test_only_what_has_changed_is_counted_again(world: World) -> None:
    for number in range(3):
        world.add(f"v{number}", says("A.", "B."), pictures=False)
    storage = Counted(world)
    corpus = Corpus(storage, kept=1)
    figures_of(corpus)
    storage.keys.clear()
    corpus.forget("v1")

    assert figures_of(corpus).counted == 4
    assert keys.caption_quality("v1") in storage.keys
    assert keys.caption_quality("v0") not in storage.keys


def test_a_video_that_cannot_be_read_does_not_end_the_count(world: World) -> None:
    for number in range(3):
        world.add(f"v{number}", says("A.", "B."), pictures=False)

    figures = figures_of(Corpus(Unreadable(world, "v0")))
    assert figures.counted == 3
    assert "v0" in figures.trouble


def test_the_count_ends_where_nothing_can_be_read(world: World) -> None:
    for number in range(50):
        world.catalog(f"v{number:02d}", 2)
    storage = Unreadable(world, "v")

    figures = figures_of(Corpus(storage))
    assert figures.counted == 1
    assert storage.refused == MOST_TROUBLES


@pytest.mark.parametrize(("order", "first"), [("flags", "flagged"), ("novelty", "stale"), ("cost", "dear"), ("name", "bikes"), ("nonsense", "bikes")])
def test_videos_come_in_the_order_that_is_asked_for(world: World, order: str, first: str) -> None:
    world.add("dear", [Said("A.", usd=5), Said("B.")])
    world.add("flagged", [Said("A.", flags=("repetition",))] * 9)
    world.add("stale", [Said("A."), Said("B.", novelty=0.0), Said("C.", novelty=0.0)])
    with served(world) as page:
        while not page.get("/api/figures").json()["is_done"]:
            time.sleep(0.05)
        assert page.get(f"/api/videos?order={order}").json()["videos"][0]["video_id"] == first


def test_summaries_beyond_those_in_memory_are_made_again(world: World) -> None:
    for number in range(6):
        world.add(f"v{number}", says("A.", "B."), pictures=False)
    corpus = Corpus(world.storage, kept=3)

    assert figures_of(corpus).counted == 7
    assert len(corpus._kept) == 3
    assert len(corpus.page("name", "", 0, 50).videos) == 7
    assert figures_of(corpus).counts["windows"] == 5 + 12


def test_a_failed_file_is_counted_and_not_shown(world: World) -> None:
    rows = read_manifest(world.storage)
    broken = rows["bikes"].model_copy(update={"video_id": "notes", "status": "failed", "reason": "It is no video."})
    write_manifest(world.storage, [*rows.values(), broken])
    with served(world) as page:
        assert page.get("/api/videos").json()["total"] == 1
        assert page.get("/api/figures").json()["unusable"] == 1
        answer = page.get("/api/videos/notes")

    assert answer.status_code == 404
    assert "has no video 'notes' to look at" in answer.json()["error"]
    assert "does not exist" not in answer.json()["error"], "the catalog does, its row does not"
