"""A clip that a reviewer dropped is in no row of any config, and the dataset says how much it lacks for that."""

from datetime import UTC, datetime

import pytest

from streamcap_dagster.dataset.rows import VideoRows, read_rows
from streamcap_dagster.examples.pairs import make_rl, make_sft
from streamcap_dagster.examples.preference import Told
from streamcap_dagster.policies import ExamplePolicy, Sampling
from streamcap_dagster.records import Captions
from streamcap_dagster.reviews.applying import apply_review
from streamcap_dagster.reviews.records import Choice, Decision, Review
from streamcap_dagster.reviews.reviewed import DROPPED, apply
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import FRAMES_PER_WINDOW, WINDOWING, Prompts, objectives_of, store_video, video
from tests.examples.preferring import STREET, preferences
from tests.reviews.places import on, on_clip

SAMPLING = Sampling(fps=FRAMES_PER_WINDOW / WINDOWING.window_duration_s)


def rows_after(storage: FolderStorage, *choices: Choice) -> VideoRows:
    """Of a video of two clips, once everything that follows from its captions was made anew by these decisions."""
    entry, captions = store_video(storage, "v", [STREET, STREET]), captions_of(storage)
    stamp = {"by": "ann", "at": datetime(2026, 1, 1, tzinfo=UTC), "revision": 1}
    review = Review(video_id="v", revision=1, decisions=tuple(Decision(**choice.model_dump(), **stamp) for choice in choices))
    reviewed = apply_review(review, *captions).reviewed
    initials, deltas = (apply(some, reviewed) for some in captions)
    policy, objectives = ExamplePolicy(max_silent_share=1), objectives_of(deltas)
    write_record(storage, keys.reviewed("v"), reviewed)
    write_record(storage, keys.sft_examples("v"), make_sft(video("v"), initials, deltas, WINDOWING, SAMPLING, policy, Prompts()))
    write_record(storage, keys.rl_examples("v"), make_rl(video("v"), initials, deltas, objectives, WINDOWING, SAMPLING, policy))
    write_record(storage, keys.preference_examples("v"), preferences(Told(initials, deltas, objectives, (), None)))
    return read_rows(storage, entry, cadences_s=[4.0])


def captions_of(storage: FolderStorage) -> tuple[Captions, Captions]:
    return read_record(storage, keys.initial_captions("v"), Captions), read_record(storage, keys.delta_captions("v"), Captions)


@pytest.fixture
def clip(storage: FolderStorage) -> Choice:
    store_video(storage, "v", [STREET, STREET])
    return on_clip(0, captions_of(storage), verdict="drop")


def test_a_dropped_clip_is_in_no_config(storage: FolderStorage, clip: Choice) -> None:
    found = rows_after(storage, clip)

    assert found.missing == []
    assert {config: {row.clip for row in rows} for config, rows in found.rows.items()} == {"sft": {1}, "rl": {1}, "stream": {1}, "preference": {1}}
    assert {config: count for (config, reason), count in found.left_out.items() if DROPPED in reason} == {"sft": 3, "rl": 3, "stream": 1, "preference": 3}


def test_of_a_dropped_clip_the_window_that_was_kept_stays_in_its_stream(storage: FolderStorage, clip: Choice) -> None:
    found = rows_after(storage, clip, on(3, captions_of(storage), verdict="keep"))
    (stream, _) = (row.record for row in found.rows["stream"])

    assert [(window.outcome, window.text) for window in stream.windows][2:] == [("dropped", ""), ("ok", STREET[3][1])]  # type: ignore[union-attr]
