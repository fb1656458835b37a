"""Which language a caption is in, told by its script and by the little words that every sentence has. Short texts tell nothing."""

import re
import unicodedata
from collections import Counter

from streamcap_dagster.rewards.words import words

UNKNOWN = "unknown"
_FEWEST_LETTERS = 4
_FEWEST_HITS = 2
"""Different little words."""

_SCRIPTS = {
    "kana": re.compile("[\u3040-\u30ff\u31f0-\u31ff]"),
    "han": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"),
    "hangul": re.compile("[\uac00-\ud7af\u1100-\u11ff]"),
    "greek": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "hebrew": re.compile("[\u0590-\u05ff]"),
    "thai": re.compile("[\u0e00-\u0e7f]"),
}
_OF_ONE_LANGUAGE = {"kana": "ja", "han": "zh", "hangul": "ko", "greek": "el", "hebrew": "he", "thai": "th"}
"""Scripts that are as good as always of one language; the others are told by their words."""
_KANA_SHARE = 0.1
"""Japanese is mostly Chinese characters, but hardly a sentence is without kana."""

_LITTLE_WORDS = {
    "en": "the a an and of to in on is are with at by from into his her their its he she it they that this as for out up off down left right enters leaves",
    "de": "der die das den dem des ein eine einen einem einer und ist sind mit auf im in von zu nicht sich er sie es aus nach am an vor über links rechts",
    "fr": "le la les l un une des du de d et est sont avec dans sur en au aux par il elle ils qui que se sa son ses pour à gauche droite",
    "es": "el la los las un una unos unas de del y es son con en por al se su sus que para está están desde hacia a izquierda derecha",
    "pt": "o a os as um uma uns umas de do da dos das e é são com em no na nos nas por ao se seu sua que para está estão à esquerda direita",
    "it": "il lo la gli le i un una uno di del della dei e è sono con in nel nella su sul al si che per da dal sinistra destra",
    "nl": "de het een en is zijn met op in van te niet zich hij zij ze er uit naar aan voor door over links rechts",
    "sv": "en ett och är med på i av till inte sig han hon den det de från ut för som vänster höger",
    "pl": "i w na z ze do nie się jest są o po od za przez przed który która to ten ta lewej prawej",
    "tr": "bir ve bu şu o ile için da de sağ sol çok olan üzerinde doğru var",
    "id": "yang dan di ke dari sebuah seorang dengan ini itu pada untuk tidak kiri kanan sedang ada",
    "ru": "и в на с со по из не он она они это как что его её их к от за у слева справа",
    "uk": "і й в у на з із до не він вона вони це як що його її їх від за та є зліва справа",
    "ar": "في من على إلى مع و هذا هذه التي الذي رجل امرأة عن",
    "fa": "در از به با و را این آن که است یک بر می",
}
_LANGUAGES_OF: dict[str, tuple[str, ...]] = {}
for _language, _listed in _LITTLE_WORDS.items():
    for _word in sorted({*_listed.split()}):
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), _language)


def language(text: str) -> str:
    """ISO 639-1 code, `unknown` where neither script nor words tell it clearly, empty for a text without words."""
    spoken = words(text)
    if not spoken:
        return ""
    if not text.isascii() and (by_script := _by_script(unicodedata.normalize("NFKC", text))):
        return by_script
    return _by_words(spoken)


def _by_script(text: str) -> str:
    """The language of a text whose letters are mostly of one such script; empty where words have to tell."""
    counted = Counter({script: len(letters.findall(text)) for script, letters in _SCRIPTS.items()})
    if counted["kana"] >= _KANA_SHARE * (counted["kana"] + counted["han"]):
        counted["kana"] += counted.pop("han")
    script, letters = counted.most_common(1)[0]
    mostly = letters >= _FEWEST_LETTERS and 2 * letters > sum(map(str.isalpha, text))
    return _OF_ONE_LANGUAGE.get(script, "") if mostly else ""


def _by_words(spoken: tuple[str, ...]) -> str:
    hits = Counter(language for word in {*spoken} for part in word.split("'") for language in _LANGUAGES_OF.get(part, ()))
    (best, most), (_, next_most), *_ = [*hits.most_common(2), ("", 0), ("", 0)]
    return best if most >= _FEWEST_HITS and most > next_most else UNKNOWN
