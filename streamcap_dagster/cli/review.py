"""`streamcap review`: the page on which people look at captions and decide, served on this machine until it is interrupted."""

import getpass
import socket
import webbrowser

import typer

from streamcap_dagster.errors import SettingError
from streamcap_dagster.review_page.app import Desk
from streamcap_dagster.review_page.server import serve
from streamcap_dagster.settings import Settings
from streamcap_dagster.videos.manifest import read_rows
from streamcap_dagster.wiring import source_for, storage_for


def review(settings: Settings, port: int, by: str | None, open_browser: bool) -> int:
    """Serve until interrupted; returns the exit status. Raises SettingError for a port that cannot be had, and for a storage without videos."""
    storage = storage_for(settings).open()
    if not read_rows(storage).cells:
        raise SettingError("STREAMCAP_STORAGE", settings.storage, "it holds no videos to look at; `streamcap run` takes them in and captions them")
    name = " ".join((by if by is not None else _this_person()).split())
    if not 0 < len(name) <= 100:
        raise SettingError("--by", name, "give a name of at most 100 letters: it is kept with what you decide")

    def announce(address: str) -> None:
        typer.echo(f"{address}\nThe captions of {storage.uri}, for this machine alone. What you decide is kept as {name}'s; Ctrl-C ends it.")
        if open_browser:
            webbrowser.open(address)

    try:
        serve(Desk(storage, source_for(settings).open(), name), port, announce)
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.filename:
            raise
        raise SettingError("--port", port, f"{error.strerror or error}; give another, or 0 for any that is free") from error
    return 0


def _this_person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        return "somebody"
