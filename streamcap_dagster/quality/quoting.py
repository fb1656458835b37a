"""What a caption quotes was read or heard in the video, and may say anything: its own words are what is left."""

import re

_QUOTED = re.compile(r""""[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|(?<!\w)'(?:[^'\n]|'(?=\w))*'(?!\w)""")
_A_WORD = re.compile(r"\w")


def unquoted(text: str) -> str:
    """With empty quotation marks in the place of what it quotes; all of it where it is one quotation."""
    own = _QUOTED.sub('""', text)
    return own if _A_WORD.search(own) else text
