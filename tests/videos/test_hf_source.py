"""What of a dataset on the Hub is a video, what is known of it, and how it is lent; over HTTP against a local Hub."""

import io
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import datasets
import pyarrow as pa
import pytest

from streamcap_dagster.emulators.hub.server import Running
from streamcap_dagster.errors import SourceError, VideoUnreadable
from streamcap_dagster.videos.hf_source import HfSource
from streamcap_dagster.videos.hugging_face.address import HubAddress
from streamcap_dagster.videos.hugging_face.client import HubClient
from streamcap_dagster.videos.hugging_face.tables import read_videos
from streamcap_dagster.videos.metadata import About
from streamcap_dagster.videos.source import UNKNOWN_SIZE
from tests.videos.hub_dataset import DEADLINE_S, REPO, HubDataset, embedded, table_of

PAGE = f"/datasets/{REPO}"
BIG = b"\0" * 3_000_000
CARD = b"---\nlicense: cc-by-4.0\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n---\n# Clips\n"


def put(dataset: HubDataset, **rows: list[dict[str, object]]) -> None:
    """One table of rows for each split."""
    dataset.hub.make(REPO, {f"data/{split}-00000-of-00001.parquet": table_of(some) for split, some in rows.items()})


def read(source: HfSource, uri: str) -> bytes:
    with source.local(uri) as path:
        return path.read_bytes()


def test_a_row_is_called_by_its_id_with_the_suffix_of_its_file(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(b"one", "x.webm", id="first"), embedded(b"two", None, id="second"), embedded(b"three", "y.txt", id="in/3.MOV")])
    assert dataset.uris() == ["first.webm", "second.mp4", "in/3.MOV"]


@pytest.mark.parametrize(("column", "value"), [("id", "7"), ("video_id", "7"), ("id", 7)])
def test_either_column_of_ids_is_known(dataset: HubDataset, column: str, value: object) -> None:
    put(dataset, train=[embedded(b"one", "x.mp4", **{column: value})])
    assert dataset.uris() == ["7.mp4"]


def test_without_ids_a_row_is_called_by_its_file_and_else_by_its_number(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(b"one", "sub/Cat.mov"), embedded(b"two")], test=[embedded(b"three")])
    assert dataset.uris() == ["test-000000.mp4", "sub/Cat.mov", "train-000001.mp4"]


def test_ids_that_come_twice_are_told_apart_by_their_row(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(b"one", id="a"), embedded(b"two", id="a")])
    assert dataset.uris() == ["a.mp4", "a-train-000001.mp4"]
    assert (dataset.bytes_of("a.mp4"), dataset.bytes_of("a-train-000001.mp4")) == (b"one", b"two")


def test_listing_fetches_no_video(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(BIG, id=f"v{number}", license="cc0-1.0") for number in range(3)])
    found = list(dataset.source.scan())
    assert [(file.uri, file.size_bytes, file.problem) for file in found] == [(f"v{number}.mp4", UNKNOWN_SIZE, "") for number in range(3)]
    assert dataset.downloaded_bytes() < 300_000


def test_a_look_at_a_commit_that_was_listed_is_one_request(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(b"one", id="a")])
    before = list(dataset.source.scan())
    dataset.hub.journal.clear()
    assert list(dataset.source.scan()) == before
    assert dict(dataset.hub.journal.by_kind) == {"info": 1}


def test_each_video_of_a_row_group_is_its_own_bytes_and_they_come_in_one_stream(dataset: HubDataset) -> None:
    videos = {f"v{number}.mp4": bytes([number]) * 1_000_000 for number in range(6)}
    dataset.hub.make(REPO, {"a.parquet": table_of([embedded(data, uri) for uri, data in videos.items()], rows_a_group=3)})
    source = dataset.source
    assert [file.uri for file in source.scan()] == list(videos)
    for uri, data in videos.items():
        with source.local(uri) as path:
            assert (path.read_bytes(), path.suffix) == (data, ".mp4")
    assert dataset.downloaded_bytes() < 7_000_000


def test_a_copy_that_had_to_go_is_fetched_again(dataset: HubDataset) -> None:
    dataset.cache_bytes = 1
    put(dataset, train=[embedded(bytes([number]) * 1000, f"v{number}.mp4") for number in range(3)])
    assert [dataset.bytes_of(f"v{number}.mp4")[0] for number in (2, 0, 1, 2)] == [2, 0, 1, 2]


MANY = {f"v{number:02d}.mp4": bytes([number]) * 100_000 for number in range(16)}
TABLE_BYTES = 1_700_000
"""What a stream of a table of these takes, and then some."""


def test_a_table_that_is_larger_than_the_cache_is_fetched_a_few_times_and_not_for_each_video(dataset: HubDataset) -> None:
    dataset.cache_bytes = 800_000
    put(dataset, train=[embedded(data, uri) for uri, data in MANY.items()])
    source = dataset.source
    assert [read(source, uri) for uri in MANY] == list(MANY.values())
    assert dataset.downloaded_bytes() < 5 * TABLE_BYTES


def test_videos_that_had_to_go_and_are_wanted_side_by_side_come_in_one_stream(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(data, uri) for uri, data in MANY.items()])
    dataset.bytes_of("v00.mp4")
    (dataset.root / "cache" / "files").rename(dataset.root / "lost")
    dataset.hub.journal.clear()
    source = dataset.source
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(partial(read, source), MANY)) == list(MANY.values())
    assert dataset.downloaded_bytes() < 2 * TABLE_BYTES


def test_a_video_of_a_table_is_held_in_memory_as_it_came_and_not_a_second_time(hub: Running) -> None:
    files = {"train.parquet": table_of([embedded(b"\7" * 20_000_000)])}
    sha = hub.make(REPO, files).at("main").oid
    client = HubClient(HubAddress(REPO), DEADLINE_S, hub.url)
    table = next(file for file in client.files(sha) if file.path == "train.parquet")
    tracemalloc.start()
    try:
        (video,) = read_videos(client, sha, table, "video", 0)
        held_bytes = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert video is not None
    assert bytes(video) == b"\7" * 20_000_000
    assert held_bytes < 10_000_000


def test_a_video_that_is_copied_is_not_fetched_again(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(b"one", id="a")])
    dataset.bytes_of("a.mp4")
    dataset.hub.journal.clear()
    assert dataset.bytes_of("a.mp4") == b"one"
    assert dataset.downloads() == 0


def test_what_a_row_says_goes_before_what_the_dataset_says(dataset: HubDataset) -> None:
    rows = [
        embedded(b"one", id="a", license="cc0-1.0", credit="Ada", url="https://example.org/a", group="cam 1"),
        embedded(b"two", id="b", license=None, credit="", url=None, group=None),
    ]
    dataset.hub.make(REPO, {"README.md": CARD, "data/train-0.parquet": table_of(rows)})
    source = dataset.source
    described = source.describe([file.uri for file in source.scan()])
    assert described.about["a.mp4"] == About("cc0-1.0", "Ada", "https://example.org/a", "cam 1")
    assert described.about["b.mp4"] == About("cc-by-4.0", REPO, dataset.hub.url + PAGE, "")


@pytest.mark.parametrize(
    ("card", "told"),
    [
        ("license: cc0-1.0", "cc0-1.0"),
        ("license:\n- mit\n- cc0-1.0", "mit, cc0-1.0"),
        ("license: other\nlicense_name: house-rules", "house-rules"),
        ("license: other", "other"),
        ("tags: [video]", ""),
    ],
)
def test_the_licence_of_the_card_is_that_of_every_video(dataset: HubDataset, card: str, told: str) -> None:
    dataset.hub.make(REPO, {"README.md": f"---\n{card}\n---\n".encode(), "a.mp4": b"video"})
    assert dataset.source.describe(["a.mp4"]).about["a.mp4"].license == told


def test_a_card_that_cannot_be_read_is_told_and_loses_no_video(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"README.md": b"---\nlicense: [\n---\n", "a.mp4": b"video"})
    found = dataset.source.describe(["a.mp4"])
    assert set(found.about) == {"a.mp4"}
    assert found.remarks == (
        "README.md of hf://somebody/clips says nothing of licence and splits: its YAML cannot be read. Mend the lines between the first two ---.",
    )


def test_a_card_with_a_key_that_is_no_word_is_told_and_loses_no_video(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"README.md": b"---\nlicense: mit\n1: one\n---\n", "a.mp4": b"video"})
    (remark,) = dataset.source.describe(["a.mp4"]).remarks
    assert "says nothing of licence and splits: its YAML cannot be read" in remark


def test_files_of_the_repository_are_videos_with_what_metadata_says_of_them(dataset: HubDataset) -> None:
    metadata = b"file_name,license,text\na.mp4,cc0-1.0,hello\ngone.mp4,x,y\n"
    dataset.hub.make(REPO, {"clips/a.mp4": b"one", "clips/b.MOV": b"two", "clips/metadata.csv": metadata, "notes.txt": b"", ".hidden/c.mp4": b"three"})
    source = dataset.source
    assert [(file.uri, file.size_bytes) for file in source.scan()] == [("clips/a.mp4", 3), ("clips/b.MOV", 3)]
    described = source.describe(["clips/a.mp4", "clips/b.MOV"])
    assert [about.license for about in described.about.values()] == ["cc0-1.0", ""]
    assert len(described.remarks) == 2
    assert dataset.bytes_of("clips/b.MOV") == b"two"


def test_of_videos_whose_metadata_cannot_be_read_holds_what_was_known(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"clips/a.mp4": b"one", "b.mp4": b"two", "clips/metadata.parquet": b"PAR1 but no more"})
    described = dataset.source.describe(["clips/a.mp4", "b.mp4"])
    before = About("cc0-1.0", "Ada", "https://example.org/a", "cam 1")
    assert described.of("clips/a.mp4", before) == before
    assert described.of("b.mp4", before) == About("", REPO, dataset.hub.url + PAGE)
    assert described.remarks[0].startswith("clips/metadata.parquet cannot be read (")


@pytest.mark.parametrize("name", ["clips/a.mp4", "a.mp4", "./a.mp4", f"hf://datasets/{REPO}@main/clips/a.mp4"])
def test_a_row_may_name_a_file_of_the_repository(dataset: HubDataset, name: str) -> None:
    dataset.hub.make(REPO, {"clips/a.mp4": b"video", "clips/rows.parquet": table_of([{"video": name, "id": "first"}], pa.string())})
    (found,) = dataset.source.scan()
    assert (found.uri, found.size_bytes, dataset.bytes_of("first.mp4")) == ("first.mp4", 5, b"video")


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_bytes_without_a_name_are_videos_too(dataset: HubDataset, kind: pa.DataType) -> None:
    dataset.hub.make(REPO, {"train.parquet": table_of([{"video": b"video"}], kind)})
    assert dataset.uris() == ["train-000000.mp4"]
    assert dataset.bytes_of("train-000000.mp4") == b"video"


def test_a_dataset_that_the_real_library_wrote_is_read(dataset: HubDataset) -> None:
    features = datasets.Features({"id": datasets.Value("string"), "clip": datasets.Video(decode=False)})
    rows = {"id": ["a", "b"], "clip": [{"bytes": b"one", "path": "x.mp4"}, {"bytes": b"two", "path": None}]}
    file = io.BytesIO()
    datasets.Dataset.from_dict(rows, features=features).to_parquet(file)
    dataset.hub.make(REPO, {"data/train-00000-of-00001.parquet": file.getvalue()})
    assert (dataset.uris(), dataset.bytes_of("b.mp4")) == (["a.mp4", "b.mp4"], b"two")


def test_a_licence_that_is_a_label_is_told_by_its_name(dataset: HubDataset) -> None:
    licences = datasets.ClassLabel(names=["mit", "cc0-1.0"])
    features = datasets.Features({"id": datasets.Value("string"), "video": datasets.Video(decode=False), "license": licences})
    rows = {"id": ["a", "b"], "video": [{"bytes": b"one", "path": None}, {"bytes": b"two", "path": None}], "license": ["cc0-1.0", None]}
    file = io.BytesIO()
    datasets.Dataset.from_dict(rows, features=features).to_parquet(file)
    dataset.hub.make(REPO, {"data/train-00000-of-00001.parquet": file.getvalue()})
    assert [about.license for about in dataset.source.describe(["a.mp4", "b.mp4"]).about.values()] == ["cc0-1.0", ""]


def test_a_number_whose_meaning_nobody_tells_is_no_licence(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(b"one", id="a", license=3)])
    assert dataset.source.describe(["a.mp4"]).about["a.mp4"].license == ""


def test_a_row_without_a_video_has_a_problem_and_the_others_go_on(dataset: HubDataset) -> None:
    rows = [{"video": "gone.mp4", "id": "a"}, {"video": None, "id": "b"}, {"video": "c.mp4", "id": "c"}]
    dataset.hub.make(REPO, {"c.mp4": b"video", "rows.parquet": table_of(rows, pa.string())})
    problems = [file.problem.partition(". ")[0] for file in dataset.source.scan()]
    assert problems == ["Its row names 'gone.mp4', which is no file of the dataset", "Its row holds no video, and names none", ""]


def test_a_row_whose_bytes_are_missing_is_unreadable_when_it_is_wanted(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(None, "nowhere.mp4", id="a"), embedded(b"two", None, id="b")])
    assert dataset.uris() == ["a.mp4", "b.mp4"]
    with pytest.raises(VideoUnreadable, match="its row holds no video"):
        dataset.bytes_of("a.mp4")
    assert dataset.bytes_of("b.mp4") == b"two"


def test_without_a_column_of_videos_the_columns_are_named(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"rows.parquet": table_of([{"clip_bytes": b"x", "caption": "y"}])})
    with pytest.raises(SourceError, match=r"no column of it holds videos.* columns of rows\.parquet are 'clip_bytes', 'caption'\. Name the column `video`"):
        dataset.uris()


def test_a_table_without_videos_beside_files_that_are_videos_is_no_matter(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"a.mp4": b"video", "captions.parquet": table_of([{"caption": "x"}])})
    assert dataset.uris() == ["a.mp4"]


def test_a_broken_table_is_told_and_the_others_hold(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"data/train-0.parquet": table_of([embedded(b"one", id="a")]), "data/train-1.parquet": b"PAR1 but no more"})
    source = dataset.source
    assert [file.uri for file in source.scan()] == ["a.mp4"]
    (remark,) = source.describe(["a.mp4"]).remarks
    assert remark.startswith("data/train-1.parquet is passed over: it cannot be read as Parquet (")


def test_a_broken_table_gives_no_row_of_its_split_the_number_of_another(dataset: HubDataset) -> None:
    broken = {"data/train-0.parquet": b"PAR1 but no more", "data/train-1.parquet": table_of([embedded(b"one", id="a"), embedded(b"two")])}
    dataset.hub.make(REPO, broken)
    with pytest.raises(SourceError, match=r"data/train-0\.parquet cannot be read as Parquet, and rows of the split train without an id or file are called by"):
        dataset.uris()


def test_rows_that_have_the_same_id_are_not_told_apart_by_numbers_that_a_broken_table_shifts(dataset: HubDataset) -> None:
    broken = {"data/train-0.parquet": b"PAR1 but no more", "data/train-1.parquet": table_of([embedded(b"one", id="a"), embedded(b"two", id="a")])}
    dataset.hub.make(REPO, broken)
    with pytest.raises(SourceError, match=r"data/train-0\.parquet cannot be read"):
        dataset.uris()


def test_a_broken_table_shifts_no_number_of_another_split(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"data/train-0.parquet": b"PAR1 but no more", "data/test-0.parquet": table_of([embedded(b"two")])})
    assert dataset.uris() == ["test-000000.mp4"]


def test_a_table_that_is_broken_in_the_middle_fails_its_videos_alone(dataset: HubDataset) -> None:
    good, bad = table_of([embedded(b"o" * 100, id="a")]), table_of([embedded(b"x" * 100_000, id="b")])
    dataset.hub.make(REPO, {"data/train-0.parquet": good, "data/train-1.parquet": bad[:4] + b"\xff" * 60 + bad[64:]})
    assert dataset.uris() == ["a.mp4", "b.mp4"]
    assert dataset.bytes_of("a.mp4") == b"o" * 100
    with pytest.raises(VideoUnreadable, match=r"data/train-1\.parquet, which holds it, cannot be read"):
        dataset.bytes_of("b.mp4")


def test_a_part_of_a_dataset_is_listed_alone(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(b"one", id="a")], test=[embedded(b"two", id="b")])
    dataset.address = f"hf://{REPO}:test"
    assert dataset.uris() == ["b.mp4"]


def test_an_older_commit_stays_what_it_was(dataset: HubDataset) -> None:
    first = dataset.hub.make(REPO, {"a.mp4": b"one"}).at("main").oid
    dataset.hub.commit(REPO, {"a.mp4": b"other", "b.mp4": b"two"})
    assert dataset.uris() == ["a.mp4", "b.mp4"]
    dataset.address = f"hf://{REPO}@{first}"
    assert (dataset.uris(), dataset.bytes_of("a.mp4")) == (["a.mp4"], b"one")


def test_a_version_changes_with_the_file_that_holds_it_and_with_no_other(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(b"one", id="a")], test=[embedded(b"two", id="b")])
    before = {file.uri: file.version for file in dataset.source.scan()}
    dataset.hub.commit(REPO, {"data/train-00000-of-00001.parquet": table_of([embedded(b"other", id="a")])})
    after = {file.uri: file.version for file in dataset.source.scan()}
    assert (after["a.mp4"] == before["a.mp4"], after["b.mp4"] == before["b.mp4"]) == (False, True)


def test_a_video_of_another_version_than_was_listed_is_refused(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"a.mp4": b"one"})
    with pytest.raises(VideoUnreadable, match="it changed while it was read"), dataset.source.local("a.mp4", "another"):
        pass


def test_a_listing_that_was_spoiled_is_made_again(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"a.mp4": b"one"})
    dataset.uris()
    for kept in (dataset.root / "cache" / "hub").glob("*.json"):
        kept.write_text("[")
    assert dataset.uris() == ["a.mp4"]


def test_a_table_that_was_read_at_an_earlier_commit_is_not_read_again(dataset: HubDataset) -> None:
    put(dataset, train=[embedded(b"one", id="a")])
    dataset.uris()
    dataset.hub.commit(REPO, {"data/test-00000-of-00001.parquet": table_of([embedded(b"two", id="b")])})
    dataset.hub.journal.clear()
    assert dataset.uris() == ["b.mp4", "a.mp4"]
    assert dataset.downloads("train-00000-of-00001.parquet") == 0


def test_a_listing_that_cannot_be_kept_is_made_each_time(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"a.mp4": b"one"})
    (dataset.root / "cache").mkdir()
    (dataset.root / "cache" / "hub").write_text("a file where a folder should be")
    assert [dataset.uris(), dataset.uris()] == [["a.mp4"], ["a.mp4"]]


def test_a_new_commit_takes_the_place_of_the_old_ones_listing(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"a.mp4": b"one"})
    dataset.uris()
    dataset.hub.commit(REPO, {"b.mp4": b"two"})
    dataset.uris()
    assert len(list((dataset.root / "cache" / "hub").glob("*.json"))) == 1


def test_a_dataset_without_any_video_is_refused_by_the_catalog(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"README.md": CARD})
    with pytest.raises(SourceError, match="it holds no video"):
        dataset.catalog()


def test_a_private_dataset_is_read_with_a_token(hub: Running, dataset: HubDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.make(REPO, {"a.mp4": b"one"}, private=True)
    monkeypatch.setenv("HF_TOKEN", "hf_reader")
    assert dataset.bytes_of("a.mp4") == b"one"
