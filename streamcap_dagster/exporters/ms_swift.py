"""ms-swift: messages with `<image>` for every frame, and per message whether it is trained on.

The keys are those of "Custom Dataset" in its documentation. Paths are relative to the folder, which `ROOT_IMAGE_DIR` names in a training.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, get_args

from streamcap_dagster.errors import SettingError
from streamcap_dagster.exporters.conversations import Exchange, conversations_of_clip
from streamcap_dagster.exporters.exporter import Exporter, Samples, Words
from streamcap_dagster.exporters.placeholders import marked
from streamcap_dagster.exporters.rows import StreamRow
from streamcap_dagster.exporters.target import SplitTarget

Trained = Literal["deltas", "all"]
OPTIONS = {"loss": "deltas (the default) or all: which captions are trained on"}


def messages(trained: Trained) -> Samples:
    """Samples in which the deltas, or all captions, are trained on."""

    def samples(row: StreamRow, to: SplitTarget, words: Words) -> Iterator[dict[str, Any]]:
        for sample_id, exchanges in conversations_of_clip(row, to, words):
            if trained == "deltas" and len(exchanges) == 1:
                to.leave_out("clip without a delta" if sample_id == row.sample_id else "segment without a delta")
                continue
            yield {"messages": list(_messages(exchanges, trained)), "images": [to.image(jpeg) for exchange in exchanges for jpeg in exchange.images]}

    return samples


def _messages(exchanges: Sequence[Exchange], trained: Trained) -> Iterator[dict[str, Any]]:
    for place, exchange in enumerate(exchanges):
        yield {"role": "user", "content": marked(exchange)}
        yield {"role": "assistant", "content": exchange.answer, "loss": trained == "all" or place > 0}


def _writer(to: SplitTarget) -> AbstractContextManager[Callable[[Any], None]]:
    return to.lines(f"{to.split}.jsonl")


def exporter(loss: str = "deltas") -> Exporter:
    """Raises SettingError for a `loss` that there is not."""
    trained = next((known for known in get_args(Trained) if known == loss), None)
    if trained is None:
        raise SettingError("--set loss", loss, f"it is {' or '.join(get_args(Trained))}")
    about = "ms-swift: messages of whole clips, with the loss on the deltas"
    return Exporter("ms-swift", ("stream",), about, messages(trained), _writer, options=OPTIONS, chosen={"loss": trained}, choose=exporter)


EXPORTER = exporter()
