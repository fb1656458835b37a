"""LiveCC and StreamingVLM: a stretch of a video and the words said over it, each with its time, as JSONL, and where each line begins.

Their loaders cut the stretch into seconds and let the model say in each the words that end in it; where none do, that it goes on in silence.
Paths are relative to the folder: LiveCC is started in it, and for StreamingVLM `DATASET_PATH` names it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Any

from streamcap_dagster.exporters.conversations import spoken_segments
from streamcap_dagster.exporters.exporter import Exporter, Samples, Words
from streamcap_dagster.exporters.rows import StreamRow, Window
from streamcap_dagster.exporters.target import SplitTarget
from streamcap_dagster.exporters.videos import OPTION, Videos, checked, video_path

LOOK_S = 0.5
"""LiveCC's loader takes two frames a second, and says a word with the first turn whose last frame is not before the word's end."""
FIRST_TURN_S = 3.0
"""What its first turn covers: a shorter stretch it cannot load."""

TimedWord = tuple[float, float, str]


@dataclass(frozen=True)
class Stretch:
    """Windows without a failure between them, the last of which says something.

    It ends soon after the loader's last look: after silence at its end, or a look at its very end, the loader would say the last word once more.
    """

    windows: tuple[Window, ...]
    end_s: float

    @property
    def start_s(self) -> float:
        return self.windows[0].start_s

    @property
    def last_look_s(self) -> float:
        return self.start_s + (ceil((self.end_s - self.start_s) / LOOK_S - 1e-6) - 1) * LOOK_S

    @property
    def words(self) -> list[TimedWord]:
        return [word for window in self.windows for word in timed_words(window, self.last_look_s)]


def stretches(videos: Videos) -> Samples:
    """Samples from the stretches of a clip between windows whose caption failed, for what happens in these is not silence. With an anchor all begins anew."""

    def samples(row: StreamRow, to: SplitTarget, words: Words) -> Iterator[list[dict[str, Any]]]:
        for segment in spoken_segments(row, to):
            said: list[str] = []
            for windows in _without_gaps([found.window for found in segment.windows]):
                stretch = _stretch(windows, to)
                if stretch is not None:
                    yield [_user(stretch, said, words, video_path(to, row, videos)), _assistant(stretch)]
                said += [window.text for window in windows if window.text]

    return samples


def timed_words(window: Window, until_s: float) -> Iterator[TimedWord]:
    """The words of a window spread evenly over it, or over what of it is before `until_s`; nothing for silence."""
    words = window.text.split()
    end_s = until_s if window.start_s < until_s < window.end_s else window.end_s
    step_s = (end_s - window.start_s) / max(1, len(words))
    for place, word in enumerate(words):
        yield round(window.start_s + place * step_s, 3), round(window.start_s + (place + 1) * step_s, 3), word


def _without_gaps(windows: Sequence[Window]) -> list[list[Window]]:
    """Windows that follow each other."""
    runs: list[list[Window]] = []
    for window in windows:
        if runs and abs(runs[-1][-1].end_s - window.start_s) < 1e-6:
            runs[-1].append(window)
        else:
            runs.append([window])
    return runs


def _stretch(windows: Sequence[Window], to: SplitTarget) -> Stretch | None:
    """Up to the last words, and as much of the silence after them as the first turn takes."""
    last = max((place for place, window in enumerate(windows) if window.text.split()), default=None)
    if last is None:
        to.leave_out("stretch between failed windows in which nothing is said")
        return None
    end_s = max(windows[last].end_s, windows[0].start_s + FIRST_TURN_S)
    if end_s > windows[-1].end_s:
        to.leave_out(f"stretch between failed windows of less than {FIRST_TURN_S:g} s")
        return None
    return Stretch(tuple(windows[: last + 1]), end_s)


def _user(stretch: Stretch, said: list[str], words: Words, path: str) -> dict[str, Any]:
    """The stretch and the question; `previous` is what was said of the segment before it, which is empty at its beginning."""
    asked = words.turn() if said else f"{words.initial()}\n{words.turn()}"
    video_end = min(stretch.end_s, stretch.last_look_s + LOOK_S / 2)
    return {
        "role": "user",
        "content": [
            {"type": "video", "video": path, "video_start": stretch.start_s, "video_end": round(video_end, 6)},
            {"type": "text", "text": asked, "previous": " ".join(said), "title": "", "category": ""},
        ],
    }


def _assistant(stretch: Stretch) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text_stream", "text_stream": [list(word) for word in stretch.words]}]}


@contextmanager
def _writer(to: SplitTarget) -> Iterator[Callable[[Any], None]]:
    """In ASCII: the loaders open the file in whatever encoding the machine has, and look for lines by their byte.

    LiveCC reads where each begins from the last line, StreamingVLM from a file of its own.
    """
    with (
        to.staged(f"{to.split}_with_seeks.jsonl") as path,
        path.open("wb") as file,
        to.staged(f"{to.split}_seeks.jsonl") as seeks_path,
    ):
        seeks: list[int] = []

        def add(sample: Any) -> None:
            seeks.append(file.tell())
            file.write(json.dumps(sample).encode() + b"\n")

        yield add
        line = json.dumps(seeks).encode() + b"\n"
        file.write(line)
        seeks_path.write_bytes(line)


def exporter(videos: str = "copy") -> Exporter:
    """Raises SettingError for `videos` that are neither copied nor referred to."""
    about = "LiveCC and StreamingVLM: the words of a clip with their times, beside its video"
    return Exporter("livecc", ("stream",), about, stretches(checked(videos)), _writer, options=OPTION, chosen={"videos": videos}, choose=exporter)


EXPORTER = exporter()
