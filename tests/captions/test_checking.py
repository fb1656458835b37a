"""What is wrong with the captions of a video is found and named: each fault alone, and none in captions as they are made."""

import hashlib
from pathlib import Path

import pytest

from streamcap_dagster.captions.checking import caption_faults
from streamcap_dagster.records import Caption, Captions, Clip, Clips, Frame, Video
from streamcap_dagster.storage.frame_table import write_frames

VIDEO = Video(video_id="street", uri="street.mp4", sha256="0" * 64, size_bytes=1, duration_s=20, status="ok")
CLIPS = Clips(
    video_id="street",
    window_duration_s=2.0,
    clips=(Clip(clip=0, start_s=0, end_s=6, windows=3, reason="by hand"), Clip(clip=1, start_s=10, end_s=14, windows=2, reason="by hand")),
)
PLACES = [(clip.clip, window) for clip in CLIPS.clips for window in range(clip.windows)]


def frames() -> list[Frame]:
    """Two frames a window."""
    return [
        Frame(clip, window, k, at, at, 8, 8, hashlib.sha256(f"{at}".encode()).hexdigest(), b"")
        for clip, window in PLACES
        for k in range(2)
        for at in [CLIPS.clips[clip].start_s + 2 * window + k]
    ]


def caption(clip: int, window: int) -> Caption:
    start_s = CLIPS.clips[clip].start_s + 2.0 * window
    seen = [frame for frame in frames() if (frame.clip, frame.window) == (clip, window)]
    return Caption(
        clip=clip,
        window=window,
        start_s=start_s,
        end_s=start_s + 2,
        kind="delta" if window else "initial",
        outcome="ok",
        text="A door opens.",
        frame_sha256=tuple(frame.sha256 for frame in seen),
        frame_pts_s=tuple(frame.pts_s for frame in seen),
        history_sha256="",
        prompt_version="p1",
        captioner="recorded",
        model="none",
    )


CAPTIONS = {place: caption(*place) for place in PLACES}


def faults(tmp_path: Path, said: list[Caption] | None = None, video: Video = VIDEO, anchor_every: int = 0) -> list[str]:
    path = tmp_path / "street.parquet"
    write_frames(path, frames(), "by hand")
    said = list(CAPTIONS.values()) if said is None else said
    initials, deltas = (tuple(caption for caption in said if (caption.window == 0) is first) for first in (True, False))
    records = [Captions.model_construct(video_id="street", captions=captions) for captions in (initials, deltas)]
    return list(caption_faults(video, CLIPS, *records, path, anchor_every))


def broken(clip: int, window: int, **more: object) -> list[Caption]:
    """All captions, one of them changed behind the back of its record's own rules."""
    return list({**CAPTIONS, (clip, window): CAPTIONS[clip, window].model_copy(update=more)}.values())


def test_captions_as_they_are_made_have_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path) == []


@pytest.mark.parametrize("outcome", ["no_change", "blocked", "recitation", "truncated", "invalid", "empty"])
def test_a_window_without_words_has_its_outcome_and_is_no_fault(tmp_path: Path, outcome: str) -> None:
    assert faults(tmp_path, broken(0, 1, outcome=outcome, text="", reason="because")) == []


def test_a_window_without_an_outcome_is_named(tmp_path: Path) -> None:
    said = [caption for place, caption in CAPTIONS.items() if place != (1, 1)]
    assert faults(tmp_path, said) == ["window 1 of clip 1 has no outcome"]


def test_a_window_with_two_captions_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path, [*CAPTIONS.values(), CAPTIONS[0, 2]]) == ["window 2 of clip 0 has 2 captions"]


def test_a_caption_of_a_window_that_does_not_exist_is_named(tmp_path: Path) -> None:
    other = CAPTIONS[0, 2].model_copy(update={"clip": 7})
    assert faults(tmp_path, [*CAPTIONS.values(), other]) == ["window 2 of clip 7 has a caption, but there is no such window"]


def test_a_gap_between_captions_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path, broken(0, 2, start_s=4.5)) == ["window 2 of clip 0 is told from 4.5 s to 6 s, but lasts from 4 s to 6 s"]


def test_a_caption_that_ends_after_its_video_is_named(tmp_path: Path) -> None:
    shorter = VIDEO.model_copy(update={"duration_s": 13.0})
    assert faults(tmp_path, video=shorter) == ["window 1 of clip 1 ends at 14 s, after the video, which ends at 13 s"]


def test_a_delta_in_the_place_of_an_initial_caption_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path, broken(1, 0, kind="delta")) == ["window 0 of clip 1 has a caption of the kind delta"]


def test_an_answer_without_words_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path, broken(0, 1, text=" ")) == ["window 1 of clip 0 has the outcome ok without a text"]


def test_words_beside_a_failed_outcome_are_named(tmp_path: Path) -> None:
    assert faults(tmp_path, broken(0, 1, outcome="blocked")) == ["window 1 of clip 0 has the outcome blocked with a text"]


def test_a_caption_that_speaks_of_a_later_frame_is_named(tmp_path: Path) -> None:
    said = faults(tmp_path, broken(0, 1, frame_pts_s=(2.0, 5.0)))
    assert said == ["window 1 of clip 0 ends at 4 s, but speaks of a frame that is shown at 5 s", "window 1 of clip 0 speaks of other frames than its own"]


def test_a_caption_that_speaks_of_other_frames_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path, broken(0, 1, frame_sha256=("a", "b"))) == ["window 1 of clip 0 speaks of other frames than its own"]


def test_an_anchor_where_one_is_due_opens_a_segment_and_is_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, broken(0, 2, kind="anchor", segment=1), anchor_every=2) == []


def test_an_anchor_that_failed_stays_in_its_segment_and_is_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, broken(0, 2, kind="anchor", outcome="blocked", text="", reason="because"), anchor_every=2) == []


def test_an_anchor_where_none_is_due_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path, broken(0, 2, kind="anchor", segment=1)) == ["window 2 of clip 0 has a caption of the kind anchor"]


def test_a_delta_in_the_place_of_an_anchor_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path, anchor_every=2) == ["window 2 of clip 0 has a caption of the kind delta"]


def test_a_caption_of_another_segment_than_its_neighbours_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path, broken(0, 1, segment=1)) == ["window 1 of clip 0 is of segment 1, not 0", "window 2 of clip 0 is of segment 0, not 1"]


def test_a_clip_that_does_not_begin_with_its_first_segment_is_named(tmp_path: Path) -> None:
    said = [caption.model_copy(update={"segment": 1}) if place[0] == 1 else caption for place, caption in CAPTIONS.items()]
    assert faults(tmp_path, said) == ["window 0 of clip 1 is of segment 1, not 0"]
