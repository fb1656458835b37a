"""Subtitles that real players read."""

import re
import subprocess
from pathlib import Path

import pytest

from streamcap_dagster.captions.subtitles import to_srt, to_vtt
from streamcap_dagster.records import Caption, Outcome
from tests.captions.test_objectives import caption as blank

HARD = "A sign says 1 < 2 & 3 > 2 --> <b>go</b> {\\an8} <i>"


def caption(window: int, text: str, outcome: Outcome = "ok", start_s: float | None = None) -> Caption:
    begin = 2.0 * window if start_s is None else start_s
    return blank(0, window, outcome).model_copy(update={"text": text, "start_s": begin, "end_s": begin + 2.0})


def read_back(path: Path, text: str) -> list[tuple[str, str, str]]:
    """Begin, end and words of each cue as ffmpeg reads them."""
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(["ffmpeg", "-loglevel", "error", "-i", str(path), "-f", "ass", "-"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    cues = [line.removeprefix("Dialogue: ").split(",", 9) for line in done.stdout.splitlines() if line.startswith("Dialogue: ")]
    return [(cue[1], cue[2], cue[9]) for cue in cues]


def test_a_subrip_cue_has_its_number_its_times_and_its_words() -> None:
    assert to_srt([caption(0, "A bus comes.", start_s=5.0)]) == "1\n00:00:05,000 --> 00:00:07,000\nA bus comes.\n"


def test_a_webvtt_file_begins_with_its_name() -> None:
    assert to_vtt([caption(0, "A bus comes.", start_s=5.0)]) == "WEBVTT\n\n00:00:05.000 --> 00:00:07.000\nA bus comes.\n"


@pytest.mark.parametrize("write", [to_srt, to_vtt])
def test_a_caption_of_several_lines_becomes_one_line(write: object) -> None:
    assert "\nA bus comes.\n" in write([caption(0, "A bus\n\n \r\u2028comes.")])  # type: ignore[operator]


def test_times_go_beyond_an_hour_and_are_rounded_to_milliseconds() -> None:
    assert "01:00:01,235 --> 01:00:03,235" in to_srt([caption(0, "A bus comes.", start_s=3601.23456)])


@pytest.mark.parametrize("write", [to_srt, to_vtt])
def test_windows_without_words_have_no_cue(write: object) -> None:
    captions = [caption(0, "", "no_change"), caption(1, "A bus comes."), caption(2, "", "blocked")]
    assert write(captions).count("-->") == 1  # type: ignore[operator]


@pytest.mark.parametrize("write", [to_srt, to_vtt])
def test_nothing_said_is_no_file(write: object) -> None:
    assert write([caption(0, "", "no_change")]) == ""  # type: ignore[operator]


def test_cues_come_in_order_of_time() -> None:
    assert re.findall(r"^(\d)$", to_srt([caption(1, "b"), caption(0, "a")]), re.MULTILINE) == ["1", "2"]
    assert to_srt([caption(1, "b"), caption(0, "a")]).index("a\n") < to_srt([caption(1, "b"), caption(0, "a")]).index("b\n")


@pytest.mark.parametrize(("suffix", "write"), [(".srt", to_srt), (".vtt", to_vtt)])
def test_ffmpeg_reads_back_every_cue(tmp_path: Path, suffix: str, write: object) -> None:
    words = ["A bus comes.", "42", "2\n00:00:09,000 --> 00:00:11,000\nforged\n\n", "Größe ß 車 🚌", "NOTE this is said", "WEBVTT", "-->"]
    cues = read_back(tmp_path / f"street{suffix}", write([caption(window, text) for window, text in enumerate(words)]))  # type: ignore[operator]
    assert [(begin, end) for begin, end, _ in cues] == [(f"0:00:{2 * window:02d}.00", f"0:00:{2 * window + 2:02d}.00") for window in range(len(words))]


def test_webvtt_markup_in_a_caption_is_shown_as_it_was_said(tmp_path: Path) -> None:
    assert "A sign says 1 &lt; 2 &amp; 3 &gt; 2 --&gt; &lt;b&gt;go&lt;/b&gt;" in to_vtt([caption(0, HARD)])


def test_subrip_markup_in_a_caption_has_no_effect(tmp_path: Path) -> None:
    ((_, _, words),) = read_back(tmp_path / "street.srt", to_srt([caption(0, HARD)]))
    assert words == "A sign says 1 ‹ 2 & 3 › 2 → ‹b›go‹/b› (\\an8) ‹i›"


def test_a_cue_of_an_anchor_says_that_it_is_one_where_the_format_can(tmp_path: Path) -> None:
    said = [caption(0, "A bus comes."), caption(1, "A street with a bus.").model_copy(update={"kind": "anchor", "segment": 1})]
    assert "\n\nanchor 0/1\n00:00:02.000 --> 00:00:04.000\nA street with a bus.\n" in to_vtt(said)
    assert "\n2\n00:00:02,000 --> 00:00:04,000\nA street with a bus.\n" in to_srt(said)
    assert [words for _, _, words in read_back(tmp_path / "said.vtt", to_vtt(said))] == ["A bus comes.", "A street with a bus."]
