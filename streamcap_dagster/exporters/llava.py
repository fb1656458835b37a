"""LLaVA: a JSON array of conversations between `human` and `gpt`, with `<image>` for every frame of a window pair.

Several images are a list under `image`, as in LLaVA-NeXT and LLaVA-OneVision. Paths are relative to the folder, which is the `image_folder` of a training.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from streamcap_dagster.exporters.conversations import exchanges_of_pair
from streamcap_dagster.exporters.exporter import Exporter, Words
from streamcap_dagster.exporters.placeholders import marked
from streamcap_dagster.exporters.rows import SftRow
from streamcap_dagster.exporters.target import SplitTarget


def samples(row: SftRow, to: SplitTarget, words: Words) -> Iterator[dict[str, Any]]:
    """A pair as one conversation: of two exchanges when the clip begins with it, else of one."""
    exchanges = exchanges_of_pair(row, words)
    turns = [turn for exchange in exchanges for turn in (("human", marked(exchange)), ("gpt", exchange.answer))]
    yield {
        "id": row.sample_id,
        "image": [to.image(jpeg) for exchange in exchanges for jpeg in exchange.images],
        "conversations": [{"from": who, "value": text} for who, text in turns],
    }


@contextmanager
def _writer(to: SplitTarget) -> Iterator[Callable[[Any], None]]:
    """One sample a line."""
    with to.staged(f"{to.split}.json") as path, path.open("w", encoding="utf-8", newline="\n") as file:
        before = "[\n"

        def add(sample: Any) -> None:
            nonlocal before
            file.write(before + json.dumps(sample, ensure_ascii=False))
            before = ",\n"

        yield add
        file.write("\n]\n" if before != "[\n" else "[]\n")


EXPORTER = Exporter("llava", ("sft",), "LLaVA-NeXT and LLaVA-OneVision: human/gpt conversations of window pairs", samples, _writer)
