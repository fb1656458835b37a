"""Words in capitals on plain pictures are read; whatever else is on a picture is no word."""

from io import BytesIO

import pytest
from PIL import Image

from streamcap_dagster.emulators.gemini.legible import read_word
from tests.emulators.gemini.asking import jpeg

LARGE = (640, 384)


@pytest.mark.parametrize("word", ["THE", "QUICK", "BROWN", "FOX", "JUMPS", "OVER", "LAZY", "DOGS", "AVATAR", "MILK", "CCQGO"])
def test_a_word_is_read(word: str) -> None:
    assert read_word(jpeg("#808080", word, LARGE)) == word


@pytest.mark.parametrize("scale", [0.75, 1.5])
def test_a_word_is_read_in_another_size(scale: float) -> None:
    picture = Image.open(BytesIO(jpeg("#808080", "LANTERN", LARGE)))
    data = BytesIO()
    picture.resize((int(LARGE[0] * scale), int(LARGE[1] * scale))).save(data, "JPEG", quality=80)

    assert read_word(data.getvalue()) == "LANTERN"


@pytest.mark.parametrize("picture", [jpeg("grey"), jpeg("black", square=(100, 60, 200, 130)), jpeg("black", square=(150, 60, 160, 130))])
def test_what_is_no_word_is_not_read(picture: bytes) -> None:
    assert read_word(picture) == ""
