"""Which files of a dataset belong to which split: as its card says, and where it says nothing by the names that the Hub goes by.

The names are those of https://huggingface.co/docs/hub/datasets-file-names-and-splits.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fsspec.utils import glob_translate  # type: ignore[import-untyped]

from streamcap_dagster.errors import SourceError

_DEFAULT = "default"
_WORDS = {"train": "train|training", "validation": "validation|valid|dev|val", "test": "test|testing|eval|evaluation"}
_BETWEEN = r"[-._ 0-9]"
_SHARD = re.compile(r"data/(?P<split>\w+(?:\.\w+)*)-\d{5}-of-\d{5}[^/]*\.[^/]*")
_NO_DATA = ("README.md", "config.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "dummy_data.zip")

Splits = dict[str, list[str]]
"""Paths in the repository by split, each in order."""


def splits_of(source: str, paths: Iterable[str], card: Mapping[str, Any], subset: str) -> Splits:
    """The files of a subset (`split`, `config`, `config/split`, or empty for all). Raises SourceError, which names what there is."""
    data = sorted(path for path in paths if not _is_hidden(path) and path.rsplit("/", 1)[-1] not in _NO_DATA)
    configs = _configs(card)
    config, split = _asked(source, configs, subset)
    found = _of_config(source, configs[config], data) if config else by_name(data)
    if not split:
        return found
    if split not in found:
        raise SourceError(source, f"it has no split {split!r}; there {_are(found)}" + (f", and as configs {', '.join(configs)}" if configs else ""))
    return {split: found[split]}


def by_name(paths: Sequence[str]) -> Splits:
    """Splits as names tell them: shards `data/SPLIT-00000-of-00002…`, else words in the names of folders, else in those of files, else all is train."""
    shards: Splits = {}
    for path in paths:
        if shard := _SHARD.fullmatch(path):
            shards.setdefault(shard["split"], []).append(path)
    if shards:
        return shards
    in_folder = {split: re.compile(rf"(?:.*/)?(?:[^/]*{_BETWEEN})?(?:{words})(?:{_BETWEEN}[^/]*)?/.*") for split, words in _WORDS.items()}
    in_file = {split: re.compile(rf"(?:.*/)?(?:[^/]*{_BETWEEN})?(?:{words}){_BETWEEN}[^/]*") for split, words in _WORDS.items()}
    for patterns in (in_folder, in_file):
        found = {split: [path for path in paths if pattern.fullmatch(path)] for split, pattern in patterns.items()}
        if any(found.values()):
            return {split: some for split, some in found.items() if some}
    return {"train": list(paths)} if paths else {}


def _configs(card: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Those that the card tells the files of, by name."""
    listed = card.get("configs")
    configs = [config for config in listed if isinstance(config, dict)] if isinstance(listed, list) else []
    return {str(config.get("config_name", _DEFAULT)): config for config in configs if config.get("data_files") or config.get("data_dir")}


def _asked(source: str, configs: Mapping[str, Mapping[str, Any]], subset: str) -> tuple[str, str]:
    """The config and the split that a subset names; each empty where it names none. A config goes before a split of the same name."""
    config, slash, split = subset.partition("/")
    if slash and config not in configs:
        raise SourceError(source, f"it has no config {config!r}" + (f"; the configs are {', '.join(configs)}" if configs else ": its card names none"))
    if config in configs:
        return config, split
    if not configs:
        return "", config
    by_default = [name for name, config in configs.items() if config.get("default")]
    if not by_default and _DEFAULT not in configs and len(configs) > 1:
        raise SourceError(source, f"it has several configs: choose one of {', '.join(configs)} with a colon after the name, as hf://OWNER/NAME:CONFIG")
    return (by_default or [_DEFAULT if _DEFAULT in configs else next(iter(configs))])[0], config


def _of_config(source: str, config: Mapping[str, Any], paths: Sequence[str]) -> Splits:
    folder = str(config.get("data_dir") or "").strip("/")
    inside = [path for path in paths if path.startswith(f"{folder}/")] if folder else list(paths)
    start = len(folder) + 1 if folder else 0
    told = _patterns(config.get("data_files"))
    if not told:
        return {split: [path for path in inside if path[start:] in names] for split, names in by_name([path[start:] for path in inside]).items()}
    found = {}
    for split, patterns in told.items():
        fits = [_translated(source, pattern) for pattern in patterns]
        found[split] = [path for path in inside if any(pattern.match(path[start:]) for pattern in fits)]
    return {split: some for split, some in found.items() if some}


def _translated(source: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(glob_translate(pattern.removeprefix("./")))
    except ValueError as error:
        why = str(error).rstrip(". ")
        raise SourceError(source, f"its card has a pattern of files that cannot be used, {pattern!r} ({why}). Correct data_files in its README.md.") from error


def _patterns(data_files: Any) -> dict[str, list[str]]:
    """The patterns of each split, in all the forms that a card may give them."""
    if isinstance(data_files, str):
        return {"train": [data_files]}
    if isinstance(data_files, dict):
        return {str(split): _listed(patterns) for split, patterns in data_files.items()}
    if not isinstance(data_files, list):
        return {}
    found: dict[str, list[str]] = {}
    for entry in data_files:
        split, patterns = (entry.get("split", "train"), entry.get("path")) if isinstance(entry, dict) else ("train", entry)
        found.setdefault(str(split), []).extend(_listed(patterns))
    return found


def _listed(patterns: Any) -> list[str]:
    return [str(pattern) for pattern in (patterns if isinstance(patterns, list) else [patterns]) if pattern]


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "__")) for part in path.split("/"))


def _are(splits: Splits) -> str:
    if not splits:
        return "are none"
    return f"{'is' if len(splits) == 1 else 'are'} {', '.join(splits)}"
