"""A browser plays a video by asking for parts of it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from streamcap_dagster.review_page.media import part_of
from streamcap_dagster.storage import keys
from streamcap_dagster.videos.copying import hash_file
from streamcap_dagster.videos.manifest import read_manifest, write_manifest
from tests.review_page.served import served
from tests.review_page.world import World, says


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-500", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-500", (0, 100)),
        ("bytes=99-99", (99, 100)),
        ("bytes=100-", None),
        ("bytes=-0", None),
        ("bytes=20-10", (0, 100)),
        ("bytes=0-1,5-6", (0, 100)),
        ("", (0, 100)),
        ("bytes=-", (0, 100)),
        ("lines=1-2", (0, 100)),
        ("bytes=99999999999999999999-", (0, 100)),
    ],
)
def test_a_range_is_what_the_header_says(header: str, part: tuple[int, int] | None) -> None:
    assert part_of(header, 100) == part


def test_a_part_of_the_video_is_sent(world: World, film: Path) -> None:
    whole = film.read_bytes()
    with served(world) as page:
        answer = page.get("/media/bikes", headers={"range": "bytes=1000-1999"})

    assert answer.status_code == 206
    assert answer.content == whole[1000:2000]
    assert answer.headers["content-range"] == f"bytes 1000-1999/{len(whole)}"
    assert answer.headers["content-type"] == "video/mp4"


def test_all_of_it_is_sent_to_whoever_asks_for_no_part(world: World, film: Path) -> None:
    with served(world) as page:
        answer = page.get("/media/bikes")

    assert answer.status_code == 200
    assert answer.content == film.read_bytes()
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_video_that_was_replaced_is_sent_anew(world: World, film: Path) -> None:
    with served(world) as page:
        before = page.get("/media/bikes", headers={"range": "bytes=0-9"})
        world.storage.write(keys.raw_video("bikes", ".mp4"), film.read_bytes() + b"more")
        after = page.get("/media/bikes", headers={"range": "bytes=10-19", "if-range": before.headers["etag"]})

    assert after.status_code == 200
    assert after.content.endswith(b"more")


def test_a_part_beyond_the_end_is_refused(world: World) -> None:
    with served(world) as page:
        assert page.get("/media/bikes", headers={"range": "bytes=99999999-"}).status_code == 416


def test_a_video_without_a_copy_comes_from_the_source(world: World, film: Path) -> None:
    world.add("rain", says("Rain.", ""))
    (world.root / "videos" / "rain.mp4").write_bytes(film.read_bytes())
    is_of(world, "rain", film)
    with served(world) as page:
        answer = page.get("/media/rain", headers={"range": "bytes=5-8"})

    assert answer.content == film.read_bytes()[5:9]


@pytest.mark.parametrize("others", [lambda whole: whole + b"more", lambda whole: whole[:-1] + bytes([whole[-1] ^ 1])], ids=["longer", "of the same size"])
def test_another_file_at_the_source_than_the_one_that_was_captioned_is_not_played(world: World, film: Path, others: Callable[[bytes], bytes]) -> None:
    world.add("rain", says("Rain.", ""))
    (world.root / "videos" / "rain.mp4").write_bytes(others(film.read_bytes()))
    is_of(world, "rain", film)
    with served(world) as page:
        answer = page.get("/media/rain")

    assert answer.status_code == 404
    assert "another file than the one that was captioned" in answer.json()["error"]


def test_a_file_at_the_source_that_becomes_another_while_it_is_looked_at_is_not_played_on(world: World, film: Path) -> None:
    world.add("rain", says("Rain.", ""))
    path = world.root / "videos" / "rain.mp4"
    path.write_bytes(film.read_bytes())
    is_of(world, "rain", film)
    with served(world) as page:
        assert page.get("/media/rain", headers={"range": "bytes=0-9"}).status_code == 206
        path.write_bytes(bytes(film.stat().st_size))
        os.utime(path, (1, 1))  # a clock of the file system that is coarse must not hide it
        assert page.get("/media/rain", headers={"range": "bytes=10-19"}).status_code == 404


def is_of(world: World, video_id: str, film: Path) -> None:
    """That file was found at the source."""
    rows = read_manifest(world.storage)
    found = {"size_bytes": film.stat().st_size, "sha256": hash_file(film)}
    write_manifest(world.storage, [*rows.values(), rows[video_id].model_copy(update=found)])


def test_a_video_that_is_nowhere_any_more_is_told(world: World) -> None:
    world.add("rain", says("Rain.", ""))
    with served(world) as page:
        assert page.get("/media/rain").status_code == 404
        assert page.get("/media/never_was").status_code == 404
