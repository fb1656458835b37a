"""A world of one small video that was captioned, and a real film for it."""

from pathlib import Path

import pytest

from tests.media import make_video
from tests.review_page.world import Said, World

CAPTIONS = (
    Said("A red bike at a wall.", usd=0.002),
    Said("A dog runs in.", flags=("words_per_s",), candidates=("A dog runs in.", "A red bike at a wall. A dog runs in.", "No change.")),
    Said("", "no_change"),
    Said("A red bike.", novelty=0.1, flags=("novelty", "redundancy", "redundancy_error"), usd=0.001),
    Said("", "blocked"),
)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("film") / "film.mp4", seconds=10, size="320x180", fps="12")


@pytest.fixture
def world(tmp_path: Path, film: Path) -> World:
    world = World(tmp_path)
    world.add("bikes", CAPTIONS, film)
    return world
