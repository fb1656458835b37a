"""What people decided in a storage that is copied: joined with what people decided in the target, and what cannot be is told."""

from streamcap_dagster.examples.rankings import Rankings
from streamcap_dagster.reviews.joining import Apart, join
from streamcap_dagster.reviews.records import Choice, Decision, Mark
from streamcap_dagster.reviews.storing import parse_review
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import parse_record, record_bytes


class Joining:
    """Joins the files of one copy. It is asked from several threads, and of the same file again when somebody decided meanwhile."""

    def __init__(self, source_uri: str, target_uri: str) -> None:
        self._source_uri = source_uri
        self._target_uri = target_uri
        self._clashes: dict[str, list[str]] = {}

    def join(self, key: str, ours: bytes, theirs: bytes) -> bytes:
        """What the target is to hold. Raises ReviewUnusable, ObjectUnreadable."""
        joined, self._clashes[key] = self._rankings(key, ours, theirs) if key.startswith(keys.RANKINGS) else self._review(key, ours, theirs)
        return joined

    @property
    def clashes(self) -> list[str]:
        """What was not copied, a line each, in order of key."""
        return [f"{key}, {told}" for key in sorted(self._clashes) for told in self._clashes[key]]

    @property
    def fix(self) -> str:
        return (
            f"What {self._target_uri} has of these stays. Decide the same in both with `streamcap review` (STREAMCAP_STORAGE says which), and import "
            "rankings into both with `streamcap preferences import`; then nothing is told any more."
        )

    def _review(self, key: str, ours: bytes, theirs: bytes) -> tuple[bytes, list[str]]:
        here, there = parse_review(f"{self._source_uri}/{key}", ours), parse_review(f"{self._target_uri}/{key}", theirs)
        joined, apart = join(here, there)
        return theirs if joined == there else record_bytes(joined), [_told(clash) for clash in apart]

    def _rankings(self, key: str, ours: bytes, theirs: bytes) -> tuple[bytes, list[str]]:
        here, there = (parse_record(f"{uri}/{key}", data, Rankings) for uri, data in ((self._source_uri, ours), (self._target_uri, theirs)))
        joined = here.with_windows(there.windows)
        of = {(window.clip, window.window): window for window in joined.windows}
        clashes = [window for window in here.windows if of[window.clip, window.window] != window]
        told = [f"clip {window.clip}, window {window.window}: ranked otherwise there" for window in clashes]
        return theirs if joined == there else record_bytes(joined), told


def _told(clash: Apart) -> str:
    """`clip 0, window 3: bob's was not copied, ann's of 2026-11-22 10:00 stays`."""
    here, there = clash.here, clash.there
    return f"{_place(here)}: {here.by}'s of {here.at:%Y-%m-%d %H:%M} was not copied, {there.by}'s of {there.at:%Y-%m-%d %H:%M} stays"


def _place(entry: Decision | Mark) -> str:
    if isinstance(entry, Choice):
        return f"clip {entry.clip}" if entry.window is None else f"clip {entry.clip}, window {entry.window}"
    return f"seconds {entry.start_s:g} to {entry.end_s:g}"
