"""Pages of the objects of a bucket."""

import base64
import binascii
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from streamcap_dagster.emulators.gcs.calls import Call
from streamcap_dagster.emulators.gcs.faults import NONE, Fault
from streamcap_dagster.emulators.gcs.refusals import invalid
from streamcap_dagster.emulators.gcs.store import Bucket
from streamcap_dagster.emulators.gcs.versions import Object

MOST_ENTRIES = 1000
_SHIFTS = {"repeating_list": -1, "skipping_list": 1}
_AFTER_ALL = "\U0010ffff"


@dataclass(slots=True)
class Page:
    """`next` is the token of the page after this one; empty on the last."""

    objects: list[Object] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next: str = ""


def page_of(bucket: Bucket, call: Call, most: int, fault: Fault = NONE) -> Page:
    """The page that a call asks for; raises Refusal for a token that is none and for views that exclude each other."""
    if fault.name == "stale_list":
        bucket = bucket.as_of(time.time() - fault.seconds)
    for unknown in ("matchGlob", "filter"):
        if unknown in call.params:
            raise invalid(f"{unknown} is not emulated here.")
    versions, soft_deleted = call.flag("versions"), call.flag("softDeleted")
    if versions and soft_deleted:
        raise invalid("You cannot specify both softDeleted and versions.")
    wanted = call.number("maxResults")
    if wanted is not None and wanted < 0:
        raise invalid(f"Invalid value for: Parameter 'maxResults': '{wanted}'. Values must be within the range: [0, 2147483647]")
    names = sorted(bucket.soft_deleted) if soft_deleted else sorted({*bucket.live, *bucket.noncurrent}) if versions else bucket.names
    return _fill(_entries(bucket, _names(names, call, _SHIFTS.get(fault.name, 0)), versions, soft_deleted), call, min(wanted or most, most, MOST_ENTRIES))


def token_after(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _names(names: Sequence[str], call: Call, shift: int) -> Iterator[str]:
    """Those that lie where the call looks, from the place where its page begins."""
    prefix, end = call.param("prefix") or "", call.param("endOffset")
    begin = bisect_left(names, max(prefix, call.param("startOffset") or ""))
    if token := call.param("pageToken"):
        begin = max(begin, bisect_right(names, _read_token(token)) + shift)
    delimiter, last = call.param("delimiter"), ""
    while begin < len(names) and (name := names[begin]).startswith(prefix) and (not end or name < end):
        yield name
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        if cut >= 0 and (folder := name[: cut + len(delimiter or "")]) != last:
            last, begin = folder, bisect_right(names, folder + _AFTER_ALL)
        else:
            begin += 1


def _read_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid("Invalid page token") from None


def _entries(bucket: Bucket, names: Iterable[str], versions: bool, soft_deleted: bool) -> Iterator[list[Object]]:
    for name in names:
        live = [bucket.live[name]] if name in bucket.live else []
        if soft_deleted:
            yield bucket.still_kept(name)
        else:
            yield [*bucket.noncurrent.get(name, ()), *live] if versions else live


def _fill(entries: Iterable[list[Object]], call: Call, most: int) -> Page:
    """Versions of one name stay on one page."""
    page, prefix, delimiter = Page(), call.param("prefix") or "", call.param("delimiter")
    last = ""
    for objects in entries:
        if not objects:
            continue
        if len(page.objects) + len(page.prefixes) >= most:
            page.next = token_after(last)
            break
        name = objects[0].name
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        if cut >= 0:
            folder = name[: cut + len(delimiter or "")]
            page.prefixes.append(folder)
            last = folder + _AFTER_ALL
        else:
            page.objects.extend(objects)
            last = name
    return page
