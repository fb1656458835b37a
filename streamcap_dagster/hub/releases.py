"""Releases: how they are called, and the changelog that tells of them, the newest first."""

import re
from collections.abc import Collection
from datetime import date

from streamcap_dagster.hub.changes import Difference

_TITLE = "# Changelog"
_HEADING = re.compile(r"^## (\S+)$", re.MULTILINE)
TAG = re.compile(r"(?!HEAD$|main$|.*\.\.|.*\.lock$)[A-Za-z0-9](?:[\w.-]{0,98}[\w-])?", re.ASCII)
"""What a release may be called: a name that git takes, and that needs no escaping anywhere."""


def next_tag(today: date, taken: Collection[str]) -> str:
    """`2026-11-21.1`, counted up over the day."""
    of_today = [re.fullmatch(rf"{today.isoformat()}\.(\d+)", tag) for tag in taken]
    return f"{today.isoformat()}.{max((int(found[1]) for found in of_today if found), default=0) + 1}"


def add_release(changelog: str, tag: str, difference: Difference) -> str:
    """The changelog with a section for a release."""
    lines = ["| config | rows | added | removed |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| `{config}` | {rows:,} | {added:,} | {removed:,} |" for config, (rows, added, removed) in difference.rows.items()]
    table = "\n".join(lines)
    section = f"## {tag}\n\n{difference.sentence} There are {difference.videos:,} now.\n\n{table}\n"
    before = changelog.removeprefix(_TITLE).strip("\n")
    return f"{_TITLE}\n\n{section}" + (f"\n{before}\n" if before else "")


def releases(changelog: str) -> list[str]:
    """The releases that a changelog tells of, the newest first."""
    return _HEADING.findall(changelog)
