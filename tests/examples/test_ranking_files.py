"""Files of rankings: each form holds what people need, gives back what they said, and names the line that cannot be used."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streamcap_dagster.examples.ranking_files import FORMATS, FormatName, RankingsUnusable, read_judgements
from streamcap_dagster.examples.ranking_files.items import Item, Judgement

ODD = '=1+1 "quoted", one\ntwo; żółć 猫 🐈‍⬛ <b>'
NAMES = ("candidate_1", "candidate_2", "candidate_3")
ITEMS = (
    Item("cat/0/1", "aa11", ("A door.", "Rain; wind."), ("frames/1.jpg", "frames/2.jpg"), dict(zip(NAMES, ("It opens.", ODD, "No change."), strict=True))),
    Item("dog/2/7", "bb22", ("A field.",), (), {"candidate_1": "A dog.", "candidate_2": "A field."}, {"candidate_1": 2.0, "candidate_2": 1.0}),
)


def written(tmp_path: Path, form: FormatName, *items: Item) -> Path:
    path = tmp_path / f"out.{form}"
    with path.open("w", encoding="utf-8", newline="") as file:
        FORMATS[form].write(items or ITEMS, file)
    return path


def rank_csv(path: Path, ranks: dict[str, str], **more: str) -> None:
    """Fill in a spreadsheet as a person would: every line whose candidate has a rank here."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{**row, "rank": ranks.get(row["candidate"], "") if row["sample_id"] == "window cat/0/1" else "", **more} for row in csv.DictReader(file)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def edited(path: Path, change: Callable[[Any], None]) -> Path:
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))
    return path


def said(judgements: list[Judgement]) -> list[tuple[str, str, dict[str, float]]]:
    return [(one.sample_id, one.version, dict(one.ranks)) for one in judgements]


def refused(path: Path, form: FormatName | None = None) -> str:
    with pytest.raises(RankingsUnusable) as error:
        read_judgements(path, form)
    assert str(path) in str(error.value)
    assert "Nothing was imported" in str(error.value)
    return str(error.value)


def test_a_spreadsheet_that_was_filled_in_gives_the_ranks(tmp_path: Path) -> None:
    path = written(tmp_path, "csv")
    rank_csv(path, {"candidate_1": "1", "candidate_2": "3", "candidate_3": "2"})
    assert said(read_judgements(path)) == [("cat/0/1", "aa11", {"candidate_1": 1, "candidate_2": 3, "candidate_3": 2})]


def test_a_line_of_json_with_a_ranking_gives_the_ranks(tmp_path: Path) -> None:
    path = written(tmp_path, "jsonl", ITEMS[0])
    edited(path, lambda line: line.update(ranking=["candidate_3", ["candidate_1", "candidate_2"]]))
    assert said(read_judgements(path)) == [("cat/0/1", "aa11", {"candidate_3": 1, "candidate_1": 2, "candidate_2": 2})]


def test_records_of_argilla_give_the_ranks_of_each_person(tmp_path: Path) -> None:
    def respond(records: Any) -> None:
        first = {"value": ["candidate_2", "candidate_1", "candidate_3"], "user_id": "u1"}
        records[0]["responses"] = {"ranking": [first, {"value": ["candidate_1", "candidate_2", "candidate_3"], "user_id": "u2"}]}

    found = read_judgements(edited(written(tmp_path, "argilla"), respond))
    assert [(one.person, one.ranks["candidate_2"]) for one in found] == [("u1", 1), ("u2", 2)]


def test_ties_and_drafts_of_argilla_s_server_are_understood(tmp_path: Path) -> None:
    def respond(records: Any) -> None:
        tied = [{"value": "candidate_1", "rank": 1}, {"value": "candidate_3", "rank": 1}, {"value": "candidate_2", "rank": 2}]
        records[0]["responses"] = {"ranking": [{"value": tied, "status": "submitted"}, {"value": tied, "status": "draft"}]}

    found = read_judgements(edited(written(tmp_path, "argilla"), respond))
    assert said(found) == [("cat/0/1", "aa11", {"candidate_1": 1, "candidate_3": 1, "candidate_2": 3})]


def test_names_that_a_window_of_argilla_does_not_have_do_not_count(tmp_path: Path) -> None:
    def respond(records: Any) -> None:
        assert records[1]["fields"]["candidate_3"] == "(none)"
        records[1]["responses"] = {"ranking": [{"value": ["candidate_3", "candidate_2", "candidate_1"]}]}

    (judgement,) = read_judgements(edited(written(tmp_path, "argilla"), respond))
    assert list(judgement.ranks) == ["candidate_2", "candidate_1"]


def test_annotations_of_label_studio_give_the_ranks_and_skipped_ones_do_not(tmp_path: Path) -> None:
    def annotate(tasks: Any) -> None:
        result = [{"from_name": "ranking", "to_name": "candidates", "type": "ranker", "value": {"ranker": {"ranking": list(NAMES[::-1])}}}]
        tasks[0]["annotations"] = [{"result": result, "was_cancelled": False, "completed_by": 7}, {"result": result, "was_cancelled": True}]

    (judgement,) = read_judgements(edited(written(tmp_path, "label-studio"), annotate))
    assert (judgement.person, dict(judgement.ranks)) == ("7", {"candidate_3": 1, "candidate_2": 2, "candidate_1": 3})


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_can_be_read_and_only_what_is_ranked_counts(tmp_path: Path, form: FormatName) -> None:
    again = read_judgements(written(tmp_path, form), form)
    expected = [("dog/2/7", "bb22", {"candidate_2": 1, "candidate_1": 2})] if form in ("csv", "jsonl") else []
    assert [(sample, version, dict(sorted(ranks.items()))) for sample, version, ranks in said(again)] == [
        (sample, version, dict(sorted(ranks.items()))) for sample, version, ranks in expected
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_no_window_at_all_is_a_file_that_says_so(tmp_path: Path, form: FormatName) -> None:
    path = tmp_path / "empty"
    with path.open("w") as file:
        FORMATS[form].write((), file)
    if form == "csv":
        assert read_judgements(path) == []
    else:
        assert "it holds no JSON objects" in refused(path, form)


@pytest.mark.parametrize("form", FORMATS)
def test_the_words_are_shown_as_they_are(tmp_path: Path, form: FormatName) -> None:
    text = written(tmp_path, form).read_text()
    assert "żółć 猫 🐈‍⬛" in text
    assert "It opens." in text
    assert "A door." in text


def test_a_spreadsheet_runs_no_caption_as_a_formula(tmp_path: Path) -> None:
    with written(tmp_path, "csv").open(newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)][1] == f"'{ODD}"


def test_a_spreadsheet_makes_no_date_of_a_window_and_its_name_is_understood_with_and_without_what_hinders_that(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", Item("12/1/2", "v1", (), (), {"candidate_1": "A dog.", "candidate_2": "A cat."}, {"candidate_1": 1, "candidate_2": 2}))
    as_written = path.read_text()
    first = said(read_judgements(path))
    path.write_text(as_written.replace("window 12/1/2", "12/1/2"))
    assert {row["sample_id"] for row in csv.DictReader(as_written.splitlines())} == {"window 12/1/2"}
    assert first == said(read_judgements(path)) == [("12/1/2", "v1", {"candidate_1": 1, "candidate_2": 2})]


def test_a_spreadsheet_with_semicolons_and_decimal_commas_is_read(tmp_path: Path) -> None:
    path = tmp_path / "european.csv"
    path.write_text("sample_id;version;candidate;rank\ncat/0/1;aa11;candidate_1;1,5\ncat/0/1;aa11;candidate_2;1\n")
    assert said(read_judgements(path)) == [("cat/0/1", "aa11", {"candidate_1": 1.5, "candidate_2": 1})]


def test_people_in_a_spreadsheet_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    lines = ("sample_id,version,candidate,rank,annotator", "a/0/1,v,c,1,ann", "a/0/1,v,d,2,ann", "a/0/1,v,c,2,bob", "a/0/1,v,d,1,bob")
    path.write_text("\n".join(lines))
    assert [(one.person, dict(one.ranks)) for one in read_judgements(path)] == [("ann", {"c": 1, "d": 2}), ("bob", {"c": 2, "d": 1})]


def task(result: str) -> str:
    return '[{"data": {"sample_id": "a", "version": "v"}, "annotations": [{"result": [' + result + "]}]}]"


def record(responses: str) -> str:
    return '[{"fields": {}, "metadata": {"sample_id": "a", "version": "v", "candidates": 2}, "responses": ' + responses + "}]"


HEAD = "sample_id,version,candidate,rank\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sample_id,version,rank\n", "missing: candidate"),
        ("", "missing: sample_id, version, candidate, rank"),
        (f"{HEAD}a/0/1,v,c,first\n", "line 2: 'first' is no rank"),
        (f"{HEAD}a/0/1,v,c,0\n", "line 2: '0' is no rank"),
        (f"{HEAD}a/0/1,v,c,nan\n", "line 2: 'nan' is no rank"),
        (f"{HEAD}a/0/1,v,c,inf\n", "line 2: 'inf' is no rank"),
        (f"{HEAD}a/0/1,v,c,1\na/0/1,v,d,\n", "line 2: d of a/0/1 has no rank, and others of that window have one"),
        (f"{HEAD}a/0/1,v,c,1\na/0/1,v,c,2\n", "line 3: c of a/0/1 stands here a second time"),
        (f"{HEAD}a/0/1,v,c,1\na/0/1,w,d,2\n", "line 3: its version is 'w'"),
        (f"{HEAD},v,c,1\n", "line 2: sample_id, version and candidate must not be empty"),
    ],
)
def test_a_faulty_line_of_a_spreadsheet_is_named(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "faulty.csv"
    path.write_text(text)
    assert why in refused(path, "csv")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"sample_id": "a/0/1", "version": "v", "ranking": ["c", "c"]}', "line 1: its ranking has 'c' twice"),
        ('{"sample_id": "a/0/1", "version": "v"}\n{"sample_id"', "line 2 is not whole JSON"),
        ('\n{"version": "v", "ranking": ["c"]}', "line 2: sample_id: Field required"),
        ('{"sample_id": "a/0/1", "version": "v", "ranking": 3}', "line 1: ranking: Input should be a valid list"),
        ('{"sample_id": "a/0/1", "version": "v", "ranking": [1]}', "line 1: ranking.0"),
        ('[{"sample_id": "a/0/1", "version": "v"}, 3]', "record 2: Input should be"),
        ('[{"sample_id": "a/0/1"', "it is not whole JSON"),
        ('[{"data": {"sample_id": "a"}}]', "record 1: data.version: Field required"),
        (task('{"type": "ranker", "value": {"ranker": {"good": [], "bad": []}}}'), "without buckets"),
        ('[{"fields": {}, "responses": {}}]', "record 1: metadata: Field required"),
        (record('{"ranking": [{"value": 3}]}'), "record 1: responses.ranking.0.value"),
    ],
)
def test_a_faulty_record_is_named(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "faulty.json"
    path.write_text(text)
    assert why in refused(path)


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\xff\xd8\xff\xe0")
    assert "cannot be read as UTF-8 text" in refused(path)
    assert "cannot be read" in refused(tmp_path / "nowhere.csv")
