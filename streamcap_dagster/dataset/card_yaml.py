"""The YAML at the head of the card: which files make up which config and split, their columns and sizes."""

from typing import Any

from streamcap_dagster.dataset.card_origin import licences
from streamcap_dagster.dataset.configs import CONFIGS, Config, features
from streamcap_dagster.dataset.contents import Contents
from streamcap_dagster.dataset.splits import SPLITS, Split

TAGS = ["video", "streaming", "dense-captioning"]


def front_matter(contents: Contents, title: str) -> str:
    """The YAML block with its fences. Configs and splits without rows are not declared."""
    from datasets.info import DatasetInfosDict
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    data = DatasetCardData(pretty_name=title, license=_one_or_many(licences(contents)), task_categories=["video-text-to-text"], tags=TAGS)
    data.size_categories = [size_category(contents.rows.total())]
    declared = {config: splits for config in CONFIGS if (splits := [split for split in SPLITS if contents.rows[config, split]])}
    DatasetInfosDict({config: _info(config, splits, contents) for config, splits in declared.items()}).to_dataset_card_data(data)
    MetadataConfigs({config: _files(config, splits, contents) for config, splits in declared.items()}).to_dataset_card_data(data)
    return f"---\n{data.to_yaml()}\n---"


def _one_or_many(names: list[str]) -> str | list[str] | None:
    return names[0] if len(names) == 1 else names or None


def size_category(rows: int) -> str:
    """In the Hub's words, such as `10K<n<100K`."""
    bounds = ["1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T"]
    place = len(str(rows)) - 4
    return "n<1K" if place < 0 else f"{bounds[place]}<n<{bounds[place + 1]}"


def _info(config: Config, splits: list[Split], contents: Contents) -> Any:
    from datasets import DatasetInfo, SplitDict, SplitInfo

    sizes = {split: SplitInfo(split, contents.size_bytes[config, split], contents.rows[config, split]) for split in splits}
    total = sum(contents.size_bytes[config, split] for split in splits)
    return DatasetInfo(features=features(config), splits=SplitDict(sizes), download_size=total, dataset_size=total)


def _files(config: Config, splits: list[Split], contents: Contents) -> dict[str, Any]:
    files = [{"split": split, "path": contents.files[config, split]} for split in splits]
    return {"data_files": files, "default": True} if config == "sft" else {"data_files": files}
