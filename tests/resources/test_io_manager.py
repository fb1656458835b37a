"""Stored files as typed values: what is loaded, what users' own assets may return, and that nothing is ever pickled."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.records import Clips, Record
from streamcap_dagster.resources.io_manager import NotOnePerPartition, NotStorable, PerVideo, StreamcapIOManager, UnknownKind
from streamcap_dagster.resources.storage import FolderStorageResource
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage

PACKAGE = Path(__file__).parents[2] / "streamcap_dagster"
VIDEOS = dg.StaticPartitionsDefinition(["owl", "cat", "dog"])
SEVERAL = {"dagster/asset_partition_range_start": "owl", "dagster/asset_partition_range_end": "dog"}


class Score(Record):
    """What a user's own asset may make of a video."""

    video_id: str
    points: int


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


Run = Callable[..., list[Any]]


@pytest.fixture
def run(storage: FolderStorage) -> Run:
    """Runs assets with our IO manager, for one partition or for several."""

    def materialize(*assets: dg.AssetsDefinition | dg.AssetSpec, selection: str = "*", **how: Any) -> dg.ExecuteInProcessResult:
        io_manager = StreamcapIOManager(storage=FolderStorageResource(root=storage.uri))
        return dg.materialize(assets, resources={"io_manager": io_manager}, selection=selection, instance=dg.DagsterInstance.ephemeral(), **how)

    return materialize  # type: ignore[return-value]


def own(function: Callable[..., Any], **more: Any) -> dg.AssetsDefinition:
    """An asset of a user, per video, that can take several in a run."""
    return dg.asset(partitions_def=VIDEOS, backfill_policy=dg.BackfillPolicy.single_run(), **more)(function)


def scored(context: dg.AssetExecutionContext) -> Any:
    """One Record, or one for each."""
    found = {video_id: Score(video_id=video_id, points=len(context.partition_keys)) for video_id in context.partition_keys}
    return found if len(found) > 1 else found.popitem()[1]


def looking_at(annotation: Any, seen: list[Any]) -> dg.AssetsDefinition:
    """An asset that takes in `scored` as annotated, and notes it."""

    def look(scored: Any) -> None:
        seen.append(scored)

    look.__annotations__["scored"] = annotation
    return own(look)


def test_a_record_of_one_video_is_stored_as_readable_json_and_loaded_downstream(storage: FolderStorage, run: Run) -> None:
    seen: list[Any] = []

    run(own(scored), looking_at(Score, seen), partition_key="cat")

    assert seen == [Score(video_id="cat", points=1)]
    assert storage.read("scored/cat.json") == b'{\n "video_id": "cat",\n "points": 1\n}\n'


@pytest.mark.parametrize("annotation", [Mapping[str, Score], dict[str, Score]])
def test_records_of_several_videos_are_stored_one_by_one_and_loaded_downstream(storage: FolderStorage, run: Run, annotation: Any) -> None:
    seen: list[Any] = []

    run(own(scored), looking_at(annotation, seen), tags=SEVERAL)

    assert dict(seen[0]) == {video_id: Score(video_id=video_id, points=3) for video_id in ("cat", "dog", "owl")}
    assert list(seen[0]) == ["cat", "dog", "owl"]
    assert [stored.key for stored in storage.list("")] == ["scored/cat.json", "scored/dog.json", "scored/owl.json"]


def test_a_record_without_partitions_is_stored_and_loaded(storage: FolderStorage, run: Run) -> None:
    seen: list[Score] = []

    @dg.asset
    def total() -> Score:
        return Score(video_id="all", points=7)

    @dg.asset
    def look(total: Score) -> None:
        seen.append(total)

    run(total, look)

    assert seen == [Score(video_id="all", points=7)]
    assert [stored.key for stored in storage.list("")] == ["total/whole.json"]


def test_assets_of_the_same_name_under_different_prefixes_keep_apart(storage: FolderStorage, run: Run) -> None:
    run(own(scored, key_prefix="first"), own(scored, key_prefix="second"), partition_key="cat")

    assert [stored.key for stored in storage.list("")] == ["first/scored/cat.json", "second/scored/cat.json"]


@pytest.mark.parametrize("value", [3, "words", {"cat": 3}, [Score(video_id="cat", points=1)]], ids=repr)
def test_what_has_no_file_format_is_refused_and_nothing_is_stored(storage: FolderStorage, run: Run, value: object) -> None:
    def odd(context: dg.AssetExecutionContext) -> Any:
        return value

    with pytest.raises(NotStorable, match=r"odd returned a \w+, which has no file format here. Return a Record"):
        run(own(odd), partition_key="cat")
    assert list(storage.list("")) == []


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (lambda keys: Score(video_id="cat", points=1), "one value for them all"),
        (lambda keys: {"cat": Score(video_id="cat", points=1)}, "values for cat, but its run is for cat, dog, owl"),
        (lambda keys: {key: Score(video_id=key, points=1) for key in [*keys, "rat"]}, "rat"),
    ],
    ids=["one for all", "too few", "too many"],
)
def test_records_that_do_not_fit_the_partitions_of_the_run_are_refused_before_anything_is_stored(
    storage: FolderStorage, run: Run, returned: Callable[[list[str]], Any], told: str
) -> None:
    def odd(context: dg.AssetExecutionContext) -> Any:
        return returned(sorted(context.partition_keys))

    with pytest.raises(NotOnePerPartition, match=told):
        run(own(odd), tags=SEVERAL)
    assert list(storage.list("")) == []


def test_a_record_is_not_loaded_without_knowing_its_kind(run: Run) -> None:
    with pytest.raises(UnknownKind, match=r"scored cannot be loaded without knowing what it is.* python_type"):
        run(own(scored), looking_at(Any, []), partition_key="cat")


def test_a_record_of_a_user_loads_from_a_python_prompt(storage: FolderStorage) -> None:
    write_record(storage, "scored/cat.json", Score(video_id="cat", points=5))
    defs = dg.Definitions([own(scored)], resources={"io_manager": StreamcapIOManager(storage=FolderStorageResource(root=storage.uri))})

    assert defs.load_asset_value("scored", python_type=Score, partition_key="cat") == Score(video_id="cat", points=5)


def test_a_stored_value_of_ours_is_loaded_as_its_record(storage: FolderStorage, run: Run) -> None:
    write_record(storage, keys.clips("cat"), Clips(video_id="cat", window_duration_s=2, clips=(), skipped="too short"))
    seen: list[Clips] = []

    def look(clips: Clips) -> None:
        seen.append(clips)

    run(dg.AssetSpec("clips", partitions_def=VIDEOS), own(look), selection="look", partition_key="cat")

    assert seen[0].skipped == "too short"


def test_several_videos_are_a_mapping_that_reads_only_what_is_looked_at(storage: FolderStorage, run: Run) -> None:
    """Only one of the three exists."""
    write_record(storage, keys.clips("cat"), Clips(video_id="cat", window_duration_s=2, clips=()))
    seen: list[Mapping[str, Clips]] = []

    def look(clips: Mapping) -> None:  # type: ignore[type-arg]
        seen.append(clips)

    run(dg.AssetSpec("clips", partitions_def=VIDEOS), own(look), selection="look", tags=SEVERAL)

    assert list(seen[0]) == ["cat", "dog", "owl"]
    assert seen[0]["cat"].video_id == "cat"
    with pytest.raises(FileNotFoundError):
        seen[0]["dog"]


def test_a_mapping_reads_each_time_keeps_nothing_and_knows_its_videos() -> None:
    read: list[str] = []
    values = PerVideo(["cat", "dog"], lambda video_id: read.append(video_id) or video_id.upper())

    assert (len(values), list(values), read) == (2, ["cat", "dog"], [])
    assert (values["dog"], values["dog"], read) == ("DOG", "DOG", ["dog", "dog"])
    with pytest.raises(KeyError):
        values["owl"]


@pytest.mark.parametrize(
    ("asset", "key"),
    [
        ("clips", "clips/cat.json"),
        ("frames", "frames/cat.parquet"),
        ("frame_hashes", "frame_hashes/cat.json"),
        ("caption_quality", "caption_quality/cat.json"),
        ("raw_videos", "raw/videos/cat.*"),
        ("caption_files", "captions/cat.vtt"),
        ("rl_examples", "rl_examples/cat.json"),
    ],
)
def test_a_missing_object_is_a_file_not_found_error_with_key_and_fix(run: Run, asset: str, key: str) -> None:
    def look(context: dg.AssetExecutionContext, **inputs: Any) -> None: ...

    looking = own(look, ins={asset: dg.AssetIn()})

    with pytest.raises(FileNotFoundError, match=rf"^{re.escape(key)} does not exist in .*Make it by materializing") as missing:
        run(dg.AssetSpec(asset, partitions_def=VIDEOS), looking, selection="look", partition_key="cat")
    assert isinstance(missing.value, ObjectMissing)


def test_nothing_in_the_package_pickles() -> None:
    """What is stored may come from a bucket that others write to: it must never be able to run code."""
    risky = re.compile(r"\b(?:pickle|cPickle|dill|cloudpickle|joblib|shelve|marshal)\b|torch\.load|allow_pickle|\beval\(|\bexec\(", re.IGNORECASE)
    found = {path.name: risky.findall(path.read_text()) for path in PACKAGE.rglob("*.py")}

    assert {name: words for name, words in found.items() if words} == {}
