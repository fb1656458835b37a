"""How all videos stand: the same as each by itself, whatever earlier surveys have left."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from streamcap_dagster.assets import survey_index
from streamcap_dagster.assets.diff import diff
from streamcap_dagster.assets.standing import Standing, stand, standing_of
from streamcap_dagster.assets.survey import Surveyed, Watched, survey
from streamcap_dagster.assets.wanted import Wanted
from streamcap_dagster.assets.work import Made, VideoWork, Workshop
from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.policies import SplitPolicy
from streamcap_dagster.records import Clips, Video
from streamcap_dagster.settings import Settings, read_settings
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.failures import Failure, note_failure, read_failures
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs import open_storage
from streamcap_dagster.storage.receipts import Receipts, read_receipts
from streamcap_dagster.videos.manifest import read_manifest, write_manifest
from streamcap_dagster.videos.source import FolderSource
from tests.assets.walking import asset, put, video, walk, workshop

SELECTION = Path("selection.txt")


def _selected(work: VideoWork) -> dict[str, str]:
    chosen = SELECTION.read_text().split() if SELECTION.exists() else []
    return {"selected": str(work.video_id in chosen)}


def _selection(settings: Settings) -> str:
    return SELECTION.read_text() if SELECTION.exists() else "none"


def _choose(work: VideoWork) -> Made:
    """A clip, but none of the videos whose id ends in 7."""
    clips = 0 if work.video_id.endswith("7") else 1
    if not clips:
        write_record(work.storage, keys.clips(work.video_id), Clips(video_id=work.video_id, window_duration_s=2, clips=(), skipped="It is too short."))
    return replace(put(work, "clips", str(clips)), counts={"clips": clips})


GRAPH = (
    asset("raw_videos", words=lambda work: work.video.sha256),
    asset("clips", ("raw_videos",), make=_choose, also_from=_selected, decided_by=_selection),
    asset("say", ("clips",), reads=(SplitPolicy,)),
    asset("sum", ("raw_videos", "say")),
)
IDS = [f"v{number:02d}" for number in range(20)]


@pytest.fixture(autouse=True)
def _where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(survey_index, "_WORTH_A_WRITE", 1)


@pytest.fixture
def made(tmp_path: Path) -> FolderStorage:
    storage = FolderStorage(tmp_path / "data")
    videos = [video(video_id) for video_id in IDS]
    write_manifest(storage, videos)
    assert not walk(GRAPH, workshop(storage), videos).failures
    return storage


def believing(storage: FolderStorage, **settings: object) -> list[Surveyed]:
    return survey(workshop(storage, **settings), thorough=False, assets=GRAPH)


def thoroughly(storage: FolderStorage) -> list[Surveyed]:
    return survey(workshop(storage), thorough=True, assets=GRAPH)


def of(video_id: str, videos: Sequence[Surveyed]) -> Surveyed:
    return next(video for video in videos if video.video_id == video_id)


def told(standing: Standing) -> tuple[object, ...]:
    missing, stale = ([name for name, state in standing.assets.items() if state == wanted] for wanted in ("missing", "stale"))
    return standing.video.video_id, standing.state, missing, stale, standing.changed, standing.reason


def surveyed(videos: Sequence[Surveyed]) -> list[tuple[object, ...]]:
    return [(video.video_id, video.state, list(video.missing), list(video.stale), video.changed, video.reason) for video in videos]


def one_by_one(storage: FolderStorage, *, thorough: bool, **settings: object) -> list[tuple[object, ...]]:
    """What `standing_of` says of each video."""
    shop = workshop(storage, **settings)
    failures = {failure.video_id: failure for failure in read_failures(storage)}
    wanted = Wanted(GRAPH, shop)
    return [told(stand(row, wanted, failures.get(row.video_id), thorough=thorough)) for row in read_manifest(storage).values()]


def _change_row(storage: FolderStorage, video_id: str, **more: object) -> None:
    rows = read_manifest(storage)
    write_manifest(storage, [Video.model_validate({**row.model_dump(), **(more if row.video_id == video_id else {})}) for row in rows.values()])


def _drop_row(storage: FolderStorage, video_id: str) -> None:
    write_manifest(storage, [row for row in read_manifest(storage).values() if row.video_id != video_id])


def _fail(storage: FolderStorage, video_id: str, asset_name: str, made_from: str) -> None:
    note_failure(storage, Failure(video_id=video_id, asset=asset_name, reason=f"video {video_id}: it went wrong.", fingerprint=made_from))


def _fail_as_it_is(storage: FolderStorage, video_id: str) -> None:
    """`say` fails, made from what it would be made from now."""
    row = read_manifest(storage).get(video_id)
    if row is not None and _readable(storage, video_id):
        receipts = {receipt.asset: receipt for receipt in read_receipts(storage, video_id).receipts}
        _fail(storage, video_id, "say", Wanted(GRAPH, workshop(storage)).of(GRAPH[2], row, receipts) or "")


def _readable(storage: FolderStorage, video_id: str) -> bool:
    return storage.stat(keys.receipts(video_id)) is not None and storage.read(keys.receipts(video_id)) != b"{"


def _drop_a_receipt(storage: FolderStorage, video_id: str) -> None:
    if _readable(storage, video_id):
        write_record(storage, keys.receipts(video_id), read_receipts(storage, video_id).without("say"))


def _write_otherwise(storage: FolderStorage, video_id: str) -> None:
    """The same receipts, in another form than ours."""
    if _readable(storage, video_id):
        storage.write(keys.receipts(video_id), read_receipts(storage, video_id).model_dump_json().encode())


CHANGES: dict[str, Callable[[FolderStorage, str], None]] = {
    "another file": lambda storage, video_id: _change_row(storage, video_id, sha256="ab", size_bytes=2),
    "a removed file": lambda storage, video_id: _change_row(storage, video_id, status="removed", reason="It is gone."),
    "an unusable file": lambda storage, video_id: _change_row(storage, video_id, status="failed", reason="It is empty."),
    "a file that was taken down": lambda storage, video_id: _change_row(storage, video_id, status="forgotten", reason="It was taken down."),
    "a file that is back": lambda storage, video_id: _change_row(storage, video_id, status="ok", reason=""),
    "no row": _drop_row,
    "no receipts": lambda storage, video_id: storage.delete(keys.receipts(video_id)),
    "a receipt less": _drop_a_receipt,
    "spoiled receipts": lambda storage, video_id: storage.write(keys.receipts(video_id), b"{"),
    "receipts in another form": _write_otherwise,
    "a failure from before": lambda storage, video_id: _fail(storage, video_id, "say", ""),
    "a failure of other things": lambda storage, video_id: _fail(storage, video_id, "say", "0123"),
    "a failure of an asset that is no more": lambda storage, video_id: _fail(storage, video_id, "sing", "0123"),
    "a failure as it is": _fail_as_it_is,
    "no failure": lambda storage, video_id: storage.delete(keys.failure(video_id)),
    "a new selection": lambda storage, video_id: _write(SELECTION, video_id),
}


def _write(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happened_a_survey_says_of_every_video_what_its_own_standing_says(made: FolderStorage, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        for name in chance.sample(sorted(CHANGES), 3):
            CHANGES[name](made, chance.choice(IDS))

        assert surveyed(believing(made)) == one_by_one(made, thorough=False)
    assert surveyed(thoroughly(made)) == one_by_one(made, thorough=True)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_what_earlier_surveys_found_out_ends_with(made: FolderStorage, name: str) -> None:
    believing(made)
    CHANGES[name](made, "v03")

    assert surveyed(believing(made)) == one_by_one(made, thorough=False)


def test_a_changed_setting_makes_stale_what_reads_it_and_no_index_hides_it(made: FolderStorage) -> None:
    believing(made)

    assert surveyed(believing(made, test_share=0.2)) == one_by_one(made, thorough=False, test_share=0.2)
    assert of("v03", believing(made, test_share=0.2)).stale == ("say", "sum")
    assert of("v03", believing(made)).state == "complete"


def test_only_a_thorough_survey_finds_out_that_an_object_is_gone(made: FolderStorage) -> None:
    made.delete("say/v03.txt")

    assert of("v03", believing(made)).state == "complete"
    assert of("v03", thoroughly(made)).missing == ("say",)
    assert surveyed(thoroughly(made)) == [told(standing_of(row, GRAPH, workshop(made), None)) for row in read_manifest(made).values()]


def test_a_video_without_clips_is_skipped_with_its_reason(made: FolderStorage) -> None:
    assert (of("v07", believing(made)).state, of("v07", believing(made)).reason) == ("skipped", "video v07: It is too short.")


def test_those_named_are_surveyed_alone(made: FolderStorage) -> None:
    assert [video.video_id for video in survey(workshop(made), thorough=False, only=["v05", "v02"], assets=GRAPH)] == ["v02", "v05"]


def test_a_second_survey_reads_no_receipt(made: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    first = believing(made)
    read: list[str] = []
    monkeypatch.setattr(FolderStorage, "read", _noting(read, FolderStorage.read))

    assert believing(made) == first
    assert read == [keys.SURVEY]


def test_a_survey_after_one_change_reads_one_receipt(made: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    believing(made)
    _drop_a_receipt(made, "v03")
    read: list[str] = []
    monkeypatch.setattr(FolderStorage, "read", _noting(read, FolderStorage.read))

    assert of("v03", believing(made)).missing == ("say",)
    assert [key for key in read if key.startswith(keys.RECEIPTS)] == [keys.receipts("v03")]


def test_what_is_found_out_from_an_object_is_looked_at_each_time(made: FolderStorage) -> None:
    """Without its books being written anew it may be mended, as from a copy."""
    chosen = made.read(keys.clips("v17"))
    made.delete(keys.clips("v17"))
    assert of("v17", believing(made)).state == "failed"
    made.write(keys.clips("v17"), chosen)

    assert of("v17", believing(made)).state == "skipped"


def test_what_is_known_is_what_was_found_out_of_all_that_did_not_change_since(made: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(workshop(made), GRAPH)
    assert watched.known() == {}
    found = {video.video_id: video for video in believing(made)}
    _drop_a_receipt(made, "v03")
    _change_row(made, "v05", sha256="f" * 64)
    read: list[str] = []
    monkeypatch.setattr(FolderStorage, "read", _noting(read, FolderStorage.read))

    assert watched.known() == {video_id: video for video_id, video in found.items() if video_id not in ("v03", "v05")}
    assert not [key for key in read if key.startswith(keys.RECEIPTS)]


def test_a_diff_reads_the_receipts_of_no_video_that_is_known_to_be_up_to_date(made: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    made.write(keys.receipts("v07"), b"{")
    _fail_as_it_is(made, "v09")
    believing(made)
    _change_row(made, "v05", sha256="f" * 64)
    _drop_a_receipt(made, "v03")
    known, videos = Watched(workshop(made), GRAPH).known(), list(read_manifest(made).values())
    at_length = diff(videos, GRAPH, workshop(made))
    read: list[str] = []
    monkeypatch.setattr(FolderStorage, "read", _noting(read, FolderStorage.read))

    assert diff(videos, GRAPH, workshop(made), known) == at_length
    assert sorted(read) == [keys.receipts(video_id) for video_id in ("v03", "v05", "v07")]


def _noting(read: list[str], reading: Callable[[FolderStorage, str], bytes]) -> Callable[[FolderStorage, str], bytes]:
    def noted(storage: FolderStorage, key: str) -> bytes:
        read.append(key)
        return reading(storage, key)

    return noted


@pytest.mark.parametrize("spoiled", [b"", b"{", b"[]", b"\xff\xfe", b'{"settings": "x"}'])
def test_an_index_that_is_spoiled_costs_only_time(made: FolderStorage, spoiled: bytes) -> None:
    first = believing(made)
    made.write(keys.SURVEY, spoiled)

    assert believing(made) == first
    assert made.read(keys.SURVEY) != spoiled


def test_an_index_whose_columns_do_not_fit_together_costs_only_time(made: FolderStorage) -> None:
    first = believing(made)
    made.write(keys.SURVEY, made.read(keys.SURVEY).replace(b'"video_id":["v00",', b'"video_id":['))

    assert believing(made) == first


def test_a_storage_that_is_read_only_is_surveyed_all_the_same(made: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(storage: FolderStorage, key: str, data: bytes) -> None:
        raise PermissionError(13, "Permission denied", key)

    monkeypatch.setattr(FolderStorage, "write", refuse)

    assert {video.state for video in believing(made)} == {"complete", "skipped"}


def test_few_videos_leave_no_index(made: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    believing(made)

    assert made.stat(keys.SURVEY) is None


def test_who_watches_sees_each_change(made: FolderStorage) -> None:
    watched = Watched(workshop(made), GRAPH)
    before = of("v03", watched.look()).state
    _fail(made, "v03", "say", "")

    assert (before, of("v03", watched.look()).state) == ("complete", "failed")


def test_a_storage_without_a_catalog_has_no_videos(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "empty")

    assert survey(workshop(storage), thorough=False) == []
    assert list(storage.list("")) == []


def test_a_failure_holds_while_the_asset_would_be_made_from_the_same_things(made: FolderStorage) -> None:
    _drop_a_receipt(made, "v03")
    _fail_as_it_is(made, "v03")
    found = of("v03", believing(made))

    assert (found.state, found.reason) == ("failed", "video v03: it went wrong.")
    assert found.failure is not None
    assert found.failure.attempts == 1


@pytest.mark.parametrize(("change", "state", "changed"), [("another file", "incomplete", True), ("a new selection", "incomplete", False)])
def test_after_a_change_before_it_a_failure_does_not_count_any_more(made: FolderStorage, change: str, state: str, changed: bool) -> None:
    _drop_a_receipt(made, "v03")
    _fail_as_it_is(made, "v03")
    CHANGES[change](made, "v03")
    found = of("v03", believing(made))

    assert (found.state, found.failure, found.changed) == (state, None, changed)


def test_a_failure_of_another_version_of_the_code_does_not_count_any_more(made: FolderStorage) -> None:
    _drop_a_receipt(made, "v03")
    _fail_as_it_is(made, "v03")
    newer = tuple(replace(one, version="2") if one.name == "say" else one for one in GRAPH)

    assert of("v03", survey(workshop(made), thorough=False, assets=newer)).state == "incomplete"


def test_receipts_without_their_inputs_count_as_of_another_file_when_they_are_stale(made: FolderStorage) -> None:
    receipts = read_receipts(made, "v03")
    old = tuple(receipt.model_copy(update={"inputs": {}}) for receipt in receipts.receipts)
    write_record(made, keys.receipts("v03"), Receipts(owner="v03", receipts=old))
    CHANGES["another file"](made, "v03")

    assert of("v03", believing(made)).changed


def test_in_a_bucket_what_was_found_out_holds_until_something_changes(gcs: Running, tmp_path: Path) -> None:
    storage = open_storage("gs://bucket/data", tmp_path / "cache", 1, 8, 30)
    shop = Workshop(read_settings(source="nowhere", storage=storage.uri, captioner="offline"), FolderSource(tmp_path), storage, OfflineCaptioner())
    write_manifest(storage, [video("cat"), video("dog")])
    before = survey(shop, thorough=False, assets=GRAPH)
    assert "data/ledger/survey.json" in gcs.objects("bucket")
    gcs.journal.clear()

    again = survey(shop, thorough=False, assets=GRAPH)
    requests = dict(gcs.journal.by_kind)
    note_failure(storage, Failure(video_id="dog", asset="say", reason="video dog: it went wrong."))

    assert again == before
    assert requests.get("list", 0) == 2
    assert [one.state for one in survey(shop, thorough=False, assets=GRAPH)] == ["incomplete", "failed"]
