from itertools import pairwise
from typing import Any

import pytest

from streamcap_dagster.clips.policies import ManualSpan, choose_clips, with_marks
from streamcap_dagster.errors import SettingError
from streamcap_dagster.policies import ClipPolicy, Windowing
from streamcap_dagster.records import Clips, Video


def video(duration_s: float, sha256: str = "a" * 64) -> Video:
    return Video(video_id="v", uri="v.mp4", sha256=sha256, size_bytes=1, duration_s=duration_s, status="ok")


def chosen(duration_s: float, window_s: float = 2.0, manual: tuple[ManualSpan, ...] = (), sha256: str = "a" * 64, **policy: Any) -> Clips:
    if policy.get("clip_policy") == "manual":
        policy["clips_csv"] = "selection.csv"
    return choose_clips(video(duration_s, sha256), Windowing(window_duration_s=window_s), ClipPolicy(**policy), manual)


def spans(clips: Clips) -> list[tuple[float, float, int]]:
    return [(clip.start_s, clip.end_s, clip.windows) for clip in clips.clips]


def left(clips: Clips) -> list[tuple[float, float]]:
    return [(span.start_s, span.end_s) for span in clips.left_over]


def by_hand(*spans: ManualSpan, duration_s: float = 20.0) -> Clips:
    return chosen(duration_s, manual=spans, clip_policy="manual")


def test_a_short_video_is_one_clip() -> None:
    clips = chosen(10.0)
    assert (spans(clips), left(clips), clips.skipped) == ([(0.0, 10.0, 5)], [], "")


def test_a_long_video_is_cut_into_clips_of_at_most_the_longest_length() -> None:
    clips = chosen(150.0, clip_max_s=60)
    assert spans(clips) == [(0.0, 60.0, 30), (60.0, 120.0, 30), (120.0, 150.0, 15)]
    assert [clip.clip for clip in clips.clips] == [0, 1, 2]
    assert clips.clips[2].reason == "whole video, part 3 of 3"


def test_a_longest_length_of_no_whole_windows_is_rounded_down() -> None:
    assert spans(chosen(20.0, clip_max_s=9.9)) == [(0.0, 8.0, 4), (8.0, 16.0, 4), (16.0, 20.0, 2)]


def test_what_is_shorter_than_a_window_is_left_over() -> None:
    clips = chosen(11.5)
    assert (spans(clips), left(clips)) == ([(0.0, 10.0, 5)], [(10.0, 11.5)])
    assert clips.left_over[0].reason == "shorter than a window"


def test_a_last_piece_of_a_single_window_is_left_over_with_the_rest() -> None:
    clips = chosen(63.5, clip_max_s=60)
    assert (spans(clips), left(clips)) == ([(0.0, 60.0, 30)], [(60.0, 63.5)])
    assert clips.left_over[0].reason == "shorter than two windows"


@pytest.mark.parametrize("policy", ["whole", "random_pairs", "manual"])
@pytest.mark.parametrize("duration_s", [0.0, 0.04, 0.3, 2.0, 3.999])
def test_a_video_too_short_for_two_windows_is_skipped_and_says_so(duration_s: float, policy: str) -> None:
    clips = chosen(duration_s, manual=(ManualSpan(0, 4),), clip_policy=policy)
    assert (clips.clips, left(clips)) == ((), [(0.0, duration_s)])
    assert clips.skipped == f"the video is {duration_s:g} s long, shorter than two windows of 2 s"


def test_two_windows_exactly_are_enough() -> None:
    assert spans(chosen(4.0)) == [(0.0, 4.0, 2)]


def test_a_longest_length_below_two_windows_is_refused() -> None:
    with pytest.raises(SettingError, match=r"STREAMCAP_CLIP_MAX_S=3\.0 cannot be used: .* make it 4 or more"):
        chosen(10.0, clip_max_s=3)


@pytest.mark.parametrize(("duration_s", "window_s", "windows"), [(0.3, 0.1, 3), (0.7, 0.1, 7), (6.006, 1.001, 6), (4.2, 0.6, 7), (0.6, 0.2, 3), (1.1, 0.1, 11)])
def test_a_video_of_exactly_so_many_windows_loses_none_to_rounding(duration_s: float, window_s: float, windows: int) -> None:
    clips = chosen(duration_s, window_s)
    assert (spans(clips), left(clips)) == ([(0.0, duration_s, windows)], [])


@pytest.mark.parametrize("policy", ["whole", "random_pairs"])
@pytest.mark.parametrize("window_s", [0.1, 0.3, 0.5, 1.001, 2.0, 7.3])
@pytest.mark.parametrize("duration_s", [5.0, 6.006, 59.9999, 60.0001, 61.061, 123.456])
def test_every_clip_is_a_whole_number_of_windows_within_the_video(duration_s: float, window_s: float, policy: str) -> None:
    clips = chosen(duration_s, window_s, clip_policy=policy, clip_pairs=5)
    for clip in clips.clips:
        assert clip.windows >= 2
        assert 0 <= clip.start_s < clip.end_s <= duration_s
        assert clip.end_s - clip.start_s == pytest.approx(clip.windows * window_s)


@pytest.mark.parametrize("policy", ["whole", "random_pairs"])
@pytest.mark.parametrize("duration_s", [9.5, 21.021, 61.061, 123.456])
def test_clips_and_what_is_left_over_make_up_the_whole_video(duration_s: float, policy: str) -> None:
    clips = chosen(duration_s, clip_policy=policy, clip_pairs=2)
    pieces = sorted([(start, end) for start, end, _ in spans(clips)] + left(clips))
    assert (pieces[0][0], pieces[-1][1]) == (0.0, duration_s)
    assert all(before[1] == after[0] for before, after in pairwise(pieces))


@pytest.mark.parametrize("number", range(20))
def test_drawn_pairs_are_two_windows_on_the_grid_and_apart(number: int) -> None:
    clips = chosen(21.0, clip_policy="random_pairs", clip_pairs=5, sha256=f"{number:064x}")
    starts = [clip.start_s for clip in clips.clips]
    assert len(starts) == 5
    assert all(start % 2.0 == 0 and clip.windows == 2 for start, clip in zip(starts, clips.clips, strict=True))
    assert all(after - before >= 4.0 for before, after in pairwise(starts))


def test_drawn_pairs_are_the_same_on_every_machine() -> None:
    assert [start for start, _, _ in spans(chosen(100.0, clip_policy="random_pairs", clip_pairs=4))] == [22.0, 34.0, 44.0, 66.0]


def test_other_bytes_draw_other_pairs() -> None:
    draws = {tuple(spans(chosen(1000.0, clip_policy="random_pairs", sha256=f"{number:064x}"))) for number in range(10)}
    assert len(draws) == 10


def test_every_place_of_a_video_can_be_drawn() -> None:
    starts = {clip.start_s for number in range(200) for clip in chosen(20.0, clip_policy="random_pairs", clip_pairs=2, sha256=f"{number:064x}").clips}
    assert starts == {2.0 * window for window in range(9)}


def test_drawn_pairs_overlap_only_when_the_video_is_too_short_for_them() -> None:
    clips = chosen(10.0, clip_policy="random_pairs", clip_pairs=3)
    assert len({start for start, _, _ in spans(clips)}) == 3


def test_no_pair_is_drawn_twice() -> None:
    clips = chosen(6.0, clip_policy="random_pairs", clip_pairs=50)
    assert spans(clips) == [(0.0, 4.0, 2), (2.0, 6.0, 2)]


def test_a_selected_span_is_cut_to_whole_windows_from_its_start() -> None:
    clips = by_hand(ManualSpan(1.25, 8.0))
    assert (spans(clips), left(clips)) == ([(1.25, 7.25, 3)], [(7.25, 8.0)])
    assert clips.clips[0].reason == "selected by hand"


def test_a_selected_span_is_cut_at_the_end_of_the_video() -> None:
    clips = by_hand(ManualSpan(15.0, 30.0))
    assert (spans(clips), left(clips)) == ([(15.0, 19.0, 2)], [(19.0, 30.0)])


@pytest.mark.parametrize(
    ("span", "reason"),
    [
        (ManualSpan(25.0, 30.0), "selected by hand, but the video ends at 20 s"),
        (ManualSpan(20.0, 30.0), "selected by hand, but the video ends at 20 s"),
        (ManualSpan(3.0, 6.5), "selected by hand, but shorter than two windows within the video"),
        (ManualSpan(17.0, 30.0), "selected by hand, but shorter than two windows within the video"),
        (ManualSpan(3.0, 9.0, keep=False), "dropped by hand"),
    ],
)
def test_a_selected_span_that_makes_no_clip_is_left_over_with_its_reason(span: ManualSpan, reason: str) -> None:
    clips = by_hand(span, ManualSpan(10.0, 14.0))
    assert spans(clips) == [(10.0, 14.0, 2)]
    assert [(piece.start_s, piece.end_s, piece.reason) for piece in clips.left_over] == [(span.start_s, span.end_s, reason)]


def test_the_later_of_two_overlapping_spans_is_left_over() -> None:
    clips = by_hand(ManualSpan(3.0, 9.0), ManualSpan(0.0, 4.0))
    assert (spans(clips), clips.left_over[0].reason) == ([(0.0, 4.0, 2)], "selected by hand, but overlaps the selected span before it")


def test_spans_that_touch_do_not_overlap() -> None:
    assert spans(by_hand(ManualSpan(4.0, 8.0), ManualSpan(0.0, 4.0))) == [(0.0, 4.0, 2), (4.0, 8.0, 2)]


def test_a_dropped_span_blocks_no_other() -> None:
    assert spans(by_hand(ManualSpan(0.0, 20.0, keep=False), ManualSpan(2.0, 6.0))) == [(2.0, 6.0, 2)]


@pytest.mark.parametrize(
    ("mark", "clips"),
    [
        (ManualSpan(6.0, 10.0), [(0.0, 6.0), (6.0, 10.0), (10.0, 20.0)]),
        (ManualSpan(6.0, 10.0, keep=False), [(0.0, 6.0), (10.0, 20.0)]),
        (ManualSpan(6.0, 7.0), [(0.0, 6.0), (7.0, 19.0)]),
        (ManualSpan(0.0, 8.0), [(0.0, 8.0), (8.0, 20.0)]),
        (ManualSpan(0.0, 20.0), [(0.0, 20.0)]),
        (ManualSpan(0.0, 20.0, keep=False), []),
        (ManualSpan(20.0, 24.0), [(0.0, 20.0), (20.0, 24.0)]),
    ],
)
def test_what_people_marked_goes_before_what_is_selected_around_it(mark: ManualSpan, clips: list[tuple[float, float]]) -> None:
    found = by_hand(*with_marks([ManualSpan(0.0, 20.0)], [mark]), duration_s=30.0)
    assert [(clip.start_s, clip.end_s) for clip in found.clips] == clips


def test_of_a_selected_span_there_stays_what_none_of_many_marks_covers() -> None:
    marks = [ManualSpan(12.0, 16.0, keep=False), ManualSpan(2.0, 10.0), ManualSpan(4.0, 6.0, keep=False)]
    left_of_it = with_marks([ManualSpan(0.0, 20.0), ManualSpan(3.0, 9.0)], marks)[: -len(marks)]
    assert left_of_it == (ManualSpan(0.0, 2.0), ManualSpan(10.0, 12.0), ManualSpan(16.0, 20.0))


@pytest.mark.parametrize(
    ("marks", "clips"),
    [
        ([(0.0, 10.0), (8.0, 20.0)], [(0.0, 20.0)]),
        ([(8.0, 20.0), (0.0, 30.0)], [(0.0, 30.0)]),
        ([(0.0, 10.0), (10.0, 20.0)], [(0.0, 10.0), (10.0, 20.0)]),
    ],
)
def test_marks_that_overlap_are_one_clip_and_those_that_touch_are_two(marks: list[tuple[float, float]], clips: list[tuple[float, float]]) -> None:
    found = by_hand(*with_marks([], [ManualSpan(*mark) for mark in marks]), duration_s=30.0)
    assert [(clip.start_s, clip.end_s) for clip in found.clips] == clips


def test_a_video_without_a_selected_span_is_skipped() -> None:
    clips = by_hand()
    assert clips.clips == ()
    assert clips.skipped == "the selection made by hand has no span of this video (STREAMCAP_CLIPS_CSV, and the marks of `streamcap review`)"


def test_a_video_whose_spans_all_fail_is_skipped_and_keeps_why() -> None:
    clips = by_hand(ManualSpan(0.0, 1.0))
    assert clips.skipped.startswith("none of the 1 spans in the selection")
    assert len(clips.left_over) == 1
