"""How `streamcap diff` tells of very many videos."""

import io

from rich.console import Console

from streamcap_dagster.assets.diff import Cause, Diff, Group, Why
from streamcap_dagster.captions.estimate import Estimate, Terms, VideoEstimate
from streamcap_dagster.captions.estimate.volume import Volume
from streamcap_dagster.cli.diff import Redo, show
from streamcap_dagster.model_table import model_table
from tests.assets.walking import video

MODEL = "gemini-3.5-flash-lite"


def estimate(videos: int) -> Estimate:
    facts = model_table().of(MODEL)
    terms = Terms("gemini", MODEL, paid=True, facts=facts, day=facts.prices[0].valid_from, prices_of=model_table().version)
    volume = Volume(10, 1000, 80, 500)
    return Estimate(terms, tuple(VideoEstimate(f"v{number}", 60.0, 10, 0, 0, volume, 10, volume) for number in range(videos)))


def shown(groups: int, stale: int, counted: int, times: float) -> str:
    def why(number: int) -> Why:
        return Why((Cause("delta_captions", "model", "[red]a[/]", f"b{number}"),), ("delta_captions",), ("caption_files",))

    found = Diff(tuple(Group(why(number), (video(f"v{number}"),)) for number in range(groups)), 3, 2, ("w",))
    out = io.StringIO()
    show(Console(file=out, width=150), found, Redo(estimate(counted), stale, times), "data")
    return " ".join(out.getvalue().split())


def test_of_more_than_forty_reasons_the_largest_forty_are_shown() -> None:
    told = shown(groups=45, stale=45, counted=45, times=1.0)

    assert told.count("model [red]a[/] → b") == 40
    assert "5 5 other reasons, which --json lists" in told


def test_the_videos_that_are_not_stale_are_counted() -> None:
    told = shown(groups=1, stale=1, counted=1, times=1.0)

    assert "1 stale; 3 up to date, 2 with something not made yet, 1 with receipts that cannot be read" in told


def test_where_all_were_counted_nothing_is_scaled() -> None:
    assert "drawn by chance" not in shown(groups=1, stale=1, counted=1, times=1.0)


def test_of_very_many_videos_those_that_were_counted_stand_for_all() -> None:
    told = shown(groups=1, stale=100_000, counted=200, times=500.0)

    assert "These are 200 of the 100,000 stale videos, drawn by chance; all of them last 69 days 10 h, which makes it about 1,000,000 calls and $" in told
