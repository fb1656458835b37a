"""The card's pictures lie beside it before it shows them, are drawn once, and go with what they show."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from streamcap_dagster.dataset.filmstrip import draw_filmstrip
from streamcap_dagster.dataset.hub_dataset import CARD, build_dataset
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import HELLO, jpeg, store_video


def shown(storage: FolderStorage) -> list[str]:
    """The pictures of the card, as keys."""
    return [f"{keys.DATASET}/{path}" for path in re.findall(r"!\[[^]]*\]\(([^)]*)\)", storage.read(CARD).decode())]


def beside(storage: FolderStorage) -> list[str]:
    return [stored.key for stored in storage.list(f"{keys.DATASET}/card/")]


def test_every_picture_that_the_card_shows_is_there_and_opens(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, video_id) for video_id in "abcd"])
    assert sorted(shown(storage)) == beside(storage)
    assert [Image.open(io.BytesIO(storage.read(key))).format for key in shown(storage)] == ["PNG", "JPEG", "JPEG", "JPEG"]


def test_pictures_are_small(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a")])
    assert max(stored.size_bytes for stored in storage.list(f"{keys.DATASET}/card/")) < 30_000


def test_pictures_are_not_drawn_again(storage: FolderStorage) -> None:
    entries = [store_video(storage, "a")]
    build_dataset(storage, entries)
    before = {key: Path(storage.root / key).stat().st_ino for key in beside(storage)}
    build_dataset(storage, entries)
    assert {key: Path(storage.root / key).stat().st_ino for key in beside(storage)} == before


def test_the_pictures_of_a_video_that_is_gone_are_removed(storage: FolderStorage) -> None:
    entries = [store_video(storage, video_id) for video_id in "ab"]
    build_dataset(storage, entries)
    build_dataset(storage, entries[:1])
    assert sorted(shown(storage)) == beside(storage)
    assert len(beside(storage)) == 2


def test_without_rows_nothing_is_left_beside_the_card(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a")])
    build_dataset(storage, [])
    assert [stored.key for stored in storage.list(f"{keys.DATASET}/")] == [CARD]


def test_a_picture_that_a_person_put_there_stays(storage: FolderStorage) -> None:
    storage.write(f"{keys.DATASET}/card/mine.png", b"mine")
    build_dataset(storage, [store_video(storage, "a")])
    assert f"{keys.DATASET}/card/mine.png" in beside(storage)


class DiskFull(OSError):
    pass


class Filling(FolderStorage):
    """No room for the card."""

    def write(self, key: str, data: bytes) -> None:
        if key == CARD:
            raise DiskFull
        super().write(key, data)


def test_the_card_comes_last_and_until_then_the_old_one_has_all_it_shows(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a")])
    old = storage.read(CARD)
    with pytest.raises(DiskFull):
        build_dataset(Filling(storage.root), [store_video(storage, "a", [[("ok", "A cat."), ("ok", "It sleeps.")]])])
    assert storage.read(CARD) == old
    assert set(shown(storage)) <= set(beside(storage))


def test_a_filmstrip_has_a_line_for_each_window_and_at_most_four_frames_in_it() -> None:
    strip = Image.open(io.BytesIO(draw_filmstrip([[jpeg(number) for number in range(9)], [jpeg("one")]])))
    assert strip.size == (4 * 144 + 3 * 2, 2 * 96 + 2)


@pytest.mark.parametrize("damaged", [b"", b"no picture", jpeg("whole")[:200]])
def test_a_frame_that_cannot_be_opened_leaves_its_cell_empty(damaged: bytes) -> None:
    strip = Image.open(io.BytesIO(draw_filmstrip([[damaged, jpeg("whole")]])))
    assert max(strip.getpixel((48, 48))) < 40  # type: ignore[arg-type, type-var]


def test_frames_of_any_shape_and_mode_fit_into_a_strip() -> None:
    wide, grey = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (4000, 10)).save(wide, "JPEG")
    Image.new("L", (10, 400)).save(grey, "JPEG")
    assert Image.open(io.BytesIO(draw_filmstrip([[wide.getvalue()], [grey.getvalue()], []]))).size == (4 * 96, 3 * 98 - 2)


def test_the_histograms_change_with_the_captions_alone(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a")])
    first = shown(storage)[0]
    build_dataset(storage, [store_video(storage, "other")])
    assert shown(storage)[0] == first
    build_dataset(storage, [store_video(storage, "a", [*HELLO, [("ok", "A much longer caption of something else."), ("ok", "A dog.")]])])
    assert shown(storage)[0] != first
