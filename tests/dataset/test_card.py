"""The card tells the truth about the dataset, loads it, and takes the words of videos and models as words."""

import html
import os
import re
import subprocess
import sys
from collections import Counter

import yaml
from markdown_it import MarkdownIt

from streamcap_dagster.dataset.card import render_card
from streamcap_dagster.dataset.contents import Contents
from streamcap_dagster.dataset.hub_dataset import CARD, build_dataset
from streamcap_dagster.dataset.markdown import plain
from streamcap_dagster.policies import Windowing
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import HELLO, Said, store_video


def card(storage: FolderStorage) -> str:
    return storage.read(CARD).decode()


def head(storage: FolderStorage) -> dict[str, list[dict[str, object]]]:
    """The YAML at the head of the card."""
    return dict(yaml.safe_load(card(storage).split("---\n")[1]))


def made_of(storage: FolderStorage, *chains: tuple[Said, ...], captioner: str = "recorded") -> str:
    build_dataset(storage, [store_video(storage, f"v{number}", [chain], captioner) for number, chain in enumerate(chains)])
    return card(storage)


def test_the_yaml_lists_exactly_the_shards_that_are_there(storage: FolderStorage) -> None:
    made_of(storage, *HELLO, *HELLO)
    declared = [path for config in head(storage)["configs"] for files in config["data_files"] for path in files["path"]]  # type: ignore[attr-defined]
    there = [stored.key.removeprefix(f"{keys.DATASET}/") for stored in storage.list(f"{keys.DATASET}/") if stored.key.endswith(".parquet")]
    assert sorted(declared) == there


def test_the_yaml_tells_columns_and_sizes(storage: FolderStorage) -> None:
    made_of(storage, *HELLO)
    about = {info["config_name"]: info for info in head(storage)["dataset_info"]}
    assert about["sft"]["splits"][0]["num_examples"] == 2  # type: ignore[index]
    assert {"name": "images", "list": "image"} in about["stream"]["features"]  # type: ignore[operator]


def test_sft_is_what_loads_when_no_config_is_named(storage: FolderStorage) -> None:
    made_of(storage, *HELLO)
    assert [config["config_name"] for config in head(storage)["configs"] if config.get("default")] == ["sft"]


def test_the_numbers_are_those_of_the_dataset(storage: FolderStorage) -> None:
    text = made_of(storage, *HELLO, (("ok", "A cat."), ("blocked", "")))
    assert "| `stream` | train | 2 |" in text
    assert "(10 s) are captioned, in 5 windows. Videos: 2 train." in text
    assert "| `no_change` | nothing new to say | 1 | 20.0% |" in text
    assert "| `sft` | delta caption\\: blocked | 1 |" in text
    assert "| recorded | none | p1 | 5 |" in text


def test_offline_captions_bring_a_warning(storage: FolderStorage) -> None:
    assert "> **WARNING: for rehearsal, not for training.** 3 of 3 captions" in made_of(storage, *HELLO, captioner="offline")


def test_captions_of_a_stand_in_on_this_machine_bring_a_warning() -> None:
    voices = Counter({("gemini", "localhost/gemini-x", "p1"): 3, ("gemini", "gemini-x", "p1"): 4})
    assert "3 of 7 captions come from localhost\\/gemini\\-x, which" in render_card(Contents(voices=voices))


def test_captions_of_a_model_bring_no_warning(storage: FolderStorage) -> None:
    assert "WARNING" not in made_of(storage, *HELLO)


def test_example_rows_come_from_the_data(storage: FolderStorage) -> None:
    assert "| `caption_window2_delta` | It opens\\. |" in made_of(storage, *HELLO)


def test_the_card_lists_all_window_lengths_and_frame_rates_that_occur(storage: FolderStorage) -> None:
    lengths = {"a": 2.0, "b": 0.5, "c": 2.0}
    build_dataset(storage, [store_video(storage, video_id, windowing=Windowing(window_duration_s=length)) for video_id, length in lengths.items()])
    assert "windows of 0.5 or 2 s." in card(storage)
    assert "1 or 4 frames per second" in card(storage)


def test_an_empty_dataset_says_so(storage: FolderStorage) -> None:
    build_dataset(storage, [])
    assert "There are no rows yet" in card(storage)
    assert "configs" not in head(storage)


def test_the_loading_snippet_runs(storage: FolderStorage) -> None:
    snippet = re.findall(r"```python\n(.*?)```", made_of(storage, *HELLO), re.DOTALL)[0]
    done = subprocess.run([sys.executable, "-c", snippet], cwd=storage.root, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "'caption_window2_delta': 'It opens.'" in done.stdout


HOSTILE = "a | b\n---\n# Title\n<script>alert(1)</script> [x](javascript:1) ![i](http://h/p.png) ``` `code` **b** www.evil.example \u202egnp"


def test_words_of_a_model_are_never_markup() -> None:
    shown = html.unescape(MarkdownIt("commonmark").enable("table").renderInline(plain(HOSTILE)))
    assert shown == " ".join(HOSTILE.replace("\u202e", " ").split())


def test_hostile_words_leave_the_structure_of_the_card_as_it_is(storage: FolderStorage) -> None:
    def structure(text: str) -> list[str]:
        return re.findall(r"</?[a-z0-9]+", MarkdownIt("commonmark").enable("table").render(text.split("---\n", 2)[2]))

    tame = structure(made_of(storage, (("ok", "tame"), ("ok", "tame")), captioner="tame"))
    wild = structure(made_of(storage, (("ok", HOSTILE), ("ok", HOSTILE)), captioner=HOSTILE))
    assert wild == tame


def test_plain_text_keeps_its_letters_and_emoji() -> None:
    assert plain("żółć 👩‍👩‍👧 日本") == "żółć 👩‍👩‍👧 日本"


def test_a_long_text_is_cut() -> None:
    assert plain("x" * 1000, longest=10) == "x" * 9 + "…"
