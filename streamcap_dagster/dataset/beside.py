"""What lies beside the card, and is there before it: the pictures it shows, and the description for catalogs."""

from streamcap_dagster.dataset.card import TITLE, what
from streamcap_dagster.dataset.card_pictures import Album, is_picture, make_album
from streamcap_dagster.dataset.contents import Contents
from streamcap_dagster.dataset.croissant import CROISSANT, render_croissant
from streamcap_dagster.storage import Storage


def lay_beside(storage: Storage, contents: Contents, size_bytes: dict[str, int]) -> Album:
    """Write what is not there yet and note its size; a dataset without rows has nothing beside its card."""
    album = make_album(storage, contents.measures, size_bytes)
    if contents.rows.total():
        described = render_croissant(contents, TITLE, what(contents))
        storage.write(CROISSANT, described)
        size_bytes[CROISSANT] = album.size_bytes[CROISSANT] = len(described)
    return album


def is_beside(key: str) -> bool:
    """Whether a key is of something that an earlier or this card has beside it."""
    return key == CROISSANT or is_picture(key)
