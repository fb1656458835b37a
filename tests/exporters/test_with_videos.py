"""LiveCC and Molmo2: words and times beside the video itself."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from streamcap_dagster.errors import ObjectMissing, SettingError
from streamcap_dagster.exporters.exporting import export
from streamcap_dagster.exporters.livecc import timed_words
from streamcap_dagster.exporters.rows import Window
from streamcap_dagster.exporters.table import exporter_of
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.exporters.corpus import WORDS, sft_row, store_dataset, stream_row

VIDEO = "videos/train/cat-000000000000.mp4"


@pytest.fixture
def videos(dataset: FolderStorage) -> FolderStorage:
    for video_id in ("cat", "dog"):
        dataset.write(keys.raw_video(video_id, ".mp4"), f"the bytes of {video_id}".encode())
    return dataset


def only(storage: FolderStorage, said: tuple[tuple[str, str], ...]) -> FolderStorage:
    """A dataset of one clip."""
    store_dataset(storage, {"stream": {"train": [[stream_row(said=said)]]}})
    storage.write(keys.raw_video("cat", ".mp4"), b"the bytes of cat")
    return storage


def livecc(storage: FolderStorage, out: Path, **options: str) -> list[Any]:
    """The samples of `train`, each found by the byte that the last line tells, as LiveCC's loader does."""
    export(storage, exporter_of("livecc").with_options(options), WORDS, out)
    path = out / "train_with_seeks.jsonl"
    seeks = json.loads(path.read_bytes().splitlines()[-1])
    samples = []
    with path.open(encoding="latin-1") as file:
        for seek in seeks:
            file.seek(seek)
            samples.append(json.loads(file.readline()))
    assert len(path.read_bytes().splitlines()) == len(samples) + 1
    assert json.loads((out / "train_seeks.jsonl").read_bytes()) == seeks  # where StreamingVLM's loader looks
    for sample in samples:
        check_livecc(sample, out)
    return samples


def check_livecc(sample: Any, folder: Path) -> None:
    """What LiveCC's and StreamingVLM's loaders take."""
    user, assistant = sample
    assert (set(user), user["role"]) == ({"role", "content"}, "user")
    assert (set(assistant), assistant["role"]) == ({"role", "content"}, "assistant")
    video, text = user["content"]
    assert (set(video), video["type"]) == ({"type", "video", "video_start", "video_end"}, "video")
    assert (set(text), text["type"]) == ({"type", "text", "previous", "title", "category"}, "text")
    assert (folder / video["video"]).is_file()
    [stream] = assistant["content"]
    assert (set(stream), stream["type"]) == ({"type", "text_stream"}, "text_stream")
    times = [time for begin, end, _ in stream["text_stream"] for time in (begin, end)]
    assert times == sorted(times)
    assert video["video_start"] <= times[0] <= times[-1] <= video["video_end"]
    assert all(word and not any(letter.isspace() for letter in word) for _, _, word in stream["text_stream"])


def test_livecc_has_the_words_of_a_clip_spread_over_their_windows(videos: FolderStorage, out: Path) -> None:
    assert livecc(videos, out) == [
        [
            {
                "role": "user",
                "content": [
                    {"type": "video", "video": VIDEO, "video_start": 0.0, "video_end": 3.75},
                    {"type": "text", "text": "What is there?\nWhat is new?", "previous": "", "title": "", "category": ""},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "text_stream",
                        "text_stream": [[0.0, 0.667, "A"], [0.667, 1.333, "red"], [1.333, 2.0, "door."], [2.0, 2.75, "It"], [2.75, 3.5, "opens."]],
                    }
                ],
            },
        ]
    ]


def test_livecc_is_silent_between_words_and_ends_with_the_last(storage: FolderStorage, out: Path) -> None:
    [(user, assistant)] = livecc(only(storage, (("ok", "Red."), ("no_change", ""), ("ok", "Blue."), ("no_change", ""))), out)

    assert assistant["content"][0]["text_stream"] == [[0.0, 2.0, "Red."], [4.0, 5.5, "Blue."]]
    assert user["content"][0]["video_end"] == 5.75


def test_livecc_takes_no_failed_window_for_silence_and_goes_on_after_it_with_what_was_said(storage: FolderStorage, out: Path) -> None:
    said = (("ok", "Red."), ("ok", "Green."), ("blocked", ""), ("no_change", ""), ("ok", "Blue."), ("invalid", ""), ("no_change", ""))
    first, second = livecc(only(storage, said), out)

    assert [(user["content"][0]["video_start"], user["content"][0]["video_end"]) for user, _ in (first, second)] == [(0.0, 3.75), (6.0, 9.75)]
    assert second[0]["content"][1]["text"] == "What is new?"
    assert second[0]["content"][1]["previous"] == "Red. Green."


def test_a_stretch_that_livecc_cannot_begin_is_left_out(storage: FolderStorage, out: Path) -> None:
    said = (("ok", "Red."), ("blocked", ""), ("no_change", ""), ("no_change", ""))
    only(storage, said)
    tally = export(storage, exporter_of("livecc"), WORDS, out).splits["train"]

    assert tally.rows == 0
    assert {reason: count for reason, count in tally.left_out.items() if "stretch" in reason} == {
        "stretch between failed windows of less than 3 s": 1,
        "stretch between failed windows in which nothing is said": 1,
    }


def turns_of(sample: Any, fps: float) -> list[list[str]]:
    """What LiveCC's loader lets the model say in each turn: the first turn is of six frames, at two a second, the others of two.

    It goes on from the first word that was not said; when there is none left, from the last, which it says once more.
    """
    video, stream = sample[0]["content"][0], sample[1]["content"][0]["text_stream"]
    shown = [k / fps for k in range(int(1000 * fps)) if video["video_start"] <= k / fps <= video["video_end"]]
    looks = [next(time for time in shown if time >= shown[0] + k * 0.5) for k in range(int((shown[-1] - shown[0] + 1e-6) / 0.5) + 1)]
    looks += looks[-1:] * (len(looks) % 2)
    assert len(looks) >= 6
    turns, at = [], 0
    for end in range(6, len(looks) + 1, 2):
        ended = [place for place in range(at, len(stream)) if stream[place][1] <= looks[end - 1]]
        turns.append([stream[place][2] for place in ended])
        at = min(len(stream) - 1, at + len(ended))
    return turns


LONG = "one two three four five six seven eight nine ten eleven"


@pytest.mark.parametrize("fps", [12, 24, 25, 29.97, 30, 60])
@pytest.mark.parametrize("texts", [("Red.", ""), ("Red.", LONG), (LONG, "", LONG), (LONG, "", "", LONG, ""), ("a", "b", "c", "d", "e")])
def test_cut_into_seconds_every_word_is_said_once_and_none_is_left(storage: FolderStorage, out: Path, fps: float, texts: tuple[str, ...]) -> None:
    [sample] = livecc(only(storage, tuple(("ok" if text else "no_change", text) for text in texts)), out)

    assert [word for turn in turns_of(sample, fps) for word in turn] == " ".join(texts).split()


def test_words_in_any_script_come_back_and_the_file_is_ascii(storage: FolderStorage, out: Path) -> None:
    samples = livecc(only(storage, (("ok", "出口 🚪 “öffnet”"), ("ok", "Ja."))), out)

    assert (out / "train_with_seeks.jsonl").read_bytes().isascii()
    assert [word for _, _, word in samples[0][1]["content"][0]["text_stream"]] == ["出口", "🚪", "“öffnet”", "Ja."]


@pytest.mark.parametrize("count", [1, 7, 200])
def test_words_share_their_window_without_gap_or_overlap(count: int) -> None:
    window = Window(start_s=19.6, end_s=21.2, kind="delta", outcome="ok", text="word " * count)
    words = list(timed_words(window, until_s=60))

    assert len(words) == count
    assert (words[0][0], words[-1][1]) == (19.6, 21.2)
    assert all(before[1] == after[0] for before, after in pairwise(words))


def molmo2(storage: FolderStorage, out: Path, **options: str) -> list[Any]:
    export(storage, exporter_of("molmo2").with_options(options), WORDS, out)
    samples = [json.loads(line) for line in (out / "train.jsonl").read_text().splitlines()]
    for sample in samples:
        assert set(sample) == {"video", "metadata", "message_list"}
        assert (out / sample["video"]).is_file()
        span = sample["metadata"]
        assert 0 <= span["clip_start_time"] < span["clip_end_time"]
        assert all(span["clip_start_time"] <= time <= span["clip_end_time"] for time in span["frame_times"])
        [message] = sample["message_list"]
        assert set(message) == {"question", "answer", "style"}
    return samples


def test_molmo2_has_one_window_a_sample_and_the_history_in_the_question(videos: FolderStorage, out: Path) -> None:
    initial, delta, silence = molmo2(videos, out)

    assert initial == {
        "video": VIDEO,
        "metadata": {"example_id": "cat/0/0", "video_id": "cat", "clip_start_time": 0.0, "clip_end_time": 2.0, "frame_times": [0.0, 1.0]},
        "message_list": [{"question": "What is there?", "answer": "A red door.", "style": "user_qa"}],
    }
    assert delta == {
        "video": VIDEO,
        "metadata": {"example_id": "cat/0/1", "video_id": "cat", "clip_start_time": 2.0, "clip_end_time": 4.0, "frame_times": [2.0, 3.0]},
        "message_list": [{"question": "Said: A red door. What is new?", "answer": "It opens.", "style": "user_qa"}],
    }
    assert silence["message_list"] == [{"question": "Said: A red door. / It opens. What is new?", "answer": "No change.", "style": "user_qa"}]
    assert (silence["metadata"]["clip_start_time"], silence["metadata"]["clip_end_time"]) == (4.0, 6.0)


def test_molmo2_keeps_words_in_any_script(storage: FolderStorage, out: Path) -> None:
    said = (("ok", "出口 🚪"), ("ok", "“Ja” <Tür>"))
    store_dataset(storage, {"sft": {"train": [[sft_row(said=said)]]}})
    storage.write(keys.raw_video("cat", ".mp4"), b"the bytes of cat")

    assert [sample["message_list"][0]["answer"] for sample in molmo2(storage, out)] == ["出口 🚪", "“Ja” <Tür>"]


@pytest.mark.parametrize("name", ["livecc", "molmo2"])
def test_a_video_is_copied_once_and_not_again(videos: FolderStorage, out: Path, name: str) -> None:
    export(videos, exporter_of(name), WORDS, out, splits=["train"])
    before = (out / VIDEO).stat().st_mtime_ns
    export(videos, exporter_of(name), WORDS, out, splits=["train"])

    assert (out / VIDEO).read_bytes() == b"the bytes of cat"
    assert (out / VIDEO).stat().st_mtime_ns == before


def test_the_video_of_a_clip_that_is_no_more_is_removed(storage: FolderStorage, out: Path) -> None:
    for video_id in ("cat", "dog"):
        storage.write(keys.raw_video(video_id, ".mp4"), b"bytes")
    store_dataset(storage, {"stream": {"train": [[stream_row("cat"), stream_row("dog")]]}})
    livecc(storage, out)
    store_dataset(storage, {"stream": {"train": [[stream_row("dog")]]}})
    livecc(storage, out)

    assert [path.name for path in (out / "videos/train").iterdir()] == ["dog-000000000000.mp4"]


@pytest.mark.parametrize(("name", "file"), [("livecc", "train_with_seeks.jsonl"), ("molmo2", "train.jsonl")])
def test_a_video_is_referred_to_where_it_lies_when_asked_to(videos: FolderStorage, out: Path, name: str, file: str) -> None:
    export(videos, exporter_of(name).with_options({"videos": "refer"}), WORDS, out)

    assert json.dumps(str(videos.root / "raw/videos/cat.mp4")) in (out / file).read_text()
    assert not (out / "videos").exists()


def test_a_video_that_is_not_there_is_named_with_what_makes_it(dataset: FolderStorage, out: Path) -> None:
    with pytest.raises(ObjectMissing, match=r"raw/videos/cat\..* `raw_videos`"):
        export(dataset, exporter_of("livecc"), WORDS, out)


def test_videos_are_copied_or_referred_to_and_nothing_else() -> None:
    with pytest.raises(SettingError, match="copy or refer"):
        exporter_of("livecc").with_options({"videos": "link"})
