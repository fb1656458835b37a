"""A dataset whose checks of quality found errors: it is published only with a reason, and its card tells the errors and the reason."""

import pytest

from streamcap_dagster.dataset.hub_dataset import CARD
from streamcap_dagster.emulators.hub.calls import WRITING
from streamcap_dagster.emulators.hub.server import Running
from streamcap_dagster.errors import SettingError
from streamcap_dagster.hub.failures import NotPublishable
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import Receipts, write_receipts
from tests.hub.published import REPO, commits, found, publisher

REFUSALS = "40 of 100 captions (40.0%) are refusals"
REASON = "They are *meant* to be <refusals>: it is what we study."


def card(hub: Running) -> str:
    return hub.files(REPO)["README.md"].decode()


def test_an_error_of_quality_forbids_to_publish_and_says_how_to_do_it_all_the_same(hub: Running, storage: FolderStorage) -> None:
    found(storage, spoken=100, refusal=40)

    with pytest.raises(NotPublishable) as refused:
        publisher(hub, storage).publish()
    (fault,) = refused.value.faults
    assert fault.startswith(f"the quality of the dataset: {REFUSALS}: mend it, or add --despite (in Dagster, `despite` of the run) with the reason")
    assert not [row for row in hub.journal.rows if row.kind in WRITING]


def test_a_warning_forbids_nothing(hub: Running, storage: FolderStorage) -> None:
    found(storage, spoken=100, refusal=1)
    publisher(hub, storage).publish()

    assert card(hub).encode() == storage.read(CARD)


def test_with_a_reason_it_is_published_and_the_card_tells_the_errors_and_the_reason_and_no_markup_of_it(hub: Running, storage: FolderStorage) -> None:
    found(storage, spoken=100, refusal=40)
    publisher(hub, storage, despite=REASON).publish()

    assert card(hub).encode().startswith(storage.read(CARD))
    assert f"## Published despite its quality\n\nThe checks of its quality found:\n\n- {REFUSALS}\n" in card(hub)
    assert "> They are \\*meant\\* to be \\<refusals\\>\\: it is what we study\\.\n" in card(hub)


def test_the_same_reason_again_is_nothing_new_and_another_is(hub: Running, storage: FolderStorage) -> None:
    found(storage, spoken=100, refusal=40)
    publisher(hub, storage, despite=REASON).publish()
    publisher(hub, storage, despite=REASON).publish()
    assert len(commits(hub)) == 1

    publisher(hub, storage, despite="We have read them.").publish()
    assert len(commits(hub)) == 2
    assert "> We have read them\\." in card(hub)


def test_once_it_is_mended_the_card_tells_nothing_of_it_any_more(hub: Running, storage: FolderStorage) -> None:
    found(storage, spoken=100, refusal=40)
    publisher(hub, storage, despite=REASON).publish()
    found(storage, spoken=100, refusal=0)
    publisher(hub, storage, despite=REASON).publish()

    assert card(hub).encode() == storage.read(CARD)


def test_a_reason_allows_nothing_but_errors_of_quality(hub: Running, storage: FolderStorage) -> None:
    write_receipts(storage, Receipts(owner="_hf_dataset"))

    with pytest.raises(NotPublishable, match="not a dataset that has passed its checks"):
        publisher(hub, storage, despite=REASON).publish()


@pytest.mark.parametrize("reason", ["", " \n"])
def test_an_empty_reason_is_none(hub: Running, storage: FolderStorage, reason: str) -> None:
    found(storage, spoken=100, refusal=40)

    with pytest.raises(NotPublishable):
        publisher(hub, storage, despite=reason).publish()


def test_a_reason_that_is_a_book_is_refused(hub: Running, storage: FolderStorage) -> None:
    with pytest.raises(SettingError, match="at most 2,000 characters"):
        publisher(hub, storage, despite="because " * 300)
