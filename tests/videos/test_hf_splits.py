"""Which files belong to which split, held against what the `datasets` library makes of the same names."""

from pathlib import Path

import pytest
from datasets.data_files import DataFilesDict, get_data_patterns, sanitize_patterns

from streamcap_dagster.errors import SettingError, SourceError
from streamcap_dagster.videos.hugging_face.address import HubAddress, read_hub_address
from streamcap_dagster.videos.hugging_face.splits import splits_of

SOURCE = "hf://somebody/clips"
NAMES = [
    ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/my_split-00000-of-00001-abc.parquet", "other.parquet"],
    ["train.parquet", "test.parquet"],
    ["clips_train_0.parquet", "clips-val.parquet", "evaluation 1.parquet", "notes.parquet"],
    ["train/a.parquet", "val/b.parquet", "c.parquet"],
    ["videos/test_set/a.parquet", "videos/training/b.parquet"],
    ["retrained.parquet", "contest/a.parquet", "latest-devices.parquet"],
    ["a.parquet", "sub/deep/b.parquet", ".hidden/c.parquet", "__cache__/d.parquet"],
    ["dev/train.parquet"],
]
PATTERNS = [
    "data/*.parquet",
    ["data/a.parquet", "b/**"],
    {"train": "data/train-*", "test": ["data/test-*", "b/*.parquet"]},
    [{"split": "train", "path": "data/train-*"}, {"split": "val", "path": ["**/a.parquet"]}],
    [{"split": "train", "path": "b/**"}, {"split": "rest", "path": "data/[!t]*.parquet"}],
]


def files(folder: Path, names: list[str]) -> list[str]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return names


def relative(found: DataFilesDict, folder: Path) -> dict[str, list[str]]:
    return {str(split): sorted(Path(path).relative_to(folder).as_posix() for path in paths) for split, paths in found.items()}


@pytest.mark.parametrize("names", NAMES)
def test_names_tell_the_splits_that_the_library_finds_in_them(tmp_path: Path, names: list[str]) -> None:
    expected = relative(DataFilesDict.from_patterns(get_data_patterns(str(tmp_path)) if files(tmp_path, names) else {}, str(tmp_path)), tmp_path)
    assert splits_of(SOURCE, [*names, "README.md"], {}, "") == expected


@pytest.mark.parametrize("patterns", PATTERNS)
def test_a_card_tells_the_splits_that_the_library_finds_in_it(tmp_path: Path, patterns: object) -> None:
    names = files(tmp_path, ["data/train-0.parquet", "data/test-0.parquet", "data/a.parquet", "b/c.parquet", "b/d/a.parquet"])
    card = {"configs": [{"config_name": "default", "data_files": patterns}]}
    expected = relative(DataFilesDict.from_patterns(sanitize_patterns(patterns), str(tmp_path)), tmp_path)
    assert splits_of(SOURCE, names, card, "") == expected


def test_a_pattern_that_is_none_is_told() -> None:
    with pytest.raises(SourceError, match=r"its card has a pattern of files that cannot be used, 'data/train\*\*' \("):
        splits_of(SOURCE, ["data/train-0.parquet"], {"configs": [{"config_name": "default", "data_files": "data/train**"}]}, "")


CARD = {"configs": [{"config_name": "short", "data_files": "short/*"}, {"config_name": "long", "data_files": [{"split": "test", "path": "long/*"}]}]}
PATHS = ["short/a.mp4", "long/b.mp4"]


def test_one_of_several_configs_has_to_be_chosen() -> None:
    with pytest.raises(SourceError, match="it has several configs: choose one of short, long with a colon after the name"):
        splits_of(SOURCE, PATHS, CARD, "")


@pytest.mark.parametrize(("subset", "found"), [("short", {"train": ["short/a.mp4"]}), ("long/test", {"test": ["long/b.mp4"]})])
def test_a_subset_is_a_config_or_a_split_of_one(subset: str, found: dict[str, list[str]]) -> None:
    assert splits_of(SOURCE, PATHS, CARD, subset) == found


def test_the_default_config_need_not_be_named() -> None:
    by_name = {"configs": [*CARD["configs"], {"config_name": "default", "data_files": "short/*"}]}
    marked = {"configs": [CARD["configs"][0], {**CARD["configs"][1], "default": True}]}
    assert [list(splits_of(SOURCE, PATHS, card, "")) for card in (by_name, marked)] == [["train"], ["test"]]


@pytest.mark.parametrize(
    ("subset", "card", "told"),
    [
        ("dev", {}, "it has no split 'dev'; there is train"),
        ("long/dev", CARD, "it has no split 'dev'; there is test, and as configs short, long"),
        ("wide/test", CARD, "it has no config 'wide'; the configs are short, long"),
        ("wide/test", {}, "it has no config 'wide': its card names none"),
    ],
)
def test_a_part_that_there_is_not_is_told_with_those_that_there_are(subset: str, card: dict[str, object], told: str) -> None:
    with pytest.raises(SourceError) as error:
        splits_of(SOURCE, PATHS, card, subset)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("hf://somebody/clips", HubAddress("somebody/clips")),
        ("hf://datasets/somebody/clips/", HubAddress("somebody/clips")),
        ("hf://some.body/my-clips_2:train", HubAddress("some.body/my-clips_2", "train")),
        ("hf://somebody/clips:long/test", HubAddress("somebody/clips", "long/test")),
        ("hf://somebody/clips:train@v1.0", HubAddress("somebody/clips", "train", "v1.0")),
        ("hf://somebody/clips@refs/pr/1:train", HubAddress("somebody/clips", "train", "refs/pr/1")),
    ],
)
def test_an_address_is_taken_apart(uri: str, address: HubAddress) -> None:
    assert read_hub_address(uri, "STREAMCAP_SOURCE") == address
    assert read_hub_address(address.uri, "STREAMCAP_SOURCE") == address


@pytest.mark.parametrize("uri", ["hf://", "hf://clips", "hf://a/b/c", "hf://a/b:", "hf://a/b@", "hf://a/b@x@y", "hf://a/b:x:y", "hf://a/b c", "hf:/a/b"])
def test_no_dataset_is_called_that(uri: str) -> None:
    with pytest.raises(SettingError, match=r"hf://OWNER/NAME:SPLIT@REVISION"):
        read_hub_address(uri, "STREAMCAP_SOURCE")
