"""`streamcap compare` without a judge: what is compared, what is not, and by how much two runs differ."""

from pathlib import Path
from threading import Barrier

import pytest

from streamcap_dagster.captions.calls import Attempt, Call, CallStore
from streamcap_dagster.captions.captioner import Bill
from streamcap_dagster.captions.history import history_sha256
from streamcap_dagster.captions.reconstruction.records import AskedQuestion, RebuiltWindow, Reconstruction
from streamcap_dagster.cli.compare_runs import NothingInCommon, pair_runs
from streamcap_dagster.errors import SettingError
from streamcap_dagster.records import Captions
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import write_manifest
from tests.cli.two_runs import GOOD, POOR, compare, run, told
from tests.dataset.corpus import store_video, video

VIDEOS = tuple("abcdef")
EVIL = "<script>alert(1)</script> \"&' <img src=x onerror=alert(1)> مرحبا"


@pytest.fixture
def good(tmp_path: Path) -> FolderStorage:
    return run(tmp_path / "good", dict.fromkeys(VIDEOS, GOOD))


@pytest.fixture
def poor(tmp_path: Path) -> FolderStorage:
    return run(tmp_path / "poor", dict.fromkeys(VIDEOS, POOR))


def test_the_run_that_repeats_itself_is_told_to_be_worse_from_either_side(good: FolderStorage, poor: FolderStorage) -> None:
    one, other = told("good", "poor")["measures"], told("poor", "good")["measures"]

    assert [(one[name]["better"], other[name]["better"]) for name in ("novelty", "redundancy", "flagged")] == [("old", "new")] * 3
    assert one["redundancy"]["change"]["value"] == 0.5
    assert one["silent"]["change"]["value"] == 0


def test_a_run_against_itself_differs_in_nothing(good: FolderStorage) -> None:
    found = told("good", "good")

    assert {measure["change"]["value"] for measure in found["measures"].values()} == {0.0}
    assert (found["worst"], found["windows"]) == ([], 4 * len(VIDEOS))


def test_of_a_handful_of_videos_nothing_is_called_better(tmp_path: Path) -> None:
    for name, chain in (("good", GOOD), ("poor", POOR)):
        run(tmp_path / name, dict.fromkeys("ab", chain))
    assert {measure["better"] for measure in told("good", "poor")["measures"].values()} == {None}


def test_the_windows_to_look_at_begin_with_what_the_new_run_lost_most_in(tmp_path: Path, good: FolderStorage) -> None:
    run(
        tmp_path / "mixed",
        {**dict.fromkeys(VIDEOS, GOOD), "d": POOR, "e": (*GOOD[:3], ("blocked", "")), "f": (*GOOD[:1], ("ok", "The door opens."), *GOOD[2:])},
    )
    worst = told("good", "mixed")["worst"]

    assert [(one["video_id"], one["start_s"]) for one in worst] == [("d", 6.0), ("e", 6.0), ("f", 2.0)]
    assert (worst[0]["old"]["text"], worst[1]["new"]["outcome"]) == ("A dog comes out.", "blocked")


def test_no_more_than_ten_windows_are_shown(tmp_path: Path) -> None:
    for name, chain in (("good", GOOD), ("other", (("ok", "A lake."), ("ok", "A boat."), ("ok", "A swan."), ("ok", "A duck.")))):
        run(tmp_path / name, dict.fromkeys(VIDEOS, chain))
    assert len(told("good", "other")["worst"]) == 10


def test_what_is_in_one_run_only_is_told_and_left_out(tmp_path: Path, good: FolderStorage) -> None:
    other = run(tmp_path / "other", {"a": GOOD, "b": GOOD[:3], "x": GOOD})
    store_video(other, "b", [GOOD[:3]])
    found = told("good", "other")

    assert (found["videos"], found["windows"]) == (["a", "b"], 7)
    assert found["not_compared"] == [
        "only the old run has c, d, e, f",
        "only the new run has x",
        "1 window of b in the old run only, by the seconds",
    ]


def test_another_file_of_the_same_name_is_not_compared(tmp_path: Path, good: FolderStorage) -> None:
    run(tmp_path / "other", {"a": GOOD})
    again = run(tmp_path / "again", {"a": GOOD, "b": GOOD})
    manifest = again.read(keys.MANIFEST)
    again.write(keys.MANIFEST, manifest.replace(b"0" * 64, b"1" * 64, 1))

    assert told("good", "again")["not_compared"][1:] == ["a is another file in each run"]


def test_a_video_that_cannot_be_read_is_told_and_the_others_are_compared(good: FolderStorage, poor: FolderStorage) -> None:
    poor.write(keys.delta_captions("b"), b"{")
    found = told("good", "poor")

    assert found["videos"] == ["a", "c", "d", "e", "f"]
    assert [f"b cannot be read: {keys.delta_captions('b')}" in reason for reason in found["not_compared"]] == [True]


def test_other_windows_have_nothing_in_common(tmp_path: Path, good: FolderStorage) -> None:
    other = run(tmp_path / "other", {"a": GOOD})
    moved = [
        one.model_copy(update={"start_s": one.start_s + 0.5, "end_s": one.end_s + 0.5})
        for one in read_record(other, keys.delta_captions("a"), Captions).captions
    ]
    for key, captions in ((keys.delta_captions("a"), moved), (keys.initial_captions("a"), [])):
        write_record(other, key, Captions(video_id="a", captions=tuple(captions)))

    done = compare("good", "other")
    assert isinstance(done.exception, NothingInCommon)
    assert "no window of a is of the same seconds in both runs" in str(done.exception)


def test_a_folder_that_is_not_there_is_no_run(good: FolderStorage) -> None:
    done = compare("good", "goood")
    assert isinstance(done.exception, SettingError)
    assert str(done.exception) == "RUN_B='goood' cannot be used: there is no such folder"


def paid(storage: FolderStorage, video_id: str, usd: float, table: str = "t1") -> None:
    """Every caption of a video is an answer of its own that cost so much."""
    for key in (keys.initial_captions(video_id), keys.delta_captions(video_id)):
        asked = [one.model_copy(update={"call_key": f"k{one.window}", "captioner": "gemini"}) for one in read_record(storage, key, Captions).captions]
        write_record(storage, key, Captions(video_id=video_id, captions=tuple(asked)))
        for one in asked:
            bill = Bill(cost_usd=usd, price_table=table)
            attempt = Attempt(text="", finish="stop", model="m", bill=bill)
            CallStore(storage, video_id).keep(
                Call(key=one.call_key, question="q", kind="delta", video_id=video_id, clip=0, window=one.window, attempts=(attempt,), chosen=0)
            )


def test_cost_is_told_for_each_novel_fact(good: FolderStorage, poor: FolderStorage) -> None:
    """Two facts in the first caption, one in each delta that says something new: four a video, or three where a delta repeats."""
    for video_id in VIDEOS:
        paid(good, video_id, 0.001)
        paid(poor, video_id, 0.002)
    found = told("good", "poor")

    assert (found["old"]["usd"], found["old"]["novel_facts"]) == (pytest.approx(0.024), 24)
    assert found["new"]["usd_per_1000_facts"]["value"] == pytest.approx(1000 * 0.048 / 18)


def test_an_anchor_that_describes_a_known_scene_again_tells_no_novel_facts(tmp_path: Path) -> None:
    """Two facts at first, and one in the delta; of the anchor and after it nothing is new."""
    run(tmp_path / "plain", {"a": (*GOOD[:2], GOOD[2], GOOD[2])})
    anchored = FolderStorage(tmp_path / "anchored")
    write_manifest(anchored, [video("a")])
    store_video(anchored, "a", [(*GOOD[:2], GOOD[0], GOOD[1])], anchor_every=2)
    found = told("plain", "anchored")

    assert (found["old"]["novel_facts"], found["new"]["novel_facts"]) == (3, 3)


def test_a_price_that_nobody_knows_is_not_called_free(good: FolderStorage, poor: FolderStorage) -> None:
    paid(good, "a", 0.0, table="")
    assert told("good", "poor")["old"]["usd"] is None


def test_captions_whose_answers_are_gone_are_counted(good: FolderStorage, poor: FolderStorage) -> None:
    paid(good, "a", 0.001)
    for stored in list(good.list(keys.calls("a")))[:2]:
        good.delete(stored.key)
    assert (told("good", "poor")["old"]["answers_missing"], told("good", "poor")["old"]["usd"]) == (2, pytest.approx(0.002))


def reconstructed(storage: FolderStorage, said: tuple[str, ...], right: bool, **examiner: object) -> None:
    question = AskedQuestion(question="Who?", expected="a cat", given="", right=right, graded_by="words")
    window = RebuiltWindow(
        clip=0, window=1, start_s=2, end_s=4, full="A cat.", words_full=2, words_delta=2, questions=(question,), said_sha256=history_sha256(said)
    )
    by = {"captioner": "g", "model": "m", "prompt_versions": ("p1",), **examiner}
    write_record(storage, keys.reconstruction("a"), Reconstruction.model_validate({"video_id": "a", "windows": (window,), **by}))


def test_reconstruction_tests_of_both_runs_are_compared_unless_they_are_of_older_captions(good: FolderStorage, poor: FolderStorage) -> None:
    said = tuple(text for _, text in GOOD[:2])
    reconstructed(good, said, right=True)
    reconstructed(poor, said, right=False)
    now = told("good", "poor")["measures"]["kept"]
    reconstructed(poor, (*said, "What it said once."), right=False)

    assert (now["old"]["value"], now["new"]["value"]) == (1.0, 0.0)
    assert "kept" not in told("good", "poor")["measures"]


@pytest.mark.parametrize(
    ("examiner", "who"),
    [({"captioner": "h"}, "g (m) and h (m)"), ({"model": "n"}, "g (m) and g (n)"), ({"prompt_versions": ("p2",)}, "g (m) with other prompts")],
)
def test_reconstruction_tests_of_different_examiners_are_not_compared(good: FolderStorage, poor: FolderStorage, examiner: dict[str, object], who: str) -> None:
    said = tuple(text for _, text in GOOD[:2])
    reconstructed(good, said, right=True)
    reconstructed(poor, said, right=False, **examiner)
    found = told("good", "poor")

    assert "kept" not in found["measures"]
    assert found["not_compared"] == [f"reconstruction tests of 1 window of a, made by {who}"]


def test_a_page_shows_what_differs_and_runs_nothing_that_captions_say(tmp_path: Path, good: FolderStorage) -> None:
    run(tmp_path / "evil", {**dict.fromkeys(VIDEOS, GOOD), "c": (*GOOD[:3], ("ok", EVIL))})
    done = compare("good", "evil", "--out", "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")

    assert done.exit_code == 0
    assert ("<script>" in page, "<img src=x" in page, "alert(1)" in page, "مرحبا" in page) == (False, False, True, True)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page
    assert (page.count("data:image/jpeg;base64,"), "<del>A dog comes out.</del>" in page) == (1, True)


def test_a_page_can_be_made_without_frames(tmp_path: Path, good: FolderStorage, poor: FolderStorage) -> None:
    for storage in (good, poor):
        for video_id in VIDEOS:
            storage.delete(keys.frames(video_id))
    assert compare("good", "poor", "--out", "page.html").exit_code == 0
    assert "data:image" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_page_that_could_not_be_written_is_refused_first(good: FolderStorage, poor: FolderStorage) -> None:
    with pytest.raises(SettingError, match=r"end it in \.html"):
        raise compare("good", "poor", "--out", "page.pdf").exception or AssertionError


@pytest.mark.parametrize("option", ["--yes", "--dry-run", "--own-judge", "--text-only"])
def test_an_option_of_the_judge_without_a_judge_is_a_mistake(good: FolderStorage, poor: FolderStorage, option: str) -> None:
    assert isinstance(compare("good", "poor", option).exception, SettingError)


def test_comparing_leaves_both_runs_as_they_were(good: FolderStorage, poor: FolderStorage) -> None:
    before = [(stored.key, stored.version) for storage in (good, poor) for stored in storage.list("")]
    told("good", "poor")
    assert [(stored.key, stored.version) for storage in (good, poor) for stored in storage.list("")] == before


class Together(FolderStorage):
    """Lets nobody read the captions of a video before those of another are wanted too."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._both = Barrier(2, timeout=60)

    def read(self, key: str) -> bytes:
        if key in {keys.initial_captions(video_id) for video_id in "ab"}:
            self._both.wait()
        return super().read(key)


def test_videos_are_read_side_by_side(tmp_path: Path) -> None:
    run(tmp_path / "good", dict.fromkeys("ab", GOOD))
    assert [pair.video.video_id for pair in pair_runs(Together(tmp_path / "good"), FolderStorage(tmp_path / "good")).videos] == ["a", "b"]
