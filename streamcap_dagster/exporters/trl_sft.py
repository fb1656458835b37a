"""TRL's SFTTrainer: whole clips as conversations, silence included; or the pairs of `sft`, whose share of silence is bounded."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from streamcap_dagster.exporters.conversations import conversations_of_clip, exchanges_of_pair
from streamcap_dagster.exporters.exporter import Exporter, Words
from streamcap_dagster.exporters.messages import images_of, messages_of
from streamcap_dagster.exporters.parquet import parquet
from streamcap_dagster.exporters.rows import SftRow, StreamRow
from streamcap_dagster.exporters.target import SplitTarget

if TYPE_CHECKING:
    from datasets import Features


def samples(row: StreamRow | SftRow, to: SplitTarget, words: Words) -> Iterator[dict[str, Any]]:
    whole = conversations_of_clip(row, to, words) if isinstance(row, StreamRow) else [(row.sample_id, exchanges_of_pair(row, words))]
    for sample_id, exchanges in whole:
        yield {"sample_id": sample_id, "messages": messages_of(exchanges), "images": images_of(exchanges)}


def features() -> "Features":
    from datasets import Features, Image, Json, List, Value

    return Features({"sample_id": Value("string"), "messages": List(Json()), "images": List(Image())})


EXPORTER = Exporter(
    name="trl-sft",
    configs=("stream", "sft"),
    about="TRL SFTTrainer with assistant_only_loss: a clip, or a segment of it, a row, as a conversation in which every window is a turn",
    samples=samples,
    writer=parquet(features),
)
