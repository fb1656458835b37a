"""The fixtures of the graph's tests, for the tests that take servers, daemons, browsers and many kills."""

from tests.assets.conftest import _made_once, made, project, three_videos, undisturbed

__all__ = ["_made_once", "made", "project", "three_videos", "undisturbed"]
