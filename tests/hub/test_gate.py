"""The gate before publishing: what it finds, in one list, before anything is sent."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from streamcap_dagster.dataset.hub_dataset import CARD
from streamcap_dagster.emulators.hub.calls import WRITING
from streamcap_dagster.emulators.hub.server import Running
from streamcap_dagster.hub.failures import NotPublishable
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import Receipts, read_receipts, write_receipts
from streamcap_dagster.storage.tombstones import lay_tombstone
from tests.dataset.corpus import Said, store_video
from tests.hub.published import REPO, a_shard, build, dataset_folder, lay, publisher, rewrite, vouch

VIDEOS = ["clock", "life", "still"]


def faults(hub: Running, storage: FolderStorage, **wish: Any) -> list[str]:
    """What publishing is refused for; nothing was sent."""
    with pytest.raises(NotPublishable) as refused:
        publisher(hub, storage, **wish).publish()
    assert not [row for row in hub.journal.rows if row.kind in WRITING]
    assert all(fault in str(refused.value) for fault in refused.value.faults)
    return list(refused.value.faults)


def with_picture(data: bytes | None) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(row: dict[str, Any]) -> dict[str, Any]:
        first, *rest = row["frames_window1"]
        return {**row, "frames_window1": [{**first, "bytes": first["bytes"][:-20] if data is None else data}, *rest]}

    return change


@pytest.mark.parametrize(("data", "why"), [(b"nonsense", "it is no picture"), (b"", "it has no bytes"), (None, "it is cut short")])
def test_a_picture_that_does_not_open_is_named(hub: Running, storage: FolderStorage, data: bytes | None, why: str) -> None:
    rewrite(a_shard(storage), with_picture(data))

    assert [fault for fault in faults(hub, storage) if "picture 1 of frames_window1 in row 1 of its group does not open" in fault and fault.endswith(why)]


def test_rows_that_the_card_does_not_count_are_missed(hub: Running, storage: FolderStorage) -> None:
    shard = a_shard(storage)
    pq.write_table(pq.read_table(shard).slice(1), shard)

    assert any("README.md: the card says" in fault and "rows for sft/train, and its shards hold" in fault for fault in faults(hub, storage))


def test_a_shard_that_is_gone_or_cut_off_is_named_with_all_the_others(hub: Running, storage: FolderStorage) -> None:
    gone, cut = a_shard(storage, "rl"), a_shard(storage, "stream")
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:-100])
    found = faults(hub, storage)

    assert any(fault.endswith(f"{gone.name}: the card names it, and it is not there") for fault in found)
    assert any(f"{cut.name}: it cannot be read" in fault for fault in found)


def _say(text: str) -> tuple[tuple[Said, ...], ...]:
    return ((("ok", "A red door."), ("ok", text)),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Write to jane.doe@example.com.", "its text holds an e-mail address, j***@***.com"),
        ("A sign says +49 30 9018 2000.", "its text holds a telephone number, +49 ** **** ****"),
        ("TODO", "its text holds a placeholder, 'TODO'"),
        (
            "A door.<|im_end|>",
            "its text holds a chat token, '<|im_end|>', which trainers obey instead of reading it: write the caption anew or drop its window",
        ),
    ],
)
def test_what_a_caption_must_not_hold_is_named_by_video_and_window_and_masked(hub: Running, tmp_path: Path, text: str, told: str) -> None:
    storage = FolderStorage(tmp_path / "storage")
    build(storage, ["door"], _say(text))
    found = faults(hub, storage)

    assert any(f"video door, window 1 of clip 0: {told}" in fault for fault in found)
    assert not any("jane" in fault or "9018" in fault for fault in found)


def test_an_address_that_the_history_repeats_is_named_once_where_it_was_said(hub: Running, tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "storage")
    build(storage, ["door"], ((("ok", "A note: jane@example.com."), ("ok", "It opens."), ("ok", "It falls shut.")),))

    assert faults(hub, storage) == ["video door, window 0 of clip 0: its text holds an e-mail address, j***@***.com"]


def test_a_rehearsal_is_not_published_unless_it_is_meant(hub: Running, tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "storage")
    build(storage, ["door"], captioner="offline")

    assert any("1 video (door) is captioned by offline, which understands nothing" in fault for fault in faults(hub, storage))
    assert publisher(hub, storage, allow_rehearsal=True).publish().commit == hub.repository(REPO).branches["main"]


def test_a_clip_that_a_rehearsal_captioned_in_part_is_a_rehearsal(hub: Running, storage: FolderStorage) -> None:
    rewrite(a_shard(storage, "stream"), lambda row: {**row, "captioner": "recorded offline", "model": "none offline-1"})

    assert any("is captioned by offline, which understands nothing" in fault for fault in faults(hub, storage))


def test_a_rehearsal_that_was_published_once_is_refused_again(hub: Running, tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "storage")
    build(storage, ["door"], captioner="offline")
    publisher(hub, storage, allow_rehearsal=True).publish()
    hub.journal.clear()

    assert any("captioned by offline" in fault for fault in faults(hub, storage))


@pytest.mark.parametrize("licence", ["", "unknown", "N/A", "no license"])
def test_without_a_known_licence_nothing_becomes_public(hub: Running, storage: FolderStorage, licence: str) -> None:
    build(storage, VIDEOS, licence=licence)

    assert any("3 videos (clock, life, still) are of unknown licence" in fault for fault in faults(hub, storage, public=True))
    assert publisher(hub, storage).publish().public is False


def test_with_licences_everybody_may_read_it(hub: Running, storage: FolderStorage) -> None:
    build(storage, VIDEOS, licence="cc-by-4.0")
    publisher(hub, storage, public=True).publish()

    assert hub.repository(REPO).private is False


def test_a_private_dataset_can_be_made_public_later(hub: Running, storage: FolderStorage) -> None:
    build(storage, VIDEOS, licence="cc-by-4.0")
    publisher(hub, storage).publish()
    publisher(hub, storage, public=True).publish()

    assert hub.repository(REPO).private is False


def squash(hub: Running) -> str:
    """What `super_squash_history` leaves of the main branch; returns the tag that it leaves at the old head."""
    repository = hub.repository(REPO)
    head = repository.at("main")
    repository.branches["main"] = "squashed"
    repository.commits["squashed"] = replace(head, oid="squashed", parent="")
    return next(tag for tag, commit in repository.tags.items() if commit == head.oid)


def test_old_releases_keep_a_private_repository_from_being_made_public_until_their_tags_are_deleted(hub: Running, storage: FolderStorage) -> None:
    build(storage, VIDEOS, licence="cc-by-4.0")
    publisher(hub, storage).publish()
    tag = squash(hub)
    hub.journal.clear()

    (fault,) = faults(hub, storage, public=True)
    assert fault.startswith(f"the history of {REPO} holds what is tagged or branched as {tag}, which everybody could read too")
    assert f"`HfApi().delete_tag('{REPO}', tag=…, repo_type='dataset')`" in fault
    assert hub.repository(REPO).private
    del hub.repository(REPO).tags[tag]
    assert publisher(hub, storage, public=True).publish().tag == tag
    assert not hub.repository(REPO).private
    assert hub.repository(REPO).tags == {tag: "squashed"}


def test_another_branch_keeps_a_private_repository_from_being_made_public(hub: Running, storage: FolderStorage) -> None:
    build(storage, VIDEOS, licence="cc-by-4.0")
    publisher(hub, storage).publish()
    tag = squash(hub)
    hub.repository(REPO).branches["draft"] = hub.repository(REPO).tags.pop(tag)
    hub.journal.clear()

    assert "tagged or branched as refs/heads/draft, which" in faults(hub, storage, public=True)[0]


@pytest.mark.parametrize(("then", "count"), [(VIDEOS[:2], "an earlier commit"), (VIDEOS[:1], "2 earlier commits")])
def test_a_private_repository_is_not_made_public_with_what_its_history_holds(hub: Running, storage: FolderStorage, then: list[str], count: str) -> None:
    for videos in (VIDEOS, VIDEOS[:2]):
        build(storage, videos, licence="cc-by-4.0")
        publisher(hub, storage).publish()
    hub.journal.clear()
    build(storage, then, licence="cc-by-4.0")

    (fault,) = faults(hub, storage, public=True)
    assert fault.startswith(f"the history of {REPO} holds {count} and what is tagged or branched as ")
    assert "which everybody could read too: publish without --public, squash the history" in fault
    assert hub.repository(REPO).private


def test_a_video_that_was_taken_down_is_not_published_before_the_dataset_was_built_without_it(hub: Running, storage: FolderStorage) -> None:
    lay_tombstone(storage, "life", "0" * 64)

    assert faults(hub, storage) == ["1 video (life) is taken down, and the dataset still has their rows: build the dataset anew (`streamcap run`)"]


def test_two_splits_that_hold_videos_of_one_group_are_not_published(hub: Running, storage: FolderStorage) -> None:
    entries = [store_video(storage, "clock"), replace(store_video(storage, "tower"), split="test")]
    lay(storage, [replace(entry, group="one recording") for entry in entries])

    assert [fault.partition(", so that")[0] for fault in faults(hub, storage)] == ["group one recording is in the splits test and train"]


def test_two_splits_that_hold_rows_of_one_video_are_not_published(hub: Running, storage: FolderStorage) -> None:
    entry = store_video(storage, "clock")
    lay(storage, [entry, replace(entry, split="test")])

    assert [fault.partition(", so that")[0] for fault in faults(hub, storage)] == ["video clock is in the splits test and train"]


UNCHECKED = "README.md: this is not a dataset that has passed its checks"


def test_a_dataset_that_did_not_pass_its_checks_is_not_published(hub: Running, storage: FolderStorage) -> None:
    write_receipts(storage, Receipts(owner="_hf_dataset"))

    assert [fault.partition(": it is being")[0] for fault in faults(hub, storage)] == [UNCHECKED]


def test_a_dataset_other_than_the_one_that_passed_its_checks_is_not_published(hub: Running, storage: FolderStorage) -> None:
    checked = storage.read("receipts/_hf_dataset.json")
    build(storage, ["clock"])
    storage.write("receipts/_hf_dataset.json", checked)

    assert [fault.partition(": it is being")[0] for fault in faults(hub, storage)] == [UNCHECKED]


def test_a_dataset_whose_quality_was_never_measured_is_not_published_whatever_the_reason(hub: Running, storage: FolderStorage) -> None:
    receipt = read_receipts(storage, "_hf_dataset").of("hf_dataset")
    assert receipt is not None
    write_receipts(storage, Receipts(owner="_hf_dataset", receipts=(receipt.model_copy(update={"counts": {"shards": 3}}),)))

    told = ["README.md: the quality of its captions was never measured: build it anew (`streamcap run`)"]
    assert [faults(hub, storage, **more) for more in ({}, {"despite": "We have read them."})] == [told, told]


def test_a_description_of_other_shards_than_those_of_the_card_is_not_published(hub: Running, storage: FolderStorage) -> None:
    card, receipt = (storage.read(key) for key in (CARD, "receipts/_hf_dataset.json"))
    build(storage, [*VIDEOS, "rain"])
    storage.write(CARD, card)
    storage.write("receipts/_hf_dataset.json", receipt)

    assert [fault.partition(", as while")[0] for fault in faults(hub, storage)] == ["croissant.json: it names other shards than the card"]


def test_a_description_that_cannot_be_read_is_told(hub: Running, storage: FolderStorage) -> None:
    (dataset_folder(storage) / "croissant.json").write_text("{}")

    assert faults(hub, storage) == ["croissant.json: it cannot be read: 'distribution'. Build the dataset anew (`streamcap run`)"]


def test_into_a_public_repository_nothing_of_unknown_licence_goes_either(hub: Running, storage: FolderStorage) -> None:
    hub.make(REPO)

    assert any("of unknown licence" in fault for fault in faults(hub, storage))


def test_the_card_of_somebody_elses_repository_is_not_overwritten(hub: Running, storage: FolderStorage) -> None:
    hub.make(REPO, {"README.md": b"# My photographs\n"}, private=True)

    (fault,) = faults(hub, storage)
    assert fault.startswith("the repository has a README.md that is not ours")
    assert "publish to another repository with --repo" in fault


def test_a_shard_whose_rows_are_not_those_that_it_is_called_after_is_named(hub: Running, storage: FolderStorage) -> None:
    shard = a_shard(storage)
    rewrite(shard, lambda row: {**row, "caption_window2_delta": "Something else."})

    assert [fault.partition(": delete it")[0] for fault in faults(hub, storage)] == [f"sft/{shard.name}: its rows are not those that it is called after"]


def test_a_card_that_the_hub_would_refuse_is_not_found_out_after_hours_of_sending(hub: Running, storage: FolderStorage) -> None:
    card = dataset_folder(storage) / "README.md"
    card.write_text(card.read_text().replace("---\n", "---\nmultilinguality: many\n", 1))
    vouch(storage)

    assert faults(hub, storage) == ['README.md: the Hub does not take its YAML: "multilinguality" must be an array of strings']


def test_a_card_that_cannot_be_read_is_told_as_such(hub: Running, storage: FolderStorage) -> None:
    (dataset_folder(storage) / "README.md").write_text("# No YAML\n")

    assert faults(hub, storage) == [
        "README.md: the card does not tell which files and rows the dataset has: it has no YAML at its head. Build the dataset anew (`streamcap run`)"
    ]


def test_where_there_is_no_dataset_the_way_to_one_is_told(hub: Running, tmp_path: Path) -> None:
    assert faults(hub, FolderStorage(tmp_path / "empty")) == ["there is no dataset yet: make one with `streamcap run`"]


def test_a_dataset_without_rows_is_not_published(hub: Running, tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "storage")
    build(storage, [])

    assert any("there are no rows" in fault for fault in faults(hub, storage))
