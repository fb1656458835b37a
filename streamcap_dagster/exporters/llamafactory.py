"""LLaMA-Factory: ShareGPT conversations with `<image>` for every frame, and the `dataset_info.json` that names them.

The keys are those of `data/README.md` in its repository. Paths are relative to the folder, which is both `dataset_dir` and `media_dir` of a training.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from streamcap_dagster.exporters.conversations import Exchange, conversations_of_clip
from streamcap_dagster.exporters.exporter import Exporter, Words
from streamcap_dagster.exporters.placeholders import marked
from streamcap_dagster.exporters.rows import StreamRow
from streamcap_dagster.exporters.target import SplitTarget, Tally, Target

INFO = "dataset_info.json"

_COLUMNS = {"messages": "conversations", "images": "images"}
_TAGS = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"}


def samples(row: StreamRow, to: SplitTarget, words: Words) -> Iterator[dict[str, Any]]:
    """A clip as one conversation, or one for each of its segments."""
    for _, exchanges in conversations_of_clip(row, to, words):
        turns = [turn for exchange in exchanges for turn in _turns(exchange)]
        yield {"conversations": turns, "images": [to.image(jpeg) for exchange in exchanges for jpeg in exchange.images]}


def _turns(exchange: Exchange) -> Iterator[dict[str, str]]:
    yield {"from": "human", "value": marked(exchange)}
    yield {"from": "gpt", "value": exchange.answer}


def _writer(to: SplitTarget) -> AbstractContextManager[Callable[[Any], None]]:
    return to.lines(_file(to.split))


def _finish(target: Target, splits: Mapping[str, Tally]) -> None:
    info = {f"streamcap_{split}": {"file_name": _file(split), "formatting": "sharegpt", "columns": _COLUMNS, "tags": _TAGS} for split in splits}
    target.write(INFO, json.dumps(info, indent=2).encode() + b"\n")


def _file(split: str) -> str:
    return f"{split}.jsonl"


EXPORTER = Exporter("llamafactory", ("stream",), "LLaMA-Factory: ShareGPT conversations of whole clips, with dataset_info.json", samples, _writer, _finish)
