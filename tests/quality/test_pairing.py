"""Whether captions fit their own frames better than those of other windows, by features and by a model."""

from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.quality.embedding import GivenEmbedder
from streamcap_dagster.quality.pairing import MOST_EMBEDDED, Window, audit_by_features, audit_by_model
from streamcap_dagster.quality.records import PairingAudit
from streamcap_dagster.records import Caption, Frame
from tests.quality.passing import FPS, SECONDS, Passing, caption, passings, pictures

PAINTS = ("red", "green", "blue")


def jpeg(image: Image.Image) -> bytes:
    data = BytesIO()
    image.save(data, "JPEG", quality=85)
    return data.getvalue()


def window(number: int, images: Sequence[Image.Image]) -> Window:
    frames = []
    for k, image in enumerate(images):
        data, at = jpeg(image), number * SECONDS + k / FPS
        frames.append(Frame(0, number, k, at, at, image.width, image.height, sha256(data).hexdigest(), data))
    return (0, number), frames


def shown(passing: Sequence[Passing]) -> list[Window]:
    return [window(number, list(pictures(one))) for number, one in enumerate(passing)]


def told(texts: Sequence[str]) -> list[Caption]:
    return [caption(number, text) for number, text in enumerate(texts)]


def audit(passing: Sequence[Passing], texts: Sequence[str]) -> PairingAudit | None:
    return audit_by_features("v", told(texts), shown(passing))


def plain(colour: str) -> Image.Image:
    return Image.new("RGB", (64, 36), colour)


def test_captions_of_what_is_seen_fit_their_own_frames_best() -> None:
    passing = passings(3, 24)
    found = audit(passing, [one.text for one in passing])

    assert found is not None
    assert (found.by, found.windows, found.shift) == ("features", sum(bool(one.text) for one in passing), 0)
    assert found.margin == pytest.approx(found.own - found.shuffled, abs=2e-4)
    assert found.margin - 3 * found.spread > 0.1


def test_captions_of_another_video_fit_its_frames_as_well_as_any() -> None:
    found = audit(passings(3, 24), [one.text for one in passings(4, 24)])

    assert found is not None
    assert abs(found.margin) < 3 * found.spread


def test_the_same_audit_comes_to_the_same() -> None:
    passing = passings(3, 8)

    assert audit(passing, [one.text for one in passing]) == audit(passing, [one.text for one in passing])


def test_where_no_window_looks_different_nothing_is_said_of_the_captions() -> None:
    assert audit([Passing()] * 4, ["A red ball.", "A blue ball moves to the left.", "", "It cuts to another scene."]) is None


@pytest.mark.parametrize("texts", [[""] * 4, ["一只红色的球。"] * 4, ["It is."] * 4], ids=["silent", "no words that are known", "no claims"])
def test_what_pixels_cannot_bear_out_is_not_counted(texts: list[str]) -> None:
    captions = [one.model_copy(update={"kind": "initial"}) for one in told(texts)]

    assert audit_by_features("v", captions, shown(passings(3, 4))) is None


def test_a_video_without_windows_has_no_audit() -> None:
    assert audit_by_features("v", [], []) is None


def test_a_window_without_a_caption_is_passed_over() -> None:
    passing = passings(3, 8)
    found = audit_by_features("v", told([one.text for one in passing])[:6], shown(passing))

    assert found is not None
    assert found.windows == sum(bool(one.text) for one in passing[:6])


def test_captions_do_not_fit_because_windows_that_nobody_was_asked_about_are_silent() -> None:
    windows = [window(number, [plain(PAINTS[number // 2 % 3])] * 2) for number in range(24)]
    texts = ["A wall.", *("" if number % 2 else "Something happens." for number in range(1, 24))]
    asked = told(texts)
    gated = [one if one.text else one.model_copy(update={"gated": True}) for one in asked]
    found = [audit_by_features("v", captions, windows) for captions in (asked, gated)]

    assert [audit is not None and audit.margin > 0.15 for audit in found] == [True, False]


def test_a_frame_that_is_no_picture_is_named() -> None:
    place, frames = window(0, [plain("red")])
    broken = Frame(0, 0, 0, 0.0, 0.0, 64, 36, "", b"nonsense")

    with pytest.raises(ObjectUnreadable, match=r"frames/v\.parquet cannot be read: frame 0 of clip 0, window 0"):
        audit_by_features("v", told(["Red."]), [(place, [*frames, broken])])


def by_colour(texts: list[str], jpegs: list[bytes]) -> tuple[list[list[float]], list[list[float]]]:
    """A model of three colours."""
    return [[float(paint in text) for paint in PAINTS] for text in texts], [_mean(data) for data in jpegs]


def _mean(data: bytes) -> list[float]:
    mean: NDArray[np.float64] = np.asarray(Image.open(BytesIO(data))).mean(axis=(0, 1))
    return [float(level) for level in mean]


def test_a_model_finds_the_captions_that_fit() -> None:
    colours = [PAINTS[number % 3] for number in range(12)]
    windows = [window(number, [plain(colour)] * 2) for number, colour in enumerate(colours)]
    texts = [f"All is {colour}." for colour in colours]
    right, wrong = (audit_by_model(told(said), windows, GivenEmbedder("colours:of", by_colour)) for said in (texts, texts[6:] + ["All is white."] * 6))

    assert right is not None
    assert wrong is not None
    assert (right.by, right.windows, right.own) == ("colours:of", 12, pytest.approx(0.8333, abs=1e-4))
    assert right.margin > 0.25
    assert wrong.margin < 0.2


def test_a_model_is_not_asked_about_more_windows_than_it_takes_to_know() -> None:
    asked: list[int] = []

    def count(texts: list[str], jpegs: list[bytes]) -> tuple[list[list[float]], list[list[float]]]:
        asked.append(len(texts))
        return by_colour(texts, jpegs)

    frames = window(0, [plain("red")])[1]
    windows = [((0, number), frames) for number in range(MOST_EMBEDDED + 50)]
    audit_by_model(told(["All is red."] * len(windows)), windows, GivenEmbedder("m", count))

    assert asked == [MOST_EMBEDDED]


def test_a_model_is_not_asked_about_silence() -> None:
    assert audit_by_model(told(["", ""]), [window(0, [plain("red")]), window(1, [plain("blue")])], GivenEmbedder("m", by_colour)) is None
