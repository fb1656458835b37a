"""What a licence is called that somebody wrote down for a video: its identifier on the Hub, or that nothing was said."""

import re

_KNOWN = (
    "apache-2.0 mit bsd-3-clause cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 "
    "cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-permissive-1.0 cdla-permissive-2.0 cdla-sharing-1.0 "
    "etalab-2.0 odbl odc-by pddl unlicense"
)
"""Identifiers of the Hub for licences that pictures and texts come under."""
_SAYS_NOTHING = frozenset(
    {
        *("", "unknown", "not known", "no known", "none", "no", "nil", "null", "nan", "na", "n a", "not available", "not applicable"),
        *("undefined", "unspecified", "not specified", "none specified", "no specified", "not given", "not told", "not provided", "none provided"),
        *("missing", "tbd", "tba", "todo", "to be determined", "to be decided", "pending", "unclear", "not sure", "unlicensed", "not licensed"),
    }
)
"""Without marks, and without the word licence itself: `N/A`, `No license`, `unknown licence`."""


def licence_id(licence: str) -> str:
    """The Hub's identifier of a licence as a source names it: empty when it names none, `other` for one that the Hub does not know."""
    if _says_nothing(licence):
        return ""
    name = re.sub(r"[\s_]+", "-", licence.strip().lower()).removeprefix("creative-commons-")
    return "cc0-1.0" if name in ("cc0", "public-domain-(cc0)") else name if name in _KNOWN.split() else "other"


def _says_nothing(licence: str) -> bool:
    words = re.findall(r"[^\W_]+", licence.lower())
    return " ".join(word for word in words if word not in ("license", "licence", "licenses", "licences")) in _SAYS_NOTHING
