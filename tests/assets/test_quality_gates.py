"""From captions on the wrong videos to a dataset that is not published: the asset, its findings, and the checks of the dataset."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from streamcap_dagster.assets import dataset
from streamcap_dagster.assets.corpus import Corpus
from streamcap_dagster.assets.corpus_checks import forbids, quality_of
from streamcap_dagster.assets.quality import caption_quality
from streamcap_dagster.assets.work import Made, VideoWork
from streamcap_dagster.policies import DatasetPolicy
from streamcap_dagster.quality.pairing import audit_by_features
from streamcap_dagster.quality.records import CaptionQuality
from streamcap_dagster.quality.verdicts import counted
from streamcap_dagster.records import Captions
from streamcap_dagster.reviews.reviewed import Reviewed, ReviewedWindow
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.assets.walking import workshop
from tests.dataset.corpus import Said, store_video, video
from tests.quality.passing import Captioned, make_passing, passings
from tests.quality.test_pairing import shown, told

VECTORS = "tests.quality.test_embedding:two_texts"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Captioned, Captioned]:
    folder = tmp_path_factory.mktemp("passing")
    return make_passing(folder, "first", 1, 36), make_passing(folder, "second", 2, 36)


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


def measured(storage: FolderStorage, captioned: Captioned, **settings: str) -> Made:
    """What the asset makes of a video with these captions."""
    video_id = captioned.video.video_id
    storage.write(keys.frames(video_id), captioned.frames.read_bytes())
    for key, first in ((keys.initial_captions, True), (keys.delta_captions, False)):
        of_kind = tuple(caption for caption in captioned.captions if (caption.kind == "initial") is first)
        write_record(storage, key(video_id), Captions(video_id=video_id, captions=of_kind))
    work = VideoWork(captioned.video, workshop(storage, **settings))
    try:
        made = caption_quality.make(work)
        assert isinstance(made, Made)
        return made
    finally:
        work.close()


def verdicts(made: Made) -> dict[str, str]:
    assert caption_quality.findings is not None
    return {judged.metric.name: judged.verdict for judged in caption_quality.findings.judge(made.counts)}


def test_the_asset_audits_the_pairing_and_its_receipt_counts_what_the_checks_judge(storage: FolderStorage, two: tuple[Captioned, Captioned]) -> None:
    made = measured(storage, two[0])
    stored = read_record(storage, keys.caption_quality(two[0].video.video_id), CaptionQuality)

    assert stored.pairing is not None
    assert (stored.pairing.by, made.counts["pairing_windows"]) == ("features", stored.pairing.windows)
    assert set(verdicts(made).values()) == {"ok"}


def test_every_check_of_the_asset_is_one_that_dagster_lists(storage: FolderStorage, two: tuple[Captioned, Captioned]) -> None:
    assert caption_quality.findings is not None
    assert list(verdicts(measured(storage, two[0]))) == [metric.name for metric in caption_quality.findings.metrics]


def test_a_model_of_the_user_compares_where_one_is_set(storage: FolderStorage, two: tuple[Captioned, Captioned]) -> None:
    measured(storage, two[0], pairing_model=VECTORS)
    stored = read_record(storage, keys.caption_quality(two[0].video.video_id), CaptionQuality)

    assert stored.pairing is not None
    assert (stored.pairing.by, stored.pairing.margin) == (VECTORS, 0.0)


@pytest.mark.parametrize(("text", "refusals"), [(None, 1), ("The door opens.", 0), ("I cannot help with that.", 1)])
def test_the_receipt_of_the_dataset_counts_what_people_wrote_and_not_what_it_stands_for(storage: FolderStorage, text: str | None, refusals: int) -> None:
    entry = store_video(storage, "v", [(("ok", "A red door."), ("ok", "I cannot help with that."), ("ok", "A dog runs out."))])
    if text is not None:
        write_record(storage, keys.reviewed("v"), Reviewed(video_id="v", windows=(decided(1, text),)))
    corpus = Corpus((entry.video,), {"v": entry.split}, {"v": "v"}, {}, {})

    counts = dataset._build_dataset(storage, corpus, DatasetPolicy()).counts

    assert (counts["measured"], counts["spoken"], counts["refusal"]) == (1, 3, refusals)


SLEEPING: tuple[Said, ...] = (("ok", "A red door."), ("ok", "Two cats sleep."), ("ok", "A blue boat sails by."), ("ok", "A red door."))
"""Of four windows the third is an anchor, which has nothing in common with what was said before it."""


def test_a_chain_that_drifts_is_warned_of_in_its_video_and_in_the_dataset_and_holds_up_nothing(storage: FolderStorage) -> None:
    entry = store_video(storage, "v", [SLEEPING], anchor_every=2)
    work = VideoWork(entry.video, workshop(storage))
    try:
        made = caption_quality.make(work)
    finally:
        work.close()

    assert isinstance(made, Made)
    assert verdicts(made)["drift"] == "warn"
    found = found_in(storage, "v")
    assert (found["drift"].passed, found["drift"].severity, forbids(found["drift"])) == (False, dg.AssetCheckSeverity.WARN, False)


def test_of_videos_without_anchors_the_check_of_drift_passes_and_says_why(storage: FolderStorage) -> None:
    store_video(storage, "v", [SLEEPING])
    found = found_in(storage, "v")["drift"]

    assert found.passed
    assert "there are no anchors" in str(found.description)


@pytest.mark.parametrize(
    ("window", "text", "dropped"),
    [(1, "The door is gone; a blue boat sails by.", False), (2, "A red door. Two cats sleep.", False), (2, None, True)],
    ids=["a delta is mended", "the anchor is mended", "the anchor is dropped"],
)
def test_the_drift_of_the_dataset_is_that_of_the_texts_that_its_rows_have(storage: FolderStorage, window: int, text: str | None, dropped: bool) -> None:
    store_video(storage, "v", [SLEEPING], anchor_every=2)
    assert not found_in(storage, "v")["drift"].passed

    write_record(storage, keys.reviewed("v"), Reviewed(video_id="v", windows=(decided(window, text, dropped),)))

    assert found_in(storage, "v")["drift"].passed


def test_what_a_reviewer_dropped_is_not_expected_in_an_anchor(storage: FolderStorage) -> None:
    store_video(storage, "v", [(("ok", "A blue boat sails by."), ("ok", "Two cats sleep on a green sofa."), ("ok", "A blue boat sails by."))], anchor_every=2)
    assert not found_in(storage, "v")["drift"].passed

    write_record(storage, keys.reviewed("v"), Reviewed(video_id="v", windows=(decided(1, None, dropped=True),)))

    assert found_in(storage, "v")["drift"].passed


def found_in(storage: FolderStorage, video_id: str) -> dict[str, dg.AssetCheckResult]:
    """What the checks of a dataset of one video find, by their names."""
    corpus = Corpus((video(video_id),), {video_id: "train"}, {video_id: video_id}, {}, {})
    return {str(result.check_name): result for result in quality_of(dataset._build_dataset(storage, corpus, DatasetPolicy()).counts, [])}


def decided(window: int, text: str | None, dropped: bool = False) -> ReviewedWindow:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return ReviewedWindow(clip=0, window=window, dropped=dropped, text=text, ranking=(), said="", outcome="ok", by="ann", at=at)


def test_texts_on_the_wrong_videos_make_the_dataset_fail_its_check_and_right_ones_do_not(storage: FolderStorage, two: tuple[Captioned, Captioned]) -> None:
    first, second = two
    exchanged = (first.saying(second.texts), second.saying(first.texts))
    found = []
    for videos in (two, exchanged):
        counts: Counter[str] = Counter()
        for captioned in videos:
            counts.update(measured(storage, captioned).counts)
        found.append({result.check_name: result for result in quality_of(counts, [])})

    right, wrong = found
    assert all(result.passed for result in right.values())
    assert not wrong["pairing"].passed


def test_exchanged_texts_of_many_videos_are_an_error() -> None:
    many = [passings(seed, 36) for seed in range(1, 13)]
    counts: Counter[str] = Counter()
    for seen, said in zip(many, [*many[1:], many[0]], strict=True):
        audit = audit_by_features("v", told([one.text for one in said]), shown(seen))
        counts.update(counted(CaptionQuality(video_id="v", windows=(), pairing=audit)))
    (pairing,) = (result for result in quality_of(counts, []) if result.check_name == "pairing")

    assert (pairing.passed, pairing.severity) == (False, dg.AssetCheckSeverity.ERROR)
