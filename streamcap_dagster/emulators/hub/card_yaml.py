"""The YAML at the head of a dataset's card, as far as the service refuses some."""

import re
from collections.abc import Iterator

import yaml

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LISTS_OF_TEXTS = ("task_categories", "tags", "size_categories", "annotations_creators", "multilinguality")


def card_errors(text: str) -> list[dict[str, str]]:
    """What is wrong with a card; a card without YAML is a warning at most."""
    front = _FRONT.match(text)
    if front is None:
        return []
    try:
        data = yaml.safe_load(front[1])
    except yaml.YAMLError as error:
        return [{"message": f"YAML Metadata Error: {error}"}]
    if not isinstance(data, dict):
        return [{"message": "YAML Metadata Error: must be an object"}]
    return [{"message": message} for message in _faults(data)]


def _faults(data: dict[str, object]) -> Iterator[str]:
    for name in _LISTS_OF_TEXTS:
        value = data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            yield f'"{name}" must be an array of strings'
    licence = data.get("license")
    if licence is not None and not (isinstance(licence, str) or (isinstance(licence, list) and all(isinstance(one, str) for one in licence))):
        yield '"license" must be a string or an array of strings'
    configs = data.get("configs", [])
    if not isinstance(configs, list):
        yield '"configs" must be an array'
        return
    for config in configs:
        if not isinstance(config, dict) or not isinstance(config.get("config_name"), str):
            yield 'every one of "configs" needs a "config_name"'
        elif not isinstance(config.get("data_files", []), list | str):
            yield f'"data_files" of {config["config_name"]} must be an array'
