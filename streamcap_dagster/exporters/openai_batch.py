"""Requests for OpenAI's Batch API, and for servers that take its files: to caption every window again, or to have its caption judged.

A line is a request to `/v1/chat/completions` with its pictures in it; `custom_id` is `<video_id>/<clip>/<window>`, by which an answer finds its window.
"""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import accumulate, pairwise
from typing import Any, BinaryIO, Literal, get_args

from streamcap_dagster.chat_tokens import WHY
from streamcap_dagster.errors import SettingError
from streamcap_dagster.exporters.conversations import holds_token
from streamcap_dagster.exporters.exporter import Exporter, Samples, Words, Writer
from streamcap_dagster.exporters.rows import StreamRow, Window
from streamcap_dagster.exporters.target import SplitTarget
from streamcap_dagster.records import SPOKEN

Task = Literal["caption", "judge"]

MODEL = "gpt-4o-mini"
OPTIONS = {"task": "caption (the default) or judge", "model": f"who is asked, {MODEL} by default"}
FILE_BYTES = 200_000_000
FILE_REQUESTS = 50_000
"""What one file may hold, as OpenAI's reference says."""

_ANSWER_TOKENS = 1024
_JUDGE = """These pictures are a few seconds of a video, in order. Said of the video before them:
{history}

Said of them:
{caption}

Judge what was said of them. It should say what is new in them, all of it, nothing that was said before and nothing that they do not show; where nothing is \
new it should be "No change."
Answer with one JSON object and nothing else: {{"correct": 1 to 5, "complete": 1 to 5, "new": 1 to 5, "why": "one sentence"}}"""
_NOTHING = "(nothing yet)"


def requests(task: Task, model: str) -> Samples:
    """A request for each window; those that failed can be captioned, but there is nothing to judge."""

    def samples(row: StreamRow, to: SplitTarget, words: Words) -> Iterator[dict[str, Any]]:
        said: list[str] = []
        spans = pairwise([0, *accumulate(row.frames_per_window)])
        for place, (window, (first, end)) in enumerate(zip(row.windows, spans, strict=True)):
            if window.kind == "anchor":
                said = []
            if task == "judge" and window.outcome not in SPOKEN:
                to.leave_out(f"window whose caption is {window.outcome}")
            elif task == "judge" and holds_token(window):
                to.leave_out(f"window whose caption holds {WHY}: write it anew with `streamcap review`")
            else:
                asked = _judged(window, said) if task == "judge" else _asked(window, said, words)
                content = list(_content(asked, row.images[first:end], row.frame_pts[first:end]))
                yield _request(f"{row.sample_id}/{place}", model, content)
            said += [window.text] if window.text and not holds_token(window) else []

    return samples


def _asked(window: Window, said: Sequence[str], words: Words) -> str:
    return words.delta(said) if window.kind == "delta" else words.initial()


def _judged(window: Window, said: Sequence[str]) -> str:
    return _JUDGE.format(history="\n".join(f"- {text}" for text in said) or _NOTHING, caption=window.answer)


def _content(asked: str, images: Sequence[bytes], pts_s: Sequence[float]) -> Iterator[dict[str, Any]]:
    """The words first, then each picture after its time in the window, as the captioner `openai` asks."""
    yield {"type": "text", "text": asked}
    for jpeg, at_s in zip(images, pts_s, strict=True):
        yield {"type": "text", "text": f"+{at_s - pts_s[0]:.2f} s"}
        yield {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}", "detail": "low"}}


def _request(custom_id: str, model: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": content}], "max_completion_tokens": _ANSWER_TOKENS}
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}


def numbered_files(file_bytes: int = FILE_BYTES, file_requests: int = FILE_REQUESTS) -> Writer:
    """Writes `<split>-00000.jsonl` and so on, each of at most so many bytes and requests."""

    @contextmanager
    def writer(to: SplitTarget) -> Iterator[Callable[[dict[str, Any]], None]]:
        with ExitStack() as files:
            yield _Files(to, file_bytes, file_requests, files).add

    return writer


class _Files:
    """The files of a split: they all get their names when all are whole."""

    def __init__(self, to: SplitTarget, file_bytes: int, file_requests: int, files: ExitStack) -> None:
        self._to = to
        self._bytes, self._requests = file_bytes, file_requests
        self._files = files
        self._file: BinaryIO | None = None
        self._held_bytes = self._held_requests = 0
        self._count = 0

    def add(self, request: dict[str, Any]) -> None:
        line = json.dumps(request, ensure_ascii=False).encode() + b"\n"
        if self._file is None or self._held_bytes + len(line) > self._bytes or self._held_requests == self._requests:
            self._file = self._next()
        self._file.write(line)
        self._held_bytes += len(line)
        self._held_requests += 1
        self._to.images += sum(part["type"] == "image_url" for part in request["body"]["messages"][0]["content"])

    def _next(self) -> BinaryIO:
        if self._file is not None:
            self._file.close()
        path = self._files.enter_context(self._to.staged(f"{self._to.split}-{self._count:05d}.jsonl"))
        self._count += 1
        self._held_bytes = self._held_requests = 0
        return self._files.enter_context(path.open("wb"))


def exporter(task: str = "caption", model: str = MODEL) -> Exporter:
    """Raises SettingError for a `task` that there is not."""
    chosen = next((known for known in get_args(Task) if known == task), None)
    if chosen is None:
        raise SettingError("--set task", task, f"it is {' or '.join(get_args(Task))}")
    about = "OpenAI's Batch API, vLLM's run-batch: a request a window, to caption it again or to judge its caption"
    return Exporter(
        "openai-batch", ("stream",), about, requests(chosen, model), numbered_files(), options=OPTIONS, chosen={"task": chosen, "model": model}, choose=exporter
    )


EXPORTER = exporter()
