"""A report is one file that shows everything by itself, and stays small however long the videos are."""

import json
import re
from pathlib import Path

import pytest

from streamcap_dagster.review_page import report
from streamcap_dagster.review_page.report import Written, write_report
from streamcap_dagster.review_page.summaries import summarize
from streamcap_dagster.storage import keys
from streamcap_dagster.videos.manifest import read_manifest
from tests.review_page.world import Said, World, says

EVIL = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> & \u2028 \"quotes\" 'and' مرحبا"


def write(world: World, path: Path, *, with_video: bool = False) -> Written:
    videos = read_manifest(world.storage).values()
    with path.open("w", encoding="utf-8", newline="") as file:
        return write_report(world.storage, world.source, [(video, summarize(world.storage, video)) for video in videos], file, with_video, left_out=0)


def block(page: str, name: str) -> object:
    found = re.search(f'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    return json.loads(found[1]) if found else None


def test_everything_is_in_the_file(world: World, tmp_path: Path) -> None:
    written = write(world, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()

    assert [window["text"] for window in block(page, "video-bikes")["windows"]][:2] == ["A red bike at a wall.", "A dog runs in."]
    assert sorted(block(page, "stills-bikes")) == [f"0/{window}" for window in range(5)]
    assert re.findall(r'(?:src|href)="[^"]', page) == []
    assert (written.windows, written.stills) == (5, 5)


def test_where_things_are_on_this_machine_is_not_in_it(world: World, tmp_path: Path) -> None:
    write(world, tmp_path / "report.html")

    assert str(tmp_path) not in (tmp_path / "report.html").read_text()


def test_words_of_others_never_become_part_of_the_page(world: World, tmp_path: Path) -> None:
    world.add("evil", [Said(EVIL, candidates=(EVIL, "Other.")), Said(EVIL)])
    write(world, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()

    assert page.count("<script>") == 1
    assert "<img" not in page
    assert block(page, "video-evil")["windows"][0]["text"] == EVIL


def test_only_the_script_and_the_style_of_the_file_itself_are_heeded(world: World, tmp_path: Path) -> None:
    write(world, tmp_path / "report.html")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', (tmp_path / "report.html").read_text())[1]

    assert policy.startswith("default-src &#39;none&#39;")
    assert "unsafe" not in policy
    assert policy.count("sha256-") == 2


def test_pictures_take_no_more_than_their_room(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("long", says(*["A."] * 60))
    monkeypatch.setattr(report, "STILLS_BYTES", 20_000)

    written = write(world, tmp_path / "report.html")
    assert 10 < written.stills < 65
    assert written.stills_bytes <= 20_000


def test_a_video_is_sent_along_when_it_is_wanted_and_small_enough(world: World, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert write(world, tmp_path / "without.html").films == 0
    assert write(world, tmp_path / "with.html", with_video=True).films == 1
    assert str(block((tmp_path / "with.html").read_text(), "film-bikes")).startswith("data:video/mp4;base64,AAAA")

    monkeypatch.setattr(report, "FILM_BYTES", film.stat().st_size - 1)
    written = write(world, tmp_path / "large.html", with_video=True)
    assert (written.films, written.films_left_out) == (0, ["bikes"])


def test_a_video_without_frames_or_file_is_in_it_all_the_same(world: World, tmp_path: Path) -> None:
    world.add("bare", says("A.", "B."), measured=False, pictures=False)
    written = write(world, tmp_path / "report.html", with_video=True)

    assert (written.windows, written.films_left_out) == (7, ["bare"])


def test_pictures_that_cannot_be_read_are_told_and_the_rest_is_in_it(world: World, tmp_path: Path) -> None:
    world.storage.write(keys.frames("bikes"), b"no table")
    written = write(world, tmp_path / "report.html")

    assert (written.windows, written.stills) == (5, 0)
    assert keys.frames("bikes") in written.troubles[0]
