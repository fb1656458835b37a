"""TRL's SFTTrainer with `prompt` and `completion`: the loss is on the delta alone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from streamcap_dagster.exporters.conversations import delta_exchange, last_question
from streamcap_dagster.exporters.exporter import Exporter, Words
from streamcap_dagster.exporters.messages import assistant, user
from streamcap_dagster.exporters.parquet import parquet
from streamcap_dagster.exporters.rows import SftRow
from streamcap_dagster.exporters.target import SplitTarget

if TYPE_CHECKING:
    from datasets import Features


def samples(row: SftRow, to: SplitTarget, words: Words) -> Iterator[dict[str, Any]]:
    del to, words
    exchange = delta_exchange(row, last_question(row), row.caption_window2_delta)
    yield {"sample_id": row.sample_id, "prompt": [user(exchange)], "completion": [assistant(exchange.answer)], "images": list(exchange.images)}


def features() -> "Features":
    from datasets import Features, Image, Json, List, Value

    return Features({"sample_id": Value("string"), "prompt": List(Json()), "completion": List(Json()), "images": List(Image())})


EXPORTER = Exporter(
    name="trl-prompt-completion",
    configs=("sft",),
    about="TRL SFTTrainer, loss on the delta alone: a pair a row, both windows and what was said before in the prompt",
    samples=samples,
    writer=parquet(features),
)
