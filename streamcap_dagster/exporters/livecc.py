"""LiveCC and StreamingVLM: a stretch of a video and the words said over it, each with its time, as JSONL whose last line tells where each line begins.

Their loaders cut the stretch into seconds and let the model say in each the words that end in it; where none do, that it goes on in silence.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from streamcap_dagster.exporters.conversations import spoken_windows
from streamcap_dagster.exporters.exporter import Exporter, Samples, Words
from streamcap_dagster.exporters.rows import StreamRow, Window
from streamcap_dagster.exporters.target import SplitTarget
from streamcap_dagster.exporters.videos import OPTION, Videos, checked, video_path

TimedWord = tuple[float, float, str]


def stretches(videos: Videos) -> Samples:
    """Samples from the stretches of a clip between windows whose caption failed, for what happens in these is not silence.

    A stretch ends with its last words: LiveCC's loader would drop the silence after them, and say the last of them again in every second of it.
    """

    def samples(row: StreamRow, to: SplitTarget, words: Words) -> Iterator[list[dict[str, Any]]]:
        said: list[str] = []
        for stretch in _stretches([found.window for found in spoken_windows(row, to)]):
            spoken = _up_to_last_words(stretch)
            if spoken:
                yield [_user(spoken, said, words, video_path(to, row, videos)), _assistant(spoken)]
            else:
                to.leave_out("stretch between failed windows in which nothing is said")
            said += [window.text for window in spoken if window.text]

    return samples


def timed_words(window: Window) -> Iterator[TimedWord]:
    """The words of a window spread evenly over it; nothing for silence."""
    words = window.text.split()
    step_s = (window.end_s - window.start_s) / max(1, len(words))
    for place, word in enumerate(words):
        yield round(window.start_s + place * step_s, 3), round(window.start_s + (place + 1) * step_s, 3), word


def _stretches(windows: Sequence[Window]) -> list[list[Window]]:
    """Windows that follow each other without a gap."""
    stretches: list[list[Window]] = []
    for window in windows:
        if stretches and abs(stretches[-1][-1].end_s - window.start_s) < 1e-6:
            stretches[-1].append(window)
        else:
            stretches.append([window])
    return stretches


def _up_to_last_words(stretch: list[Window]) -> list[Window]:
    last = max((place for place, window in enumerate(stretch) if window.text.split()), default=-1)
    return stretch[: last + 1]


def _user(stretch: list[Window], said: list[str], words: Words, path: str) -> dict[str, Any]:
    """The stretch and the question; `previous` is what was said of the clip before it, which is empty at its beginning."""
    asked = words.turn() if said else f"{words.initial()}\n{words.turn()}"
    return {
        "role": "user",
        "content": [
            {"type": "video", "video": path, "video_start": stretch[0].start_s, "video_end": stretch[-1].end_s},
            {"type": "text", "text": asked, "previous": " ".join(said), "title": "", "category": ""},
        ],
    }


def _assistant(stretch: list[Window]) -> dict[str, Any]:
    stream = [list(word) for window in stretch for word in timed_words(window)]
    return {"role": "assistant", "content": [{"type": "text_stream", "text_stream": stream}]}


@contextmanager
def _writer(to: SplitTarget) -> Iterator[Callable[[Any], None]]:
    """In ASCII: the loaders open the file in whatever encoding the machine has, and look for lines by their byte."""
    with to.staged(f"{to.split}_with_seeks.jsonl") as path, path.open("wb") as file:
        seeks: list[int] = []

        def add(sample: Any) -> None:
            seeks.append(file.tell())
            file.write(json.dumps(sample).encode() + b"\n")

        yield add
        file.write(json.dumps(seeks).encode() + b"\n")


def exporter(videos: str = "copy") -> Exporter:
    """Raises SettingError for `videos` that are neither copied nor referred to."""
    about = "LiveCC and StreamingVLM: the words of a clip with their times, beside its video"
    return Exporter("livecc", ("stream",), about, stretches(checked(videos)), _writer, options=OPTION, choose=exporter)


EXPORTER = exporter()
