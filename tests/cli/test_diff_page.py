"""A sample as a page: what captions and file names say is shown as it is, and never becomes part of the page."""

from pathlib import Path

import pytest

from streamcap_dagster.assets.sample import Sample, SampledVideo
from streamcap_dagster.captions.comparison import compare
from streamcap_dagster.cli.diff_page import write_page
from streamcap_dagster.records import Caption
from tests.assets.walking import video
from tests.captions.test_comparison import said

EVIL = "<script>alert(1)</script> | <img src=x onerror=alert(1)> **[a](http://b)** `c`"


def page(suffix: str, old: list[Caption], new: list[Caption], stopped: str = "", trouble: str = "") -> str:
    sampled = SampledVideo(video("cat", uri="<b>cat</b>.mp4"), compare(old, new), {0.0: b"jpeg"}, trouble)
    path = Path(f"page{suffix}")
    write_page(path, Sample((sampled,), stopped), [f"model a → {EVIL}"])
    return path.read_text()


@pytest.mark.parametrize("suffix", [".html", ".md"])
def test_what_others_wrote_is_never_interpreted(suffix: str) -> None:
    written = page(suffix, [said(0, EVIL)], [said(0, f"Now {EVIL}")], stopped=EVIL) + page(suffix, [], [], trouble=EVIL)

    assert "alert(1)" in written
    assert not any(evil in written for evil in ("<script>alert", "<img src=x", "<b>cat"))
    assert suffix == ".html" or not any(evil in written for evil in ("**[", "](http", "`c`", "script> |"))


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page(".html", [said(0, "A.")], [said(0, "B.")])


def test_words_that_only_one_of_them_has_are_marked() -> None:
    written = page(".html", [said(0, "A red cat sits.")], [said(0, "A cat sits down.")])

    assert "A <del>red</del> cat <del>sits.</del></td>" in written
    assert "A cat <ins>sits down.</ins></td>" in written


def test_each_window_tells_how_it_ended_and_how_long_it_is() -> None:
    old = [said(0, "A red cat."), said(1, outcome="no_change", gated=True, reason="no visible change"), said(2, "It sits.")]
    new = [said(0, "A cat."), said(1, "It sits."), said(2, outcome="blocked", reason="SAFETY")]

    written = page(".html", old, new)

    assert [written.count(f"<small>{how}</small>") for how in ("ok, 3 words", "ok, 2 words", "no_change", "blocked: SAFETY")] == [1, 3, 1, 1]


def test_a_window_of_only_one_of_them_is_told() -> None:
    assert "| 0.0–2.0 | *no such window* | *ok, 1 word*<br>A. |" in page(".md", [], [said(0, "A.")])


def test_what_changed_heads_the_page() -> None:
    assert "<p>model a → &lt;script&gt;" in page(".html", [said(0, "A.")], [said(0, "A.")])
