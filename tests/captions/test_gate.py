"""The no-change gate: what it lets pass and what it holds back."""

import pytest
from PIL import Image

from streamcap_dagster.captions.gate import NoChangeGate
from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.policies import CaptionPolicy
from streamcap_dagster.records import Frame
from tests.captions.pictures import noisy, plain, still, window_of, with_square
from tests.captions.requests import HERE

THRESHOLD = CaptionPolicy().no_change_threshold


def gate_at(reference: tuple[Frame, ...], threshold: float = THRESHOLD) -> NoChangeGate:
    gate = NoChangeGate(threshold)
    gate.refer(reference, HERE)
    return gate


def test_the_same_picture_is_held_back() -> None:
    assert not gate_at(still(with_square(40, 40))).passes(still(with_square(40, 40)), HERE)


def test_without_a_reference_everything_passes() -> None:
    assert NoChangeGate(THRESHOLD).passes(still(plain()), HERE)


def test_sensor_noise_is_held_back() -> None:
    before, after = (window_of([noisy(with_square(40, 40), 6, 10 * window + k) for k in range(4)]) for window in range(2))
    assert not gate_at(before).passes(after, HERE)


def test_a_new_object_of_one_block_passes() -> None:
    assert gate_at(still(plain())).passes(still(with_square(200, 96, size=8)), HERE)


def test_a_new_object_that_differs_in_colour_alone_passes() -> None:
    same_luma = Image.new("YCbCr", plain().size, (128, 128, 128))
    other = same_luma.copy()
    other.paste((128, 100, 160), (64, 64, 96, 96))
    assert gate_at(still(same_luma.convert("RGB"))).passes(still(other.convert("RGB")), HERE)


def test_something_that_comes_and_goes_within_the_window_passes() -> None:
    assert gate_at(still(plain())).passes(window_of([plain(), with_square(80, 80), plain(), plain()]), HERE)


def test_a_window_is_compared_with_the_last_frame_of_the_reference() -> None:
    assert not gate_at(window_of([with_square(8, 8), with_square(48, 8)])).passes(still(with_square(48, 8)), HERE)


def test_a_slow_drift_adds_up_until_it_passes() -> None:
    gate = gate_at(still(plain("#808080")))
    passed = [gate.passes(still(Image.new("RGB", plain().size, (128 + 3 * step,) * 3)), HERE) for step in range(6)]
    assert passed == [False, False, False, False, True, True]


def test_a_threshold_of_zero_lets_everything_pass() -> None:
    assert gate_at(still(plain()), threshold=0).passes(still(plain()), HERE)


def test_a_picture_of_another_size_passes() -> None:
    assert gate_at(still(plain())).passes(still(plain().resize((128, 72))), HERE)


def test_a_frame_that_is_no_picture_is_named() -> None:
    broken = Frame(0, 3, 2, 6.5, 6.5, 8, 8, "", b"no picture")
    with pytest.raises(ObjectUnreadable, match=r"frames/street\.parquet cannot be read: frame 2 of clip 0, window 3"):
        gate_at(still(plain())).passes((broken,), HERE)
