"""The dataset as it lies in the storage: the card, the shards that it names, and what else belongs to it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.many import read_all

CARD = "README.md"
CROISSANT = "croissant.json"
_PICTURES = "card/"
_FENCE = "---"

Place = tuple[str, str]
"""A config and a split."""


@dataclass(frozen=True)
class LocalDataset:
    """Everything that is to be published, by path relative to the dataset's folder."""

    storage: Storage
    sizes: Mapping[str, int]
    """Of every file in the folder."""
    small: Mapping[str, bytes]
    """Content of what is no shard: the card, the pictures that it shows, and the description for catalogs."""

    @cached_property
    def yaml(self) -> Mapping[str, Any]:
        """What is at the head of the card; raises ValueError when that cannot be read."""
        text = self.small[CARD].decode()
        if not text.startswith(f"{_FENCE}\n"):
            raise ValueError("it has no YAML at its head")
        try:
            told = yaml.load(text[len(_FENCE) :].partition(f"\n{_FENCE}")[0], Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 -- both are safe
        except yaml.YAMLError as error:
            raise ValueError(f"its YAML cannot be read: {error}") from error
        if not isinstance(told, dict):
            raise ValueError("its YAML is no mapping")
        return told

    @cached_property
    def shards(self) -> Mapping[str, Place]:
        """The shards that the card names, whether they are there or not, and what each belongs to."""
        named: dict[str, Place] = {}
        for config in self.yaml.get("configs") or []:
            for entry in config.get("data_files") or []:
                named |= dict.fromkeys(_listed(entry["path"]), (str(config["config_name"]), str(entry["split"])))
        return named

    @cached_property
    def described(self) -> frozenset[str]:
        """The shards that the description for catalogs names; raises ValueError, KeyError or TypeError when it cannot be read."""
        told = json.loads(self.small[CROISSANT])
        return frozenset(str(path) for file_set in told["distribution"] for path in _listed(file_set["includes"]))

    @cached_property
    def declared_rows(self) -> Mapping[Place, int]:
        """How many rows the card says that each split has."""
        told = self.yaml.get("dataset_info") or []
        infos = told if isinstance(told, list) else [told]
        return {(str(info.get("config_name", "")), str(split["name"])): int(split["num_examples"]) for info in infos for split in info.get("splits") or []}

    @property
    def card_fault(self) -> str:
        """Why the card does not tell what the dataset is; empty when it does."""
        try:
            _ = self.shards, self.declared_rows
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return f"{CARD}: the card does not tell which files and rows the dataset has: {error}. Build the dataset anew (`streamcap run`)"
        return ""

    def key(self, path: str) -> str:
        return f"{keys.DATASET}/{path}"


def read_dataset(storage: Storage) -> LocalDataset | None:
    """The dataset as its card tells it now; None when there is none. Shards and pictures that the card does not name (any more) are no part of it, and
    neither is what else lies in the folder.
    """
    found = {stored.key.removeprefix(f"{keys.DATASET}/"): stored.size_bytes for stored in storage.list(f"{keys.DATASET}/")}
    if CARD not in found:
        return None
    wanted = [path for path in found if path in (CARD, CROISSANT) or path.startswith(_PICTURES)]
    contents = zip(wanted, (data for _, data in read_all(storage, [f"{keys.DATASET}/{path}" for path in wanted])), strict=True)
    small = {path: data for path, data in contents if data is not None}
    if CARD not in small:
        return None
    return LocalDataset(storage, found, {path: data for path, data in small.items() if not path.startswith(_PICTURES) or f"({path})".encode() in small[CARD]})


def _listed(value: object) -> Iterator[str]:
    yield from (str(one) for one in value) if isinstance(value, list) else (str(value),)
