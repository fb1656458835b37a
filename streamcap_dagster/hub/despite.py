"""A dataset that is published although the checks of its quality found errors: its card says so, and why it was done."""

import re
from collections.abc import Sequence
from dataclasses import replace

from streamcap_dagster.hub.local import CARD, LocalDataset
from streamcap_dagster.quality.verdicts import judge
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.receipts import Receipt, read_receipts

LONGEST = 2000

_DATASET = "hf_dataset"
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def receipt_of(storage: Storage) -> Receipt | None:
    """The receipt of the dataset as it was built last."""
    return read_receipts(storage, f"_{_DATASET}").of(_DATASET)


def errors_of(storage: Storage) -> list[str]:
    """What the checks of its quality found that is an error, as it was counted when the dataset was built."""
    receipt = receipt_of(storage)
    return [judged.told for judged in judge(receipt.counts, "dataset") if judged.verdict == "error"] if receipt is not None else []


def with_reason(local: LocalDataset, reason: str) -> LocalDataset:
    """The dataset with a card that tells of its errors and of the reason to publish it all the same; as it is where there are no errors, or no reason."""
    errors = errors_of(local.storage) if reason.strip() else []
    if not errors:
        return local
    card = local.small[CARD] + _section(errors, reason).encode()
    return replace(local, sizes={**local.sizes, CARD: len(card)}, small={**local.small, CARD: card})


def _section(errors: Sequence[str], reason: str) -> str:
    found = "\n".join(f"- {error}" for error in errors)
    told = ("The checks of its quality found:", found, "It was published all the same, for this reason:", f"> {_plain(reason)}")
    return "\n" + "\n\n".join(("## Published despite its quality", *told)) + "\n"


def _plain(reason: str) -> str:
    """One line that shows exactly these words: every ASCII punctuation mark is escaped, as CommonMark section 2.4 allows."""
    return _PUNCTUATION.sub(r"\\\1", " ".join("".join(letter if letter.isprintable() else " " for letter in reason).split()))
