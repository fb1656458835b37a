"""`gs://bucket/prefix` taken apart."""

import re
from dataclasses import dataclass

from streamcap_dagster.errors import SettingError

SCHEME = "gs"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_LONGEST_PREFIX_BYTES = 700
"""An object's name has at most 1,024 bytes of UTF-8; the longest keys of ours take some 250."""


@dataclass(frozen=True)
class GcsAddress:
    """Where things are in Google Cloud Storage. `prefix` is empty or ends in a slash."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        return f"{SCHEME}://{self.bucket}/{self.prefix}".rstrip("/")


def read_address(uri: str, setting: str) -> GcsAddress:
    """The address of a `gs://` URI. Raises SettingError, for the setting it came from, when none can be like that."""
    bucket, _, prefix = uri.removeprefix(f"{SCHEME}://").partition("/")
    prefix = prefix.strip("/")
    if not _BUCKET.fullmatch(bucket):
        raise SettingError(setting, uri, "no bucket can be called that; give gs://BUCKET or gs://BUCKET/PREFIX")
    if any(part in ("", ".", "..") for part in prefix.split("/")) and prefix:
        raise SettingError(setting, uri, "its prefix has an empty part, `.` or `..`, which no tool can find again")
    if any(not letter.isprintable() for letter in prefix) or len(prefix.encode(errors="replace")) > _LONGEST_PREFIX_BYTES:
        raise SettingError(setting, uri, f"its prefix must be printable and at most {_LONGEST_PREFIX_BYTES} bytes long")
    return GcsAddress(bucket, f"{prefix}/" if prefix else "")
