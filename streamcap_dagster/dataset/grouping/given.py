"""Groups that a person gave to videos, from a CSV file: they go before any that are found."""

import csv
import re
from pathlib import Path

from streamcap_dagster.errors import SettingError
from streamcap_dagster.records import VIDEO_ID_PATTERN

_COLUMNS = ("video_id", "group")


def read_given_groups(path: Path) -> dict[str, str]:
    """The group by video id, from a CSV `video_id,group`. Raises SettingError naming the line that is wrong."""
    groups: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if missing := [name for name in _COLUMNS if name not in (rows.fieldnames or ())]:
                raise _wrong(path, f"its first line must name the columns video_id,group; missing: {', '.join(missing)}")
            for row in rows:
                video_id, group = ((row[name] or "").strip() for name in _COLUMNS)
                if why := _why_wrong(video_id, group, groups):
                    raise _wrong(path, f"line {rows.line_num}: {why}")
                groups[video_id] = group
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _wrong(path, f"it cannot be read as a UTF-8 CSV file ({error})") from error
    return groups


def _why_wrong(video_id: str, group: str, groups: dict[str, str]) -> str:
    if not re.match(VIDEO_ID_PATTERN, video_id):
        return f"{video_id!r} is not a video id; ids stand in raw/manifest.csv"
    if not group:
        return f"video {video_id} is given no group; write a name, or leave the line out"
    if groups.get(video_id, group) != group:
        return f"video {video_id} is given the group {group!r}, and {groups[video_id]!r} before"
    return ""


def _wrong(path: Path, why: str) -> SettingError:
    return SettingError("STREAMCAP_GROUPS_CSV", str(path), why)
