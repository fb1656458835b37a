"""The card tells where the dataset comes from: licences and credits, the words that were asked with, what it cost, and what it does not know."""

import re
from collections import Counter

import pytest
import yaml
from markdown_it import MarkdownIt

from streamcap_dagster.dataset.background import Background, Paid
from streamcap_dagster.dataset.card import render_card
from streamcap_dagster.dataset.card_origin import SOURCES_SHOWN
from streamcap_dagster.dataset.contents import Contents
from streamcap_dagster.dataset.hub_dataset import CARD, build_dataset
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import store_video

HOSTILE = "by: | --- \n# me\n<img src=x onerror=alert(1)> `x` {a: &b *c} 'q\" ]] 👍"


def from_source(storage: FolderStorage, video_id: str, licence: str, credit: str = "", url: str = "") -> DatasetVideo:
    entry = store_video(storage, video_id)
    return DatasetVideo(entry.video.model_copy(update={"license": licence, "credit": credit, "url": url}), entry.split)


def card(storage: FolderStorage, *entries: DatasetVideo, background: Background | None = None) -> str:
    build_dataset(storage, entries, background=background)
    return storage.read(CARD).decode()


def head(text: str) -> dict[str, object]:
    return dict(yaml.safe_load(text.split("---\n")[1]))


def test_one_licence_is_that_of_the_dataset(storage: FolderStorage) -> None:
    text = card(storage, from_source(storage, "a", "CC BY 4.0", "Ada", "https://example.org/a"))
    assert head(text)["license"] == "cc-by-4.0"
    assert "| CC BY 4\\.0 | Ada | https\\:\\/\\/example\\.org\\/a | 1 |" in text


def test_several_licences_are_all_named(storage: FolderStorage) -> None:
    entries = [from_source(storage, video_id, licence) for video_id, licence in (("a", "CC0"), ("b", "MIT"), ("c", "MIT"))]
    assert head(card(storage, *entries))["license"] == ["cc0-1.0", "mit"]


def test_a_licence_that_the_hub_does_not_know_makes_it_other(storage: FolderStorage) -> None:
    assert head(card(storage, from_source(storage, "a", "MIT"), from_source(storage, "b", HOSTILE)))["license"] == "other"


@pytest.mark.parametrize("said", ["", "n/a"])
def test_one_video_without_a_licence_makes_it_unknown_and_the_card_warns(storage: FolderStorage, said: str) -> None:
    text = card(storage, from_source(storage, "a", "MIT"), from_source(storage, "b", said))
    assert head(text)["license"] == "unknown"
    assert "| **not told** |" in text
    assert "Of 1 videos no licence is known" in text


def test_credits_are_words_and_never_markup(storage: FolderStorage) -> None:
    def structure(text: str) -> list[str]:
        return re.findall(r"</?[a-z0-9]+", MarkdownIt("commonmark").enable("table").render(text.split("---\n", 2)[2]))

    tame = structure(card(storage, from_source(storage, "a", "tame", "tame", "tame")))
    assert structure(card(storage, from_source(storage, "a", HOSTILE, HOSTILE, HOSTILE))) == tame


def test_of_very_many_sources_the_commonest_are_listed(storage: FolderStorage) -> None:
    contents = Contents()
    contents.measures.sources = Counter({("MIT", f"credit{number}", ""): 1 for number in range(SOURCES_SHOWN + 5)})
    contents.measures.sources["CC0", "common", ""] = 9
    text = render_card(contents)
    assert "| CC0 | common |  | 9 |" in text
    assert "And 6 more videos;" in text


def test_prompts_are_shown_word_for_word_whatever_is_in_them(storage: FolderStorage) -> None:
    words = "Say what is new.\n```json\n{}\n```\n<b>$history</b>"
    text = card(storage, store_video(storage, "a"), background=Background({"p1": words, "objectives.v1-x": "State it.", "unused": "never"}))
    shown = re.findall(r"<code[^>]*>(.*?)</code>", MarkdownIt("commonmark").render(text.partition("## What the captioner was asked")[2]), re.DOTALL)
    assert shown[:2] == ["State it.\n", "Say what is new.\n```json\n{}\n```\n&lt;b&gt;$history&lt;/b&gt;\n"]
    assert "never" not in text


def test_of_a_prompt_that_is_not_known_any_more_the_card_says_where_its_words_are(storage: FolderStorage) -> None:
    assert "Version p1: asked by another version of this program; the `conversations`" in card(storage, store_video(storage, "a"))


def test_the_cost_is_told_by_model(storage: FolderStorage) -> None:
    paid = [Paid("a|b", 12, 3456, 78, 0.25), Paid("c", 1, 2, 3, 0.004)]
    text = card(storage, store_video(storage, "a"), background=Background(paid=lambda *_: paid))
    assert "cost $0.25 at the prices" in text
    assert "| a\\|b | 12 | 3,456 | 78 | $0.2500 |" in text


def test_a_cost_that_is_not_known_is_said_to_be_so(storage: FolderStorage) -> None:
    assert "What the captions cost is not known" in card(storage, store_video(storage, "a"), background=Background(paid=lambda *_: None))


def test_the_cost_is_asked_for_the_videos_and_calls_of_the_dataset(storage: FolderStorage) -> None:
    asked: list[tuple[list[str], int]] = []
    card(storage, store_video(storage, "a"), background=Background(paid=lambda videos, calls: asked.append((list(videos), len(calls))) or []))
    assert asked == [(["a"], 0)]


def test_what_nobody_paid_for_is_said_to_have_cost_nothing(storage: FolderStorage) -> None:
    assert "No service was paid" in card(storage, store_video(storage, "a"))
