"""Videos of every size beside each other, and of some nothing usable: the dataset is whole."""

import hashlib
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import datasets
import pytest

from streamcap_dagster.dataset import shards
from streamcap_dagster.dataset.configs import Config
from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.errors import StorageError
from streamcap_dagster.records import Caption, Captions, Clip, Clips, Frame, PreferenceExamples, RlExamples, SftExample, SftExamples, SftPair, Turn
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import write_frames
from tests.dataset.corpus import HELLO, jpeg, preference_pair, store_preferences, store_quality, store_video, video

HOURS = 6
CLIPS, WINDOWS, WINDOW_S = HOURS * 60, 6, 10.0

MADE_FROM: dict[Config, Callable[[str], str]] = {"sft": keys.sft_examples, "rl": keys.rl_examples, "preference": keys.preference_examples}


@pytest.fixture(scope="module")
def one_picture() -> bytes:
    return jpeg("a street")


def store_long(storage: FolderStorage, video_id: str, picture: bytes) -> DatasetVideo:
    """Six hours in clips of a minute, with a picture of its own for each window, as far as bytes tell: what follows a JPEG changes nothing of it."""
    places = [(clip, window) for clip in range(CLIPS) for window in range(WINDOWS)]
    frames = {place: _frame(*place, picture) for place in places}
    captions = [_caption(frames[place]) for place in places]
    spans = (Clip(clip=clip, start_s=clip * 60, end_s=clip * 60 + 60, windows=WINDOWS, reason="by hand") for clip in range(CLIPS))
    write_record(storage, keys.clips(video_id), Clips(video_id=video_id, window_duration_s=WINDOW_S, clips=tuple(spans)))
    with storage.staged(keys.frames(video_id)) as path:
        write_frames(path, frames.values(), "by hand")
    for kind, key in (("initial", keys.initial_captions), ("delta", keys.delta_captions)):
        write_record(storage, key(video_id), Captions(video_id=video_id, captions=tuple(caption for caption in captions if caption.kind == kind)))
    store_quality(storage, video_id)
    pairs = tuple(SftPair(clip=clip, window=window, example=_example(video_id, clip, window)) for clip, window in places if window)
    write_record(storage, keys.sft_examples(video_id), SftExamples(video_id=video_id, examples=pairs))
    write_record(storage, keys.rl_examples(video_id), RlExamples(video_id=video_id, examples=()))
    return DatasetVideo(video(video_id), "train")


def _frame(clip: int, window: int, picture: bytes) -> Frame:
    data = picture + f"{clip} {window}".encode()
    at_s = clip * 60 + window * WINDOW_S
    return Frame(clip, window, 0, at_s, at_s, 48, 32, hashlib.sha256(data).hexdigest(), data)


def _caption(frame: Frame) -> Caption:
    return Caption(
        clip=frame.clip,
        window=frame.window,
        start_s=frame.target_s,
        end_s=frame.target_s + WINDOW_S,
        kind="delta" if frame.window else "initial",
        outcome="ok",
        text=f"News {frame.window}.",
        frame_sha256=(frame.sha256,),
        frame_pts_s=(frame.pts_s,),
        history_sha256="",
        prompt_version="p1",
        captioner="recorded",
        model="none",
    )


def _example(video_id: str, clip: int, window: int) -> SftExample:
    return SftExample(
        video_id=video_id,
        start_time=clip * 60 + (window - 1) * WINDOW_S,
        fps=1 / WINDOW_S,
        source_fps=30,
        window_duration=WINDOW_S,
        frames_window1=(),
        frames_window2=(),
        caption_window1="Before.",
        caption_window2_delta=f"News {window}.",
        conversations=(Turn(role="user", content="What is new?"), Turn(role="assistant", content=f"News {window}.")),
    )


def test_a_video_of_six_hours_stands_beside_many_short_ones(storage: FolderStorage, one_picture: bytes) -> None:
    entries = [store_long(storage, "long", one_picture), *(store_video(storage, f"v{number:02d}") for number in range(30))]

    report = build_dataset(storage, entries, shard_bytes=500_000, cadences_s=(20, 30))

    assert (report.skipped, report.found.faults) == ({}, [])
    assert report.contents.rows["sft", "train"] == CLIPS * (WINDOWS - 1) + 30 * 2
    assert report.contents.rows["stream", "train"] == CLIPS + 30
    assert max(report.size_bytes[key] for key in report.shards) < 2 * 500_000


def test_where_every_caption_was_blocked_only_the_stream_has_rows(storage: FolderStorage) -> None:
    entries = [store_video(storage, video_id, [[("blocked", "")] * 4]) for video_id in "ab"]

    report = build_dataset(storage, entries, cadences_s=(4,))

    assert (report.skipped, report.found.faults) == ({}, [])
    assert {config for (config, _), count in report.contents.rows.items() if count} == {"stream"}
    rows = datasets.load_dataset(str(storage.root / keys.DATASET), "stream", split="train")
    assert {window["outcome"] for row in rows for one in row["merged"] for window in one["windows"]} == {"blocked"}


def test_a_video_without_clips_has_no_rows_in_any_config(storage: FolderStorage) -> None:
    entry = store_video(storage, "a", [])
    write_record(storage, keys.preference_examples("a"), PreferenceExamples(video_id="a", examples=()))
    report = build_dataset(storage, [entry])
    assert (report.skipped, report.shards) == ({}, [])


@pytest.mark.parametrize("config", MADE_FROM)
@pytest.mark.parametrize("damage", [b"", b'{"video_id": "b"}', b"\xff\xfe"], ids=["empty", "half", "no text"])
def test_a_spoilt_file_costs_its_video_one_config_and_says_so_in_one_sentence(storage: FolderStorage, config: Config, damage: bytes) -> None:
    entries = [store_video(storage, video_id, HELLO) for video_id in "ab"]
    for video_id in "ab":
        store_preferences(storage, video_id, preference_pair(1, "It opens.", "A red door."))
    whole = build_dataset(storage, entries).contents.rows
    storage.write(MADE_FROM[config]("b"), damage)

    report = build_dataset(storage, entries)

    assert report.skipped.keys() == {"b"}
    assert report.skipped["b"].startswith(f"no {config} rows: ")
    assert MADE_FROM[config]("b") in report.skipped["b"]
    assert {one: report.contents.rows[one, "train"] for one in MADE_FROM} == {one: whole[one, "train"] // (2 if one == config else 1) for one in MADE_FROM}


@contextmanager
def room_for_files_of(size_bytes: int) -> Iterator[None]:
    """Files that this process writes end here, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def threads() -> set[threading.Thread]:
    """Those at work, but for the ones that all who ask a storage for much at once share."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("many")}


def test_a_disk_that_is_full_in_the_middle_of_a_shard_leaves_the_old_dataset_whole(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP_BYTES", 10_000)
    build_dataset(storage, [store_video(storage, "a")])
    before = {stored.key: storage.read(stored.key) for stored in storage.list(f"{keys.DATASET}/")}
    more = [store_video(storage, f"v{number:02d}") for number in range(20)]
    at_work = threads()

    with room_for_files_of(50_000), pytest.raises(StorageError, match=r"processed/dataset/sft/train-.*File too large"):
        build_dataset(storage, more)

    assert {stored.key: storage.read(stored.key) for stored in storage.list(f"{keys.DATASET}/")} == before
    assert threads() <= at_work
    assert build_dataset(storage, more).contents.videos["train"] == 20
