"""Which names the service takes."""

import re

from streamcap_dagster.emulators.gcs.refusals import invalid, required

MOST_BYTES = 1024
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")


def check_object_name(name: str) -> None:
    """Raises Refusal for a name that an object cannot have."""
    if not name:
        raise required("name")
    if (size := len(name.encode(errors="surrogateescape"))) > MOST_BYTES:
        raise invalid(f"The maximum object length is {MOST_BYTES} characters, but got a name with {size} characters: ''{name[:64]}...''")
    if "\r" in name or "\n" in name or any("\ud800" <= letter <= "\udfff" for letter in name):
        raise invalid(f"Disallowed unicode characters present in object name ''{name!r}''")
    if name in (".", "..") or name.startswith(".well-known/acme-challenge/"):
        raise invalid(f"Invalid object name: ''{name}''")


def check_bucket_name(name: str) -> None:
    """Raises Refusal for a name that a bucket cannot have."""
    if not is_bucket_name(name):
        raise invalid(f"Invalid bucket name: '{name}'")


def is_bucket_name(name: str) -> bool:
    longest = 222 if "." in name else 63
    return len(name) <= longest and bool(_BUCKET.fullmatch(name)) and not name.startswith("goog") and "google" not in name and ".." not in name
