"""The preference pairs of a video as an asset: made of captions that exist, and anew for exactly the video that people have ranked."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from streamcap_dagster.assets.preferences import preference_examples
from streamcap_dagster.assets.survey import Watched
from streamcap_dagster.assets.walk import fingerprint_of
from streamcap_dagster.assets.wanted import Wanted
from streamcap_dagster.assets.work import VideoWork, Workshop
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.errors import SettingError
from streamcap_dagster.records import PreferenceExamples
from streamcap_dagster.reviews.reviewed import Reviewed
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.forgetting import objects_of
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.walking import Walked, video, walk, workshop
from tests.dataset.corpus import Said, caption_records, objectives_of
from tests.examples.preferring import CAPTION, STREET, ranked, texts, told

PAIRS = replace(preference_examples, deps=())
"""The asset where nobody vouches for the captions."""
VIDEOS = [video(name) for name in ("v", "w")]


class Nobody:
    """A captioner that must not be asked."""

    name, model = "nobody", "none"

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        raise AssertionError(f"{request.place} was asked")


def store_captions(storage: Storage, video_id: str, chain: Sequence[Said] = STREET, captioner: str = "recorded") -> None:
    initials, deltas = caption_records("v", (chain,), captioner)
    told = {keys.initial_captions: initials, keys.delta_captions: deltas, keys.objectives: objectives_of(deltas), keys.reviewed: Reviewed(video_id="v")}
    for key, record in told.items():
        write_record(storage, key(video_id), record.model_copy(update={"video_id": video_id}))


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """Two videos with the same captions."""
    storage = FolderStorage(tmp_path / "data")
    for row in VIDEOS:
        store_captions(storage, row.video_id)
    write_manifest(storage, VIDEOS)
    return storage


def shop(storage: FolderStorage, **settings: object) -> Workshop:
    return replace(workshop(storage, **settings), captioner=Nobody())


def made(storage: FolderStorage, **settings: object) -> Walked:
    walked = walk([PAIRS], shop(storage, **settings), VIDEOS)
    assert not walked.failures
    return walked


def pairs(storage: Storage, video_id: str = "v") -> PreferenceExamples:
    return read_record(storage, keys.preference_examples(video_id), PreferenceExamples)


def rank(storage: FolderStorage, video_id: str) -> None:
    """Let people say that the caption of window 1 is the worst."""
    said = sorted(texts(pairs(storage, video_id), 1).items(), key=lambda one: one[0] == CAPTION)
    write_record(storage, keys.rankings(video_id), ranked(told(STREET), 1, [text for _, text in said]).model_copy(update={"video_id": video_id}))


def made_again(walked: Walked) -> list[str]:
    return sorted(result.work.video_id for result in walked.results if hasattr(result, "reused") and not result.reused)


def test_pairs_are_made_of_captions_that_exist_and_nobody_is_asked(storage: FolderStorage) -> None:
    made(storage)
    assert {pair.window for pair in pairs(storage).examples} == {1, 2, 3}


def test_a_pair_quotes_the_very_prompt_of_the_captioner(storage: FolderStorage) -> None:
    made(storage)
    assert pairs(storage).examples[0].prompt == Prompts().delta([STREET[0][1]])


def test_what_is_made_is_counted_with_how_many_pairs_are_of_the_same_length(storage: FolderStorage) -> None:
    (receipt, _) = (result.receipt for result in made(storage).results if hasattr(result, "receipt"))
    found = pairs(storage).examples
    assert receipt.counts == {"pairs": len(found), "length_matched": sum(pair.length_matched for pair in found), "ranked_by_people": 0}


def test_what_people_ranked_is_made_anew_and_no_other_video(storage: FolderStorage) -> None:
    made(storage)
    before = storage.read(keys.preference_examples("w"))
    rank(storage, "v")

    assert made_again(made(storage)) == ["v"]
    assert {(pair.window, pair.ranked_by) for pair in pairs(storage).examples} == {(1, "human"), (2, "score"), (3, "score")}
    assert storage.read(keys.preference_examples("w")) == before
    assert made_again(made(storage)) == []


def test_without_its_rankings_a_video_is_as_it_was(storage: FolderStorage) -> None:
    made(storage)
    before = storage.read(keys.preference_examples("v"))
    rank(storage, "v")
    made(storage)
    storage.delete(keys.rankings("v"))

    assert made_again(made(storage)) == ["v"]
    assert storage.read(keys.preference_examples("v")) == before


def test_rankings_of_captions_that_are_others_now_are_counted_and_do_not_count(storage: FolderStorage) -> None:
    made(storage)
    rank(storage, "v")
    store_captions(storage, "v", (("ok", "A garden."), *STREET[1:]))
    walked = walk([replace(PAIRS, version="another")], shop(storage), VIDEOS[:1])

    (receipt,) = (result.receipt for result in walked.results if hasattr(result, "receipt"))
    assert (receipt.counts["rankings_of_other_captions"], receipt.counts["ranked_by_people"]) == (1, 0)


def test_the_look_at_all_videos_sees_what_people_ranked_meanwhile(storage: FolderStorage) -> None:
    made(storage)
    watched = Watched(shop(storage), [PAIRS])
    before = [one.state for one in watched.look()]
    rank(storage, "v")

    assert (before, [one.stale for one in watched.look()]) == (["complete", "complete"], [("preference_examples",), ()])


def test_a_run_that_was_asked_for_before_people_ranked_something_is_still_the_same(storage: FolderStorage) -> None:
    made(storage)
    before = Wanted([PAIRS], shop(storage))
    rank(storage, "v")
    after = Wanted([PAIRS], shop(storage))

    assert before.digest == after.digest
    assert (before.beside.get("v"), before.beside.get("w")) != (after.beside.get("v"), after.beside.get("w"))
    assert after.beside.keys() == {"v"}


def test_the_fingerprints_of_many_videos_are_those_of_each(storage: FolderStorage, tmp_path: Path) -> None:
    made(storage)
    rank(storage, "v")
    store_captions(FolderStorage(tmp_path / "other"), "w", captioner="other")
    for settings in ({}, {"preference_runs": str(tmp_path / "other")}):
        here = shop(storage, **settings)
        wanted = Wanted([PAIRS], here)
        assert [wanted.of(PAIRS, row, {}) for row in VIDEOS] == [fingerprint_of(PAIRS, VideoWork(row, here), {}) for row in VIDEOS]


def test_captions_of_another_run_are_candidates_and_another_fingerprint(storage: FolderStorage, tmp_path: Path) -> None:
    other = FolderStorage(tmp_path / "hot")
    store_captions(other, "v", (STREET[0], ("ok", "A bus arrives with a squeal."), *STREET[2:]), captioner="gemini")
    made(storage)

    assert made_again(made(storage, preference_runs=f" {other.root}, ")) == ["v", "w"]
    assert texts(pairs(storage), 1)["gemini/none/p1"] == "A bus arrives with a squeal."
    assert "gemini/none/p1" not in texts(pairs(storage, "w"), 1)
    assert not list(other.list(keys.RECEIPTS))

    store_captions(other, "v", (STREET[0], ("ok", "A tram arrives."), *STREET[2:]), captioner="gemini")
    assert made_again(made(storage, preference_runs=f" {other.root}, ")) == ["v"]


def test_captions_of_a_rehearsal_are_left_out_and_counted(storage: FolderStorage, tmp_path: Path) -> None:
    other = FolderStorage(tmp_path / "free")
    store_captions(other, "v", (STREET[0], ("ok", "A bus arrives with a squeal."), *STREET[2:]), captioner="offline")
    walked = made(storage, preference_runs=str(other.root))

    (receipt,) = (result.receipt for result in walked.results if hasattr(result, "receipt") and result.work.video_id == "v")
    assert receipt.counts["left out: candidates of a rehearsal, where the caption is of none"] == 3
    assert not [generator for generator in texts(pairs(storage), 1) if generator.startswith("offline")]


@pytest.mark.parametrize(
    ("place", "why"), [("nowhere", "there is no such folder"), ("s3://bucket", "give folders, or gs://"), ("gs://B", "no bucket can be called that")]
)
def test_a_run_that_cannot_be_is_refused_by_name(tmp_path: Path, place: str, why: str) -> None:
    with pytest.raises(SettingError, match=r"^STREAMCAP_PREFERENCE_RUNS=.*" + why):
        read_settings(storage=str(tmp_path / "data"), preference_runs=place)


def test_the_storage_itself_is_no_other_run(storage: FolderStorage) -> None:
    with pytest.raises(SettingError, match="it is STREAMCAP_STORAGE itself"):
        read_settings(storage=storage.uri, preference_runs=f"{storage.uri}/../data")


def test_rankings_and_pairs_of_a_video_go_with_it(storage: FolderStorage) -> None:
    made(storage)
    rank(storage, "v")
    assert {"rankings/v.json", "preference_examples/v.json"} <= {stored.key for stored in objects_of(storage, "v")}
    assert "rankings/v.json" not in {stored.key for stored in objects_of(storage, "w")}


def test_rankings_that_cannot_be_read_fail_their_video_alone_and_say_so(storage: FolderStorage) -> None:
    made(storage)
    storage.write(keys.rankings("v"), b'{"video_id": "v"')
    walked = walk([PAIRS], shop(storage), VIDEOS)

    assert [(failure.video_id, "rankings/v.json cannot be read" in failure.reason) for failure in walked.failures] == [("v", True)]
