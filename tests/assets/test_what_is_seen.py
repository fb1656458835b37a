"""What is there when a video's turn begins has been seen, so that it may be replaced, and whatever is written later by others may not."""

from streamcap_dagster.storage import keys
from tests.assets.project import Project

LOOKED_AT_ELSEWHERE = ("raw/", "receipts/", "processed/")


def test_every_object_that_a_run_makes_of_a_video_is_looked_at_first(made: Project) -> None:
    of_clock = [key for key in made.final_files() if "clock" in key and not key.startswith(LOOKED_AT_ELSEWHERE)]
    assert sorted(keys.made_of("clock")) == sorted(of_clock)
