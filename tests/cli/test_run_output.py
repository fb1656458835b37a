"""What a run shows: lines for a file, bars for a terminal, and words from outside as they are."""

import io

import pytest
from rich.console import Console

from streamcap_dagster.assets.progress import AssetDone, FilesRead, Remarked, VideoDone, WindowsDone, WindowsFound
from streamcap_dagster.captions.pacing.meter import Meter
from streamcap_dagster.cli.progress import Watcher, told_calls
from tests.assets.project import Project


def watched(terminal: bool) -> tuple[Watcher, io.StringIO]:
    out = io.StringIO()
    return Watcher(Console(file=out, force_terminal=terminal, width=120, legacy_windows=False)), out


def happen(watcher: Watcher) -> None:
    with watcher.watching():
        for done in range(1, 21):
            watcher(FilesRead(done, 20))
        watcher.expect(2)
        watcher(WindowsFound("cat", 3))
        watcher(WindowsDone("cat", 3))
        watcher(AssetDone("cat", "clips", reused=False, seconds=1.25))
        watcher(AssetDone("cat", "frames", reused=True, seconds=0.25))
        watcher(VideoDone("cat"))
        watcher(VideoDone("dog", "video dog: it is too sad. Cheer it up."))


def test_what_is_wrong_with_the_metadata_of_a_source_is_a_notice() -> None:
    watcher, out = watched(terminal=False)
    watcher(Remarked("metadata.csv names a file that no video of the source is, such as '[red]x.mp4'."))
    assert out.getvalue() == "notice metadata.csv names a file that no video of the source is, such as '[red]x.mp4'.\n"


def test_what_is_walked_once_more_after_a_lost_database_is_counted_and_told_once() -> None:
    watcher, out = watched(terminal=False)
    watcher.expect(2)
    watcher(AssetDone("cat", "clips", reused=False, seconds=1.0))
    watcher(VideoDone("cat"))
    watcher(AssetDone("dog", "clips", reused=False, seconds=1.0))
    for name in ("cat", "dog"):
        watcher(AssetDone(name, "clips", reused=True, seconds=0.0))
        if name == "dog":
            watcher(AssetDone(name, "frames", reused=False, seconds=1.0))
        watcher(VideoDone(name))

    assert (watcher.tally.made, watcher.tally.reused, watcher.tally.videos) == (3, 0, 2)
    assert out.getvalue().splitlines() == ["[1/2] cat: done after 1.0 s", "[2/2] dog: done after 2.0 s"]


def test_without_a_terminal_there_is_a_line_per_video_and_a_few_for_the_files() -> None:
    watcher, out = watched(terminal=False)
    happen(watcher)

    lines = out.getvalue().splitlines()
    assert lines[:2] == ["2 of 20 new or changed files looked at", "4 of 20 new or changed files looked at"]
    assert lines[10:] == ["[1/2] cat: done after 1.5 s", "[2/2] dog: failed: video dog: it is too sad. Cheer it up."]


def test_on_a_terminal_there_are_bars_that_reach_their_end() -> None:
    watcher, out = watched(terminal=True)
    happen(watcher)

    shown = out.getvalue()
    assert all(word in shown for word in ("files", "20/20", "videos", "2/2", "windows", "3/3"))
    assert "video dog: it is too sad. Cheer it up." in shown


def test_everything_is_counted_for_the_summary() -> None:
    watcher, _ = watched(terminal=False)
    happen(watcher)

    tally = watcher.tally
    assert (tally.made, tally.reused, tally.videos) == (1, 1, 2)
    assert tally.failures == {"dog": "video dog: it is too sad. Cheer it up."}
    assert dict(tally.seconds) == {"cat": 1.5}


@pytest.mark.parametrize("terminal", [False, True])
def test_words_from_outside_are_shown_as_they_are(terminal: bool) -> None:
    watcher, out = watched(terminal)
    with watcher.watching():
        watcher.expect(1)
        watcher(VideoDone("cat", "video cat: '[red]x[/] [/nothing]' is odd."))

    assert "'[red]x[/] [/nothing]' is odd." in out.getvalue()


def test_a_source_with_an_odd_name_is_shown_as_it_is(project: Project) -> None:
    odd = project.root / "[red]x[/nothing]"
    odd.mkdir(parents=True)
    (odd / "notes.mp4").write_text("this is no video")

    done = project.streamcap("run", str(odd))

    assert f"source: {odd}: 0 videos, 1 that cannot be used" in done.stdout
    assert done.returncode == 1


def test_a_notice_is_told_once_however_many_videos_it_is_for() -> None:
    watcher, out = watched(terminal=False)
    for video_id in ("cat", "dog"):
        watcher(AssetDone(video_id, "frames", reused=False, seconds=1.0, notice="torchcodec cannot be loaded; ffmpeg decodes instead."))

    assert out.getvalue().splitlines() == ["notice torchcodec cannot be loaded; ffmpeg decodes instead."]


def test_windows_of_a_video_are_counted_once_and_those_of_a_video_in_the_middle_too() -> None:
    watcher, out = watched(terminal=True)
    with watcher.watching():
        watcher(WindowsFound("cat", 3))
        watcher(WindowsFound("cat", 2))  # its deltas begin
        watcher(WindowsFound("dog", 4))  # its initial captions were there
        watcher(WindowsDone("cat", 3))
        watcher(WindowsDone("dog", 4))

    assert "7/7" in out.getvalue()


@pytest.mark.parametrize(
    ("meter", "told"),
    [
        (Meter(requests=1, answered=1, text_tokens=9), "calls: 1 request, 1 answered; 9 input and 0 output tokens"),
        (Meter(requests=1, failed=1), "calls: 1 request, 0 answered (1 failed); 0 input and 0 output tokens"),
        (
            Meter(requests=9, answered=4, failed=5, rate_limited=3, mispaired=1, retries=6),
            "calls: 9 requests, 4 answered (3 refused with 429, 2 failed, 1 thrown away as mispaired; 6 asked again); 0 input and 0 output tokens",
        ),
    ],
)
def test_the_calls_are_told_with_what_went_wrong(meter: Meter, told: str) -> None:
    assert told_calls(meter) == told
