"""What reviewers decided as an asset, and what follows from it: anew for exactly the video that was decided on, and nobody is asked."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from streamcap_dagster.assets.captions import caption_files
from streamcap_dagster.assets.clips import clips
from streamcap_dagster.assets.diff import diff
from streamcap_dagster.assets.examples import rl_examples, sft_examples
from streamcap_dagster.assets.preferences import preference_examples
from streamcap_dagster.assets.reviews import reviews
from streamcap_dagster.assets.survey import Surveyed, Watched
from streamcap_dagster.assets.walk import SOURCE, Finished, fingerprint_of
from streamcap_dagster.assets.wanted import Wanted
from streamcap_dagster.assets.work import PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.examples.objectives import SILENCED, UNSTATED
from streamcap_dagster.records import Captions, Clips, PreferenceExamples, RlExamples, SftExamples
from streamcap_dagster.reviews.records import Span
from streamcap_dagster.reviews.reviewed import Reviewed
from streamcap_dagster.reviews.storing import read_review, save
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import read_receipts
from streamcap_dagster.videos.forgetting import objects_of
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.test_preferences import Nobody, made_again
from tests.assets.walking import Walked, video, walk, workshop
from tests.dataset.corpus import Said, objectives_of, store_video
from tests.reviews.places import decide, on, on_clip

DOOR: tuple[Said, ...] = (("ok", "A red door."), ("ok", "A tall man opens it."), ("no_change", ""), ("ok", "A grey cat comes out."))
AFTER = (caption_files, sft_examples, rl_examples, preference_examples)
GRAPH: tuple[PerVideoAsset, ...] = (
    replace(reviews, deps=(SOURCE,)),
    *(replace(asset, deps=("reviews",)) for asset in AFTER),
)
"""From the reviews on, where nobody vouches for the captions."""
VIDEOS = [video(name, duration_s=60, fps=29.97) for name in ("v", "w")]
NAMES = ["reviews", *(asset.name for asset in AFTER)]


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """Two videos with the same captions, of which examples were made."""
    storage = FolderStorage(tmp_path / "data")
    for row in VIDEOS:
        store_video(storage, row.video_id, (DOOR,))
        write_record(storage, keys.objectives(row.video_id), objectives_of(read_record(storage, keys.delta_captions(row.video_id), Captions)))
    write_manifest(storage, VIDEOS)
    assert not made(storage).failures
    return storage


def shop(storage: FolderStorage, **settings: object) -> Workshop:
    return replace(workshop(storage, **{"fps": 1, **settings}), captioner=Nobody())


def made(storage: FolderStorage, **settings: object) -> Walked:
    return walk(GRAPH, shop(storage, **settings), VIDEOS)


def finals(storage: FolderStorage) -> dict[str, bytes]:
    """Everything but the books, and what people wrote."""
    listed = (stored.key for stored in storage.list(""))
    return {key: storage.read(key) for key in listed if not key.startswith((keys.RECEIPTS, keys.REVIEWS, "raw/", "ledger/"))}


def seen(storage: FolderStorage, video_id: str = "v") -> tuple[Captions, Captions]:
    """What the captioner said."""
    return read_record(storage, keys.initial_captions(video_id), Captions), read_record(storage, keys.delta_captions(video_id), Captions)


def edit(storage: FolderStorage, window: int, text: str, by: str = "ann") -> None:
    decide(storage, "v", on(window, seen(storage), text=text), by=by)


def drop(storage: FolderStorage, window: int) -> None:
    decide(storage, "v", on(window, seen(storage), verdict="drop"))


def sft(storage: FolderStorage, video_id: str = "v") -> SftExamples:
    return read_record(storage, keys.sft_examples(video_id), SftExamples)


def preferences(storage: FolderStorage, video_id: str = "v") -> PreferenceExamples:
    return read_record(storage, keys.preference_examples(video_id), PreferenceExamples)


def counts(walked: Walked, asset: str) -> dict[str, int]:
    (found,) = (one.receipt.counts for one in walked.results if isinstance(one, Finished) and (one.work.video_id, one.asset.name) == ("v", asset))
    return found


def test_where_nobody_decided_anything_a_record_without_windows_stands(storage: FolderStorage) -> None:
    assert read_record(storage, keys.reviewed("v"), Reviewed) == Reviewed(video_id="v")
    assert list(storage.list(keys.REVIEWS)) == []


def test_a_decision_makes_what_follows_anew_of_exactly_its_video(storage: FolderStorage) -> None:
    before = finals(storage)
    edit(storage, 1, "A short woman opens it.")
    walked = made(storage)

    assert made_again(walked) == ["v"] * len(NAMES)
    assert {key for key, data in finals(storage).items() if before.get(key) != data} == {
        *(key.replace("?", "v") for key in ("reviewed/?.json", "captions/?.srt", "captions/?.vtt")),
        *(f"{kind}_examples/v.json" for kind in ("sft", "rl", "preference")),
    }
    assert made_again(made(storage)) == []


def test_taken_back_it_leaves_everything_as_it_was(storage: FolderStorage) -> None:
    before = finals(storage)
    edit(storage, 1, "A short woman opens it.")
    drop(storage, 3)
    made(storage)
    decide(storage, "v", on(1, seen(storage)), on(3, seen(storage)))
    made(storage)

    assert finals(storage) == before


def test_what_changes_nothing_for_the_captions_makes_nothing_that_follows_anew(storage: FolderStorage) -> None:
    decide(storage, "v", on(1, seen(storage), verdict="keep"))
    decide(storage, "v", on(3, seen(storage), text=DOOR[3][1]))
    save(storage, "v", read_review(storage, "v").version, [Span(start_s=0, end_s=4)], "ann")

    assert [one.asset.name for one in made(storage).results if isinstance(one, Finished) and not one.reused] == ["reviews"]


def test_an_edited_caption_is_in_subtitles_and_examples_and_in_the_history_of_later_windows(storage: FolderStorage) -> None:
    edit(storage, 1, "A short woman opens it.")
    made(storage)

    assert "A short woman opens it." in storage.read(keys.subtitles("v", ".srt")).decode()
    assert "A tall man opens it." not in storage.read(keys.subtitles("v", ".vtt")).decode()
    examples = {pair.window: pair.example for pair in sft(storage).examples}
    assert examples[1].caption_window2_delta == examples[1].conversations[-1].content == "A short woman opens it."
    assert examples[3].caption_window1 == "A red door.\nA short woman opens it."
    assert seen(storage)[1].captions[0].text == "A tall man opens it."


def test_the_reviewed_record_keeps_what_the_captioner_had_said_and_who_says_what_now(storage: FolderStorage) -> None:
    edit(storage, 1, "A short woman opens it.", by="ann")
    made(storage)

    (window,) = read_record(storage, keys.reviewed("v"), Reviewed).windows
    assert (window.said, window.outcome, window.text, window.by) == ("A tall man opens it.", "ok", "A short woman opens it.", "ann")


def test_a_silent_window_may_be_given_words_and_a_spoken_one_silence(storage: FolderStorage) -> None:
    edit(storage, 2, "A bell rings.")
    edit(storage, 3, "")
    made(storage, max_silent_share=1)

    examples = {pair.window: pair.example for pair in sft(storage).examples}
    assert (examples[2].conversations[-1].content, examples[3].conversations[-1].content) == ("A bell rings.", "No change.")


def test_a_dropped_window_makes_no_example_and_is_not_in_the_history(storage: FolderStorage) -> None:
    drop(storage, 1)
    made(storage)

    for examples in (sft(storage), read_record(storage, keys.rl_examples("v"), RlExamples), preferences(storage)):
        assert 1 not in {pair.window for pair in examples.examples}
        assert (1, "dropped by a reviewer") in {(pair.window, pair.reason) for pair in examples.left_out}
    (later,) = (pair.example for pair in sft(storage).examples if pair.window == 3)
    assert later.caption_window1 == "A red door."
    (preference, *_) = (pair for pair in preferences(storage).examples if pair.window == 3)
    assert not [text for text in (preference.prompt, *(one.text for one in preference.candidates)) if "A tall man" in text]
    assert "A tall man" not in storage.read(keys.subtitles("v", ".srt")).decode()


def test_with_its_first_caption_a_clips_first_pair_is_dropped_which_would_teach_it(storage: FolderStorage) -> None:
    drop(storage, 0)
    made(storage)

    assert (1, "dropped by a reviewer") in {(pair.window, pair.reason) for pair in sft(storage).left_out}
    assert 3 in {pair.window for pair in sft(storage).examples}


def test_a_dropped_clip_makes_no_example_but_of_windows_that_were_kept(storage: FolderStorage) -> None:
    decide(storage, "v", on_clip(0, seen(storage), verdict="drop"), on(1, seen(storage), verdict="keep"), on(3, seen(storage), verdict="keep"))
    made(storage)

    assert [(pair.window, pair.example.caption_window1) for pair in sft(storage).examples] == [(3, "A tall man opens it.")]


def test_a_caption_that_failed_may_be_written_by_a_person(storage: FolderStorage) -> None:
    store_video(storage, "v", ((DOOR[0], ("blocked", ""), *DOOR[2:]),))
    edit(storage, 1, "A tall man opens it.")
    walked = walk([replace(asset, version=f"{asset.version}+") for asset in GRAPH], shop(storage), VIDEOS)

    assert not walked.failures
    assert {pair.window: pair.example.caption_window2_delta for pair in sft(storage).examples}[1] == "A tall man opens it."


def test_objectives_that_the_corrected_words_do_not_convey_reward_nobody(storage: FolderStorage) -> None:
    edit(storage, 1, "A dog barks loudly.")  # of a tall man who opens something nothing is left
    edit(storage, 3, "A grey cat comes out, slowly.")
    made(storage)
    examples = read_record(storage, keys.rl_examples("v"), RlExamples)

    assert [pair.window for pair in examples.examples] == [3]
    assert "none holds of what a reviewer wrote" in {pair.window: pair.reason for pair in examples.left_out}[1]


def test_words_that_a_silent_or_failed_window_was_given_have_no_objectives_for_a_reason_of_their_own(storage: FolderStorage) -> None:
    store_video(storage, "v", ((DOOR[0], ("blocked", ""), ("no_change", ""), ("blocked", "")),))
    write_record(storage, keys.objectives("v"), objectives_of(seen(storage)[1]))
    edit(storage, 1, "A tall man opens it.")
    edit(storage, 2, "A bell rings.")
    edit(storage, 3, "")
    walked = walk([replace(asset, version=f"{asset.version}+") for asset in GRAPH], shop(storage), VIDEOS)

    assert not walked.failures
    reasons = {pair.window: pair.reason for pair in read_record(storage, keys.rl_examples("v"), RlExamples).left_out}
    assert reasons == {1: f"no objectives: {UNSTATED}", 2: f"no objectives: {UNSTATED}", 3: f"no objectives: {SILENCED}"}


def test_who_writes_another_caption_prefers_it_to_what_it_replaces(storage: FolderStorage) -> None:
    edit(storage, 1, "A short woman opens it.")
    made(storage)

    (pair, *_) = (pair for pair in preferences(storage).examples if pair.window == 1)
    assert (pair.chosen, pair.rejected, pair.ranked_by) == ("A short woman opens it.", "A tall man opens it.", "human")
    assert {candidate.generator: candidate.rank for candidate in pair.candidates}["reviewer"] == 1


def test_candidates_that_a_reviewer_ranked_are_ranked_so(storage: FolderStorage) -> None:
    candidates = [one.text for one in next(pair for pair in preferences(storage).examples if pair.window == 1).candidates]
    worst_first = tuple(reversed(candidates))
    decide(storage, "v", on(1, seen(storage), ranking=worst_first))
    made(storage)

    pair = next(pair for pair in preferences(storage).examples if pair.window == 1)
    assert (tuple(one.text for one in pair.candidates), pair.chosen, pair.ranked_by) == (worst_first, worst_first[0], "human")


def test_a_decision_on_a_caption_that_is_another_one_now_is_counted_and_does_not_count(storage: FolderStorage) -> None:
    edit(storage, 1, "A short woman opens it.")
    drop(storage, 3)
    store_video(storage, "v", ((DOOR[0], ("ok", "It is opened."), *DOOR[2:]),))
    walked = walk([replace(asset, version=f"{asset.version}+") for asset in GRAPH], shop(storage), VIDEOS)

    assert counts(walked, "reviews") == {"dropped": 1, "edited": 0, "ranked": 0, "decisions_on_other_captions": 1}
    assert {pair.window: pair.example.caption_window2_delta for pair in sft(storage).examples}[1] == "It is opened."


@pytest.mark.parametrize(("spoiled", "why"), [(b'{"video_id"', "it holds no review"), (b'{"format": 9}', "written by a later version of streamcap")])
def test_a_review_that_cannot_be_read_fails_its_video_alone_with_one_sentence(storage: FolderStorage, spoiled: bytes, why: str) -> None:
    storage.write(keys.reviews("v"), spoiled)
    watched = Watched(shop(storage), GRAPH).look()
    walked = made(storage)

    assert [one.stale for one in watched] == [tuple(NAMES), ()]
    assert [(failure.video_id, failure.asset) for failure in walked.failures] == [("v", "reviews")]
    assert walked.failures[0].reason.startswith("reviews/v.json cannot be read: ")
    assert why in walked.failures[0].reason
    assert {video_id for video_id, _ in walked.finished} == {"w"}


def test_a_failure_to_read_a_review_is_over_once_it_is_mended(storage: FolderStorage) -> None:
    storage.write(keys.reviews("v"), b"{")
    made(storage)
    storage.delete(keys.reviews("v"))

    assert {one.video_id: one.state for one in Watched(shop(storage), GRAPH).look()} == {"v": "incomplete", "w": "complete"}
    assert not made(storage).failures


def test_why_a_video_is_stale_is_told_in_words(storage: FolderStorage) -> None:
    edit(storage, 1, "A short woman opens it.")

    (group,) = diff(VIDEOS, GRAPH, shop(storage)).groups
    assert ([one.video_id for one in group.videos], [str(cause) for cause in group.why.causes]) == (["v"], ["people decided something else of its captions"])


def test_the_look_at_all_videos_judges_those_alone_anew_that_people_decided_on(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(shop(storage), GRAPH)
    before = [one.state for one in watched.look()]
    edit(storage, 1, "A short woman opens it.")
    read: list[str] = []
    reading = FolderStorage.read
    monkeypatch.setattr(FolderStorage, "read", lambda self, key: (read.append(key), reading(self, key))[1])
    after = watched.look()

    assert before == ["complete", "complete"]
    assert _stale(after) == {"v": tuple(NAMES), "w": ()}
    assert [key for key in read if key.startswith(keys.RECEIPTS)] == [keys.receipts("v")]


def _stale(found: Sequence[Surveyed]) -> dict[str, tuple[str, ...]]:
    return {one.video_id: one.stale for one in found}


def test_the_fingerprints_of_many_videos_are_those_of_each(storage: FolderStorage) -> None:
    edit(storage, 1, "A short woman opens it.")
    here = shop(storage)
    wanted = Wanted(GRAPH, here)

    assert [wanted.of(GRAPH[0], row, {}) for row in VIDEOS] == [fingerprint_of(GRAPH[0], VideoWork(row, here), {SOURCE: row.content}) for row in VIDEOS]


def test_a_run_that_was_asked_for_before_people_decided_something_is_still_the_same(storage: FolderStorage) -> None:
    before = Wanted(GRAPH, shop(storage)).digest
    edit(storage, 1, "A short woman opens it.")
    assert Wanted(GRAPH, shop(storage)).digest == before


def test_reviews_and_what_came_of_them_go_with_their_video(storage: FolderStorage) -> None:
    edit(storage, 1, "A short woman opens it.")
    made(storage)

    assert {"reviews/v.json", "reviewed/v.json"} <= {stored.key for stored in objects_of(storage, "v")}
    assert "reviews/v.json" not in {stored.key for stored in objects_of(storage, "w")}


CLIPS = replace(clips, deps=(SOURCE,))


def mark(storage: FolderStorage, *spans: Span) -> None:
    save(storage, "v", read_review(storage, "v").version, spans, "ann")


def clips_made(storage: FolderStorage, **settings: object) -> Walked:
    return walk([CLIPS], shop(storage, clip_policy="manual", **settings), VIDEOS)


def test_spans_that_people_marked_are_clips_of_the_policy_manual(storage: FolderStorage) -> None:
    mark(storage, Span(start_s=10, end_s=16), Span(start_s=20, end_s=26, keep=False))
    assert not clips_made(storage).failures

    chosen = read_record(storage, keys.clips("v"), Clips)
    assert [(clip.start_s, clip.end_s, clip.reason) for clip in chosen.clips] == [(10, 16, "selected by hand")]
    assert [(span.start_s, span.reason) for span in chosen.left_over] == [(20, "dropped by hand")]
    assert read_record(storage, keys.clips("w"), Clips).skipped.startswith("the selection made by hand has no span of this video")


def test_marks_go_with_the_selection_file_and_before_what_it_says_of_the_same_span(storage: FolderStorage, tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("video_id,start_s,end_s\nv,0,6\nv,30,36\n")
    mark(storage, Span(start_s=10, end_s=16), Span(start_s=30, end_s=36, keep=False))
    clips_made(storage, clips_csv=str(tmp_path / "clips.csv"))

    assert [(clip.start_s, clip.end_s) for clip in read_record(storage, keys.clips("v"), Clips).clips] == [(0, 6), (10, 16)]


def test_another_mark_makes_the_clips_of_its_video_alone_anew_and_another_decision_none(storage: FolderStorage) -> None:
    mark(storage, Span(start_s=10, end_s=16))
    clips_made(storage)
    drop(storage, 1)
    assert made_again(clips_made(storage)) == []
    mark(storage, Span(start_s=20, end_s=26))

    assert _stale(Watched(shop(storage, clip_policy="manual"), [CLIPS]).look()) == {"v": ("clips",), "w": ()}
    assert made_again(clips_made(storage)) == ["v"]


def test_marks_count_under_no_other_policy(storage: FolderStorage) -> None:
    walk([CLIPS], shop(storage), VIDEOS)
    mark(storage, Span(start_s=10, end_s=16))
    assert made_again(walk([CLIPS], shop(storage), VIDEOS)) == []


def test_marks_that_cannot_be_read_fail_their_video_alone(storage: FolderStorage) -> None:
    storage.write(keys.reviews("v"), b"{")

    assert [one.state for one in Watched(shop(storage, clip_policy="manual"), [CLIPS]).look()] == ["incomplete", "incomplete"]
    assert [failure.video_id for failure in clips_made(storage).failures] == ["v"]
    assert read_receipts(storage, "w").of("clips") is not None
