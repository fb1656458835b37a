"""Which bytes of an object a reader asks for."""

import re

from streamcap_dagster.emulators.gcs.refusals import out_of_range

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None for no range or one that the service does not understand, which brings the whole object.

    Raises Refusal when it lies outside of the object.
    """
    asked = _RANGE.fullmatch(header)
    if asked is None or asked[1] == asked[2] == "":
        return None
    if not asked[1]:
        start, end = max(0, size - int(asked[2])), size
        if int(asked[2]) == 0:
            raise out_of_range()
    else:
        start = int(asked[1])
        end = min(size, int(asked[2]) + 1) if asked[2] else size
        if asked[2] and int(asked[2]) < start:
            return None
    if start >= size:
        raise out_of_range()
    return start, end
