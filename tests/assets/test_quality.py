"""The quality of a video's captions as an asset: made of captions that exist, and shown so that a person sees what is wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.captions import caption_files
from streamcap_dagster.assets.quality import SHOWN, caption_quality
from streamcap_dagster.assets.walk import Finished
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest
from streamcap_dagster.quality.records import CaptionQuality
from streamcap_dagster.quality.thresholds import METRICS
from streamcap_dagster.reviews.reviewed import Reviewed
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.assets.walking import Walked, video, walk, workshop
from tests.dataset.corpus import Said, store_video

QUALITY = replace(caption_quality, deps=())
"""The asset where nobody vouches for the captions."""
CHAIN: tuple[Said, ...] = (
    ("ok", "A red door. A dog sleeps on the floor."),
    ("ok", "The door opens slowly."),
    ("no_change", ""),
    ("blocked", ""),
    ("ok", "A dog sleeps on the floor."),
)


class Nobody:
    """A captioner that must not be asked."""

    name, model = "nobody", "none"

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        raise AssertionError(f"{request.place} was asked")


def out_of_memory(texts: list[str], jpegs: list[bytes]) -> tuple[object, object]:
    raise MemoryError(f"{len(texts)} texts and {len(jpegs)} pictures are too many")


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


def made(storage: FolderStorage, *clips: tuple[Said, ...]) -> Walked:
    """The asset of a video of which these clips are captioned."""
    store_video(storage, "v", clips)
    storage.delete(keys.caption_quality("v"))
    return walked(storage)


def walked(storage: FolderStorage) -> Walked:
    done = walk([QUALITY], replace(workshop(storage), captioner=Nobody()), [video("v")])
    assert not done.failures
    return done


def quality(storage: Storage) -> CaptionQuality:
    return read_record(storage, keys.caption_quality("v"), CaptionQuality)


def shown(done: Walked) -> dict[str, object]:
    (metadata,) = (result.shown for result in done.results if isinstance(result, Finished))
    assert metadata is not None
    return {name: value.value for name, value in metadata.items()}


def test_every_window_is_measured_and_nobody_is_asked(storage: FolderStorage) -> None:
    made(storage, CHAIN, CHAIN[:2])
    assert [(window.clip, window.window, window.outcome, window.words) for window in quality(storage).windows] == [
        (0, 0, "ok", 9),
        (0, 1, "ok", 4),
        (0, 2, "no_change", 0),
        (0, 3, "blocked", 0),
        (0, 4, "ok", 6),
        (1, 0, "ok", 9),
        (1, 1, "ok", 4),
    ]


def test_a_table_shows_each_window_with_its_numbers_and_flags(storage: FolderStorage) -> None:
    windows = str(shown(made(storage, CHAIN))["windows"]).replace("\\", "").splitlines()
    assert windows[0] == "| clip | seconds | words/s | new | repeated | flags | caption |"
    assert windows[3] == "| 0 | 2.0–4.0 | 2.0 | 100% | 0% |  | The door opens slowly. |"
    assert windows[5] == "| 0 | 6.0–8.0 |  |  |  |  | blocked |"
    assert windows[6] == "| 0 | 8.0–10.0 | 3.0 | 0% | 100% | redundancy, redundancy_error, novelty, novelty_error | A dog sleeps on the floor. |"


def test_the_means_are_numbers_that_can_be_followed_over_time(storage: FolderStorage) -> None:
    told = shown(made(storage, CHAIN))
    assert {name: told[name] for name in ("mean_novelty", "mean_redundancy", "mean_words_per_s", "flagged")} == {
        "mean_novelty": 0.5,
        "mean_redundancy": 0.5,
        "mean_words_per_s": 2.5,
        "flagged": 1,
    }


def test_what_a_captioner_wrote_is_no_markup(storage: FolderStorage) -> None:
    windows = str(shown(made(storage, (*CHAIN[:1], ("ok", "<script>alert(1)</script> | `x`"))))["windows"])
    assert "\\<script\\>" in windows
    assert "\\| \\`x\\`" in windows


def test_of_a_long_video_the_flagged_windows_are_shown_too(storage: FolderStorage) -> None:
    chain = tuple(("ok", f"Visitor {number} comes in with parcel number {number}.") for number in range(SHOWN + 5))
    told = shown(made(storage, (*chain, CHAIN[0], CHAIN[4])))
    assert str(told["windows"]).endswith("and 7 more")
    assert "A dog sleeps on the floor" in str(told["flagged_windows"])
    assert "A dog sleeps on the floor" not in str(told["windows"])


def test_a_video_without_captions_has_an_empty_record(storage: FolderStorage) -> None:
    told = shown(made(storage))
    assert (quality(storage).windows, told["flagged"], "mean_novelty" in told) == ((), 0, False)


def test_another_threshold_makes_it_anew_and_nothing_else_does(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    made(storage, CHAIN)
    assert walked(storage).reused == ["caption_quality"]

    monkeypatch.setitem(METRICS, "words_per_s", replace(METRICS["words_per_s"], window=replace(METRICS["words_per_s"].window, warn=1.5)))

    assert walked(storage).made == ["caption_quality"]
    assert quality(storage).windows[1].flags == ("words_per_s",)


def test_a_model_that_fails_keeps_nothing_from_being_made_but_what_it_is_asked_for(storage: FolderStorage) -> None:
    store_video(storage, "v", [CHAIN])
    write_record(storage, keys.reviewed("v"), Reviewed(video_id="v"))
    wanted = [replace(asset, deps=()) for asset in PER_VIDEO if asset in (caption_quality, caption_files)]

    done = walk(wanted, workshop(storage, pairing_model=f"{__name__}:out_of_memory"), [video("v")])

    assert done.made == ["caption_files"]
    assert [(failure.asset, "are too many" in failure.reason) for failure in done.failures] == [("caption_quality", True)]


def test_a_model_that_is_served_elsewhere_now_is_the_same_model(storage: FolderStorage) -> None:
    def version(**more: str) -> str:
        return caption_quality.code_version(workshop(storage, **more).settings)

    assert version(pairing_model="clip", pairing_url="http://127.0.0.1:1") == version(pairing_model="clip", pairing_url="http://127.0.0.1:2") != version()
