"""Where Google's library looks for credentials, and what to tell people when it finds none there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.auth.exceptions import DefaultCredentialsError


@contextmanager
def credentials_sought() -> Iterator[None]:
    """Raises DefaultCredentialsError for all that Google's library raises over a file that holds none, such as a folder or a list in JSON."""
    try:
        yield
    except (AttributeError, OSError, TypeError, ValueError):
        fault = DefaultCredentialsError(why_no_credentials())  # type: ignore[no-untyped-call]
    else:
        return
    raise fault from None


def why_no_credentials() -> str:
    """What is wrong with the place where credentials are looked for first."""
    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    if not named:
        return "no Google credentials were found"
    if not Path(named).is_file():
        return f"GOOGLE_APPLICATION_CREDENTIALS names {named!r}, and there is no such file"
    return f"GOOGLE_APPLICATION_CREDENTIALS names {named!r}, which holds no Google credentials that can be used"
