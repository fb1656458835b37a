"""TRL's DPOTrainer: one prompt, the better and the worse delta."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from streamcap_dagster.exporters.conversations import delta_exchange
from streamcap_dagster.exporters.exporter import Exporter, Words
from streamcap_dagster.exporters.messages import assistant, user
from streamcap_dagster.exporters.parquet import parquet
from streamcap_dagster.exporters.rows import PreferenceRow
from streamcap_dagster.exporters.target import SplitTarget

if TYPE_CHECKING:
    from datasets import Features


def samples(row: PreferenceRow, to: SplitTarget, words: Words) -> Iterator[dict[str, Any]]:
    del to, words
    exchange = delta_exchange(row, row.prompt, row.chosen)
    yield {
        "sample_id": row.sample_id,
        "prompt": [user(exchange)],
        "chosen": [assistant(row.chosen)],
        "rejected": [assistant(row.rejected)],
        "images": list(exchange.images),
        "margin": row.margin,
        "length_matched": row.length_matched,
    }


def features() -> "Features":
    from datasets import Features, Image, Json, List, Value

    texts = {"prompt": List(Json()), "chosen": List(Json()), "rejected": List(Json())}
    return Features({"sample_id": Value("string"), **texts, "images": List(Image()), "margin": Value("float64"), "length_matched": Value("bool")})


EXPORTER = Exporter(
    name="trl-dpo",
    configs=("preference",),
    about="TRL DPOTrainer: a prompt, the better and the worse delta; length_matched marks pairs that do not teach 'shorter'",
    samples=samples,
    writer=parquet(features),
)
