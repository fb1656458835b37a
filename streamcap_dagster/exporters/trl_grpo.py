"""TRL's GRPOTrainer: what to ask, and in columns of their own what reward functions need to judge an answer."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from streamcap_dagster.exporters.conversations import delta_exchange
from streamcap_dagster.exporters.exporter import Exporter, Words
from streamcap_dagster.exporters.messages import user
from streamcap_dagster.exporters.parquet import parquet
from streamcap_dagster.exporters.rows import RlRow
from streamcap_dagster.exporters.target import SplitTarget

if TYPE_CHECKING:
    from datasets import Features


def samples(row: RlRow, to: SplitTarget, words: Words) -> Iterator[dict[str, Any]]:
    """The objectives are never in the prompt: a policy that copied them would be rewarded for it."""
    del to
    exchange = delta_exchange(row, words.delta(row.history), "")
    yield {
        "sample_id": row.sample_id,
        "prompt": [user(exchange)],
        "images": list(exchange.images),
        "objectives": list(row.objectives),
        "history": list(row.history),
        "window_duration": row.window_duration,
        "outcome": row.outcome,
    }


def features() -> "Features":
    from datasets import Features, Image, Json, List, Value

    text = Value("string")
    judged = {"objectives": List(text), "history": List(text), "window_duration": Value("float64"), "outcome": text}
    return Features({"sample_id": text, "prompt": List(Json()), "images": List(Image()), **judged})


EXPORTER = Exporter(
    name="trl-grpo",
    configs=("rl",),
    about="TRL GRPOTrainer with streamcap_dagster.rewards: a prompt a row, and its objectives, history, length and outcome in columns",
    samples=samples,
    writer=parquet(features),
)
