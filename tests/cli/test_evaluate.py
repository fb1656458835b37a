"""`streamcap evaluate`: captions of a drawn world against its truth, for people and for programs, from a folder or a bucket."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from streamcap_dagster.cli import app
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import SettingError
from streamcap_dagster.evaluation.measures import MEASURES
from streamcap_dagster.evaluation.reading import NotEvaluable
from streamcap_dagster.evaluation.speech import POLICIES
from streamcap_dagster.records import Caption
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs import open_storage
from tests.evaluation.world import EMPTY, PERFECT, caption, captions, store_captions, store_truth

SAID: dict[str, Sequence[Caption]] = {"good": captions(*PERFECT), "mute": captions(*EMPTY)}


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    for name in SAID:
        store_truth(tmp_path / "drawn", name)
    return tmp_path / "drawn"


def fill(storage: Storage) -> None:
    for name, said in SAID.items():
        store_captions(storage, name, said)


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """The one that is used when nothing is said, for the tests are in its parent folder."""
    storage = FolderStorage(tmp_path / "data")
    fill(storage)
    return storage


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)], env={"COLUMNS": "160"})


def scores(*arguments: object) -> dict[str, dict[str, float | None]]:
    """By name, the value of each measure."""
    done = evaluate(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return {one["name"]: {name: interval["value"] for name, interval in one["measures"].items()} for one in json.loads(done.stdout)["scores"]}


@pytest.mark.usefixtures("storage")
def test_people_get_a_row_per_measure_and_the_weakest_videos(drawn: Path) -> None:
    shown = evaluate("--truth", drawn).stdout
    lines = [line.split("  ")[0].strip() for line in shown.splitlines()]

    assert "2 videos, 18 windows after the first of each clip, by recorded" in shown
    assert [measure.name.replace("_", " ") for measure in MEASURES if measure.name.replace("_", " ") not in lines] == []
    assert "lowest: mute (0%), good (100%)" in shown


@pytest.mark.usefixtures("storage")
def test_all_policies_stand_beside_the_captions(drawn: Path) -> None:
    header = next(line.split() for line in evaluate("--truth", drawn, "--policy", "all").stdout.splitlines() if "perfect" in line)
    assert header == ["captions", "95", "%", "bounds", *POLICIES]


@pytest.mark.usefixtures("storage")
def test_a_row_is_a_line_in_a_narrow_pipe_too(drawn: Path) -> None:
    shown = CliRunner().invoke(app, ["evaluate", "--truth", str(drawn), "--policy", "all"], env={"COLUMNS": "80"}).stdout.splitlines()
    starts = [line.split("  ")[0].strip() for line in shown]
    first = starts.index(MEASURES[0].name.replace("_", " "))

    assert starts[first : first + len(MEASURES)] == [measure.name.replace("_", " ") for measure in MEASURES]
    assert shown[first - 1].split() == ["captions", "95", "%", "bounds", *POLICIES]


@pytest.mark.usefixtures("storage")
def test_chosen_policies_stand_beside_the_captions(drawn: Path) -> None:
    assert list(scores("--truth", drawn, "--policy", "silent", "--policy", "perfect")) == ["captions", "perfect", "silent"]


@pytest.mark.usefixtures("storage")
def test_programs_get_every_measure_with_its_bounds(drawn: Path) -> None:
    told = json.loads(evaluate("--truth", drawn, "--json").stdout)
    recall = told["scores"][0]["measures"]["event_recall"]

    assert (recall["value"], recall["low"], recall["high"]) == (0.5, 0.0, 1.0)
    assert [(video["video_id"], video["overall"]) for video in told["videos"]] == [("good", 1.0), ("mute", 0.0)]
    assert {of_type["type"]: of_type["recall"] for of_type in told["scores"][0]["types"]}["enter"] == 0.5


@pytest.mark.usefixtures("storage")
def test_scores_are_written_as_json_and_as_a_picture(drawn: Path, tmp_path: Path) -> None:
    told = evaluate("--truth", drawn, "--json", "--out", tmp_path / "s.json", "--out", tmp_path / "s.png").stdout
    assert json.loads((tmp_path / "s.json").read_text()) == json.loads(told)
    assert Image.open(tmp_path / "s.png").format == "PNG"


def test_failed_captions_are_told_by_themselves(storage: FolderStorage, drawn: Path) -> None:
    blocked = caption(4, "", "blocked")
    store_captions(storage, "good", [blocked if said.window == 4 else said for said in SAID["good"]])
    assert "1 caption has no text" in evaluate("--truth", drawn).stdout
    assert scores("--truth", drawn)["captions"]["failed"] == 1


def test_events_that_no_delta_is_asked_for_are_told(storage: FolderStorage, drawn: Path) -> None:
    """Of one video the first four windows are captioned, the last of them by an anchor; of the other all."""
    anchored = caption(3, "A man, a green box, a red ball.", kind="anchor")
    store_captions(storage, "mute", [*captions(*PERFECT[:3]), anchored])
    told = json.loads(evaluate("--truth", drawn, "--json").stdout)["scores"][0]
    shown = " ".join(evaluate("--truth", drawn).stdout.split())

    assert (told["measures"]["event_recall"]["value"], told["counts"]["events"], told["counts"]["outside"], told["counts"]["out_of_sight"]) == (1, 5, 3, 2)
    assert {of_type["type"]: of_type["outside"] for of_type in told["types"]} == {"enter": 0, "move": 1, "change": 1, "leave": 1, "camera": 0}
    assert "outside 3 events are complete in no window with a delta (2 of them in no captioned window at all): recall is of the 5 others" in shown


@pytest.mark.usefixtures("storage")
def test_where_deltas_are_asked_for_every_event_nothing_is_said_of_events_outside(drawn: Path) -> None:
    assert "complete in no window" not in evaluate("--truth", drawn).stdout


def test_what_is_left_out_on_request_is_told(storage: FolderStorage, drawn: Path) -> None:
    store_captions(storage, "other", captions(*PERFECT))
    with pytest.raises(NotEvaluable, match="other has captions, but no truth"):
        CliRunner().invoke(app, ["evaluate", "--truth", str(drawn)], catch_exceptions=False)
    assert "left out other: captions, but no truth" in evaluate("--truth", drawn, "--partial").stdout


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--policy", "best"), "the policies are perfect, previous"),
        (("--out", "scores.html"), "ends in .json or .png"),
        (("--out", "no/such/s.json"), "No such"),
    ],
)
def test_a_wrong_option_is_explained(drawn: Path, arguments: Sequence[str], why: str) -> None:
    with pytest.raises(SettingError, match=why):
        CliRunner().invoke(app, ["evaluate", "--truth", str(drawn), *arguments], catch_exceptions=False)


def test_captions_in_a_bucket_score_as_those_in_a_folder(
    gcs: Running, storage: FolderStorage, drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMCAP_CACHE", str(tmp_path / "cache"))
    fill(open_storage("gs://bucket/data", tmp_path / "cache", 1, 8, 30))
    assert scores("gs://bucket/data", "--truth", drawn) == scores(tmp_path / "data", "--truth", drawn)


@pytest.mark.usefixtures("storage")
def test_faults_are_listed_with_their_words_on_request(drawn: Path) -> None:
    told = json.loads(evaluate("--truth", drawn, "--json", "--faults", 2).stdout)["faults"]
    assert [(fault["video_id"], fault["kind"], fault["start_s"], fault["text"]) for fault in told] == [
        ("mute", "missed", 2.0, "A red ball rolls in."),
        ("mute", "missed", 6.0, "The man walks to the box."),
    ]
    assert "missed mute 2–4 A red ball rolls in." in " ".join(evaluate("--truth", drawn, "--faults", 2).stdout.split())
