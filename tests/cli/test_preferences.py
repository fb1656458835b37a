"""`streamcap preferences`: candidates out to people, rankings in, whole or not at all, and pairs made anew without asking anybody."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from streamcap_dagster.cli import app
from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.examples.ranking_files import FormatName
from streamcap_dagster.examples.rankings import Rankings
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.tombstones import lay_tombstone
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.walking import video
from tests.examples.preferring import STREET, preferences, told


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """Two videos in a catalog, each of three windows to rank."""
    storage, known = FolderStorage(tmp_path / "data"), told(STREET)
    write_manifest(storage, [video("v"), video("w")])
    for video_id in ("v", "w"):
        for key, record in ((keys.initial_captions, known.initials), (keys.delta_captions, known.deltas), (keys.preference_examples, preferences(known))):
            write_record(storage, key(video_id), record.model_copy(update={"video_id": video_id}))
    return storage


def run(storage: FolderStorage, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["preferences", *map(str, arguments), "--storage", storage.uri])


def exported(storage: FolderStorage, path: Path, form: FormatName = "csv", *more: str) -> Path:
    done = run(storage, "export", "--format", form, "--out", path, *more)
    assert done.exit_code == 0, done.output
    return path


def rank_all(path: Path, form: FormatName) -> None:
    """Rank everything as it is listed, in the way that people do it in each form."""
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "rank": row["candidate"][-1]} for row in rows)
        path.write_text(text.getvalue())
    elif form == "jsonl":
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps({**line, "ranking": [one["name"] for one in line["candidates"]]}) + "\n" for line in lines))
    elif form == "argilla":
        path.write_text(json.dumps([{**one, "responses": {"ranking": [_response(one["fields"])]}} for one in json.loads(path.read_text())]))
    else:
        path.write_text(json.dumps([{**one, "annotations": [_annotation(one["data"])]} for one in json.loads(path.read_text())]))


def _response(fields: dict[str, str]) -> dict[str, Any]:
    return {"value": sorted(name for name in fields if name.startswith("candidate_")), "user_id": "u"}


def _annotation(data: dict[str, Any]) -> dict[str, Any]:
    return {"result": [{"type": "ranker", "value": {"ranker": {"ranking": [one["id"] for one in data["items"]]}}}], "completed_by": {"id": 1}}


def kept(storage: FolderStorage, video_id: str = "v") -> Rankings:
    return read_record(storage, keys.rankings(video_id), Rankings)


def rankings(storage: FolderStorage) -> list[str]:
    return [stored.key for stored in storage.list(keys.RANKINGS)]


@pytest.mark.parametrize("form", ["csv", "jsonl", "argilla", "label-studio"])
def test_what_is_exported_and_ranked_is_imported_in_every_form(storage: FolderStorage, tmp_path: Path, form: FormatName) -> None:
    path = exported(storage, tmp_path / f"rank.{form}", form)
    rank_all(path, form)
    done = run(storage, "import", path)

    assert done.exit_code == 0, done.output
    assert "6 windows of 2 videos, ranked by people, kept" in done.stdout
    assert rankings(storage) == ["rankings/v.json", "rankings/w.json"]
    assert [(window.window, [one.rank for one in window.candidates]) for window in kept(storage).windows] == [
        (1, [1, 2, 3]),
        (2, [1, 2, 3]),
        (3, [1, 2, 3]),
    ]


def test_what_was_ranked_is_exported_with_its_ranks_or_not_at_all(storage: FolderStorage, tmp_path: Path) -> None:
    path = exported(storage, tmp_path / "rank.csv", "csv", "--only", "v")
    rank_all(path, "csv")
    run(storage, "import", path)

    again = {(row["sample_id"], row["candidate"]): row["rank"] for row in csv.DictReader(exported(storage, tmp_path / "again.csv").open())}
    left = {row["sample_id"] for row in csv.DictReader(exported(storage, tmp_path / "left.csv", "csv", "--unranked").open())}
    assert (again["window v/0/1", "candidate_2"], again["window w/0/1", "candidate_2"]) == ("2", "")
    assert left == {f"window w/0/{window}" for window in (1, 2, 3)}


def test_a_later_ranking_replaces_that_of_its_window_and_no_other(storage: FolderStorage, tmp_path: Path) -> None:
    path = exported(storage, tmp_path / "rank.jsonl", "jsonl")
    rank_all(path, "jsonl")
    run(storage, "import", path)
    before = kept(storage).windows
    first = json.loads(path.read_text().splitlines()[0])
    path.write_text(json.dumps({**first, "ranking": first["ranking"][::-1]}))
    run(storage, "import", path)

    after = kept(storage).windows
    assert [one.rank for one in after[0].candidates] == [3, 2, 1]
    assert after[1:] == before[1:]


def test_standard_output_holds_nothing_but_the_file(storage: FolderStorage) -> None:
    done = CliRunner().invoke(app, ["preferences", "export", "--format", "jsonl", "--storage", storage.uri])
    assert [json.loads(line)["sample_id"] for line in done.stdout.splitlines()][:2] == ["v/0/1", "v/0/2"]
    assert "6 windows to rank" in done.stderr


def faulty(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Spoil the last line."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    change(lines[-1])
    path.write_text("\n".join(map(json.dumps, lines)))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda line: line.update(version="old"), "line 6: w/0/3 has other captions or candidates now"),
        (lambda line: line.update(sample_id="nobody/0/1"), "line 6: this storage has no window 'nobody/0/1'"),
        (lambda line: line.update(sample_id="../../etc/passwd"), "line 6: this storage has no window '../../etc/passwd'"),
        (lambda line: line["ranking"].pop(), "line 6: candidate_3 of w/0/3 is not ranked"),
        (lambda line: line["ranking"].append("candidate_9"), "line 6: w/0/3 has no 'candidate_9'"),
    ],
)
def test_one_faulty_line_is_named_and_nothing_of_the_file_is_kept(storage: FolderStorage, tmp_path: Path, change: Any, why: str) -> None:
    path = exported(storage, tmp_path / "rank.jsonl", "jsonl")
    rank_all(path, "jsonl")
    faulty(path, change)
    done = run(storage, "import", path)

    assert isinstance(done.exception, StreamcapError)
    assert why in str(done.exception)
    assert rankings(storage) == []


def test_a_file_in_which_nobody_ranked_anything_is_refused(storage: FolderStorage, tmp_path: Path) -> None:
    done = run(storage, "import", exported(storage, tmp_path / "rank.csv"))
    assert "nothing in it is ranked" in str(done.exception)


def test_a_dry_run_keeps_nothing(storage: FolderStorage, tmp_path: Path) -> None:
    path = exported(storage, tmp_path / "rank.csv")
    rank_all(path, "csv")
    assert "would be kept" in run(storage, "import", path, "--dry-run").stdout
    assert rankings(storage) == []


def test_nothing_is_kept_of_a_video_that_was_taken_down(storage: FolderStorage, tmp_path: Path) -> None:
    path = exported(storage, tmp_path / "rank.csv")
    rank_all(path, "csv")
    lay_tombstone(storage, "w", "0" * 64)

    assert "w was taken down meanwhile" in run(storage, "import", path).stdout
    assert rankings(storage) == ["rankings/v.json"]


def test_an_unknown_format_or_video_is_wrong_usage(storage: FolderStorage) -> None:
    assert "the formats are csv, jsonl, argilla, label-studio" in str(run(storage, "export", "--format", "excel").exception)
    assert "the catalog has no such video" in str(run(storage, "export", "--only", "x").exception)


def test_a_storage_without_pairs_says_what_makes_them(storage: FolderStorage) -> None:
    shutil.rmtree(storage.root / "preference_examples")
    done = run(storage, "export")
    assert "0 windows to rank" in done.stderr
    assert "Preference pairs are made by `streamcap run`" in done.stderr


def test_a_file_that_cannot_be_written_leaves_nothing_behind(storage: FolderStorage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(storage, "export", "--out", tmp_path / "file" / "rank.csv")
    assert "it cannot be written" in str(done.exception)


def test_both_kinds_alone_are_wrong_usage(storage: FolderStorage) -> None:
    assert "with --only-model" in str(run(storage, "stage", "--only-human", "--only-model").exception)


def test_there_is_nothing_to_stage_without_captions(tmp_path: Path) -> None:
    empty = FolderStorage(tmp_path / "empty")
    write_manifest(empty, [])
    assert "it holds no captions" in str(run(empty, "stage").exception)
