"""The language of a caption is told by its script and its little words, and not guessed where they are missing."""

import pytest

from streamcap_dagster.quality.language import language


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "A man in a red coat enters from the left."),
        ("de", "Ein Mann kommt von links und öffnet die Tür."),
        ("fr", "Un homme entre par la gauche et ouvre la porte."),
        ("es", "Un hombre entra por la izquierda y abre la puerta."),
        ("pt", "Um homem entra pela esquerda e abre a porta."),
        ("it", "Un uomo entra da sinistra e apre la porta."),
        ("nl", "Een man komt van links en opent de deur."),
        ("sv", "En man kommer från vänster och öppnar dörren."),
        ("pl", "Mężczyzna wchodzi z lewej i otwiera drzwi."),
        ("tr", "Soldan bir adam giriyor ve kapıyı açıyor."),
        ("id", "Seorang pria masuk dari kiri dan membuka pintu."),
        ("ru", "Мужчина входит слева и открывает дверь."),
        ("uk", "Чоловік заходить зліва і відчиняє двері."),
        ("ar", "رجل يدخل من اليسار و يفتح الباب."),
        ("fa", "مردی از چپ وارد می شود و در را باز می کند"),
        ("zh", "男人从左边进来，打开门。"),
        ("ja", "男が左から入り、ドアを開ける。"),
        ("ko", "남자가 왼쪽에서 들어와 문을 연다."),
        ("el", "Ένας άντρας μπαίνει από αριστερά."),
        ("he", "גבר נכנס משמאל ופותח את הדלת."),
        ("th", "ชายคนหนึ่งเข้ามาจากทางซ้าย"),
    ],
)
def test_a_sentence_tells_its_language(code: str, text: str) -> None:
    assert language(text) == code


@pytest.mark.parametrize("text", ["Dog.", "Man, dog, door.", "犬", "XKCD 42", "μ = 3", "Door opens, door closes, door opens."])
def test_what_tells_too_little_is_unknown(text: str) -> None:
    assert language(text) == "unknown"


def test_a_foreign_word_does_not_change_the_language() -> None:
    assert language("A sign with the word 出口 is above the door of the station.") == "en"


@pytest.mark.parametrize("text", ["", " \n", "…", "🐕"])
def test_what_has_no_words_has_no_language(text: str) -> None:
    assert language(text) == ""
