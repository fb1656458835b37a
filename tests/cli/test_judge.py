"""The judge of `streamcap compare`, from the Gemini emulator and from recorded replies: whom it may judge, what it costs, how far it is believed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import Running, running
from streamcap_dagster.errors import NobodyToAsk, SettingError
from streamcap_dagster.examples.chain import window_pairs
from streamcap_dagster.examples.rankings import RankedText, RankedWindow, Rankings, basis_of
from streamcap_dagster.records import NO_CHANGE, Caption, Captions
from streamcap_dagster.reviews.applying import apply_review, caption_sha256
from streamcap_dagster.reviews.records import Decision, Review
from streamcap_dagster.reviews.reviewed import apply
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.cli.two_runs import GOOD, POOR, compare, run, told
from tests.dataset.corpus import Said

QUIET: tuple[Said, ...] = (*GOOD[:3], ("no_change", ""))
JUDGE = "localhost/gemini-3.5-flash-lite"


@pytest.fixture
def good(tmp_path: Path) -> FolderStorage:
    return run(tmp_path / "good", dict.fromkeys("ab", GOOD))


@pytest.fixture
def poor(tmp_path: Path) -> FolderStorage:
    """Says otherwise in the last window of each video: a repetition, and silence."""
    return run(tmp_path / "poor", {"a": POOR, "b": QUIET})


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(Options()) as service:
        monkeypatch.setenv("STREAMCAP_CAPTIONER", "offline")
        monkeypatch.setenv("STREAMCAP_JUDGE_CAPTIONER", "gemini")
        monkeypatch.setenv("STREAMCAP_GEMINI_BASE_URL", service.url)
        monkeypatch.setenv("GEMINI_API_KEY", "AIzaNotARealKey0123456789")
        yield service


def recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, better: str) -> None:
    """A judge that says the same of both windows, in whatever order."""
    lines = [{"video_id": name, "clip": 0, "window": 3, "kind": "judgement", "reply": {"better": better}} for name in "ab"]
    (tmp_path / "judge.jsonl").write_text("\n".join(map(json.dumps, lines)))
    monkeypatch.setenv("STREAMCAP_JUDGE_CAPTIONER", "recorded")
    monkeypatch.setenv("STREAMCAP_RECORDED_ANSWERS", str(tmp_path / "judge.jsonl"))


def test_the_judge_is_asked_twice_of_each_window_in_which_the_runs_differ(good: FolderStorage, poor: FolderStorage, emulator: Running) -> None:
    ruling = told("poor", "good", "--judge", "--yes")["judge"]

    assert (ruling["new_wins"], ruling["ties"], ruling["old_wins"], ruling["said_the_same"]) == (2, 0, 0, 6)
    assert (ruling["consistency"], ruling["first_share"], emulator.journal.requests) == (1.0, 0.5, 4)


def test_a_judge_that_always_takes_the_first_makes_ties_and_is_told_to_be_inconsistent(
    good: FolderStorage, poor: FolderStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(monkeypatch, tmp_path, "first")
    ruling = told("poor", "good", "--judge")["judge"]

    assert (ruling["new_wins"], ruling["ties"], ruling["old_wins"]) == (0, 2, 0)
    assert (ruling["win_rate"]["value"], ruling["consistency"], ruling["first_share"]) == (0.5, 0.0, 1.0)


def test_no_judgement_is_paid_twice_whichever_run_is_named_first(good: FolderStorage, poor: FolderStorage, emulator: Running) -> None:
    first = told("good", "poor", "--judge", "--yes")["judge"]
    asked = emulator.journal.requests
    second = told("poor", "good", "--judge", "--yes")["judge"]

    assert (asked, emulator.journal.requests) == (4, 4)
    assert (first["old_wins"], second["new_wins"]) == (2, 2)


def test_a_dry_run_tells_what_the_judge_would_cost_and_asks_nobody(good: FolderStorage, poor: FolderStorage, emulator: Running) -> None:
    planned = told("good", "poor", "--judge", "--dry-run")

    assert (planned["to_ask"]["calls"], planned["to_ask"]["images"], emulator.journal.requests) == (4, 8, 0)
    assert planned["standard_usd"] > 0


def test_a_judge_that_only_reads_is_shown_no_picture(good: FolderStorage, poor: FolderStorage, emulator: Running) -> None:
    told("good", "poor", "--judge", "--text-only", "--yes")
    assert [row.pictures for row in emulator.journal.rows] == [0] * 4


def test_nothing_is_paid_that_nobody_agreed_to(good: FolderStorage, poor: FolderStorage, emulator: Running) -> None:
    assert isinstance(compare("good", "poor", "--judge").exception, NobodyToAsk)
    assert emulator.journal.requests == 0


def test_no_more_windows_are_judged_than_were_wanted(good: FolderStorage, poor: FolderStorage, emulator: Running) -> None:
    assert told("good", "poor", "--judge", "--yes", "--windows", "1")["judge"]["windows"] == 1


def test_a_model_does_not_judge_its_own_words_unless_somebody_insists(good: FolderStorage, tmp_path: Path, emulator: Running) -> None:
    run(tmp_path / "its-own", {"a": POOR, "b": QUIET}, model=JUDGE)
    done = compare("good", "its-own", "--judge", "--yes")

    assert isinstance(done.exception, SettingError)
    assert str(done.exception).startswith(f"STREAMCAP_JUDGE_MODEL='{JUDGE}' cannot be used: it wrote captions of the new run")
    assert emulator.journal.requests == 0
    assert told("good", "its-own", "--judge", "--yes", "--own-judge")["judge"]["windows"] == 2


def test_another_model_may_judge(good: FolderStorage, tmp_path: Path, emulator: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "its-own", {"a": POOR, "b": QUIET}, model=JUDGE)
    monkeypatch.setenv("STREAMCAP_JUDGE_MODEL", "gemini-3.5-flash")
    assert told("good", "its-own", "--judge", "--yes")["judge"]["model"] == "localhost/gemini-3.5-flash"


def test_a_captioner_without_language_is_no_judge(good: FolderStorage, poor: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMCAP_JUDGE_CAPTIONER", "offline")
    done = compare("good", "poor", "--judge")
    assert str(done.exception).startswith("STREAMCAP_JUDGE_CAPTIONER='offline' cannot be used: it knows light and movement")


def test_a_judge_without_an_answer_fails_its_video_and_the_others_are_told(
    good: FolderStorage, poor: FolderStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(monkeypatch, tmp_path, "neither")
    answers = tmp_path / "judge.jsonl"
    answers.write_text(answers.read_text().splitlines()[0])
    done = compare("good", "poor", "--judge", "--json")
    ruling = json.loads(done.stdout)["judge"]

    assert (done.exit_code, ruling["windows"]) == (1, 1)
    assert "holds no judgement for it" in ruling["troubles"]["b"]


def captions(storage: FolderStorage, video_id: str) -> tuple[Captions, Captions]:
    return read_record(storage, keys.initial_captions(video_id), Captions), read_record(storage, keys.delta_captions(video_id), Captions)


def ranked(storage: FolderStorage, video_id: str, *texts: str, basis: str = "") -> None:
    """People have ranked these texts of the last window, the best first."""
    pair = list(window_pairs(*captions(storage, video_id)))[-1]
    candidates = tuple(RankedText(text=text, rank=rank) for rank, text in enumerate(texts, 1))
    window = RankedWindow(clip=0, window=3, basis=basis or basis_of(pair), people=1, candidates=candidates)
    write_record(storage, keys.rankings(video_id), Rankings(video_id=video_id, windows=(window,)))


def reviewed(storage: FolderStorage, video_id: str, *texts: str) -> None:
    """A reviewer has ranked them."""
    caption: Caption = captions(storage, video_id)[1].captions[-1]
    decision = Decision(clip=0, window=3, ranking=texts, caption_sha256=caption_sha256(caption), by="Ada", at=datetime(2026, 11, 1, tzinfo=UTC), revision=1)
    write_record(storage, keys.reviews(video_id), Review(video_id=video_id, revision=1, decisions=(decision,)))


def people_on(ruling: dict[str, dict[str, int]]) -> dict[str, int]:
    return ruling["people"]


def test_the_judge_is_held_against_what_people_ranked(good: FolderStorage, poor: FolderStorage, emulator: Running) -> None:
    ranked(poor, "a", GOOD[3][1], POOR[3][1])
    ranked(good, "b", NO_CHANGE, GOOD[3][1])

    assert people_on(told("poor", "good", "--judge", "--yes")["judge"]) == {"windows": 2, "agree": 1, "judge_ties": 0, "disagree": 1}


def test_what_a_reviewer_ranked_counts_and_goes_before_other_rankings(good: FolderStorage, poor: FolderStorage, emulator: Running) -> None:
    ranked(poor, "a", POOR[3][1], GOOD[3][1])
    reviewed(poor, "a", GOOD[3][1], POOR[3][1])

    assert people_on(told("poor", "good", "--judge", "--yes")["judge"]) == {"windows": 1, "agree": 1, "judge_ties": 0, "disagree": 0}


def test_rankings_beside_what_a_reviewer_wrote_count(good: FolderStorage, poor: FolderStorage, emulator: Running) -> None:
    made = captions(poor, "a")
    decision = Decision(
        clip=0, window=1, text="It opens wide.", caption_sha256=caption_sha256(made[1].captions[0]), by="Ada", at=datetime(2026, 11, 1, tzinfo=UTC), revision=1
    )
    review = Review(video_id="a", revision=1, decisions=(decision,))
    write_record(poor, keys.reviews("a"), review)
    corrected = list(window_pairs(*(apply(one, apply_review(review, *made).reviewed) for one in made)))[-1]
    ranked(poor, "a", GOOD[3][1], POOR[3][1], basis=basis_of(corrected))

    assert basis_of(corrected) != basis_of(list(window_pairs(*made))[-1])
    assert people_on(told("poor", "good", "--judge", "--yes")["judge"])["agree"] == 1


@pytest.mark.parametrize("broken", [keys.reviews("a"), keys.rankings("a")])
def test_what_cannot_be_read_of_people_is_told_before_anything_is_paid_and_the_rest_counts(
    good: FolderStorage, poor: FolderStorage, emulator: Running, broken: str
) -> None:
    ranked(good, "a", GOOD[3][1], POOR[3][1])
    ranked(good, "b", GOOD[3][1], NO_CHANGE)
    poor.write(broken, b"{")
    asked = compare("poor", "good", "--judge")
    done = compare("poor", "good", "--judge", "--yes", "--json")
    ruling = json.loads(done.stdout)["judge"]

    assert (isinstance(asked.exception, NobodyToAsk), f"{broken} cannot be read" in " ".join(asked.output.split())) == (True, True)
    assert (done.exit_code, ruling["windows"], people_on(ruling)["agree"]) == (1, 2, 2)
    assert ruling["troubles"]["a"].startswith(f"what people said of a in the old run does not count: {broken} cannot be read")


def test_rankings_of_what_was_said_once_do_not_count(good: FolderStorage, poor: FolderStorage, emulator: Running) -> None:
    ranked(poor, "a", GOOD[3][1], POOR[3][1], basis="of other captions")
    assert people_on(told("poor", "good", "--judge", "--yes")["judge"])["windows"] == 0


def test_a_table_tells_who_wins_and_how_far_the_judge_can_be_believed(good: FolderStorage, poor: FolderStorage, emulator: Running) -> None:
    said = " ".join(compare("poor", "good", "--judge", "--yes").stdout.split())

    assert "prefers the new run in 2 windows and the old in 0, 0 ties: the new run wins 100%" in said
    assert "6 windows in which both say the same need no judge." in said
    assert "It says the same in both orders in 100% of 2 windows" in said
    assert "nobody knows how far the judge can be believed" in said
