"""The fixtures of the graph's tests and of the page's, for the tests that take servers, daemons, browsers and many kills."""

from tests.assets.conftest import _made_once, made, project, three_videos, undisturbed
from tests.review_page.browsing import browser, opened
from tests.review_page.conftest import film, world

__all__ = ["_made_once", "browser", "film", "made", "opened", "project", "three_videos", "undisturbed", "world"]
