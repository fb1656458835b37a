"""What must not be in a text that is published: placeholders, chat tokens, e-mail addresses, telephone numbers. What is found of these is told masked."""

import re
from collections.abc import Iterator

from streamcap_dagster.chat_tokens import chat_token

_HOUR = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])(?!\d)"
"""As files are named: 2026112112."""
_NOT_ASCII = r"\x80-\U0010ffff"
_EMAIL = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}}@[\w{_NOT_ASCII}-]{{1,63}}(?:\.[\w{_NOT_ASCII}-]{{1,63}}){{0,4}}\."
    rf"(?:[A-Za-z]{{2,24}}(?![A-Za-z\d_-])|xn--[a-z\d-]{{2,59}}|[^\W\d_][A-Za-z{_NOT_ASCII}]{{1,23}}(?![\w-]))"  # .org, .xn--p1ai, .рф
)
_PHONE = re.compile(
    r"(?<![\w.+-])(?:"
    r"\+\d{1,3}(?:[ ./-]?\(?\d{1,4}\)?){2,6}"  # +49 30 901820, +1 (555) 010-9999
    r"|\(\d{2,5}\) ?\d{3,4}[ ./-]?\d{3,6}"  # (030) 901820
    r"|(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}"  # 555-010-9999, 1-555-010-9999
    r"|0\d{1,4}[ /-]\d{3,4}[ .-]?\d{3,5}(?:-\d{1,4})?"  # 030/901820-11
    r"|(?<!\d\d[ .-])0[1-9](?P<between>[ .-])\d{2}(?:(?P=between)\d{2}){3}(?![ .-]\d\d(?!\w))"  # 01 23 45 67 89, and no longer row of pairs
    r"|(?!0123456789)0[1-9]\d{8,10}(?!\.\d)"  # 017612345678, no padded count, no row of keys
    rf"|(?!{_HOUR}|\d+0{{6}}(?!\d))(?:1?[2-9]\d\d[2-9]\d{{6}}|[6-9]\d{{9}})(?!\.\d)"  # 9876543210, no second since 1970, no round count
    r")(?![\w-])"
)
_FEWEST_DIGITS, _MOST_DIGITS = 8, 15
_PLACEHOLDER = re.compile(r"\b(?:TODO|FIXME|TBD)\b|<(?:insert|your)[^>]*>|<caption>|\{(?:caption|text|history|objectives?)\}")
_IN_ANY_CASE = re.compile(
    r"lorem ipsum|\[(?:more information needed|(?:insert|your) [^\]]*)\]|\b(?:insert|put) (?:a |the |your )?(?:caption|description|text) here\b", re.IGNORECASE
)


def placeholders(text: str) -> Iterator[str]:
    """Words that stand where a text was meant to be."""
    found = _PLACEHOLDER.search(text) or _IN_ANY_CASE.search(text)
    if found:
        yield f"a placeholder, {found[0]!r}"


def obeyed(text: str) -> Iterator[str]:
    """A word that trainers take for a command."""
    if token := chat_token(text):
        yield f"a chat token, {token!r}, which trainers obey instead of reading it: write the caption anew or drop its window (`streamcap review`)"


def personal(text: str) -> Iterator[str]:
    """E-mail addresses and telephone numbers, each masked."""
    if "@" in text:
        yield from (f"an e-mail address, {_masked_email(found[0])}" for found in _EMAIL.finditer(text))
    for found in _PHONE.finditer(text):
        digits = sum(letter.isdigit() for letter in found[0])
        if _FEWEST_DIGITS <= digits <= _MOST_DIGITS:
            yield f"a telephone number, {_masked_phone(found[0])}"


def _masked_email(address: str) -> str:
    name, _, domain = address.partition("@")
    return f"{name[0]}***@***.{domain.rpartition('.')[2]}"


def _masked_phone(number: str) -> str:
    """All digits but the first two as stars."""
    seen, masked = 0, ""
    for letter in number:
        seen += letter.isdigit()
        masked += "*" if letter.isdigit() and seen > 2 else letter
    return masked
